// Facts about a machine that unwinding a call and reading DWARF locations need.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "arch/abi.h"
#include "arch/calling.h"
#include "arch/registers.h"
#include "base/address.h"
#include "base/memory.h"

namespace ttrace {

/// A call as its callee's first instruction sees it.
struct CallFrame {
  Address return_address;
  /// The canonical frame address: the caller's SP as it will be when the call has returned.
  Address cfa;
};
/// Reads the frame when the PC is at a function's first instruction. nullopt: the stack cannot be
/// read. x86: the return address is at SP, the CFA above it. arm64: it is in the link register
/// (a pointer authentication code is not yet there at the first instruction), the CFA is the SP.
std::optional<CallFrame> frame_at_entry(const Registers& regs, Memory& memory);

/// Whether a frame is certainly gone, because its return address is not where the call put it or
/// can no longer be read. Never on arm64, where the callee keeps it at a place of its own.
bool is_overwritten(Abi machine, const CallFrame& frame, Memory& memory);
/// Argument `index` (an integer or a pointer) of a C function, at its first instruction. nullopt:
/// the stack cannot be read, or the machine's convention is not described (arm).
std::optional<std::uint64_t> argument(const Registers& regs, std::size_t index, Memory& memory);

/// Where DWARF register `number` is: a general register, a vector register, or nullopt for others.
/// `size`: bytes of the value that it holds.
std::optional<Piece> dwarf_piece(Abi machine, unsigned number, std::uint32_t size);

/// x86: the length of the `push %rbp` that `bytes` begin with when `mov %rsp,%rbp` follows, as in
/// code that keeps frame pointers; 0: they begin otherwise. Between the two there is nothing that a
/// branch leads to, so a trap on the second is hit once a call, too.
std::size_t frame_push_length(Abi machine, std::span<const std::byte> bytes);

/// The name of a general register by DWARF number ("rdi", "x0"); empty for others.
std::string_view register_name(Abi machine, unsigned number);

/// How a syscall is made (syscall(2), "Architecture calling conventions"), for making one in a
/// tracee. Registers by DWARF number.
struct SyscallConvention {
  unsigned number = 0;
  unsigned result = 0;
  std::array<unsigned, 6> arguments{};
  std::span<const std::byte> instruction;
  std::uint64_t mmap = 0;  // the number of mmap (i386, arm: mmap2, its offset in pages)
};
const SyscallConvention& syscall_convention(Abi machine);

/// Whether the bytes at a breakpoint site are its machine's trap instruction.
bool is_trap(Abi machine, std::span<const std::byte> bytes);

}  // namespace ttrace
