// Random x86 instructions, registers and data, for comparing with a processor.
#pragma once

#if defined(__x86_64__)

#include <algorithm>
#include <array>
#include <cstring>
#include <random>
#include <vector>

#include "arch/registers.h"
#include "unit/arch/x86_processor.h"

namespace ttrace::test {

// How to make random instances of one kind of instruction.
struct Kind {
  const char* name;
  std::vector<std::vector<int>> opcodes;  // one is chosen; the last byte may be a range's first
  int spread = 1;                         // … of so many
  enum Form { None, ModRM, Memory, Group } form = None;
  std::vector<int> groups = {};  // of the ModRM byte's middle field, for Group
  // Bytes of immediate; Wide: as many as the operand size, at most 4; Full: … at most 8; Absolute:
  // an address.
  enum Immediate {
    Zero = 0,
    One = 1,
    Two = 2,
    Four = 4,
    Wide = -1,
    Full = -2,
    Absolute = -3
  } immediate = Zero;
  enum Machines { Both, Only64, Only32 } machines = Both;
  bool sized = true;     // may take operand-size prefixes
  bool emulated = true;  // at least some of the instances must be
};

inline const std::vector<Kind>& kinds() {
  using K = Kind;
  static const std::vector<Kind> all{
      {.name = "endbr",
       .opcodes = {{0xf3, 0x0f, 0x1e, 0xfa}, {0xf3, 0x0f, 0x1e, 0xfb}},
       .sized = false},
      {.name = "nop", .opcodes = {{0x90}}},
      {.name = "pause", .opcodes = {{0xf3, 0x90}}, .sized = false},
      {.name = "long nop", .opcodes = {{0x0f, 0x1f}}, .form = K::Group, .groups = {0}},
      {.name = "add", .opcodes = {{0x00}}, .spread = 4, .form = K::ModRM},
      {.name = "add a", .opcodes = {{0x04}}, .immediate = K::One},
      {.name = "add A", .opcodes = {{0x05}}, .immediate = K::Wide},
      {.name = "or", .opcodes = {{0x08}}, .spread = 4, .form = K::ModRM},
      {.name = "and", .opcodes = {{0x20}}, .spread = 4, .form = K::ModRM},
      {.name = "sub", .opcodes = {{0x28}}, .spread = 4, .form = K::ModRM},
      {.name = "sub A", .opcodes = {{0x2d}}, .immediate = K::Wide},
      {.name = "xor", .opcodes = {{0x30}}, .spread = 4, .form = K::ModRM},
      {.name = "cmp", .opcodes = {{0x38}}, .spread = 4, .form = K::ModRM},
      {.name = "adc, sbb", .opcodes = {{0x10}, {0x18}}, .spread = 4, .form = K::ModRM},
      {.name = "adc A, sbb A", .opcodes = {{0x15}, {0x1d}}, .immediate = K::Wide},
      {.name = "group 1 b,b",
       .opcodes = {{0x80}},
       .form = K::Group,
       .groups = {0, 1, 2, 3, 4, 5, 6, 7},
       .immediate = K::One},
      {.name = "group 1 v,z",
       .opcodes = {{0x81}},
       .form = K::Group,
       .groups = {0, 1, 2, 3, 4, 5, 6, 7},
       .immediate = K::Wide},
      {.name = "group 1 v,b",
       .opcodes = {{0x83}},
       .form = K::Group,
       .groups = {0, 1, 2, 3, 4, 5, 6, 7},
       .immediate = K::One},
      {.name = "test", .opcodes = {{0x84}}, .spread = 2, .form = K::ModRM},
      {.name = "test a", .opcodes = {{0xa8}}, .immediate = K::One},
      {.name = "test A", .opcodes = {{0xa9}}, .immediate = K::Wide},
      {.name = "test i b",
       .opcodes = {{0xf6}},
       .form = K::Group,
       .groups = {0},
       .immediate = K::One},
      {.name = "test i v",
       .opcodes = {{0xf7}},
       .form = K::Group,
       .groups = {0},
       .immediate = K::Wide},
      {.name = "not, neg", .opcodes = {{0xf6}}, .spread = 2, .form = K::Group, .groups = {2, 3}},
      {.name = "inc, dec", .opcodes = {{0xfe}}, .spread = 2, .form = K::Group, .groups = {0, 1}},
      {.name = "inc, dec short", .opcodes = {{0x40}}, .spread = 16, .machines = K::Only32},
      {.name = "mov", .opcodes = {{0x88}}, .spread = 4, .form = K::ModRM},
      {.name = "mov ib", .opcodes = {{0xb0}}, .spread = 8, .immediate = K::One},
      {.name = "mov iv", .opcodes = {{0xb8}}, .spread = 8, .immediate = K::Full},
      {.name = "mov moffs", .opcodes = {{0xa0}}, .spread = 4, .immediate = K::Absolute},
      {.name = "mov mb", .opcodes = {{0xc6}}, .form = K::Group, .groups = {0}, .immediate = K::One},
      {.name = "mov mv",
       .opcodes = {{0xc7}},
       .form = K::Group,
       .groups = {0},
       .immediate = K::Wide},
      {.name = "movzx", .opcodes = {{0x0f, 0xb6}}, .spread = 2, .form = K::ModRM},
      {.name = "movsx", .opcodes = {{0x0f, 0xbe}}, .spread = 2, .form = K::ModRM},
      {.name = "movsxd", .opcodes = {{0x63}}, .form = K::ModRM, .machines = K::Only64},
      {.name = "lea", .opcodes = {{0x8d}}, .form = K::Memory},
      {.name = "fs, gs loads",
       .opcodes = {{0x64, 0x8b}, {0x65, 0x03}, {0x64, 0x3b}, {0x65, 0x85}},
       .form = K::ModRM,
       .machines = K::Only64},
      {.name = "narrow addresses",
       .opcodes = {{0x67, 0x8b}, {0x67, 0x03}, {0x67, 0x39}, {0x67, 0x8d}},
       .form = K::Memory,
       .machines = K::Only64,
       .emulated = false},
      {.name = "xchg", .opcodes = {{0x86}}, .spread = 2, .form = K::ModRM},
      {.name = "xchg A", .opcodes = {{0x91}}, .spread = 7},
      {.name = "bswap", .opcodes = {{0x0f, 0xc8}}, .spread = 8},
      {.name = "cmov", .opcodes = {{0x0f, 0x40}}, .spread = 16, .form = K::ModRM},
      {.name = "setcc", .opcodes = {{0x0f, 0x90}}, .spread = 16, .form = K::Group, .groups = {0}},
      {.name = "cbw, cwd", .opcodes = {{0x98}}, .spread = 2},
      {.name = "push", .opcodes = {{0x50}}, .spread = 8},
      {.name = "pop", .opcodes = {{0x58}}, .spread = 8},
      {.name = "push i", .opcodes = {{0x68}}, .immediate = K::Wide},
      {.name = "push ib", .opcodes = {{0x6a}}, .immediate = K::One},
      {.name = "push m", .opcodes = {{0xff}}, .form = K::Group, .groups = {6}},
      {.name = "pop m", .opcodes = {{0x8f}}, .form = K::Group, .groups = {0}},
      {.name = "leave", .opcodes = {{0xc9}}},
      {.name = "enter", .opcodes = {{0xc8, 0x10, 0x00, 0x00}}, .sized = false, .emulated = false},
      {.name = "jcc short", .opcodes = {{0x70}}, .spread = 16, .immediate = K::One, .sized = false},
      {.name = "jcc near",
       .opcodes = {{0x0f, 0x80}},
       .spread = 16,
       .immediate = K::Four,
       .sized = false},
      {.name = "loop", .opcodes = {{0xe0}}, .spread = 4, .immediate = K::One, .sized = false},
      {.name = "loop, narrow",
       .opcodes = {{0x67, 0xe0}},
       .spread = 4,
       .immediate = K::One,
       .sized = false},
      {.name = "call", .opcodes = {{0xe8}}, .immediate = K::Four, .sized = false},
      {.name = "tls call",
       .opcodes = {{0x66, 0x48, 0xe8}},
       .immediate = K::Four,
       .machines = K::Only64,
       .sized = false},
      {.name = "jmp", .opcodes = {{0xe9}}, .immediate = K::Four, .sized = false},
      {.name = "jmp short", .opcodes = {{0xeb}}, .immediate = K::One, .sized = false},
      {.name = "call, jmp indirect",
       .opcodes = {{0xff}},
       .form = K::Group,
       .groups = {2, 4},
       .sized = false},
      {.name = "notrack jmp",
       .opcodes = {{0x3e, 0xff}},
       .form = K::Group,
       .groups = {2, 4},
       .sized = false},
      {.name = "fs, gs indirect",
       .opcodes = {{0x64, 0xff}, {0x65, 0xff}},
       .form = K::Group,
       .groups = {2, 4},
       .machines = K::Only64,
       .sized = false},
      {.name = "ret", .opcodes = {{0xc3}, {0xf3, 0xc3}, {0xf2, 0xc3}}, .sized = false},
      {.name = "ret n", .opcodes = {{0xc2}}, .immediate = K::Two, .sized = false},
      {.name = "shifts",
       .opcodes = {{0xd0}},
       .spread = 4,
       .form = K::Group,
       .groups = {4, 5, 7},
       .emulated = false},
      {.name = "imul", .opcodes = {{0x0f, 0xaf}}, .form = K::ModRM, .emulated = false},
      {.name = "locked add",
       .opcodes = {{0xf0, 0x01}},
       .form = K::Memory,
       .sized = false,
       .emulated = false},
      {.name = "rep movsb", .opcodes = {{0xf3, 0xa4}}, .sized = false, .emulated = false},
      {.name = "movups",
       .opcodes = {{0x0f, 0x10}, {0x0f, 0x11}},
       .form = K::ModRM,
       .sized = false,
       .emulated = false},
      {.name = "popf", .opcodes = {{0x9d}}, .sized = false, .emulated = false},
  };
  return all;
}

// The same numbers for the same seed, on every machine.
class Generator {
 public:
  Generator(Abi machine, std::uint64_t seed) : machine_(machine), random_(seed) {}

