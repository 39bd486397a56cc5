// Emulation and copies of x86 instructions, checked against this processor: a traced child executes
// the instruction at its own place, and everything is compared.
#include <doctest/doctest.h>

#include "arch/step.h"

#if defined(__x86_64__)

#include <algorithm>
#include <array>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "unit/arch/x86_processor.h"

using namespace ttrace;
using namespace ttrace::test;

namespace {

// How to make random instances of one kind of instruction.
struct Kind {
  const char* name;
  std::vector<std::vector<int>> opcodes;  // one is chosen; the last byte may be a range's first
  int spread = 1;                         // … of so many
  enum Form { None, ModRM, Memory, Group } form = None;
  std::vector<int> groups = {};  // of the ModRM byte's middle field, for Group
  // Bytes of immediate; Wide: as many as the operand size, at most 4; Full: … at most 8.
  enum Immediate { Zero = 0, One = 1, Two = 2, Four = 4, Wide = -1, Full = -2 } immediate = Zero;
  enum Machines { Both, Only64, Only32 } machines = Both;
  bool sized = true;     // may take operand-size prefixes
  bool emulated = true;  // at least some of the instances must be
};

const std::vector<Kind>& kinds() {
  using K = Kind;
  static const std::vector<Kind> all{
      {"endbr",
       {{0xf3, 0x0f, 0x1e, 0xfa}, {0xf3, 0x0f, 0x1e, 0xfb}},
       1,
       K::None,
       {},
       K::Zero,
       K::Both,
       false},
      {"nop", {{0x90}}},
      {"pause", {{0xf3, 0x90}}, 1, K::None, {}, K::Zero, K::Both, false},
      {"long nop", {{0x0f, 0x1f}}, 1, K::Group, {0}},
      {"add", {{0x00}}, 4, K::ModRM},
      {"add a", {{0x04}}, 1, K::None, {}, K::One},
      {"add A", {{0x05}}, 1, K::None, {}, K::Wide},
      {"or", {{0x08}}, 4, K::ModRM},
      {"and", {{0x20}}, 4, K::ModRM},
      {"sub", {{0x28}}, 4, K::ModRM},
      {"sub A", {{0x2d}}, 1, K::None, {}, K::Wide},
      {"xor", {{0x30}}, 4, K::ModRM},
      {"cmp", {{0x38}}, 4, K::ModRM},
      {"adc, sbb", {{0x10}, {0x18}}, 4, K::ModRM, {}, K::Zero, K::Both, true, false},
      {"group 1 b,b", {{0x80}}, 1, K::Group, {0, 1, 4, 5, 6, 7}, K::One},
      {"group 1 v,z", {{0x81}}, 1, K::Group, {0, 1, 4, 5, 6, 7}, K::Wide},
      {"group 1 v,b", {{0x83}}, 1, K::Group, {0, 1, 4, 5, 6, 7}, K::One},
      {"test", {{0x84}}, 2, K::ModRM},
      {"test a", {{0xa8}}, 1, K::None, {}, K::One},
      {"test A", {{0xa9}}, 1, K::None, {}, K::Wide},
      {"test i b", {{0xf6}}, 1, K::Group, {0}, K::One},
      {"test i v", {{0xf7}}, 1, K::Group, {0}, K::Wide},
      {"not, neg", {{0xf6}}, 2, K::Group, {2, 3}},
      {"inc, dec", {{0xfe}}, 2, K::Group, {0, 1}},
      {"inc, dec short", {{0x40}}, 16, K::None, {}, K::Zero, K::Only32},
      {"mov", {{0x88}}, 4, K::ModRM},
      {"mov ib", {{0xb0}}, 8, K::None, {}, K::One},
      {"mov iv", {{0xb8}}, 8, K::None, {}, K::Full},
      {"mov mb", {{0xc6}}, 1, K::Group, {0}, K::One},
      {"mov mv", {{0xc7}}, 1, K::Group, {0}, K::Wide},
      {"movzx", {{0x0f, 0xb6}}, 2, K::ModRM},
      {"movsx", {{0x0f, 0xbe}}, 2, K::ModRM},
      {"movsxd", {{0x63}}, 1, K::ModRM, {}, K::Zero, K::Only64},
      {"lea", {{0x8d}}, 1, K::Memory},
      {"cmov", {{0x0f, 0x40}}, 16, K::ModRM},
      {"setcc", {{0x0f, 0x90}}, 16, K::Group, {0}},
      {"cbw, cwd", {{0x98}}, 2},
      {"push", {{0x50}}, 8},
      {"pop", {{0x58}}, 8},
      {"push i", {{0x68}}, 1, K::None, {}, K::Wide},
      {"push ib", {{0x6a}}, 1, K::None, {}, K::One},
      {"push m", {{0xff}}, 1, K::Group, {6}},
      {"pop m", {{0x8f}}, 1, K::Group, {0}},
      {"leave", {{0xc9}}},
      {"enter", {{0xc8, 0x10, 0x00, 0x00}}, 1, K::None, {}, K::Zero, K::Both, false, false},
      {"jcc short", {{0x70}}, 16, K::None, {}, K::One, K::Both, false},
      {"jcc near", {{0x0f, 0x80}}, 16, K::None, {}, K::Four, K::Both, false},
      {"loop", {{0xe0}}, 4, K::None, {}, K::One, K::Both, false},
      {"loop, narrow", {{0x67, 0xe0}}, 4, K::None, {}, K::One, K::Both, false},
      {"call", {{0xe8}}, 1, K::None, {}, K::Four, K::Both, false},
      {"tls call", {{0x66, 0x48, 0xe8}}, 1, K::None, {}, K::Four, K::Only64, false},
      {"jmp", {{0xe9}}, 1, K::None, {}, K::Four, K::Both, false},
      {"jmp short", {{0xeb}}, 1, K::None, {}, K::One, K::Both, false},
      {"call, jmp indirect", {{0xff}}, 1, K::Group, {2, 4}, K::Zero, K::Both, false},
      {"notrack jmp", {{0x3e, 0xff}}, 1, K::Group, {2, 4}, K::Zero, K::Both, false},
      {"fs, gs indirect",
       {{0x64, 0xff}, {0x65, 0xff}},
       1,
       K::Group,
       {2, 4},
       K::Zero,
       K::Only64,
       false},
      {"ret", {{0xc3}, {0xf3, 0xc3}, {0xf2, 0xc3}}, 1, K::None, {}, K::Zero, K::Both, false},
      {"ret n", {{0xc2}}, 1, K::None, {}, K::Two, K::Both, false},
      {"shifts", {{0xd0}}, 4, K::Group, {4, 5, 7}, K::Zero, K::Both, true, false},
      {"imul", {{0x0f, 0xaf}}, 1, K::ModRM, {}, K::Zero, K::Both, true, false},
      {"xchg", {{0x86}}, 2, K::ModRM, {}, K::Zero, K::Both, true, false},
      {"locked add", {{0xf0, 0x01}}, 1, K::Memory, {}, K::Zero, K::Both, false, false},
      {"rep movsb", {{0xf3, 0xa4}}, 1, K::None, {}, K::Zero, K::Both, false, false},
      {"movups", {{0x0f, 0x10}, {0x0f, 0x11}}, 1, K::ModRM, {}, K::Zero, K::Both, false, false},
      {"popf", {{0x9d}}, 1, K::None, {}, K::Zero, K::Both, false, false},
  };
  return all;
}

class Generator {
 public:
  Generator(Abi machine, unsigned seed) : machine_(machine), random_(seed) {}

