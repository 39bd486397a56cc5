// Emulating x86 instructions: Intel's manual, volume 2, is the source of what each one does.
#include <array>
#include <bit>

#include "arch/step_memory.h"
#include "arch/step_x86.h"
#include "base/number.h"

namespace ttrace {

namespace {

constexpr std::uint64_t kCarry = 1U << 0;
constexpr std::uint64_t kParity = 1U << 2;
constexpr std::uint64_t kAdjust = 1U << 4;
constexpr std::uint64_t kZero = 1U << 6;
constexpr std::uint64_t kSign = 1U << 7;
constexpr std::uint64_t kOverflow = 1U << 11;
constexpr std::uint64_t kArithmetic = kCarry | kParity | kAdjust | kZero | kSign | kOverflow;
constexpr std::uint64_t kResume = 1U << 16;
constexpr std::uint64_t kVirtual8086 = 1U << 17;

constexpr unsigned kCounter64 = 2;
constexpr unsigned kCounter32 = 1;
constexpr unsigned kFramePointer64 = 6;
constexpr unsigned kFramePointer32 = 5;

std::uint64_t mask(unsigned size) {
  return truncate_to(~0ULL, size);
}

std::uint64_t sign_bit(unsigned size) {
  return 1ULL << (size * 8 - 1);
}

// Zero, sign and parity of a result; the processor looks only at its low byte for parity.
std::uint64_t result_flags(std::uint64_t result, unsigned size) {
  std::uint64_t flags = 0;
  if ((result & mask(size)) == 0) flags |= kZero;
  if ((result & sign_bit(size)) != 0) flags |= kSign;
  if (std::popcount(result & 0xff) % 2 == 0) flags |= kParity;
  return flags;
}

struct Sum {
  std::uint64_t value;
  std::uint64_t flags;
};

// `carry` and `borrow`: 0 or 1, from what was added or subtracted before.
Sum add(std::uint64_t a, std::uint64_t b, unsigned size, std::uint64_t carry = 0) {
  a &= mask(size);
  std::uint64_t sum = (a + b + carry) & mask(size);
  std::uint64_t flags = result_flags(sum, size) | ((a ^ b ^ sum) & kAdjust);
  if (sum < a || (carry != 0 && sum == a)) flags |= kCarry;
  if (((a ^ sum) & (b ^ sum) & sign_bit(size)) != 0) flags |= kOverflow;
  return {sum, flags};
}

Sum subtract(std::uint64_t a, std::uint64_t b, unsigned size, std::uint64_t borrow = 0) {
  a &= mask(size);
  b &= mask(size);
  std::uint64_t difference = (a - b - borrow) & mask(size);
  std::uint64_t flags = result_flags(difference, size) | ((a ^ b ^ difference) & kAdjust);
  if (a < b || (borrow != 0 && a == b)) flags |= kCarry;
  if (((a ^ b) & (a ^ difference) & sign_bit(size)) != 0) flags |= kOverflow;
  return {difference, flags};
}

// The sixteen conditions come in pairs; the odd one is the opposite of the even one.
bool holds(unsigned condition, std::uint64_t flags) {
  bool carry = (flags & kCarry) != 0;
  bool zero = (flags & kZero) != 0;
  bool sign = (flags & kSign) != 0;
  bool overflow = (flags & kOverflow) != 0;
  bool parity = (flags & kParity) != 0;
  const std::array<bool, 8> even{overflow,
                                 carry,
                                 zero,
                                 carry || zero,
                                 sign,
                                 parity,
                                 sign != overflow,
                                 zero || sign != overflow};
  return even.at(condition / 2) != (condition % 2 != 0);
}

}  // namespace

/// One execution. Registers may be left half changed after a failure; memory may not.
class X86Executor {
 public:
  X86Executor(const X86Step& step, Address at, Registers& regs, MutableMemory& memory)
      : step_(step),
        word_(word_size(step.machine_)),
        wide_(step.machine_ == Abi::X86_64),
        next_(at + step.length_),
        regs_(regs),
        memory_(memory) {}

