// What it costs to decode and print one syscall, without the stops: entry, exit and line, over a
// fake memory, into a writer that discards. Prints nanoseconds, the median of several rounds.
//
//   bench-decode [ROUNDS [CALL]]
#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <time.h>

#include "decode/decoder.h"
#include "output/text_sink.h"

namespace {

using namespace ttrace;
using namespace std::string_view_literals;

constexpr Address kBase{0x10000};

/// One piece of memory; nothing around it.
class FlatMemory final : public Memory {
 public:
  std::array<std::byte, 65536> bytes{};

  [[nodiscard]] std::size_t read(Address from, std::span<std::byte> out) override {
    const std::uint64_t offset = from - kBase;
    if (offset >= bytes.size()) return 0;
    const std::size_t size = std::min<std::size_t>(out.size(), bytes.size() - offset);
    std::memcpy(out.data(), &bytes[offset], size);
    return size;
  }
  void put(std::size_t offset, const void* from, std::size_t size) {
    std::memcpy(&bytes.at(offset), from, size);
  }
  void put(std::size_t offset, std::string_view text) { put(offset, text.data(), text.size()); }
  template <class T>
  void put_numbers(std::size_t offset, std::initializer_list<T> numbers) {
    put(offset, numbers.begin(), numbers.size() * sizeof(T));
  }
};

class DiscardingWriter final : public Writer {
 public:
  explicit DiscardingWriter(std::string& last) : last_(last) {}
  Result<> write(Tid, std::string_view text) override {
    last_ = text.substr(0, text.find('\n'));
    return {};
  }
  Result<> flush() override { return {}; }
  [[nodiscard]] bool immediate() const override { return false; }
  Result<> close() override { return {}; }

 private:
  std::string& last_;
};

struct Case {
  const char* title;
  std::string_view call;
  std::array<std::uint64_t, 6> args;
  std::int64_t rval;
};

// Where what the calls point to stands: see fill().
constexpr std::uint64_t kPath = kBase.value(), kText = kBase.value() + 0x1000,
                        kAction = kBase.value() + 0x2000, kStat = kBase.value() + 0x3000,
                        kPolls = kBase.value() + 0x4000, kArgv = kBase.value() + 0x5000,
                        kMessage = kBase.value() + 0x6000;
constexpr std::uint64_t kAtFdcwd = static_cast<std::uint64_t>(-100);

constexpr Case kCases[] = {
    {"getpid", "getpid", {}, 4711},
    {"openat", "openat", {kAtFdcwd, kPath, 0x80000}, 3},
    {"openat that fails", "openat", {kAtFdcwd, kPath, 0x80000}, -2},
    {"read of 32 bytes", "read", {3, kText, 4096}, 32},
    {"mmap", "mmap", {0, 8192, 3, 0x22, ~std::uint64_t{0}, 0}, 0x7f1234567000},
    {"rt_sigaction", "rt_sigaction", {2, kAction, kAction + 64, 8}, 0},
    {"newfstatat", "newfstatat", {kAtFdcwd, kPath, kStat, 0}, 0},
    {"poll of 3", "poll", {kPolls, 3, 1000}, 1},
    {"recvmsg", "recvmsg", {3, kMessage, 0}, 32},
    {"execve of 8 arguments", "execve", {kPath, kArgv, kArgv}, 0},
};

void fill(FlatMemory& memory) {
  using U64 = std::uint64_t;
  memory.put(kPath - kBase.value(), "/usr/lib/x86_64-linux-gnu/libc.so.6");
  memory.put(kText - kBase.value(),
             "\177ELF\2\1\1\3\0\0\0\0\0\0\0\0The quick brown fox jumps over"sv);
  for (const std::size_t offset : {std::size_t{0}, std::size_t{64}}) {
    memory.put_numbers<U64>(kAction - kBase.value() + offset,
                            {0x401000, 0x14000000, 0x7f0000002000, 0x10000});
  }
  // st_dev, st_ino, st_nlink, mode and uid, gid, st_rdev, st_size, …
  memory.put_numbers<U64>(kStat - kBase.value(),
                          {0x801, 1234567, 1, 0100755, 0, 0, 1922136, 4096, 3760});
  memory.put_numbers<std::uint32_t>(kPolls - kBase.value(), {3, 0x10001, 4, 0x10, 5, 1});
  for (std::size_t i = 0; i < 8; ++i)
    memory.put_numbers<U64>(kArgv - kBase.value() + 8 * i, {kPath + 9});
  // A header of no address and one vector.
  memory.put_numbers<U64>(kMessage - kBase.value(), {0, 0, kMessage + 256, 1, 0, 0, 0});
  memory.put_numbers<U64>(kMessage - kBase.value() + 256, {kText, 4096});
}

std::uint64_t number_of(std::string_view name) {
  for (std::uint64_t n = 0; n < 1024; ++n) {
    if (Decoder::name(Abi::X86_64, n) == name) return n;
  }
  std::fprintf(stderr, "bench-decode: no call is named %s\n", std::string(name).c_str());
  std::exit(1);
}

class Bench {
 public:
  Bench() : sink_(make_text_sink({}, std::make_unique<DiscardingWriter>(last))) { fill(memory_); }

  std::string last;  // the line that was written last

  void run(const SyscallRequest& request, const SyscallOutcome& outcome) {
    event_.what = decoder_.enter(request, pending_, memory_);
    send();
    event_.what = decoder_.exit(outcome, pending_, memory_);
    send();
  }

 private:
  void send() {
    event_.time = 1'700'000'000'000'000'000;
    event_.tid = Tid{4711};
    if (!sink_->on(event_)) std::abort();
  }

  Decoder decoder_{DecodeOptions{}};
  PendingSyscall pending_;
  FlatMemory memory_;
  std::unique_ptr<Sink> sink_;
  Event event_;
};

/// Nanoseconds that this thread has computed: what others do meanwhile does not count.
double processor_time() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) * 1e9 + static_cast<double>(time.tv_nsec);
}

/// Nanoseconds for one call.
double measure(Bench& bench, const Case& what) {
  constexpr int kCalls = 20'000;
  const SyscallRequest request{
      .abi = Abi::X86_64, .number = number_of(what.call), .args = what.args};
  const SyscallOutcome outcome{what.rval, what.rval < 0};
  const double begin = processor_time();
  for (int i = 0; i < kCalls; ++i)
    bench.run(request, outcome);
  return (processor_time() - begin) / kCalls;
}

}  // namespace

int main(int argc, char** argv) {
  const int rounds = argc > 1 ? std::max(std::atoi(argv[1]), 1) : 15;
  const std::string_view only = argc > 2 ? argv[2] : "";
  std::vector<std::pair<Case, std::vector<double>>> cases;
  for (const Case& one : kCases) {
    if (only.empty() || one.call == only) cases.emplace_back(one, std::vector<double>());
  }
  Bench bench;
  // The cases take turns: a machine that is slow for a while is so for all.
  for (int round = 0; round < rounds; ++round) {
    for (auto& [what, times] : cases)
      times.push_back(measure(bench, what));
  }
  for (auto& [what, times] : cases) {
    std::sort(times.begin(), times.end());
    measure(bench, what);
    std::printf("decode %-24s %9.0f ns   (%.0f .. %.0f)   %.60s\n", what.title,
                times[times.size() / 2], times.front(), times.back(), bench.last.c_str());
  }
  return 0;
}
