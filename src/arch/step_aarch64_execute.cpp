// Emulating arm64 instructions.
#include <array>

#include "arch/step_aarch64.h"
#include "arch/step_memory.h"
#include "base/number.h"

namespace ttrace {

namespace {

constexpr unsigned kLinkRegister = 30;
constexpr std::uint8_t kZeroOrSp = 31;
constexpr std::uint64_t kNegative = 1ULL << 31;
constexpr std::uint64_t kZero = 1ULL << 30;
constexpr std::uint64_t kCarry = 1ULL << 29;
constexpr std::uint64_t kOverflow = 1ULL << 28;
// What kind of branch led here, for the next instruction's check; every instruction clears it.
constexpr std::uint64_t kBranchType = 3ULL << 10;

std::uint64_t mask(unsigned width) {
  return width == 8 ? ~0ULL : 0xffffffffULL;
}

// Conditions come in pairs, the odd one the opposite of the even one; both of the last hold.
bool holds(unsigned condition, std::uint64_t pstate) {
  bool n = (pstate & kNegative) != 0;
  bool z = (pstate & kZero) != 0;
  bool c = (pstate & kCarry) != 0;
  bool v = (pstate & kOverflow) != 0;
  const std::array<bool, 8> even{z, c, n, v, c && !z, n == v, n == v && !z, true};
  constexpr unsigned kAlways = 7;
  bool opposite = condition % 2 != 0 && condition / 2 != kAlways;
  return even.at(condition / 2) != opposite;
}

}  // namespace

/// One execution. Registers may be left half changed after a failure; memory may not.
class Aarch64Executor {
 public:
  Aarch64Executor(const Aarch64Step& step, Address at, Registers& regs, MutableMemory& memory)
      : step_(step), next_(at + Aarch64Step::length()), regs_(regs), memory_(memory) {}

  bool run() {
    regs_.set_pc(next_);
    regs_.set_flags(regs_.flags() & ~kBranchType);
    return (this->*kHandlers.at(static_cast<std::size_t>(step_.operation_)))();
  }

 private:
  using Operation = Aarch64Step::Operation;
  using Indexing = Aarch64Step::Indexing;
  using Handler = bool (Aarch64Executor::*)();
  using Operand = Aarch64Step::Operand;
  static const std::array<Handler, Aarch64Step::kOperations>
      kHandlers;  // in the order of Operation

  // Register 31 as zero.
  [[nodiscard]] std::uint64_t read(std::uint8_t reg) const {
    return reg == kZeroOrSp ? 0 : regs_.get(reg) & mask(step_.width_);
  }
  void write(std::uint8_t reg, std::uint64_t value) {
    if (reg != kZeroOrSp) regs_.set(reg, value & mask(step_.width_));
  }
  // Where 31 can be the stack pointer: Registers has it under that number.
  [[nodiscard]] std::uint64_t source() const {
    return step_.source_sp_ ? regs_.get(step_.rn_) & mask(step_.width_) : read(step_.rn_);
  }
  void write_target(std::uint64_t value) {
    if (!step_.target_sp_) return write(step_.rd_, value);
    regs_.set(step_.rd_, value & mask(step_.width_));
  }

  bool nothing() { return true; }
  bool not_emulated() { return false; }

  bool go(Address target) {
    if (step_.links_) regs_.set(kLinkRegister, next_.value());
    regs_.set_pc(target);
    return true;
  }
  bool branch() { return go(Address(step_.value_)); }
  bool branch_if() { return !holds(step_.detail_, regs_.flags()) || branch(); }
  bool branch_if_zero() { return read(step_.rd_) != 0 || branch(); }
  bool branch_if_not_zero() { return read(step_.rd_) == 0 || branch(); }
  [[nodiscard]] bool tested_bit() const { return ((read(step_.rd_) >> step_.detail_) & 1) != 0; }
  bool branch_if_bit_clear() { return tested_bit() || branch(); }
  bool branch_if_bit_set() { return !tested_bit() || branch(); }
  // Read before the link register is written: `blr x30` is legal.
  bool branch_to_register() { return go(Address(read(step_.rn_))); }