  std::uint64_t below(std::uint64_t limit) { return random_() % limit; }

  // An instruction of this kind; it may be one that faults.
  Bytes instruction(const Kind& kind) {
    bytes_.clear();
    bool word = kind.sized && below(4) == 0;
    bool rex = machine_ == Abi::X86_64 && kind.sized && below(3) != 0;
    unsigned rex_bits = static_cast<unsigned>(below(16));
    const auto& opcode = kind.opcodes[below(kind.opcodes.size())];
    std::size_t i = 0;
    while (i + 1 < opcode.size() && legacy_prefix(opcode[i]))
      put(static_cast<unsigned>(opcode[i++]));
    if (word) put(0x66);
    if (rex) put(0x40U | rex_bits);
    for (; i + 1 < opcode.size(); ++i)
      put(static_cast<unsigned>(opcode[i]));
    put(static_cast<unsigned>(opcode.back()) +
        static_cast<unsigned>(below(static_cast<unsigned>(kind.spread))));
    std::size_t operand = rex && (rex_bits & 8) != 0 ? 8 : word ? 2 : 4;
    std::size_t immediate = immediate_size(kind.immediate, operand);
    if (kind.form != Kind::None) mod_rm(kind, immediate);
    if (kind.immediate == Kind::Absolute) {
      absolute();
      return bytes_;
    }
    for (std::size_t byte = 0; byte < immediate; ++byte)
      put(static_cast<unsigned>(below(256)));
    // Near branches must land somewhere near, not in the kernel's half.
    if (kind.immediate == Kind::Four) patch(static_cast<std::uint32_t>(below(0x10000)) - 0x8000);
    return bytes_;
  }

