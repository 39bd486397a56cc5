// A program full of exceptions: thousands of them, through many frames, of all kinds, in several
// threads. Prints a checksum of what it did, then "calls NAME COUNT" for functions that count their
// own calls, for a trace to be compared with. Argument: how many exceptions of each kind a thread
// throws.
#include <pthread.h>

#include <any>
#include <array>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <functional>
#include <future>
#include <map>
#include <new>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#define KEEP __attribute__((noinline, noclone))

namespace {

std::atomic<long> sums[8];
std::atomic<long> calls_descend, calls_clean_up, calls_pass_on, calls_catch_one, calls_thread_end;

struct Base {
  explicit Base(int n) : value(n) {}
  Base(const Base&) = default;
  Base& operator=(const Base&) = default;
  virtual ~Base() = default;
  virtual int get() const { return value; }
  int value;
};
struct Left : virtual Base {
  explicit Left(int n) : Base(n) {}
  int get() const override { return value * 3; }
};
struct Right : virtual Base {
  explicit Right(int n) : Base(n) {}
};
struct Both : Left, Right {
  explicit Both(int n) : Base(n), Left(n), Right(n) {}
  int get() const override { return value * 7; }
};

}  // namespace

// A cleanup of a frame that an exception goes through: it throws one itself, which stays inside.
KEEP int clean_up(int n) {
  ++calls_clean_up;
  try {
    if (n % 5 == 0) throw n;
  } catch (int caught) {
    return caught + 1;
  }
  return 1;
}

struct Guard {
  int n;
  long& sum;
  ~Guard() { sum += clean_up(n); }
};

KEEP long fail(int kind, int n) {
  switch (kind) {
    case 0:
      throw n;
    case 1:
      throw std::runtime_error(std::to_string(n) + std::string(100, 'x'));
    case 2:
      throw Both(n);
    case 3:
      std::vector<int>(3).at(static_cast<std::size_t>(n) + 3);
      break;
    case 4:
      std::stoi("none" + std::to_string(n));
      break;
    case 5:
      std::any_cast<std::string>(std::any(n));
      break;
    case 6:
      std::get<1>(std::variant<int, double>(n));
      break;
    case 7:
      std::function<int()>()();
      break;
    case 8:
      std::optional<int>().value();
      break;
    case 9: {
      // Behind the optimiser's back: it knows that this cannot succeed.
      volatile std::size_t much = ~std::size_t{0} / 4;
      ::operator delete(::operator new(much));
      break;
    }
    default:
      throw std::array<double, 20>{static_cast<double>(n)};
  }
  return 0;
}
constexpr int kKinds = 11;

KEEP long descend(int depth, int kind, int n, long& sum) {
  ++calls_descend;
  Guard guard{n + depth, sum};
  if (depth == 0) return fail(kind, n);
  return descend(depth - 1, kind, n, sum) + 1;
}

// Catches and throws again, the same or another with the first one nested in it.
KEEP long pass_on(int depth, int kind, int n, long& sum) {
  ++calls_pass_on;
  try {
    return descend(depth, kind, n, sum);
  } catch (const std::out_of_range&) {
    std::throw_with_nested(std::logic_error("outer"));
  } catch (...) {
    if (n % 2 == 0) throw;
    std::exception_ptr held = std::current_exception();
    std::rethrow_exception(held);
  }
}

KEEP long catch_one(int depth, int kind, int n) {
  ++calls_catch_one;
  long sum = 0;
  try {
    return pass_on(depth, kind, n, sum);
  } catch (int caught) {
    sum += caught;
  } catch (const Left& caught) {
    sum += caught.get();
  } catch (const std::bad_any_cast& caught) {
    sum += 11;
  } catch (const std::logic_error& caught) {
    sum += std::string(caught.what()).size();
    try {
      std::rethrow_if_nested(caught);
    } catch (const std::exception& inner) {
      sum += 13;
    }
  } catch (const std::exception& caught) {
    sum += std::string(caught.what()).size();
  } catch (const std::array<double, 20>& caught) {
    sum += static_cast<long>(caught[0]);
  }
  return sum;
}

namespace {

void work(int number, int times) {
  long sum = 0;
  for (int n = 0; n < times; ++n) {
    for (int kind = 0; kind < kKinds; ++kind)
      sum = sum * 31 % 1000003 + catch_one((n + kind) % 12, kind, n + number);
  }
  sums[number] += sum;
}

// An exception that another thread threw.
int of_another_thread(int n) {
  auto future = std::async(std::launch::async, [n]() -> int {
    long sum = 0;
    return static_cast<int>(pass_on(3, 1, n, sum));
  });
  try {
    return future.get();
  } catch (const std::runtime_error& caught) {
    return static_cast<int>(std::string(caught.what()).size());
  }
}

}  // namespace

// Called through it: a compiler that knows that nothing returns takes the recursion for endless.
void (*volatile exit_thread)(void*) = pthread_exit;

// A forced unwinding through frames with cleanups.
KEEP void end_thread(int depth, long& sum) {
  ++calls_thread_end;
  Guard guard{depth, sum};
  if (depth == 0) {
    exit_thread(&sum);
  } else {
    end_thread(depth - 1, sum);
  }
}

namespace {

void* ending(void* sum) {
  end_thread(6, *static_cast<long*>(sum));
  return nullptr;
}

void* cancelled(void* sum) {
  Guard guard{5, *static_cast<long*>(sum)};
  for (;;)
    pthread_testcancel();
}

}  // namespace

int main(int argc, char** argv) {
  int times = argc > 1 ? std::atoi(argv[1]) : 20;
  std::vector<std::thread> threads;
  for (int number = 0; number < 4; ++number)
    threads.emplace_back(work, number, times);
  for (auto& thread : threads)
    thread.join();
  for (int n = 0; n < times / 4; ++n)
    sums[4] += of_another_thread(n);
  long ended = 0;
  for (int n = 0; n < times / 4; ++n) {
    pthread_t thread{};
    pthread_create(&thread, nullptr, n % 2 == 0 ? ending : cancelled, &ended);
    if (n % 2 != 0) pthread_cancel(thread);
    pthread_join(thread, nullptr);
  }
  for (int number = 0; number < 5; ++number)
    std::printf("%d %ld\n", number, sums[number].load());
  std::printf("ended %ld\n", ended);
  std::printf("calls descend %ld\ncalls clean_up %ld\ncalls pass_on %ld\n", calls_descend.load(),
              calls_clean_up.load(), calls_pass_on.load());
  std::printf("calls catch_one %ld\ncalls end_thread %ld\n", calls_catch_one.load(),
              calls_thread_end.load());
  return static_cast<int>(sums[0].load() % 100);
}