  bool set_constant() {
    write(step_.rd_, step_.value_);
    return true;
  }
  bool move_keep() {
    std::uint64_t hole = 0xffffULL << step_.amount_;
    write(step_.rd_, (read(step_.rd_) & ~hole) | step_.value_ << step_.amount_);
    return true;
  }
  // Arithmetic and logic.

  [[nodiscard]] std::uint64_t shifted() const {
    const std::uint64_t value = read(step_.rm_);
    switch (step_.detail_) {
      case 0:
        return value << step_.amount_;
      case 1:
        return value >> step_.amount_;
      default:
        return static_cast<std::uint64_t>(sign_extend(value, step_.width_) >> step_.amount_);
    }
  }
  // uxtb … uxtx, sxtb … sxtx, then a shift to the left. The register's upper half counts, whatever
  // the width of the result: it is cut off later.
  [[nodiscard]] std::uint64_t extended() const {
    const std::uint64_t whole = step_.rm_ == kZeroOrSp ? 0 : regs_.get(step_.rm_);
    const std::size_t size = std::size_t{1} << (step_.detail_ & 3);
    const bool with_sign = (step_.detail_ & 4) != 0;
    const std::uint64_t value =
        with_sign ? static_cast<std::uint64_t>(sign_extend(whole, size)) : truncate_to(whole, size);
    return value << step_.amount_;
  }
  [[nodiscard]] std::uint64_t operand() const {
    std::uint64_t value = step_.operand_ == Operand::Constant  ? step_.value_
                          : step_.operand_ == Operand::Shifted ? shifted()
                                                               : extended();
    return (step_.invert_ ? ~value : value) & mask(step_.width_);
  }

  // Adding the complement with a carry is how the manual defines subtraction and its flags.
  bool add_to_source(std::uint64_t operand, std::uint64_t carry) {
    std::uint64_t limit = mask(step_.width_);
    std::uint64_t a = source();
    std::uint64_t b = operand & limit;
    std::uint64_t sum = (a + b + carry) & limit;
    std::uint64_t sign = (limit >> 1) + 1;
    std::uint64_t flags = 0;
    if (sum < a || (carry != 0 && sum == a)) flags |= kCarry;
    if (((a ^ sum) & (b ^ sum) & sign) != 0) flags |= kOverflow;
    return result(sum, flags);
  }
  bool result(std::uint64_t value, std::uint64_t flags) {
    write_target(value);
    if (!step_.set_flags_) return true;
    std::uint64_t limit = mask(step_.width_);
    if ((value & ((limit >> 1) + 1)) != 0) flags |= kNegative;
    if ((value & limit) == 0) flags |= kZero;
    regs_.set_flags((regs_.flags() & ~(kNegative | kZero | kCarry | kOverflow)) | flags);
    return true;
  }
  bool add() { return add_to_source(operand(), 0); }
  bool subtract() { return add_to_source(~operand(), 1); }
  bool logic_and() { return result(source() & operand(), 0); }
  bool logic_or() { return result(source() | operand(), 0); }
  bool logic_exclusive_or() { return result(source() ^ operand(), 0); }

  // The field from bit immr to bit imms goes down to bit 0; or, when imms is the lower one, what is
  // up to imms goes up by the rest of the register.
  bool move_field(bool with_sign) {
    const unsigned first = step_.amount_, last = step_.detail_;
    const unsigned left = 63 - last;
    const std::uint64_t top = read(step_.rn_) << left;  // the field's highest bit is bit 63
    auto shift_down = [&](unsigned by) {
      if (with_sign) return static_cast<std::uint64_t>(static_cast<std::int64_t>(top) >> by);
      return top >> by;
    };
    const std::uint64_t value =
        last >= first ? shift_down(left + first) : shift_down(left) << (step_.width_ * 8U - first);
    write(step_.rd_, value);
    return true;
  }
  bool field() { return move_field(false); }
  bool signed_field() { return move_field(true); }