  bool run() {
    regs_.set_pc(next_);
    return (this->*kHandlers.at(static_cast<std::size_t>(step_.operation_)))();
  }

 private:
  using Operation = X86Step::Operation;
  using Kind = X86Operand::Kind;
  using Handler = bool (X86Executor::*)();
  static const std::array<Handler, X86Step::kOperations> kHandlers;  // in the order of Operation

  // Operands.

  [[nodiscard]] Address effective(const X86Operand& operand) const {
    std::uint64_t address = operand.value;
    if (operand.reg != X86Operand::kNoRegister) address += regs_.get(operand.reg);
    if (operand.index != X86Operand::kNoRegister) {
      address += regs_.get(operand.index) * operand.scale;
    }
    address &= mask(word_);
    if (operand.segment != X86Operand::kNoRegister) address += regs_.get(operand.segment);
    return Address(address);
  }

  bool load(Address from, unsigned size, std::uint64_t& value) {
    auto number = memory_.read_number(from, size);
    value = number.value_or(0);
    return number.has_value();
  }

  // Loads an operand. Another thread may be storing there, and must not be seen half done: as the
  // processor does, load_word() reads at once what lies within one word. An operand that does not
  // is left to the processor, except in the thread's own frame. A page that cannot be read (by
  // protection, or because it is a device's) fails, and the copy then faults as it should.
  bool load(const X86Operand& operand, std::uint64_t& value) {
    Address from = effective(operand);
    if (load_word(memory_, from, operand.size, value)) return true;
    return operand.own && load(from, operand.size, value);
  }

  bool store(Address to, unsigned size, std::uint64_t value) {
    return memory_.write(to, std::as_bytes(std::span(&value, 1)).first(size)).has_value();
  }

  bool read(const X86Operand& operand, std::uint64_t& value) {
    switch (operand.kind) {
      case Kind::None:
        return false;
      case Kind::Register:
        value = regs_.get(operand.reg) & mask(operand.size);
        return true;
      case Kind::HighByte:
        value = (regs_.get(operand.reg) >> 8) & 0xff;
        return true;
      case Kind::Immediate:
        value = operand.value;
        return true;
      case Kind::Memory:
        return load(operand, value);
    }
    return false;
  }

  bool write(const X86Operand& operand, std::uint64_t value) {
    if (operand.kind == Kind::Memory) return store(effective(operand), operand.size, value);
    if (operand.kind == Kind::HighByte) {
      merge(operand.reg, 0xff00, value << 8);
    } else if (operand.size >= 4) {
      // Writing 32 bits clears the upper half of a 64-bit register.
      regs_.set(operand.reg, value & mask(operand.size));
    } else {
      merge(operand.reg, mask(operand.size), value);
    }
    return true;
  }

  void merge(unsigned reg, std::uint64_t bits, std::uint64_t value) {
    regs_.set(reg, (regs_.get(reg) & ~bits) | (value & bits));
  }

  void set_arithmetic_flags(std::uint64_t flags, std::uint64_t affected = kArithmetic) {
    regs_.set_flags((regs_.flags() & ~affected) | (flags & affected));
  }

  // Data.

  bool nothing() { return true; }
  bool not_emulated() { return false; }

  bool move() {
    std::uint64_t value = 0;
    return read(step_.from_, value) && write(step_.to_, value);
  }

  bool move_sign_extended() {
    std::uint64_t value = 0;
    return read(step_.from_, value) &&
           write(step_.to_, static_cast<std::uint64_t>(sign_extend(value, step_.from_.size)));
  }

  bool load_address() { return write(step_.to_, effective(step_.from_).value()); }

  bool both(std::uint64_t& a, std::uint64_t& b) {
    return read(step_.to_, a) && read(step_.from_, b);
  }

