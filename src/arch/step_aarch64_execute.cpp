// Emulating arm64 instructions.
#include <array>

#include "arch/step_aarch64.h"

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
  static constexpr std::size_t kOperations = static_cast<std::size_t>(Operation::Store) + 1;
  static const std::array<Handler, kOperations> kHandlers;  // in the order of Operation

  // Register 31 as zero.
  [[nodiscard]] std::uint64_t read(std::uint8_t reg) const {
    return reg == kZeroOrSp ? 0 : regs_.get(reg) & mask(step_.width_);
  }
  void write(std::uint8_t reg, std::uint64_t value) {
    if (reg != kZeroOrSp) regs_.set(reg, value & mask(step_.width_));
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
    std::uint64_t hole = 0xffffULL << step_.detail_;
    write(step_.rd_, (read(step_.rd_) & ~hole) | step_.value_ << step_.detail_);
    return true;
  }
  bool move_register() {
    write(step_.rd_, read(step_.rn_));
    return true;
  }

  bool load(Address from, std::uint64_t& value) {
    auto number = memory_.read_number(from, step_.width_);
    value = number.value_or(0);
    return number.has_value();
  }
  bool load_literal() {
    std::uint64_t value = 0;
    if (!load(Address(step_.value_), value)) return false;
    write(step_.rd_, value);
    return true;
  }
  bool load_literal_signed() {
    std::uint64_t value = 0;
    if (!load(Address(step_.value_), value)) return false;
    if (step_.rd_ == kZeroOrSp) return true;
    constexpr std::uint64_t kSign = 1ULL << 31;
    regs_.set(step_.rd_, (value ^ kSign) - kSign);
    return true;
  }

  // Adding the complement with a carry is how the manual defines subtraction and its flags.
  bool add_to_source(std::uint64_t operand, std::uint64_t carry) {
    std::uint64_t limit = mask(step_.width_);
    std::uint64_t a = regs_.get(step_.rn_) & limit;  // register 31 is the stack pointer
    std::uint64_t b = operand & limit;
    std::uint64_t sum = (a + b + carry) & limit;
    if (!step_.set_flags_) {
      regs_.set(step_.rd_, sum);  // here too
      return true;
    }
    std::uint64_t sign = (limit >> 1) + 1;
    std::uint64_t flags = regs_.flags() & ~(kNegative | kZero | kCarry | kOverflow);
    if ((sum & sign) != 0) flags |= kNegative;
    if (sum == 0) flags |= kZero;
    if (sum < a || (carry != 0 && sum == a)) flags |= kCarry;
    if (((a ^ sum) & (b ^ sum) & sign) != 0) flags |= kOverflow;
    regs_.set_flags(flags);
    write(step_.rd_, sum);
    return true;
  }
  bool add_immediate() { return add_to_source(step_.value_, 0); }
  bool subtract_immediate() { return add_to_source(~step_.value_, 1); }

  // Loads and stores, all of them relative to the stack pointer.
  Address access_address() {
    std::uint64_t base = regs_.sp().value();
    std::uint64_t moved = base + step_.value_;
    if (step_.indexing_ != Indexing::Offset) regs_.set_sp(Address(moved));
    return Address(step_.indexing_ == Indexing::Post ? base : moved);
  }
  bool load_pair() {
    std::array<std::uint64_t, 2> values{};
    if (!memory_.read_object(access_address(), values)) return false;
    write(step_.rd_, values[0]);
    write(step_.rd2_, values[1]);
    return true;
  }
  bool store_pair() {
    const std::array<std::uint64_t, 2> values{read(step_.rd_), read(step_.rd2_)};
    return memory_.write(access_address(), std::as_bytes(std::span(values))).has_value();
  }
  bool load_one() {
    std::uint64_t value = 0;
    if (!load(access_address(), value)) return false;
    write(step_.rd_, value);
    return true;
  }
  bool store_one() {
    const std::uint64_t value = read(step_.rd_);
    auto bytes = std::as_bytes(std::span(&value, 1)).first(step_.width_);
    return memory_.write(access_address(), bytes).has_value();
  }

  const Aarch64Step& step_;
  Address next_;
  Registers& regs_;
  MutableMemory& memory_;
};

const std::array<Aarch64Executor::Handler, Aarch64Executor::kOperations> Aarch64Executor::kHandlers{
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
    &Aarch64Executor::load_literal,
    &Aarch64Executor::load_literal_signed,
    &Aarch64Executor::add_immediate,
    &Aarch64Executor::subtract_immediate,
    &Aarch64Executor::move_register,
    &Aarch64Executor::load_pair,
    &Aarch64Executor::store_pair,
    &Aarch64Executor::load_one,
    &Aarch64Executor::store_one,
};

bool Aarch64Step::emulate(Address at, Registers& regs, MutableMemory& memory) const {
  return Aarch64Executor(*this, at, regs, memory).run();
}

}  // namespace ttrace
