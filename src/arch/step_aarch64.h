// One arm64 instruction that a breakpoint displaced. Private to step.cpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "arch/registers.h"
#include "base/address.h"
#include "base/memory.h"
#include "base/result.h"

namespace ttrace {

/// Decoded once, executed at every hit.
class Aarch64Step {
 public:
  enum class Operation : std::uint8_t {
    Copy,  // not emulated
    Nop,
    // Branches.
    Branch,
    BranchIf,
    BranchIfZero,
    BranchIfNotZero,
    BranchIfBitClear,
    BranchIfBitSet,
    BranchToRegister,
    // Data.
    SetConstant,  // adr, adrp, movz, movn: rd = value
    MoveKeep,
    Add,  // rd = rn with the operand
    Sub,
    And,
    Or,
    ExclusiveOr,
    Field,  // ubfm: shifts by constants, extensions by zeros, parts
    SignedField,
    // Memory.
    LoadLiteral,
    Load,
    LoadPair,
    Store,
    StorePair,
  };
  static constexpr std::size_t kOperations = static_cast<std::size_t>(Operation::StorePair) + 1;

  static Result<Aarch64Step> decode(Address at, std::span<const std::byte> bytes);

  [[nodiscard]] static constexpr std::size_t length() { return 4; }
  [[nodiscard]] bool emulated() const { return operation_ != Operation::Copy; }
  // What it was taken for: tests make sure that they have seen everything.
  [[nodiscard]] Operation operation() const { return operation_; }
  [[nodiscard]] bool emulate(Address at, Registers& regs, MutableMemory& memory) const;
  [[nodiscard]] Result<std::vector<std::byte>> copy_for(Address at, Address slot) const;
  [[nodiscard]] bool finish_copy(Address at, Registers& regs, MutableMemory& memory,
                                 Address slot) const;

 private:
  friend class Aarch64Decoder;
  friend class Aarch64Executor;

  // How a load or store uses its base register.
  enum class Indexing : std::uint8_t { Offset, Pre, Post };
  // What arithmetic takes besides rn, and a load adds to its base.
  enum class Operand : std::uint8_t { Constant, Shifted, Extended };

  std::uint32_t word_ = 0;
  Operation operation_ = Operation::Copy;
  bool links_ = false;  // writes the return address to x30
  bool set_flags_ = false;
  bool position_ = false;   // PC-relative: never copied as it is
  bool literal_ = false;    // a copy loads from value_, too
  bool invert_ = false;     // the operand
  bool signed_ = false;     // what is loaded
  bool source_sp_ = false;  // rn's 31 is the stack pointer
  bool target_sp_ = false;  // rd's 31 is the stack pointer
  Operand operand_ = Operand::Constant;
  Indexing indexing_ = Indexing::Offset;
  std::uint8_t width_ = 8;   // bytes of the register operand
  std::uint8_t size_ = 8;    // bytes in memory
  std::uint8_t rd_ = 0;      // destination, or what is tested or stored
  std::uint8_t rd2_ = 0;     // of a pair
  std::uint8_t rn_ = 0;      // base or source
  std::uint8_t rm_ = 0;      // of the operand
  std::uint8_t detail_ = 0;  // condition, bit number, kind of shift or extension, a field's imms
  std::uint8_t amount_ = 0;  // of the shift; a field's immr
  std::uint64_t value_ = 0;  // target address, constant, or offset
};

}  // namespace ttrace