  bool finish(const Sum& sum, bool keep, std::uint64_t affected = kArithmetic) {
    if (keep && !write(step_.to_, sum.value)) return false;
    set_arithmetic_flags(sum.flags, affected);
    return true;
  }

  bool add_values() {
    std::uint64_t a = 0, b = 0;
    return both(a, b) && finish(add(a, b, step_.to_.size), true);
  }
  [[nodiscard]] std::uint64_t carry() const { return regs_.flags() & kCarry; }
  bool add_with_carry() {
    std::uint64_t a = 0, b = 0;
    return both(a, b) && finish(add(a, b, step_.to_.size, carry()), true);
  }
  bool subtract_with_borrow() {
    std::uint64_t a = 0, b = 0;
    return both(a, b) && finish(subtract(a, b, step_.to_.size, carry()), true);
  }
  bool subtract_values() {
    std::uint64_t a = 0, b = 0;
    return both(a, b) && finish(subtract(a, b, step_.to_.size), true);
  }
  bool compare_values() {
    std::uint64_t a = 0, b = 0;
    return both(a, b) && finish(subtract(a, b, step_.to_.size), false);
  }

  // The manual leaves the adjust flag undefined here; every processor clears it.
  bool logic(std::uint64_t value, bool keep) {
    return finish({value, result_flags(value, step_.to_.size)}, keep);
  }
  bool and_values() {
    std::uint64_t a = 0, b = 0;
    return both(a, b) && logic(a & b, true);
  }
  bool or_values() {
    std::uint64_t a = 0, b = 0;
    return both(a, b) && logic(a | b, true);
  }
  bool xor_values() {
    std::uint64_t a = 0, b = 0;
    return both(a, b) && logic(a ^ b, true);
  }
  bool test_values() {
    std::uint64_t a = 0, b = 0;
    return both(a, b) && logic(a & b, false);
  }

  bool increment() {
    std::uint64_t a = 0;
    return read(step_.to_, a) && finish(add(a, 1, step_.to_.size), true, kArithmetic & ~kCarry);
  }
  bool decrement() {
    std::uint64_t a = 0;
    return read(step_.to_, a) &&
           finish(subtract(a, 1, step_.to_.size), true, kArithmetic & ~kCarry);
  }
  bool negate() {
    std::uint64_t a = 0;
    return read(step_.to_, a) && finish(subtract(0, a, step_.to_.size), true);
  }
  bool invert() {
    std::uint64_t a = 0;
    return read(step_.to_, a) && write(step_.to_, ~a);
  }

  bool swap_bytes() {
    std::uint64_t a = 0;
    if (!read(step_.to_, a)) return false;
    std::uint64_t swapped = 0;
    for (unsigned i = 0; i < step_.to_.size; ++i, a >>= 8)
      swapped = swapped << 8 | (a & 0xff);
    return write(step_.to_, swapped);
  }
  bool exchange() {
    std::uint64_t a = 0, b = 0;
    return both(a, b) && write(step_.to_, b) && write(step_.from_, a);
  }

  bool set_if() { return write(step_.to_, holds(step_.condition_, regs_.flags()) ? 1 : 0); }
  bool move_if() {
    // Without a move, a 32-bit destination is still extended, and memory is still read.
    std::uint64_t a = 0, b = 0;
    return both(a, b) && write(step_.to_, holds(step_.condition_, regs_.flags()) ? b : a);
  }

  bool sign_into_data() {
    std::uint64_t value = 0;
    if (!read(step_.from_, value)) return false;
    return write(step_.to_, (value & sign_bit(step_.from_.size)) != 0 ? ~0ULL : 0);
  }

  // The stack.

  bool push_value(std::uint64_t value) {
    Address top = Address((regs_.sp() - word_).value() & mask(word_));
    if (!store(top, word_, value)) return false;
    regs_.set_sp(top);
    return true;
  }

