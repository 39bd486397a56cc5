#include "functions/goroutines.h"

#include <doctest/doctest.h>

#include <cstring>
#include <map>

#include "functions/go_runtime.h"

using namespace ttrace;

namespace {

constexpr Address kG{0xc000001000};
constexpr Address kG0{0xc000002000};
constexpr Address kM{0xc000003000};

// Words by address; what is not there reads as 0 within the pages that have any.
class Words : public Memory {
 public:
  void set(Address at, std::uint64_t value) { words_[at] = value; }
  [[nodiscard]] std::size_t read(Address from, std::span<std::byte> out) override {
    if (!has_page(from)) return 0;
    std::ranges::fill(out, std::byte{});
    for (std::size_t i = 0; i + 8 <= out.size(); i += 8) {
      auto word = words_.find(from + i);
      if (word != words_.end()) std::memcpy(out.data() + i, &word->second, 8);
    }
    return out.size();
  }

 private:
  [[nodiscard]] bool has_page(Address at) const {
    auto next = words_.lower_bound(Address(at.value() & ~0xfffULL));
    return next != words_.end() && next->first.value() >> 12 == at.value() >> 12;
  }
  std::map<Address, std::uint64_t> words_;
};

GoProgram program() {
  GoProgram made;
  made.g_goid = 152;
  made.m_curg = 192;
  return made;
}

// A goroutine 7 with a stack of 0x1000 bytes, on a thread whose g0 has another.
struct Sample : Words {
  Sample();
};
Sample::Sample() {
  set(kG, 0x10000);
  set(kG + 8, 0x11000);
  set(kG + 48, kM.value());
  set(kG + 64, 0x401234);
  set(kG + 152, 7);
  set(kG0, 0x20000);
  set(kG0 + 8, 0x22000);
  set(kG0 + 48, kM.value());
  set(kM, kG0.value());
  set(kM + 192, kG.value());
}

OpenCall call_at(Address distance) {
  OpenCall call;
  call.cfa = distance;
  return call;
}

}  // namespace

TEST_CASE("a goroutine is read") {
  Sample words;
  auto g = read_goroutine(kG, program(), words);
  REQUIRE(g);
  CHECK(g->id == 7);
  CHECK(g->m == kM);
  CHECK(g->resumes_at == Address(0x401234));
  CHECK(g->holds(Address(0x11000)));
  CHECK_FALSE(g->holds(Address(0x10000)));
  CHECK_FALSE(g->holds(Address(0x11001)));
}

TEST_CASE("what is no goroutine is not taken for one") {
  Sample words;
  CHECK_FALSE(read_goroutine(Address(), program(), words));
  CHECK_FALSE(read_goroutine(kG + 1, program(), words));
  CHECK_FALSE(read_goroutine(Address(0x500000), program(), words));
  words.set(kG + 8, 0xffff);  // ends before it begins
  CHECK_FALSE(read_goroutine(kG, program(), words));
  GoProgram absurd = program();
  absurd.g_goid = std::uint64_t{1} << 62;
  CHECK_FALSE(read_goroutine(kG0, absurd, words));
  absurd = program();
  absurd.g_m = ~std::uint64_t{0};
  CHECK_FALSE(read_goroutine(kG0, absurd, words));
}

TEST_CASE("a thread on the runtime's stack works for the goroutine that it executes") {
  Sample words;
  auto on_its_own = read_go_thread(kG, program(), words);
  REQUIRE(on_its_own);
  CHECK_FALSE(on_its_own->on_system_stack());
  CHECK(on_its_own->goroutine == 7);
  auto on_g0 = read_go_thread(kG0, program(), words);
  REQUIRE(on_g0);
  CHECK(on_g0->on_system_stack());
  CHECK(on_g0->goroutine == 7);
  CHECK(on_g0->user == kG);
  words.set(kM + 192, 0);
  auto idle = read_go_thread(kG0, program(), words);
  REQUIRE(idle);
  CHECK(idle->goroutine == 0);
  CHECK(idle->user.null());
}

TEST_CASE("a frame is known by its distance from the stack's end, wherever the stack is") {
  GoThread thread{
      {.at = kG, .id = 7, .stack_low = Address(0x10000), .stack_high = Address(0x11000)}, 7, kG};
  CHECK(GoChains::distance(thread, Address(0x10f00)) == Address(0x100));
  thread.now.stack_low = Address(0x30000);
  thread.now.stack_high = Address(0x32000);
  CHECK(GoChains::distance(thread, Address(0x31f00)) == Address(0x100));
}

TEST_CASE("chains: of a goroutine, of its next use, of another stack") {
  GoChains chains;
  GoThread thread{
      {.at = kG, .id = 7, .stack_low = Address(0x10000), .stack_high = Address(0x11000)}, 7, kG};
  push_call(chains.of(thread, Address(0x10f00)).open, call_at(Address(0x100)));
  CHECK(chains.of(thread, Address(0x10f00)).open.size() == 1);
  // A handler that runs on a stack which is not g's has nothing to do with it.
  CHECK(chains.of(thread, Address(0x90000)).open.empty());
  CHECK(chains.find(kG, 7) != nullptr);
  CHECK(chains.find(kG, 8) == nullptr);
  GoThread system{
      {.at = kG0, .id = 0, .stack_low = Address(0x20000), .stack_high = Address(0x22000)}, 7, kG};
  CHECK(chains.depth_below(system) == 1);
  CHECK(chains.depth_below(thread) == 0);
  thread.now.id = thread.goroutine = 9;
  CHECK(chains.of(thread, Address(0x10f00)).open.empty());
  CHECK(chains.depth_below(system) == 0);
}

TEST_CASE("frames deeper than where a goroutine is are gone, innermost first") {
  GoChain chain;
  for (std::uint64_t distance : {0x10U, 0x20U, 0x30U, 0x30U, 0x40U})
    push_call(chain.open, call_at(Address(distance)));
  std::vector<std::uint64_t> gone;
  auto note = [&](const OpenCall& call) { gone.push_back(call.cfa.value()); };
  end_deeper(chain, Address(0x30), false, note);
  CHECK(gone == std::vector<std::uint64_t>{0x40});
  end_deeper(chain, Address(0x30), true, note);
  CHECK(gone == std::vector<std::uint64_t>{0x40, 0x30, 0x30});
  end_deeper(chain, Address(), true, note);
  CHECK(chain.open.empty());
}

TEST_CASE("the runtime's packages") {
  CHECK(is_go_runtime_function("runtime.futex"));
  CHECK(is_go_runtime_function("internal/runtime/syscall.EpollWait"));
  CHECK(is_go_runtime_function("runtime/internal/syscall.Syscall6"));
  CHECK_FALSE(is_go_runtime_function("syscall.Syscall"));
  CHECK_FALSE(is_go_runtime_function("runtimes.futex"));
  CHECK_FALSE(is_go_runtime_function("internal/poll.(*FD).Read"));
}
