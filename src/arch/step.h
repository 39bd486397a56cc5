// How to execute the instruction that a breakpoint displaced: emulated by the tracer where that is
// simple or necessary (branches), otherwise single-stepped from a copy elsewhere.
#pragma once

#include <csignal>
#include <cstddef>
#include <span>
#include <variant>
#include <vector>

#include "arch/abi.h"
#include "arch/registers.h"
#include "arch/step_aarch64.h"
#include "arch/step_x86.h"
#include "base/address.h"
#include "base/memory.h"
#include "base/result.h"

namespace ttrace {

/// One displaced instruction, decoded once when its breakpoint is planted, used at every hit.
class DisplacedInstruction {
 public:
  /// Longest instruction of any supported machine, and the room a copy needs.
  static constexpr std::size_t kMaxLength = 16;

  /// Decodes the instruction at `at`. `bytes`: the original bytes from there on, up to kMaxLength
  /// (fewer at the end of a mapping). Error: not a valid instruction, or one that can neither be
  /// emulated nor copied.
  static Result<DisplacedInstruction> decode(Abi machine, Address at,
                                             std::span<const std::byte> bytes);

  [[nodiscard]] Address at() const { return at_; }
  /// Bytes of the instruction.
  [[nodiscard]] std::size_t length() const;
  /// True when emulate() handles it. A copy is then needed only after emulate() failed.
  [[nodiscard]] bool emulated() const;

  /// Does what the instruction would do to `regs` (whose PC is at()) and `memory`, PC included.
  /// False when memory it needs is not accessible, when an operand lies across words that other
  /// threads may write (see step_memory.h), or when it is not emulated(): nothing was changed.
  /// Executing the copy then either faults as the instruction would have, or succeeds because the
  /// kernel grows the stack. `memory` must respect the tracee's page protection (process_vm_readv
  /// and process_vm_writev do, /proc/PID/mem does not), lest a push overwrite a stack's guard page,
  /// or a load from a page that is a program's signal to stop not fault.
  [[nodiscard]] bool emulate(Registers& regs, MutableMemory& memory) const;

  /// The bytes to execute at `slot` instead: same length and effect, PC-relative operands adjusted.
  /// Error: the slot is too far away for such an operand, or the instruction is a branch that has
  /// no room for another target and whose emulation cannot fail.
  [[nodiscard]] Result<std::vector<std::byte>> copy_for(Address slot) const;

  /// Whether `info` is the SIGTRAP that ends a single-step of the copy: TRAP_TRACE (sigaction(2)).
  /// x86: also TRAP_BRKPT and TRAP_HWBKPT, for so the kernel calls a step when DR6 does not say
  /// that it was one (Linux 6.1 arch/x86/kernel/traps.c, get_si_code), and virtual machines may
  /// lose what DR6 said. No copy gives them itself: int3 says SI_KERNEL, and int1 is refused by
  /// decode(). arm64: TRAP_BRKPT is that of a BRK.
  [[nodiscard]] bool ends_step(const siginfo_t& info) const;

  /// After one single-step that began at `slot`: moves the PC (and a pushed return address) back to
  /// where the instruction at at() would have left it, and mends what else tells of the slot or of
  /// stepping (a syscall's rcx and r11, pushed flags). False: the instruction has not finished (a
  /// rep prefix), so step again. To be called only when the step ended in a plain SIGTRAP: after a
  /// fault the PC is `slot`, and the caller moves it back to at() itself.
  [[nodiscard]] bool finish_copy(Registers& regs, MutableMemory& memory, Address slot) const;

 private:
  using Step = std::variant<X86Step, Aarch64Step>;
  DisplacedInstruction(Address at, const Step& step) : at_(at), step_(step) {}

  Address at_;
  Step step_;
};

}  // namespace ttrace
