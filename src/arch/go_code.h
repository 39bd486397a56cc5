// Where the calls of a function that Go's compiler made begin and end, from its code alone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "arch/abi.h"
#include "arch/registers.h"
#include "base/address.h"

namespace ttrace {

/// Addresses and lengths of one function's code.
struct GoCode {
  /// Bytes of the stack check that the function begins with (Go 1.19 src/cmd/internal/obj/x86/
  /// obj6.go and arm64/obj7.go, stacksplit): it jumps away to grow the stack, and comes back to the
  /// function's start. Behind it the arguments and the stack pointer are still those of the call,
  /// and that place is passed once in each call. 0: none.
  std::size_t check = 0;
  /// Calls of fixed addresses: where they are, and what of.
  struct Transfer {
    Address at;
    Address target;
  };
  std::vector<Transfer> calls;
  struct Return {
    Address at;  // the return instruction
    // amd64: where the instructions begin that take the frame away before that: an addition to the
    // stack pointer, maybe a pop of the frame pointer. Nothing leads into them. `at`: not found.
    Address epilogue;
    std::uint64_t frame = 0;  // bytes that they take away
    bool pops = false;        // the frame pointer is the last of them
    // Whether a thread whose program counter is behind the return instruction's first byte can only
    // have come there by a trap on it: what follows is padding, or not the function's (but
    // another one may begin there).
    bool alone = false;
  };
  std::vector<Return> returns;
  /// Jumps to other functions, from which nothing comes back to this one: a wrapper's, assembly's.
  std::vector<Transfer> leaves;
  /// Jumps through a register or memory: those of a switch, or to other functions (in assembly).
  std::vector<Address> indirect;
  /// Whether one call may come to the place behind the check more than once: a loop of the function
  /// leads back there; arm64: a goroutine that was preempted within the instructions that begin
  /// there executes all of them again, because the scratch register that they use is not kept
  /// (Go 1.19 src/cmd/internal/obj/arm64/obj7.go, IsRestartable; src/runtime/preempt.go,
  /// isAsyncSafePoint).
  bool repeats_entry = false;
};

/// `text` is all of the function's code, which stands at `at`. `by_hand`: it is assembly, which may
/// have data in its code: then nothing is said of what stands behind a jump or a return and is led
/// to by no branch.
GoCode read_go_code(Abi machine, std::span<const std::byte> text, Address at, bool by_hand = false);

/// Go keeps the current g in a register in code of its own: amd64 since Go 1.17 (not in assembly
/// and in what it is called by, ABI0), arm64 always (Go src/cmd/compile/abi-internal.md).
std::uint64_t go_g_register(const Registers& regs);
/// The first integer argument of a function that has ABIInternal since Go 1.17 (amd64), 1.18.
std::uint64_t go_first_argument(const Registers& regs);
/// amd64: the thread pointer, from where the thread's g is found in all code; nullopt elsewhere.
std::optional<Address> go_thread_pointer(const Registers& regs);
/// arm64: the return address of a function that has not saved it yet; nullopt elsewhere.
std::optional<Address> go_link_register(const Registers& regs);
/// How far above the stack pointer a frame's end (the canonical frame address) is when the stack
/// pointer is as at the function's first instruction: the return address, on amd64.
std::uint64_t go_return_address_size(Abi machine);

}  // namespace ttrace