  void randomise(Registers& regs) {
    unsigned count = machine_ == Abi::X86_64 ? 16 : 8;
    for (unsigned i = 0; i < count; ++i)
      regs.set(i, value());
    // Loops end where they count to zero: in half of a register, too.
    const unsigned counter = machine_ == Abi::X86_64 ? 2 : 1;
    if (below(4) == 0) regs.set(counter, below(3) | below(2) << 32);
    regs.set_sp(Address(stack_address() + (below(8) == 0 ? below(8) : 0)));
    constexpr std::uint64_t kArithmetic = 0x8d5;
    regs.set_flags(0x202 | (random_() & kArithmetic));
    regs.set_pc(Address(kAt));
    if (machine_ != Abi::X86_64) return;
    regs.set(kDwarfX86FsBase, below(2) != 0 ? 0 : kData);
    regs.set(kDwarfX86GsBase, below(2) != 0 ? 0 : kData);
  }

  DataPages data() {
    DataPages data;
    for (std::size_t i = 0; i < kDataSize; i += 8) {
      std::uint64_t v = value();
      std::memcpy(&data[i], &v, 8);
    }
    return data;
  }

 private:
  void put(unsigned byte) { bytes_.push_back(std::byte(byte)); }
  static bool legacy_prefix(int byte) {
    constexpr std::array kPrefixes{0x3e, 0x64, 0x65, 0x66, 0x67, 0xf0, 0xf2, 0xf3};
    return std::find(kPrefixes.begin(), kPrefixes.end(), byte) != kPrefixes.end();
  }
  void patch(std::uint32_t value) { std::memcpy(&bytes_[bytes_.size() - 4], &value, 4); }

