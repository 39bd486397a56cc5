// The calls of one thread that have not returned, and which of them end when.
//
// A call is known by its return address and its CFA, which no other living call of the process has
// (but for a tail call, which returns together with its caller). So pairing needs no stack. What
// needs one is the depth, and the question which frames are gone when an outer one goes on.
//
// A thread may have several stacks: coroutines' (makecontext, or any code that loads a stack
// pointer), and one for signals. The calls of one stack are a chain, outermost first. The chain of
// the stack that the thread is on is `open`; the others are parked. What a handler calls on a
// signal stack was called, in the end, by what it interrupted, so it belongs to that chain.
//
// A call is unwound only when that is proven:
//   - the thread has landed (at a landing pad of an exception, where a longjmp leads to) and the
//     frame lies between the stack pointer that it came from and the one it has now;
//   - the thread goes on in an outer frame of a stack that is known to be only one (the first
//     thread's, one given to makecontext or sigaltstack);
//   - its return address is no longer in the stack (x86), or new frames lie where it was;
//   - its stack is given to makecontext again.
// Any other call that cannot be on the current chain is parked: it may be another coroutine's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "arch/abi.h"
#include "arch/machine.h"
#include "arch/step.h"
#include "base/address.h"
#include "base/memory.h"
#include "functions/prototype_values.h"
#include "functions/stacks.h"
#include "functions/traced_function.h"

namespace ttrace {

class GoChains;
struct Ifunc;

/// One traced call that has not returned.
struct OpenCall {
  TracedFunction* function = nullptr;
  Address return_address;
  Address cfa;                  // Go: see GoChain
  std::uint64_t kept = 0;       // the register that the result's layout wants kept
  prototypes::Numbers numbers;  // of its arguments, when a prototype describes it
  std::int64_t entered = 0;     // nanoseconds, CLOCK_MONOTONIC
  std::uint64_t number = 0;     // counts the calls of all threads
  bool one_stack = false;       // its stack is known to be only one: see StackRange
  bool shown = true;            // false: it is only followed, because of what happens within
  bool within = false;          // it, or a call around it, is one that --within asks for
  unsigned level = 0;           // calls between it and the one that --follow-calls began with
  unsigned depth = 0;           // shown calls around it, on its chain
  const Function* jumped_to = nullptr;  // Go: it has ended in a jump to this function
  Address entered_at;                   // Go: the CFA as it was at the entry
  std::uint64_t goroutine = 0;          // in a Go program: for which goroutine; 0: for none
  unsigned around = 0;                  // Go: shown calls around its chain
};

/// Adds a call to its chain: `depth` and `within` are made to agree with the calls around it.
void push_call(std::vector<OpenCall>& chain, OpenCall call);
/// How many calls of a chain are shown.
inline unsigned shown_depth(const std::vector<OpenCall>& chain) {
  return chain.empty() ? 0 : chain.back().depth + (chain.back().shown ? 1 : 0);
}
/// The innermost call of a chain that is shown, or nullptr.
const OpenCall* last_shown(const std::vector<OpenCall>& chain);
/// Whether code that runs now, called by the last of the chain, is within what --within asks for.
inline bool is_within(const std::vector<OpenCall>& chain) {
  return !chain.empty() && chain.back().within;
}

/// What function tracing knows about one thread.
struct ThreadCalls {
  std::vector<OpenCall> open;                 // of the current chain, outermost first
  std::vector<std::vector<OpenCall>> parked;  // other chains, none of them empty
  std::size_t most_parked = 16;   // with more than that, those that are gone are looked for
  StackRange stack;               // where the thread was last
  StackRange mapping;             // where it was last outside announced stacks
  std::uint64_t last_number = 0;  // of the call that it entered last

  /// Go: what the thread executed when that was last looked at.
  struct GoPlace {
    std::uint64_t goroutine = 0;  // 0: none
    unsigned depth = 0;           // shown calls that it has open, of Go's
    bool within = false;          // one of them, or more, is one that --within asks for
    bool system_stack = false;    // it is on g0's or gsignal's
  };
  GoPlace go;
  /// Of a process that shares the memory of another, until it executes a program: what its
  /// goroutines have open, from when it was born. Null: the chains of the memory.
  std::shared_ptr<GoChains> own_go_chains;

  /// Where the thread is going to be although no call returns.
  struct Landing {
    Address at;
    Address from;  // the stack pointer when it was announced
  };
  std::optional<Landing> landing;
  std::optional<Landing> forced;  // where a forced unwinding ends, after its landings in between

  /// A function that chooses the implementation of an IFUNC is being executed.
  struct Choosing {
    Ifunc* ifunc = nullptr;
    CallFrame frame;
  };
  std::optional<Choosing> choosing;

  /// A copy of a displaced instruction is being executed.
  struct Step {
    DisplacedInstruction instruction;
    Address slot;
  };
  std::optional<Step> step;
  /// A hit that was reported although its instruction could not be executed yet: it faulted. When
  /// the program's handler comes back to it, the same hit again is not another call.
  struct Reported {
    Address site;
    Address sp;
    bool operator==(const Reported&) const = default;
  };
  std::vector<Reported> reported;  // one for each handler that may come back
  std::optional<Reported> again;   // to this one it has
};

/// Changes a thread's open calls as the thread moves. Made for one stop.
class Pairing {
 public:
  /// Told of each call that is unwound, innermost first.
  using Unwound = std::function<void(const OpenCall& call)>;

  /// `memory` is the thread's, `tid` any living thread of its process.
  Pairing(ThreadCalls& calls, Stacks& stacks, Memory& memory, Abi machine, Tid tid, Unwound unwound)
      : calls_(calls),
        stacks_(stacks),
        memory_(memory),
        machine_(machine),
        tid_(tid),
        unwound_(std::move(unwound)) {}

  /// The thread is about to enter `function`: leaves in `open` the calls around that call.
  void make_way(const TracedFunction* function, const CallFrame& frame);
  /// The thread is at `pc` with `sp`: whether a call returns to there now. If so, it is the last of
  /// `open`. A callee may have popped up to `popped` bytes of arguments.
  [[nodiscard]] bool is_return(Address pc, Address sp, std::uint64_t popped);
  /// Whether the last of `open` returns to `pc` with `sp`.
  [[nodiscard]] bool last_returns(Address pc, Address sp, std::uint64_t popped) const;
  /// The thread has landed with the stack pointer `sp`; it was `from` before.
  void land(Address from, Address sp);
  /// A thread that is at `sp` makes a new stack of `range`: nothing returns on it any more.
  void remake(const StackRange& range, Address sp);

 private:
  StackRange stack_of(Address sp);
  bool arrive(Address sp);
  void leave_signal_stack(const StackRange& left);
  void park();
  bool resume(Address cfa);
  void set_aside(std::size_t first, std::optional<Address> reused = {});
  void end(std::vector<OpenCall>& chain);
  void look_for_gone();
  void find_around(const TracedFunction* function, const CallFrame& frame);
  void end_replaced(const TracedFunction* function, const CallFrame& frame);
  void forget_empty();
  [[nodiscard]] std::size_t around(const TracedFunction* function, const CallFrame& frame,
                                   bool switched) const;
  [[nodiscard]] bool is_gone(const OpenCall& call);

  ThreadCalls& calls_;
  Stacks& stacks_;
  Memory& memory_;
  Abi machine_;
  Tid tid_;
  Unwound unwound_;
};

}  // namespace ttrace
