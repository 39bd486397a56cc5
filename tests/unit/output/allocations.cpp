// The text sink's promise to allocate nothing in the steady state.
#include <doctest/doctest.h>

#include <array>
#include <cstddef>
#include <cstdlib>
#include <new>

#include "output/text_sink.h"

namespace {

std::size_t allocations = 0;

}  // namespace

void* operator new(std::size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size == 0 ? 1 : size)) return memory;
  throw std::bad_alloc();
}
// The sanitizers' own would not go with the delete below.
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  ++allocations;
  return std::malloc(size == 0 ? 1 : size);
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}

using namespace ttrace;

namespace {

class NullWriter final : public Writer {
 public:
  Result<> write(Tid, std::string_view) override { return {}; }
  Result<> flush() override { return {}; }
  [[nodiscard]] bool immediate() const override { return false; }
  Result<> close() override { return {}; }
};

Event event_of(int tid, decltype(Event::what) what) {
  Event event;
  event.time = 1'700'000'000'000'000'000;
  event.tid = Tid{tid};
  event.tracees = 2;
  event.what = what;
  return event;
}

/// Two threads read at once, and one of them calls a function.
bool round(Sink& sink) {
  const std::array in{Value::integer(3)};
  const std::array out{Value::string("the quick brown fox jumps over the lazy dog", true),
                       Value::real(0.5)};
  SyscallResult result;
  result.kind = SyscallResult::Kind::Value;
  result.value = Value::integer(44);
  bool fine = true;
  for (const int tid : {10, 11})
    fine = fine && sink.on(event_of(tid, SyscallEntered{"read", in}));
  for (const int tid : {10, 11}) {
    fine = fine && sink.on(event_of(tid, SyscallReturned{"read", 1, out, result, 1234}));
  }
  fine = fine && sink.on(event_of(10, FunctionEntered{"ns::some_function", "libx.so.1", out}));
  return fine && sink.on(event_of(10, FunctionReturned{"ns::some_function", "libx.so.1", in[0]}));
}

}  // namespace

TEST_CASE("in the steady state events cost no allocation") {
  for (const bool whole_lines : {false, true}) {
    TextOptions options;
    options.whole_lines = whole_lines;
    options.time = TextOptions::Time::Microseconds;
    options.durations = true;
    const auto sink = make_text_sink(options, std::make_unique<NullWriter>());
    bool fine = round(*sink);
    const std::size_t before = allocations;
    for (int i = 0; i < 100; ++i)
      fine = fine && round(*sink);
    CHECK(allocations - before == 0);
    CHECK(fine);
  }
}
