// Decoding arm64 instructions for stepping over them, and executing copies of them. The encodings
// are those of the Arm Architecture Reference Manual (DDI 0487), chapter C4.
#include "arch/step_aarch64.h"

#include <array>
#include <bit>
#include <cstring>

namespace ttrace {

namespace {

constexpr unsigned kLinkRegister = 30;
constexpr std::uint8_t kSp = 31;  // where the instruction has the stack pointer and not zero

std::uint32_t bits(std::uint32_t word, unsigned high, unsigned low) {
  return (word >> low) & ((1U << (high - low + 1)) - 1);
}

std::uint8_t field(std::uint32_t word, unsigned high, unsigned low) {
  return static_cast<std::uint8_t>(bits(word, high, low));
}

// The signed field, as a number modulo 2^64.
std::uint64_t signed_bits(std::uint32_t word, unsigned high, unsigned low) {
  std::uint64_t sign = 1ULL << (high - low);
  return (bits(word, high, low) ^ sign) - sign;
}

}  // namespace

/// Fills one Aarch64Step.
class Aarch64Decoder {
 public:
  static Result<> fill(Aarch64Step& step, Address at) {
    for (const Refusal& row : kRefusals) {
      if ((step.word_ & row.mask) == row.value) return Error{0, row.reason};
    }
    for (const Row& row : kRows) {
      if ((step.word_ & row.mask) != row.value) continue;
      step.operation_ = row.operation;
      row.take({step, step.word_, at.value()});
      break;
    }
    return {};
  }

 private:
  using Operation = Aarch64Step::Operation;
  using Indexing = Aarch64Step::Indexing;
  using Operand = Aarch64Step::Operand;
  struct Input {
    Aarch64Step& step;
    std::uint32_t word;
    std::uint64_t at;
  };
  struct Refusal {
    std::uint32_t mask, value;
    const char* reason;
  };
  struct Row {
    std::uint32_t mask, value;
    Operation operation;
    void (*take)(Input);
  };
  static const std::array<Refusal, 9> kRefusals;
  static const std::array<Row, 58> kRows;

