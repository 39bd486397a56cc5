#include "functions/open_calls.h"

#include <doctest/doctest.h>

#include <string>

#include "unit/fake_memory.h"

using namespace ttrace;
using test::FakeMemory;

namespace {

constexpr Address kCaller{0x401000};
constexpr Address kOther{0x402000};

// A thread with calls that are told apart by their numbers. Its memory can be made to say that
// frames are overwritten.
struct Thread {
  ThreadCalls calls;
  Stacks stacks;
  FakeMemory memory;
  Abi machine = Abi::X86_64;
  std::string ended;  // the numbers of unwound calls, each with its depth

  Pairing pairing() {
    return {calls, stacks, memory, machine, Tid{0}, [this](const OpenCall& call) {
              ended += std::to_string(call.number) + "@" + std::to_string(call.depth) + " ";
            }};
  }
  // A call at `cfa`; returns its depth.
  std::size_t enter(std::uint64_t number, std::uint64_t cfa, Address back = kCaller,
                    const TracedFunction* function = nullptr) {
    memory.map_object(Address(cfa) - 8, back.value());
    pairing().make_way(function, {back, Address(cfa)});
    OpenCall call{.return_address = back, .cfa = Address(cfa), .number = number};
    call.one_stack = calls.stack.is_one_stack();
    push_call(calls.open, call);
    return calls.open.size() - 1;
  }
  // The number of the call that returns at `cfa`, 0 for none.
  std::uint64_t leave(std::uint64_t cfa, Address back = kCaller) {
    if (!pairing().is_return(back, Address(cfa), 0)) return 0;
    std::uint64_t number = calls.open.back().number;
    calls.open.pop_back();
    return number;
  }
  void stack(std::uint64_t low, std::uint64_t high, StackRange::Kind kind) {
    stacks.announce({Address(low), Address(high), kind});
  }
  // The thread is in a mapping that may have several stacks.
  void in_mapping(std::uint64_t low, std::uint64_t high) {
    calls.mapping = {Address(low), Address(high)};
  }
};

}  // namespace

TEST_CASE("calls of one stack nest and return") {
  Thread thread;
  thread.stack(0x1000, 0x2000, StackRange::Kind::Made);
  CHECK(thread.enter(1, 0x1f00) == 0);
  CHECK(thread.enter(2, 0x1e00) == 1);
  CHECK(thread.leave(0x1e00, kOther) == 0);
  CHECK(thread.leave(0x1e00) == 2);
  CHECK(thread.leave(0x1f00) == 1);
  CHECK(thread.ended.empty());
}

TEST_CASE("what is left of a stack known to be one is unwound when an outer call goes on") {
  Thread thread;
  thread.stack(0x1000, 0x2000, StackRange::Kind::Made);
  thread.enter(1, 0x1f00);
  thread.enter(2, 0x1e00);
  thread.enter(3, 0x1d00);
  CHECK(thread.enter(4, 0x1e80) == 1);
  CHECK(thread.ended == "3@2 2@1 ");
  thread.enter(5, 0x1d00);
  CHECK(thread.leave(0x1f00) == 1);
  CHECK(thread.ended == "3@2 2@1 5@2 4@1 ");
}

TEST_CASE("in a mapping of several stacks a call may be another stack's") {
  for (Abi machine : {Abi::X86_64, Abi::Aarch64}) {
    Thread thread;
    thread.machine = machine;
    thread.in_mapping(0x1000, 0x9000);
    thread.enter(1, 0x8f00);
    thread.enter(2, 0x4f00);
    CHECK(thread.leave(0x8f00) == 1);
    CHECK(thread.enter(3, 0x8e00) == 0);
    CHECK(thread.leave(0x4f00) == 2);
    CHECK(thread.leave(0x8e00) == 3);
    CHECK(thread.ended.empty());
  }
}

TEST_CASE("a call whose return address was overwritten is gone") {
  Thread thread;
  thread.in_mapping(0x1000, 0x9000);
  thread.enter(1, 0x8f00);
  thread.enter(2, 0x4f00);
  thread.memory.map_object(Address(0x4ef8), std::uint64_t{1});
  CHECK(thread.leave(0x8f00) == 1);
  CHECK(thread.ended == "2@1 ");
}

TEST_CASE("chains that nobody comes back to do not pile up") {
  Thread thread;
  thread.in_mapping(0x1000, 0x100000);
  constexpr std::uint64_t kMany = 1000;
  for (std::uint64_t i = 1; i <= kMany; ++i) {
    // Each lies above the one before, which is overwritten then.
    thread.enter(i, 0x2000 + 0x100 * i);
    if (i > 1) thread.memory.map_object(Address(0x2000 + 0x100 * (i - 1) - 8), std::uint64_t{1});
  }
  CHECK(thread.calls.parked.size() <= 32);
}

TEST_CASE("a new call replaces what lay there, but a tail call's caller is no such thing") {
  Thread thread;
  thread.in_mapping(0x1000, 0x9000);
  thread.enter(1, 0x4f00);
  CHECK(thread.enter(2, 0x4f00) == 1);  // a tail call
  thread.enter(3, 0x8f00);              // on another stack
  CHECK(thread.enter(4, 0x4f00) == 1);
  CHECK(thread.ended == "2@1 1@0 ");
}

TEST_CASE("a landing ends what lies between, on its own stack") {
  Thread thread;
  thread.stack(0x1000, 0x2000, StackRange::Kind::Made);
  thread.stack(0x5000, 0x6000, StackRange::Kind::Made);
  thread.enter(1, 0x1f00);
  thread.enter(2, 0x5f00);
  thread.enter(3, 0x5e00);
  thread.pairing().land(Address(0x5000), Address(0x5e00));
  CHECK(thread.ended == "3@1 ");
  CHECK(thread.leave(0x5f00) == 2);
  CHECK(thread.leave(0x1f00) == 1);
}

TEST_CASE("a landing below a signal stack ends the handler's calls and those below them") {
  Thread thread;
  thread.stack(0x1000, 0x2000, StackRange::Kind::Signal);
  thread.stack(0x5000, 0x6000, StackRange::Kind::Made);
  thread.enter(1, 0x5f00);
  thread.enter(2, 0x5e00);
  CHECK(thread.enter(3, 0x1f00) == 2);
  thread.pairing().land(Address(0x1e00), Address(0x5e80));
  CHECK(thread.ended == "3@2 2@1 ");
  CHECK(thread.calls.open.size() == 1);
}

TEST_CASE("a stack that is made again has no calls") {
  Thread thread;
  StackRange made{Address(0x1000), Address(0x2000), StackRange::Kind::Made};
  thread.stacks.announce(made);
  thread.in_mapping(0x5000, 0x6000);
  thread.enter(1, 0x5f00);
  thread.enter(2, 0x1f00);
  thread.enter(3, 0x1e00);
  thread.pairing().remake(made, Address(0x5f80));
  CHECK(thread.ended == "3@1 2@0 ");
}