  std::uint64_t below(std::uint64_t limit) { return random_() % limit; }

  Bytes instruction(const Kind& kind) {
    bytes_.clear();
    bool word = kind.sized && below(4) == 0;
    bool rex = machine_ == Abi::X86_64 && kind.sized && below(3) != 0;
    unsigned rex_bits = static_cast<unsigned>(below(16));
    const auto& opcode = kind.opcodes[below(kind.opcodes.size())];
    if (word) put(0x66);
    if (rex) put(0x40U | rex_bits);
    for (std::size_t i = 0; i + 1 < opcode.size(); ++i)
      put(static_cast<unsigned>(opcode[i]));
    put(static_cast<unsigned>(opcode.back()) +
        static_cast<unsigned>(below(static_cast<unsigned>(kind.spread))));
    std::size_t operand = rex && (rex_bits & 8) != 0 ? 8 : word ? 2 : 4;
    std::size_t immediate = immediate_size(kind.immediate, operand);
    if (kind.form != Kind::None) mod_rm(kind, immediate);
    for (std::size_t i = 0; i < immediate; ++i)
      put(static_cast<unsigned>(below(256)));
    // Near branches must land somewhere near, not in the kernel's half.
    if (kind.immediate == Kind::Four) patch(static_cast<std::uint32_t>(below(0x10000)) - 0x8000);
    return bytes_;
  }