  // The fillers: one for each form of operands.
  static void nothing(Input) {}
  static void relative(Input in, unsigned high, unsigned low) {
    in.step.position_ = true;
    in.step.value_ = in.at + signed_bits(in.word, high, low) * 4;
  }
  static void branch(Input in) {
    relative(in, 25, 0);
    in.step.links_ = bits(in.word, 31, 31) != 0;
  }
  static void conditional(Input in) {
    relative(in, 23, 5);
    in.step.detail_ = field(in.word, 3, 0);
  }
  static void compare(Input in) {
    relative(in, 23, 5);
    in.step.width_ = bits(in.word, 31, 31) != 0 ? 8 : 4;
    in.step.rd_ = field(in.word, 4, 0);
  }
  static void test_bit(Input in) {
    relative(in, 18, 5);
    in.step.rd_ = field(in.word, 4, 0);
    in.step.detail_ = static_cast<std::uint8_t>(bits(in.word, 31, 31) << 5 | bits(in.word, 23, 19));
  }
  static void to_register(Input in) {
    in.step.rn_ = field(in.word, 9, 5);
    in.step.links_ = bits(in.word, 24, 21) == 1;
  }
  static void authenticated_call(Input in) { in.step.links_ = true; }
  static void address(Input in) {
    in.step.position_ = true;
    in.step.rd_ = field(in.word, 4, 0);
    std::uint64_t offset = signed_bits(in.word, 23, 5) * 4 + bits(in.word, 30, 29);
    constexpr std::uint64_t kPage = 0x1000;
    bool page = bits(in.word, 31, 31) != 0;
    in.step.value_ = page ? (in.at & ~(kPage - 1)) + offset * kPage : in.at + offset;
  }
  static void literal(Input in) {
    relative(in, 23, 5);
    in.step.rd_ = field(in.word, 4, 0);
    in.step.signed_ = bits(in.word, 31, 30) == 2;  // ldrsw
    in.step.size_ = bits(in.word, 31, 30) == 1 ? 8 : 4;
    in.step.width_ = bits(in.word, 31, 30) == 0 ? 4 : 8;
  }
  static void vector_literal(Input in) {
    relative(in, 23, 5);
    in.step.literal_ = true;
  }
  static void prefetch_literal(Input in) { in.step.position_ = true; }
  static void constant(Input in) {
    keep_constant(in);
    in.step.value_ <<= in.step.amount_;
    if (bits(in.word, 30, 29) == 0) in.step.value_ = ~in.step.value_;  // movn
  }
  static void keep_constant(Input in) {
    in.step.rd_ = field(in.word, 4, 0);
    in.step.width_ = bits(in.word, 31, 31) != 0 ? 8 : 4;
    in.step.amount_ = static_cast<std::uint8_t>(bits(in.word, 22, 21) * 16);
    in.step.value_ = bits(in.word, 20, 5);
  }
  // Arithmetic and logic.
  static void registers(Input in) {
    in.step.rd_ = field(in.word, 4, 0);
    in.step.rn_ = field(in.word, 9, 5);
    in.step.width_ = bits(in.word, 31, 31) != 0 ? 8 : 4;
  }
  static void immediate(Input in) {
    registers(in);
    in.step.set_flags_ = bits(in.word, 29, 29) != 0;
    in.step.source_sp_ = true;
    in.step.target_sp_ = !in.step.set_flags_;
    in.step.value_ = std::uint64_t{bits(in.word, 21, 10)} << (bits(in.word, 22, 22) * 12);
  }
  static void shifted(Input in) {
    registers(in);
    in.step.set_flags_ = bits(in.word, 29, 29) != 0;
    in.step.operand_ = Operand::Shifted;
    in.step.rm_ = field(in.word, 20, 16);
    in.step.detail_ = field(in.word, 23, 22);
    in.step.amount_ = field(in.word, 15, 10);
    constexpr std::uint8_t kRotate = 3;
    if (in.step.amount_ >= in.step.width_ * 8 || in.step.detail_ == kRotate) refuse(in);
  }
  static void extended(Input in) {
    immediate(in);
    in.step.operand_ = Operand::Extended;
    in.step.rm_ = field(in.word, 20, 16);
    in.step.detail_ = field(in.word, 15, 13);
    in.step.amount_ = field(in.word, 12, 10);
    constexpr std::uint8_t kMost = 4;
    if (in.step.amount_ > kMost) refuse(in);
  }
  static void logic_shifted(Input in) {
    shifted(in);
    in.step.set_flags_ = bits(in.word, 30, 29) == 3;
    in.step.invert_ = bits(in.word, 21, 21) != 0;
  }
  // The manual's DecodeBitMasks: a run of ones, rotated, in each element of a power of two of bits.
  static void logic_immediate(Input in) {
    registers(in);
    in.step.set_flags_ = bits(in.word, 30, 29) == 3;
    in.step.target_sp_ = !in.step.set_flags_;
    const unsigned wide = bits(in.word, 22, 22), imms = bits(in.word, 15, 10);
    const unsigned kind = wide << 6 | (~imms & 0x3f);
    const unsigned element = kind < 2 ? 0 : std::bit_floor(kind);
    const unsigned ones = (imms & (element - 1)) + 1;
    if (element == 0 || ones == element || (wide != 0 && in.step.width_ == 4)) return refuse(in);
    const unsigned turn = bits(in.word, 21, 16) & (element - 1);
    const std::uint64_t run = ~0ULL >> (64 - ones);
    std::uint64_t mask = turn == 0 ? run : run >> turn | run << (element - turn);
    if (element < 64) mask &= (1ULL << element) - 1;
    for (unsigned size = element; size < 64; size *= 2)
      mask |= mask << size;
    in.step.value_ = mask;
  }
  static void bit_field(Input in) {
    registers(in);
    in.step.amount_ = field(in.word, 21, 16);
    in.step.detail_ = field(in.word, 15, 10);
    const unsigned limit = in.step.width_ * 8U;
    bool wide = bits(in.word, 22, 22) != 0;
    if (wide != (limit == 64) || in.step.amount_ >= limit || in.step.detail_ >= limit) refuse(in);
  }

