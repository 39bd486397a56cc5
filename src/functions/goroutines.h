// Which goroutine a thread executes, read from the Go runtime's own structures, and the traced
// calls that each goroutine has open.
//
// A goroutine moves between threads, and its stack moves in memory when it grows: what stays is
// the distance between a frame and the stack's end (runtime.g's stack.hi), by which a call is known
// here. The runtime's own code runs on two other stacks of each thread: g0's (the scheduler, and
// what must not grow: runtime.systemstack) and gsignal's. These have a runtime.g, too, with goid 0,
// whose calls are a chain of their own; on behalf of a goroutine (runtime.m's curg) or of none.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <unordered_map>
#include <vector>

#include "arch/registers.h"
#include "base/address.h"
#include "base/memory.h"
#include "functions/open_calls.h"
#include "symbols/go_program.h"

namespace ttrace {

/// A runtime.g.
struct Goroutine {
  Address at;
  std::uint64_t id = 0;  // 0: g0, gsignal
  Address stack_low;
  Address stack_high;
  Address m;           // null: no thread executes it
  Address resumes_at;  // where it goes on when it is not on its stack

  /// Whether a stack pointer is on its stack; the stack's end belongs to it.
  [[nodiscard]] bool holds(Address sp) const { return sp > stack_low && sp <= stack_high; }
};

/// What a thread executes.
struct GoThread {
  Goroutine now;                // the stack that it is on
  std::uint64_t goroutine = 0;  // that it works for: its own number, or curg's; 0: for none
  Address user;                 // that one's runtime.g; null: none
  Address user_resumes_at;
  [[nodiscard]] bool on_system_stack() const { return now.id == 0; }
};

/// Reads the runtime.g at `g`. nullopt: there is none (it is null, on threads of C's; its memory
/// cannot be read; its stack is none).
std::optional<Goroutine> read_goroutine(Address g, const GoProgram& program, Memory& memory);
/// What a thread executes whose current g is at `g`.
std::optional<GoThread> read_go_thread(Address g, const GoProgram& program, Memory& memory);

/// The open calls of one stack, outermost first. OpenCall::cfa is the distance from the stack's end
/// here, so that it grows inwards.
struct GoChain {
  std::uint64_t goroutine = 0;
  std::vector<OpenCall> open;
  std::uint64_t last_number = 0;  // of the call that it entered last
};

/// The chains of one process.
class GoChains {
 public:
  /// A call has ended with its frame gone.
  using Gone = std::function<void(const OpenCall& call)>;

  /// The chain of the stack that `thread` is on, for a frame that ends at `cfa`. It begins empty
  /// when a runtime.g is used again for another goroutine.
  GoChain& of(const GoThread& thread, Address cfa);
  /// The chain of a goroutine; nullptr: it has none.
  [[nodiscard]] GoChain* find(Address g, std::uint64_t goroutine);
  /// The chain of the goroutine at `g` when its innermost call is one of `function` that was
  /// entered with its frame at `cfa`, otherwise nullptr. A thread at the end of that function, with
  /// these two, executes that call: a stack that had moved since would have moved the frame as
  /// well.
  [[nodiscard]] GoChain* with_last(Address g, Address cfa, const Function& function);
  /// Shown calls open around what `thread` executes on its stack, outside of its chain: those of
  /// the goroutine for which it is on another stack.
  [[nodiscard]] unsigned depth_below(const GoThread& thread);

  /// The distance by which a frame is known.
  static Address distance(const GoThread& thread, Address cfa);

 private:
  std::unordered_map<Address, GoChain> chains_;
};

/// Ends the calls of `chain` whose frames lie deeper than `distance`, innermost first; with `at`,
/// those at the same place, too.
void end_deeper(GoChain& chain, Address distance, bool at, const GoChains::Gone& gone);

}  // namespace ttrace
