// One x86 instruction (x86-64 or i386) that a breakpoint displaced. Private to step.cpp.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "arch/abi.h"
#include "arch/registers.h"
#include "base/address.h"
#include "base/memory.h"
#include "base/result.h"

namespace ttrace {

/// Where an x86 instruction's operand is. Registers are named by their DWARF numbers.
struct X86Operand {
  enum class Kind : std::uint8_t { None, Register, HighByte /* ah … bh */, Immediate, Memory };
  static constexpr std::uint8_t kNoRegister = 0xff;

  Kind kind = Kind::None;
  std::uint8_t size = 0;               // bytes
  std::uint8_t reg = kNoRegister;      // Register, HighByte; Memory: the base
  std::uint8_t index = kNoRegister;    // Memory
  std::uint8_t scale = 1;              // Memory
  std::uint8_t segment = kNoRegister;  // Memory: the register that holds the segment's base
  bool own = false;                    // Memory: in the thread's own frame
  std::uint64_t value = 0;  // the immediate, or the displacement (with RIP as base: added already)
};

/// Decoded once, executed at every hit.
class X86Step {
 public:
  enum class Operation : std::uint8_t {
    Copy,  // not emulated
    Nop,
    // Data: `to` and `from`.
    Mov,
    MovZeroExtended,
    MovSignExtended,
    Lea,
    Add,
    AddCarry,
    Sub,
    SubBorrow,
    Cmp,
    And,
    Or,
    Xor,
    Test,
    Inc,
    Dec,
    Neg,
    Not,
    SwapBytes,
    Exchange,
    SetIf,
    MovIf,
    ExtendAccumulator,  // cbw, cwde, cdqe: `to` from `from`
    SignIntoData,       // cwd, cdq, cqo
    // The stack.
    Push,
    PushFlags,
    Pop,
    Leave,
    // Branches: to `from`.
    Jump,
    JumpIf,
    JumpIfCountZero,
    Loop,
    LoopIfEqual,
    LoopIfNotEqual,
    Call,
    Return,
  };
  static constexpr std::size_t kOperations = static_cast<std::size_t>(Operation::Return) + 1;

  static Result<X86Step> decode(Abi machine, Address at, std::span<const std::byte> bytes);

  [[nodiscard]] std::size_t length() const { return length_; }
  [[nodiscard]] bool emulated() const { return operation_ != Operation::Copy; }
  // What it was taken for: tests make sure that they have seen everything.
  [[nodiscard]] Operation operation() const { return operation_; }
  [[nodiscard]] unsigned condition() const { return condition_; }
  [[nodiscard]] const X86Operand& to() const { return to_; }
  [[nodiscard]] const X86Operand& from() const { return from_; }
  [[nodiscard]] bool emulate(Address at, Registers& regs, MutableMemory& memory) const;
  [[nodiscard]] Result<std::vector<std::byte>> copy_for(Address at, Address slot) const;
  [[nodiscard]] bool finish_copy(Address at, Registers& regs, MutableMemory& memory,
                                 Address slot) const;

 private:
  friend class X86Decoder;
  friend class X86Executor;

  // What a copy's execution leaves that depends on where it was, or how it was stepped.
  enum class Trace : std::uint8_t { None, ReturnAddress, Flags, Syscall };
  // What must be changed in a copy's bytes.
  enum class Relocation : std::uint8_t {
    None,
    Signed32,     // a displacement from the next instruction
    Modulo32,     // the same, in a 32-bit address space
    NotPossible,  // a branch with too small a displacement
  };

  Abi machine_ = Abi::X86_64;
  Operation operation_ = Operation::Copy;
  std::uint8_t length_ = 0;
  std::uint8_t condition_ = 0;     // the opcode's low four bits
  std::uint8_t counter_size_ = 0;  // loops: bytes of cx, ecx or rcx
  Trace trace_ = Trace::None;
  Relocation relocation_ = Relocation::None;
  std::uint8_t relocation_offset_ = 0;  // of four bytes in the instruction
  X86Operand to_;
  X86Operand from_;
  std::array<std::byte, 15> bytes_{};
};

}  // namespace ttrace