  bool pop_value(std::uint64_t& value) {
    if (!load(regs_.sp(), word_, value)) return false;
    regs_.set_sp(regs_.sp() + word_);
    return true;
  }

  bool push() {
    std::uint64_t value = 0;
    return read(step_.from_, value) && push_value(value);
  }
  bool push_flags() { return push_value(regs_.flags() & ~(kResume | kVirtual8086)); }
  bool pop() {
    std::uint64_t value = 0;
    return pop_value(value) && write(step_.to_, value);
  }
  bool leave() {
    unsigned frame_pointer = wide_ ? kFramePointer64 : kFramePointer32;
    regs_.set_sp(Address(regs_.get(frame_pointer)));
    std::uint64_t value = 0;
    if (!pop_value(value)) return false;
    regs_.set(frame_pointer, value);
    return true;
  }

  // Branches.

  bool jump() {
    std::uint64_t target = 0;
    if (!read(step_.from_, target)) return false;
    regs_.set_pc(Address(target));
    return true;
  }
  bool jump_if() { return !holds(step_.condition_, regs_.flags()) || jump(); }

  [[nodiscard]] X86Operand counter() const {
    return {.kind = Kind::Register,
            .size = step_.counter_size_,
            .reg = static_cast<std::uint8_t>(wide_ ? kCounter64 : kCounter32)};
  }
  bool jump_if_count_zero() {
    std::uint64_t count = 0;
    return read(counter(), count) && (count != 0 || jump());
  }
  bool loop_if(bool condition) {
    std::uint64_t count = 0;
    if (!read(counter(), count) || !write(counter(), --count)) return false;
    return count == 0 || !condition || jump();
  }
  bool loop() { return loop_if(true); }
  bool loop_if_equal() { return loop_if((regs_.flags() & kZero) != 0); }
  bool loop_if_not_equal() { return loop_if((regs_.flags() & kZero) == 0); }

  bool call() { return jump() && push_value(next_.value()); }
  bool return_to_caller() {
    std::uint64_t target = 0;
    if (!pop_value(target)) return false;
    regs_.set_sp(regs_.sp() + step_.from_.value);
    regs_.set_pc(Address(target));
    return true;
  }

  const X86Step& step_;
  unsigned word_;
  bool wide_;
  Address next_;
  Registers& regs_;
  MutableMemory& memory_;
};

const std::array<X86Executor::Handler, X86Step::kOperations> X86Executor::kHandlers{
    &X86Executor::not_emulated,
    &X86Executor::nothing,
    &X86Executor::move,
    &X86Executor::move,
    &X86Executor::move_sign_extended,
    &X86Executor::load_address,
    &X86Executor::add_values,
    &X86Executor::add_with_carry,
    &X86Executor::subtract_values,
    &X86Executor::subtract_with_borrow,
    &X86Executor::compare_values,
    &X86Executor::and_values,
    &X86Executor::or_values,
    &X86Executor::xor_values,
    &X86Executor::test_values,
    &X86Executor::increment,
    &X86Executor::decrement,
    &X86Executor::negate,
    &X86Executor::invert,
    &X86Executor::swap_bytes,
    &X86Executor::exchange,
    &X86Executor::set_if,
    &X86Executor::move_if,
    &X86Executor::move_sign_extended,
    &X86Executor::sign_into_data,
    &X86Executor::push,
    &X86Executor::push_flags,
    &X86Executor::pop,
    &X86Executor::leave,
    &X86Executor::jump,
    &X86Executor::jump_if,
    &X86Executor::jump_if_count_zero,
    &X86Executor::loop,
    &X86Executor::loop_if_equal,
    &X86Executor::loop_if_not_equal,
    &X86Executor::call,
    &X86Executor::return_to_caller,
};

bool X86Step::emulate(Address at, Registers& regs, MutableMemory& memory) const {
  return X86Executor(*this, at, regs, memory).run();
}

}  // namespace ttrace