  // Memory. `opc` (bits 22 and 23) says what is loaded: 1 zeros above, 2 and 3 the sign.
  static void base(Input in) {
    in.step.rd_ = field(in.word, 4, 0);
    in.step.rn_ = field(in.word, 9, 5);
    in.step.source_sp_ = true;
  }
  static void sized(Input in) {
    base(in);
    in.step.size_ = static_cast<std::uint8_t>(1U << bits(in.word, 31, 30));
    const unsigned opc = bits(in.word, 23, 22);
    in.step.signed_ = opc >= 2;
    in.step.width_ = opc == 2 || in.step.size_ == 8 ? 8 : 4;
    // Prefetches, and what there is not.
    if (opc >= 2 && in.step.size_ == 8) refuse(in);
    if (opc == 3 && in.step.size_ == 4) refuse(in);
  }
  static void single(Input in) {
    sized(in);
    in.step.value_ = std::uint64_t{bits(in.word, 21, 10)} * in.step.size_;
  }
  static void single_unscaled(Input in) {
    sized(in);
    in.step.value_ = signed_bits(in.word, 20, 12);
    constexpr std::array kKinds{Indexing::Offset, Indexing::Post, Indexing::Offset, Indexing::Pre};
    in.step.indexing_ = kKinds.at(bits(in.word, 11, 10));
    written_back(in, in.step.rd_);
  }
  static void single_indexed(Input in) {
    sized(in);
    in.step.operand_ = Operand::Extended;
    in.step.rm_ = field(in.word, 20, 16);
    in.step.detail_ = field(in.word, 15, 13);
    if (bits(in.word, 12, 12) != 0) in.step.amount_ = field(in.word, 31, 30);
    if (bits(in.word, 14, 14) == 0) refuse(in);
  }
  static void pair(Input in) {
    base(in);
    in.step.rd2_ = field(in.word, 14, 10);
    const unsigned opc = bits(in.word, 31, 30);
    in.step.signed_ = opc == 1;  // ldpsw
    in.step.size_ = opc == 2 ? 8 : 4;
    in.step.width_ = opc == 0 ? 4 : 8;
    in.step.value_ = signed_bits(in.word, 21, 15) * in.step.size_;
    constexpr std::array kKinds{Indexing::Offset, Indexing::Post, Indexing::Offset, Indexing::Pre};
    in.step.indexing_ = kKinds.at(bits(in.word, 24, 23));
    written_back(in, in.step.rd_);
    written_back(in, in.step.rd2_);
    bool load = bits(in.word, 22, 22) != 0;
    constexpr unsigned kNone = 3;
    if (opc == kNone || (load && in.step.rd_ == in.step.rd2_)) refuse(in);  // unpredictable
  }
  // Unpredictable: the base written back, and loaded or stored, too.
  static void written_back(Input in, std::uint8_t reg) {
    bool writes = in.step.indexing_ != Indexing::Offset;
    if (writes && reg == in.step.rn_ && reg != kSp) refuse(in);
  }
  static void refuse(Input in) { in.step.operation_ = Operation::Copy; }
};

// What can neither be emulated nor copied.
const std::array<Aarch64Decoder::Refusal, 9> Aarch64Decoder::kRefusals{{
    {0xffe0001f, 0xd4200000, "the program has a breakpoint of its own there"},
    // A stop between an exclusive load and its store makes the store fail: the program would try
    // forever.
    {0x3fa00000, 0x08000000, "an exclusive load or store cannot be stopped at"},
    {0xbfa00000, 0x88200000, "an exclusive load or store cannot be stopped at"},  // of a pair
    // FEAT_CMPBR's compare-and-branch.
    {0x7e000000, 0x74000000, "a compare-and-branch cannot be stepped elsewhere"},
    {0x7e000000, 0x76000000, "an unknown branch cannot be stepped elsewhere"},
    // FEAT_PAuth_LR: the program counter is part of the signature.
    {0xff000000, 0x55000000, "a return that authenticates its address cannot be stepped elsewhere"},
    {0xff800000, 0xf3800000, "an authentication of the address cannot be stepped elsewhere"},
    {0xffffdbff, 0xdac183fe, "a signature of the address cannot be stepped elsewhere"},
    {0xfe000000, 0x56000000, "an unknown branch cannot be stepped elsewhere"},
}};

const std::array<Aarch64Decoder::Row, 58> Aarch64Decoder::kRows{{
    // Hints: nop, yield, dgh, bti and its targets. The others do something, or are copied.
    {0xffffffff, 0xd503201f, Operation::Nop, Aarch64Decoder::nothing},  // nop
    {0xffffffff, 0xd503203f, Operation::Nop, Aarch64Decoder::nothing},  // yield
    {0xffffffff, 0xd50320df, Operation::Nop, Aarch64Decoder::nothing},  // dgh
    {0xffffff3f, 0xd503241f, Operation::Nop, Aarch64Decoder::nothing},  // bti, bti c, bti j, bti jc
    // Branches.
    {0x7c000000, 0x14000000, Operation::Branch, Aarch64Decoder::branch},         // b, bl
    {0xff000000, 0x54000000, Operation::BranchIf, Aarch64Decoder::conditional},  // b.cond, bc.cond
    {0x7f000000, 0x34000000, Operation::BranchIfZero, Aarch64Decoder::compare},  // cbz
    {0x7f000000, 0x35000000, Operation::BranchIfNotZero, Aarch64Decoder::compare},       // cbnz
    {0x7f000000, 0x36000000, Operation::BranchIfBitClear, Aarch64Decoder::test_bit},     // tbz
    {0x7f000000, 0x37000000, Operation::BranchIfBitSet, Aarch64Decoder::test_bit},       // tbnz
    {0xfffffc1f, 0xd61f0000, Operation::BranchToRegister, Aarch64Decoder::to_register},  // br
    {0xfffffc1f, 0xd63f0000, Operation::BranchToRegister, Aarch64Decoder::to_register},  // blr
    {0xfffffc1f, 0xd65f0000, Operation::BranchToRegister, Aarch64Decoder::to_register},  // ret
    {0xfefff800, 0xd63f0800, Operation::Copy,
     Aarch64Decoder::authenticated_call},  // blraa, blrab, blraaz, blrabz
    // Addresses and constants.
    {0x1f000000, 0x10000000, Operation::SetConstant, Aarch64Decoder::address},     // adr, adrp
    {0xff000000, 0x18000000, Operation::LoadLiteral, Aarch64Decoder::literal},     // ldr w
    {0xff000000, 0x58000000, Operation::LoadLiteral, Aarch64Decoder::literal},     // ldr x
    {0xff000000, 0x98000000, Operation::LoadLiteral, Aarch64Decoder::literal},     // ldrsw
    {0xff000000, 0xd8000000, Operation::Nop, Aarch64Decoder::prefetch_literal},    // prfm
    {0x3f000000, 0x1c000000, Operation::Copy, Aarch64Decoder::vector_literal},     // ldr s, d, q
    {0xffc00000, 0x12800000, Operation::SetConstant, Aarch64Decoder::constant},    // movn w
    {0xffc00000, 0x52800000, Operation::SetConstant, Aarch64Decoder::constant},    // movz w
    {0xff800000, 0x92800000, Operation::SetConstant, Aarch64Decoder::constant},    // movn x
    {0xff800000, 0xd2800000, Operation::SetConstant, Aarch64Decoder::constant},    // movz x
    {0xffc00000, 0x72800000, Operation::MoveKeep, Aarch64Decoder::keep_constant},  // movk w
    {0xff800000, 0xf2800000, Operation::MoveKeep, Aarch64Decoder::keep_constant},  // movk x
    // Arithmetic: add, adds (cmn), sub, subs (cmp), w and x.
    {0x5f800000, 0x11000000, Operation::Add, Aarch64Decoder::immediate},
    {0x5f800000, 0x51000000, Operation::Sub, Aarch64Decoder::immediate},
    {0x5f200000, 0x0b000000, Operation::Add, Aarch64Decoder::shifted},
    {0x5f200000, 0x4b000000, Operation::Sub, Aarch64Decoder::shifted},
    {0x5fe00000, 0x0b200000, Operation::Add, Aarch64Decoder::extended},
    {0x5fe00000, 0x4b200000, Operation::Sub, Aarch64Decoder::extended},
    // Logic: and, orr (mov), eor, ands (tst); with registers also bic, orn (mvn), eon, bics.
    {0x7f800000, 0x12000000, Operation::And, Aarch64Decoder::logic_immediate},
    {0x7f800000, 0x32000000, Operation::Or, Aarch64Decoder::logic_immediate},
    {0x7f800000, 0x52000000, Operation::ExclusiveOr, Aarch64Decoder::logic_immediate},
    {0x7f800000, 0x72000000, Operation::And, Aarch64Decoder::logic_immediate},
    {0x7f000000, 0x0a000000, Operation::And, Aarch64Decoder::logic_shifted},
    {0x7f000000, 0x2a000000, Operation::Or, Aarch64Decoder::logic_shifted},
    {0x7f000000, 0x4a000000, Operation::ExclusiveOr, Aarch64Decoder::logic_shifted},
    {0x7f000000, 0x6a000000, Operation::And, Aarch64Decoder::logic_shifted},
    {0x7f800000, 0x53000000, Operation::Field, Aarch64Decoder::bit_field},        // ubfm
    {0x7f800000, 0x13000000, Operation::SignedField, Aarch64Decoder::bit_field},  // sbfm
    // Stores, to the thread's own frame only: see X86Decoder::writable.
    {0xffc003e0, 0xa90003e0, Operation::StorePair, Aarch64Decoder::pair},  // stp x, x, [sp, n]
    {0xffc003e0, 0xa98003e0, Operation::StorePair, Aarch64Decoder::pair},  // stp x, x, [sp, n]!
    {0xffc003e0, 0xa88003e0, Operation::StorePair, Aarch64Decoder::pair},  // stp x, x, [sp], n
    {0x3fc003e0, 0x390003e0, Operation::Store, Aarch64Decoder::single},    // str [sp, n]
    {0x3fe007e0, 0x380007e0, Operation::Store,
     Aarch64Decoder::single_unscaled},  // str [sp, n]! and [sp], n
    {0x3fe00fe0, 0x380003e0, Operation::Store, Aarch64Decoder::single_unscaled},  // stur [sp, n]
    // Loads: see Aarch64Executor::load. Not the row of ldnp, which has bits 23 and 24 clear.
    {0x3f400000, 0x29400000, Operation::LoadPair, Aarch64Decoder::pair},  // [n, x] and [n, x]!
    {0x3fc00000, 0x28c00000, Operation::LoadPair, Aarch64Decoder::pair},  // [n], x
    {0x3fc00000, 0x39400000, Operation::Load, Aarch64Decoder::single},
    {0x3f800000, 0x39800000, Operation::Load, Aarch64Decoder::single},
    {0x3fe00400, 0x38400400, Operation::Load, Aarch64Decoder::single_unscaled},  // [n, x]! [n], x
    {0x3fa00400, 0x38800400, Operation::Load, Aarch64Decoder::single_unscaled},
    {0x3fe00c00, 0x38400000, Operation::Load, Aarch64Decoder::single_unscaled},  // ldur
    {0x3fa00c00, 0x38800000, Operation::Load, Aarch64Decoder::single_unscaled},
    {0x3fe00c00, 0x38600800, Operation::Load, Aarch64Decoder::single_indexed},
    {0x3fa00c00, 0x38a00800, Operation::Load, Aarch64Decoder::single_indexed},
}};

Result<Aarch64Step> Aarch64Step::decode(Address at, std::span<const std::byte> bytes) {
  Aarch64Step step;
  if (bytes.size() < length() || at.value() % length() != 0) {
    return Error{0, "there is no whole instruction there"};
  }
  std::memcpy(&step.word_, bytes.data(), length());
  if (auto done = Aarch64Decoder::fill(step, at); !done) return done.error();
  return step;
}

Result<std::vector<std::byte>> Aarch64Step::copy_for(Address /*at*/, Address slot) const {
  if (position_ && !literal_) return Error{0, "a PC-relative instruction cannot be copied"};
  std::uint32_t word = word_;
  if (literal_) {
    constexpr std::int64_t kReach = 1 << 20;
    constexpr std::uint32_t kField = 0x00ffffe0;
    const auto offset = static_cast<std::int64_t>(value_ - slot.value());
    if (offset < -kReach || offset >= kReach) return Error{0, "the slot is too far away"};
    word = (word & ~kField) | (static_cast<std::uint32_t>(offset) << 3 & kField);
  }
  auto bytes = std::as_bytes(std::span(&word, 1));
  return std::vector<std::byte>(bytes.begin(), bytes.end());
}

bool Aarch64Step::finish_copy(Address at, Registers& regs, MutableMemory& /*memory*/,
                              Address slot) const {
  if (regs.pc() == slot) return false;
  if (links_ && regs.get(kLinkRegister) == (slot + length()).value()) {
    regs.set(kLinkRegister, (at + length()).value());
  }
  if (regs.pc() == slot + length()) regs.set_pc(at + length());
  return true;
}

}  // namespace ttrace