  static std::size_t immediate_size(Kind::Immediate immediate, std::size_t operand) {
    if (immediate == Kind::Wide) return std::min<std::size_t>(operand, 4);
    if (immediate == Kind::Full) return operand;
    if (immediate == Kind::Absolute) return 0;
    return static_cast<std::size_t>(immediate);
  }

  // Interesting numbers: addresses of data, small ones, limits, anything.
  std::uint64_t value() {
    switch (below(6)) {
      case 0:
      case 1:
        return stack_address();
      case 2:
        return below(8);
      case 3:
        return 0 - below(8);
      case 4: {
        constexpr std::array<std::uint64_t, 8> kLimits{0x7f,
                                                       0x80,
                                                       0x7fff,
                                                       0x8000,
                                                       0x7fffffff,
                                                       0x80000000,
                                                       0x7fffffffffffffff,
                                                       0x8000000000000000};
        return kLimits[below(kLimits.size())];
      }
      default:
        return random_();
    }
  }
  std::uint64_t stack_address() { return kData + kDataSize / 4 + below(kDataSize / 16) * 8; }

  void mod_rm(const Kind& kind, std::size_t immediate) {
    auto middle = static_cast<unsigned>(below(8));
    if (kind.form == Kind::Group) {
      middle = static_cast<unsigned>(kind.groups[below(kind.groups.size())]);
    }
    unsigned mod = static_cast<unsigned>(below(kind.form == Kind::Memory ? 3 : 4));
    unsigned rm = static_cast<unsigned>(below(8));
    if (mod != 3 && below(2) == 0) rm = below(2) == 0 ? 4 : 5;  // stack, frame, rip
    put(mod << 6 | middle << 3 | rm);
    if (mod == 3) return;
    bool base5 = rm == 5;
    if (rm == 4) {
      bool plain = below(2) == 0;  // [rsp]
      auto sib = plain ? 0x24U : static_cast<unsigned>(below(256));
      put(sib);
      base5 = (sib & 7) == 5;
    }
    // Half of the time an aligned one: others may lie across words.
    const std::uint64_t aligned = below(2) == 0 ? ~7ULL : ~0ULL;
    if (mod == 1) put(static_cast<unsigned>(below(256) & aligned));
    if (mod == 2) displacement(static_cast<std::uint32_t>(below(0x1000) & aligned) - 0x800);
    if (mod != 0 || !base5) return;
    // From the next instruction, or absolute.
    std::uint64_t target = kData + (below(kDataSize - 64) & aligned);
    bool relative = rm == 5 && machine_ == Abi::X86_64;
    std::uint64_t next = kAt + bytes_.size() + 4 + immediate;
    displacement(static_cast<std::uint32_t>(relative ? target - next : target));
  }
  void absolute() {
    displacement(static_cast<std::uint32_t>(kData + below(kDataSize - 64)));
    if (machine_ == Abi::X86_64) displacement(0);
  }
  void displacement(std::uint32_t value) {
    for (int shift = 0; shift < 32; shift += 8)
      put((value >> shift) & 0xff);
  }

  Abi machine_;
  std::mt19937_64 random_;
  Bytes bytes_;
};

}  // namespace ttrace::test

#endif