  // Memory.

  // Loads at once what lies within one word, as the processor does; other threads may be storing
  // there. What does not is left to the processor, except on the thread's own stack and in the
  // text, where a literal is (which no copy could load).
  bool load(Address from, std::uint64_t& value) {
    if (!load_word(memory_, from, step_.size_, value)) {
      auto number =
          own_stack() || step_.position_ ? memory_.read_number(from, step_.size_) : std::nullopt;
      if (!number) return false;
      value = *number;
    }
    if (step_.signed_) value = static_cast<std::uint64_t>(sign_extend(value, step_.size_));
    return true;
  }
  [[nodiscard]] bool own_stack() const {
    return step_.source_sp_ && step_.rn_ == kZeroOrSp && step_.operand_ == Operand::Constant;
  }
  bool load_literal() {
    std::uint64_t value = 0;
    if (!load(Address(step_.value_), value)) return false;
    write(step_.rd_, value);
    return true;
  }

  // Moves the base register, if the instruction does.
  Address access_address() {
    std::uint64_t base = regs_.get(step_.rn_);
    std::uint64_t moved = base + (step_.operand_ == Operand::Constant ? step_.value_ : extended());
    if (step_.indexing_ != Indexing::Offset) regs_.set(step_.rn_, moved);
    return Address(step_.indexing_ == Indexing::Post ? base : moved);
  }
  bool load_one() {
    std::uint64_t value = 0;
    if (!load(access_address(), value)) return false;
    write(step_.rd_, value);
    return true;
  }
  // Each of the two is one access, but not both together.
  bool load_pair() {
    std::uint64_t first = 0, second = 0;
    Address from = access_address();
    if (!load(from, first) || !load(from + step_.size_, second)) return false;
    write(step_.rd_, first);
    write(step_.rd2_, second);
    return true;
  }
  bool store_one() {
    const std::uint64_t value = read(step_.rd_);
    auto bytes = std::as_bytes(std::span(&value, 1)).first(step_.size_);
    return memory_.write(access_address(), bytes).has_value();
  }
  bool store_pair() {
    const std::array<std::uint64_t, 2> values{read(step_.rd_), read(step_.rd2_)};
    return memory_.write(access_address(), std::as_bytes(std::span(values))).has_value();
  }

  const Aarch64Step& step_;
  Address next_;
  Registers& regs_;
  MutableMemory& memory_;
};

const std::array<Aarch64Executor::Handler, Aarch64Step::kOperations> Aarch64Executor::kHandlers{
    &Aarch64Executor::not_emulated,
    &Aarch64Executor::nothing,
    &Aarch64Executor::branch,
    &Aarch64Executor::branch_if,
    &Aarch64Executor::branch_if_zero,
    &Aarch64Executor::branch_if_not_zero,
    &Aarch64Executor::branch_if_bit_clear,
    &Aarch64Executor::branch_if_bit_set,
    &Aarch64Executor::branch_to_register,
    &Aarch64Executor::set_constant,
    &Aarch64Executor::move_keep,
    &Aarch64Executor::add,
    &Aarch64Executor::subtract,
    &Aarch64Executor::logic_and,
    &Aarch64Executor::logic_or,
    &Aarch64Executor::logic_exclusive_or,
    &Aarch64Executor::field,
    &Aarch64Executor::signed_field,
    &Aarch64Executor::load_literal,
    &Aarch64Executor::load_one,
    &Aarch64Executor::load_pair,
    &Aarch64Executor::store_one,
    &Aarch64Executor::store_pair,
};

bool Aarch64Step::emulate(Address at, Registers& regs, MutableMemory& memory) const {
  return Aarch64Executor(*this, at, regs, memory).run();
}

}  // namespace ttrace
