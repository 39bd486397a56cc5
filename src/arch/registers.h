// A thread's general registers, for every supported machine on every host.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "arch/abi.h"
#include "base/address.h"

namespace ttrace {

/// DWARF numbers of x86-64's segment bases, which Registers serves like general registers.
inline constexpr unsigned kDwarfX86FsBase = 58;
inline constexpr unsigned kDwarfX86GsBase = 59;

/// The block that PTRACE_GETREGSET(NT_PRSTATUS) fills: the kernel's user_regs_struct (x86-64, i386)
/// or user_pt_regs (arm64). Registers are named by their DWARF numbers (the machine's psABI
/// document), so that location expressions and calling conventions speak of the same thing.
class Registers {
 public:
  /// All zero. `machine` is the instruction set that the thread is executing.
  explicit Registers(Abi machine);

  [[nodiscard]] Abi machine() const { return machine_; }
  /// The kernel's block: size 216 (x86-64), 68 (i386), 272 (arm64), 72 (arm).
  [[nodiscard]] std::span<std::byte> raw();
  [[nodiscard]] std::span<const std::byte> raw() const;

  [[nodiscard]] Address pc() const;
  void set_pc(Address pc);
  [[nodiscard]] Address sp() const;
  void set_sp(Address sp);
  /// A general register by DWARF number; 0 for a number that is not a general register.
  [[nodiscard]] std::uint64_t get(unsigned dwarf) const;
  /// Writes a general register by DWARF number; other numbers are ignored.
  void set(unsigned dwarf, std::uint64_t value);
  /// The flags register (eflags, pstate/cpsr).
  [[nodiscard]] std::uint64_t flags() const;
  void set_flags(std::uint64_t flags);
  /// x86: whether the program has set the trap flag, to get a SIGTRAP after each instruction. What
  /// PTRACE_SINGLESTEP sets does not show here.
  [[nodiscard]] bool single_steps() const;
  /// x86: the number of the syscall being made, -1 outside one (so that changing the program
  /// counter is not mistaken by the kernel for a restart). No effect on other machines.
  void set_orig_syscall(std::int64_t nr);

 private:
  Abi machine_;
  alignas(8) std::array<std::byte, 272> raw_{};
};

/// Vector and floating-point registers as PTRACE_GETREGSET(NT_PRFPREG) gives them: the fxsave
/// block on x86-64 (512 bytes), user_fpsimd_state on arm64 (528 bytes). i386's block (fsave, 108
/// bytes) has no vector registers; arm has no such block (0 bytes).
class FloatRegisters {
 public:
  explicit FloatRegisters(Abi machine) : machine_(machine) {}
  [[nodiscard]] std::span<std::byte> raw();
  /// The 16 bytes of vector register `index` (xmm0-15, v0-31); zeros out of range.
  [[nodiscard]] std::array<std::byte, 16> vector(unsigned index) const;
  /// x86: the 10 significant bytes of st(index), padded to 16; zeros on other machines.
  [[nodiscard]] std::array<std::byte, 16> x87(unsigned index) const;

 private:
  Abi machine_;
  alignas(16) std::array<std::byte, 528> raw_{};
};

/// The bytes of the breakpoint instruction: int3, or brk #0.
std::span<const std::byte> trap_instruction(Abi machine);
/// How far behind the breakpoint instruction's address the PC is when its SIGTRAP is reported:
/// 1 after int3, 0 on brk (kernel: arch/x86/kernel/traps.c, arch/arm64/kernel/debug-monitors.c).
std::uint64_t trap_pc_offset(Abi machine);

}  // namespace ttrace