  void randomise(Registers& regs) {
    unsigned count = machine_ == Abi::X86_64 ? 16 : 8;
    for (unsigned i = 0; i < count; ++i)
      regs.set(i, value());
    regs.set_sp(Address(stack_address()));
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
  void patch(std::uint32_t value) { std::memcpy(&bytes_[bytes_.size() - 4], &value, 4); }

  static std::size_t immediate_size(Kind::Immediate immediate, std::size_t operand) {
    if (immediate == Kind::Wide) return std::min<std::size_t>(operand, 4);
    if (immediate == Kind::Full) return operand;
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
    if (mod == 1) put(static_cast<unsigned>(below(256)));
    if (mod == 2) displacement(static_cast<std::uint32_t>(below(0x1000)) - 0x800);
    if (mod != 0 || !base5) return;
    // From the next instruction, or absolute.
    std::uint64_t target = kData + below(kDataSize - 64);
    bool relative = rm == 5 && machine_ == Abi::X86_64;
    std::uint64_t next = kAt + bytes_.size() + 4 + immediate;
    displacement(static_cast<std::uint32_t>(relative ? target - next : target));
  }
  void displacement(std::uint32_t value) {
    for (int shift = 0; shift < 32; shift += 8)
      put((value >> shift) & 0xff);
  }

  Abi machine_;
  std::mt19937_64 random_;
  Bytes bytes_;
};

void place(std::uint64_t at, std::span<const std::byte> bytes) {
  std::memcpy(pointer(at), bytes.data(), bytes.size());
}

// Everything but what the kernel keeps for itself.
std::string difference(const Registers& expected, const Registers& actual) {
  std::string text;
  for (unsigned i = 0; i < 64; ++i) {
    if (expected.get(i) == actual.get(i)) continue;
    text += " r" + std::to_string(i) + ": processor " + std::to_string(expected.get(i)) +
            ", here " + std::to_string(actual.get(i)) + ";";
  }
  if (expected.pc() != actual.pc()) text += " pc;";
  if (expected.flags() != actual.flags()) {
    text += " flags: processor " + std::to_string(expected.flags()) + ", here " +
            std::to_string(actual.flags());
  }
  return text;
}

struct Counts {
  int executed = 0;
  int emulated = 0;
  int copied = 0;
};

// One random instance of one kind.
void compare_once(Processor& processor, Generator& generator, const Kind& kind, Abi machine,
                  Counts& counts) {
  Bytes bytes = generator.instruction(kind);
  INFO(kind.name, ": ", hex(bytes));
  Registers before = processor.registers(machine);
  generator.randomise(before);
  const DataPages data = generator.data();

  restore_data(data);
  place(kAt, bytes);
  Registers expected = before;
  bool executed = processor.step(expected);
  const DataPages expected_data = save_data();
  if (!executed) return;  // it faulted

  auto decoded = DisplacedInstruction::decode(machine, Address(kAt), bytes);
  if (!decoded) {
    FAIL_CHECK(decoded.error().message());
    return;
  }
  if (decoded->length() != bytes.size()) return;  // the bytes make a shorter instruction
  ++counts.executed;

  DataMemory memory;
  if (decoded->emulated()) {
    ++counts.emulated;
    restore_data(data);
    Registers after = before;
    bool done = decoded->emulate(after, memory);
    CHECK(done);
    CHECK(difference(expected, after) == "");
    CHECK(save_data() == expected_data);
  }

  auto copy = decoded->copy_for(Address(kCopyAt));
  if (!copy) {
    CHECK(decoded->emulated());
    return;
  }
  ++counts.copied;
  restore_data(data);
  place(kCopyAt, *copy);
  Registers after = before;
  after.set_pc(Address(kCopyAt));
  bool finished = false;
  for (int steps = 0; steps < 2 && !finished; ++steps) {
    REQUIRE(processor.step(after));
    if (expected.pc() == Address(kAt)) {  // one turn of rep
      CHECK_FALSE(decoded->finish_copy(after, memory, Address(kCopyAt)));
      after.set_pc(Address(kAt));
      finished = true;
    } else {
      finished = decoded->finish_copy(after, memory, Address(kCopyAt));
    }
  }
  CHECK(finished);
  CHECK(difference(expected, after) == "");
  CHECK(save_data() == expected_data);
}

void compare_all(Abi machine, unsigned seed) {
  Processor processor;
  Generator generator(machine, seed);
  for (const Kind& kind : kinds()) {
    if (kind.machines == (machine == Abi::X86_64 ? Kind::Only32 : Kind::Only64)) continue;
    INFO(kind.name);
    Counts counts;
    for (int i = 0; i < 200; ++i)
      compare_once(processor, generator, kind, machine, counts);
    CHECK(counts.executed >= 20);
    if (kind.emulated) {
      CHECK(counts.emulated >= 20);
    } else {
      CHECK(counts.emulated == 0);
      CHECK(counts.copied >= 20);
    }
  }
}

}  // namespace

TEST_CASE("x86-64: emulated and copied instructions do what the processor does") {
  compare_all(Abi::X86_64, 1);
}

TEST_CASE("i386: emulated and copied instructions do what the processor does") {
  compare_all(Abi::I386, 2);
}

// Single-stepping shows in what these two leave, so the processor must run them freely.
TEST_CASE("x86: pushf and syscall leave nothing of the stepping behind") {
  struct Row {
    Abi machine;
    Bytes bytes;
    bool emulated;
  };
  auto bytes = [](std::initializer_list<unsigned> list) {
    Bytes out;
    for (unsigned b : list)
      out.push_back(std::byte(b));
    return out;
  };
  const Row rows[] = {
      {Abi::X86_64, bytes({0x9c}), true},        {Abi::X86_64, bytes({0x66, 0x9c}), false},
      {Abi::I386, bytes({0x9c}), true},          {Abi::X86_64, bytes({0x0f, 0x05}), false},
      {Abi::X86_64, bytes({0xcd, 0x80}), false}, {Abi::I386, bytes({0xcd, 0x80}), false},
  };
  Processor processor;
  for (const Row& row : rows) {
    INFO(std::string(abi_name(row.machine)), " ", hex(row.bytes));
    Generator generator(row.machine, 3);
    Registers before = processor.registers(row.machine);
    generator.randomise(before);
    constexpr std::uint64_t kGetPid = 20;  // i386's, and writev with nothing to write on x86-64
    before.set(0, kGetPid);
    const DataPages data = generator.data();
    DataMemory memory;

    restore_data(data);
    Bytes with_trap = row.bytes;
    with_trap.push_back(std::byte{0xcc});
    place(kAt, with_trap);
    Registers expected = before;
    REQUIRE(processor.run(expected));
    expected.set_pc(expected.pc() - trap_pc_offset(row.machine));
    REQUIRE(expected.pc() == Address(kAt + row.bytes.size()));
    const DataPages expected_data = save_data();

    auto decoded = DisplacedInstruction::decode(row.machine, Address(kAt), with_trap);
    REQUIRE(decoded.has_value());
    CHECK(decoded->emulated() == row.emulated);
    if (row.emulated) {
      restore_data(data);
      Registers after = before;
      CHECK(decoded->emulate(after, memory));
      CHECK(difference(expected, after) == "");
      CHECK(save_data() == expected_data);
    }
    restore_data(data);
    auto copy = decoded->copy_for(Address(kCopyAt));
    REQUIRE(copy.has_value());
    place(kCopyAt, *copy);
    Registers after = before;
    after.set_pc(Address(kCopyAt));
    REQUIRE(processor.step(after));
    CHECK(decoded->finish_copy(after, memory, Address(kCopyAt)));
    CHECK(difference(expected, after) == "");
    CHECK(save_data() == expected_data);
  }
}

#endif
