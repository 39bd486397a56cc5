#include "arch/step.h"

#include <algorithm>

namespace ttrace {

Result<DisplacedInstruction> DisplacedInstruction::decode(Abi machine, Address at,
                                                          std::span<const std::byte> bytes) {
  bytes = bytes.first(std::min(bytes.size(), kMaxLength));
  switch (machine) {
    case Abi::X86_64:
    case Abi::I386: {
      auto step = X86Step::decode(machine, at, bytes);
      if (!step) return step.error();
      return DisplacedInstruction(at, *step);
    }
    case Abi::Aarch64: {
      auto step = Aarch64Step::decode(at, bytes);
      if (!step) return step.error();
      return DisplacedInstruction(at, *step);
    }
    case Abi::Arm:
      break;
  }
  return Error{0, "breakpoints in 32-bit ARM code are not supported"};
}

std::size_t DisplacedInstruction::length() const {
  return std::visit([](const auto& step) { return step.length(); }, step_);
}

bool DisplacedInstruction::emulated() const {
  return std::visit([](const auto& step) { return step.emulated(); }, step_);
}

bool DisplacedInstruction::emulate(Registers& regs, MutableMemory& memory) const {
  // Nothing may have changed after a failure: work on a copy. Memory is written at most once, last.
  Registers after = regs;
  bool done = std::visit([&](const auto& step) { return step.emulate(at_, after, memory); }, step_);
  if (done) regs = after;
  return done;
}

Result<std::vector<std::byte>> DisplacedInstruction::copy_for(Address slot) const {
  return std::visit([&](const auto& step) { return step.copy_for(at_, slot); }, step_);
}

bool DisplacedInstruction::ends_step(const siginfo_t& info) const {
  if (info.si_signo != SIGTRAP) return false;
  if (info.si_code == TRAP_TRACE) return true;
  const bool x86 = std::holds_alternative<X86Step>(step_);
  return x86 && (info.si_code == TRAP_BRKPT || info.si_code == TRAP_HWBKPT);
}

bool DisplacedInstruction::finish_copy(Registers& regs, MutableMemory& memory, Address slot) const {
  return std::visit([&](const auto& step) { return step.finish_copy(at_, regs, memory, slot); },
                    step_);
}

}  // namespace ttrace
