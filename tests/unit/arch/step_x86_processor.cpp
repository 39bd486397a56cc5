// Emulation and copies of x86 instructions, checked against this processor: a traced child executes
// the instruction at its own place, and everything is compared.
#include <doctest/doctest.h>

#include "arch/step.h"

#if defined(__x86_64__)

#include <algorithm>
#include <array>
#include <bit>
#include <cstdlib>
#include <cstring>
#include <numeric>
#include <string>
#include <vector>

#include "arch/step_x86.h"
#include "unit/arch/step_x86_instructions.h"
#include "unit/arch/x86_processor.h"

using namespace ttrace;
using namespace ttrace::test;

namespace {

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

// What has been emulated, so that nothing is believed that was never tried.
struct Seen {
  using Operation = X86Step::Operation;
  // `to` and `from`: a register, memory in the own frame, memory elsewhere.
  static constexpr std::size_t kForms = 6;
  static constexpr std::size_t kWords = 4;  // 1, 2, 4, 8 bytes

  int executed = 0;
  int copied = 0;
  int faulted = 0;   // the processor does, and so does the emulator
  int declined = 0;  // left to the processor: operands across words
  std::array<int, X86Step::kOperations> operations{};
  // Branches, by condition (LOOP and its kin: behind them), not taken and taken.
  std::array<std::array<int, 2>, 20> branches{};
  std::array<int, 16> moves_if{}, sets_if{};
  std::array<std::array<int, kWords>, kForms> forms{};
  int high_bytes = 0;

  void add(const X86Step& step, bool taken) {
    ++operations.at(static_cast<std::size_t>(step.operation()));
    add_operand(step.to(), 0);
    add_operand(step.from(), 1);
    const auto loops = static_cast<std::size_t>(Operation::JumpIfCountZero);
    const auto operation = static_cast<std::size_t>(step.operation());
    if (step.operation() == Operation::JumpIf) ++branches.at(step.condition()).at(taken ? 1 : 0);
    if (operation >= loops && operation < loops + 4) {
      ++branches.at(16 + operation - loops).at(taken ? 1 : 0);
    }
    if (step.operation() == Operation::MovIf) ++moves_if.at(step.condition());
    if (step.operation() == Operation::SetIf) ++sets_if.at(step.condition());
  }

  void check(bool wide) const {
    constexpr int kFew = 10;
    for (std::size_t i = 1; i < operations.size(); ++i) {
      CAPTURE(i);
      // Stepping shows in the flags that it pushes: it is compared below.
      if (i != static_cast<std::size_t>(Operation::PushFlags)) CHECK(operations.at(i) >= kFew);
    }
    for (std::size_t i = 0; i < branches.size(); ++i) {
      CAPTURE(i);
      CHECK(branches.at(i).at(0) > 0);
      CHECK(branches.at(i).at(1) > 0);
    }
    CHECK(*std::min_element(moves_if.begin(), moves_if.end()) > 0);
    CHECK(*std::min_element(sets_if.begin(), sets_if.end()) > 0);
    for (std::size_t form = 0; form < kForms; ++form) {
      for (std::size_t size = 0; size < (wide ? kWords : kWords - 1); ++size) {
        CAPTURE(form);
        CAPTURE(size);
        CHECK(forms.at(form).at(size) >= kFew);
      }
    }
    CHECK(high_bytes >= kFew);
    CHECK(faulted >= kFew);
    CHECK(declined >= kFew);
  }

 private:
  void add_operand(const X86Operand& operand, std::size_t which) {
    using Kind = X86Operand::Kind;
    if (operand.kind == Kind::HighByte) ++high_bytes;
    if (operand.kind != Kind::Register && operand.kind != Kind::Memory) return;
    const bool memory = operand.kind == Kind::Memory;
    const std::size_t form = which * 3 + (!memory ? 0 : operand.own ? 1 : 2);
    const auto size = static_cast<std::size_t>(std::countr_zero(operand.size));
    if (size < kWords) ++forms.at(form).at(size);  // lea's operand has no size
  }
};

// One machine's comparison.
class Comparison {
 public:
  Comparison(Abi machine, std::uint64_t seed)
      : machine_(machine), seed_(seed), generator_(machine, seed) {}

  void run(const Kind& kind, int times) {
    Counts counts;
    for (int i = 0; i < times; ++i)
      once(kind, counts);
    INFO(std::string(kind.name));
    CHECK(counts.executed >= times / 10);
    if (kind.emulated) {
      CHECK(counts.emulated >= times / 10);
    } else {
      CHECK(counts.emulated == 0);
      CHECK(counts.copied >= times / 10);
    }
  }

  [[nodiscard]] const Seen& seen() const { return seen_; }

 private:
  // One random instance of one kind.
  void once(const Kind& kind, Counts& counts) {
    Bytes bytes = generator_.instruction(kind);
    INFO("seed ", seed_, ": ", std::string(kind.name), ": ", hex(bytes));
    before_ = processor_.registers(machine_);
    generator_.randomise(before_);
    data_ = generator_.data();

    restore_data(data_);
    place(kAt, bytes);
    expected_ = before_;
    bool executed = processor_.step(expected_);
    expected_data_ = save_data();

    auto decoded = DisplacedInstruction::decode(machine_, Address(kAt), bytes);
    auto step = X86Step::decode(machine_, Address(kAt), bytes);
    if (!executed) {
      if (decoded && decoded->emulated() && decoded->length() == bytes.size()) faults(*step);
      return;
    }
    if (!decoded || !step) {
      FAIL_CHECK(decoded.error().message());
      return;
    }
    if (decoded->length() != bytes.size()) return;  // the bytes make a shorter instruction
    ++counts.executed;
    ++seen_.executed;
    if (decoded->emulated() && emulate(*decoded)) {
      ++counts.emulated;
      seen_.add(*step, expected_.pc() != Address(kAt + bytes.size()));
    }
    if (copy(*decoded)) {
      ++counts.copied;
      ++seen_.copied;
    }
  }

  // What makes the processor fault is not emulated: the copy must fault in its place. (Except a
  // target that is no address: the processor notices at the branch, here it is noticed behind it.)
  void faults(const X86Step& step) {
    if (step.operation() >= X86Step::Operation::Jump) return;
    restore_data(data_);
    Registers after = before_;
    CHECK_FALSE(step.emulate(Address(kAt), after, memory_));
    CHECK(save_data() == data_);
    ++seen_.faulted;
  }

  // False: left to the processor, because an operand lies across words; nothing was touched.
  bool emulate(const DisplacedInstruction& instruction) {
    restore_data(data_);
    memory_.accesses = 0;
    Registers after = before_;
    if (!instruction.emulate(after, memory_)) {
      CHECK(memory_.accesses == 0);
      CHECK(difference(before_, after) == "");
      ++seen_.declined;
      return false;
    }
    CHECK(difference(expected_, after) == "");
    CHECK(save_data() == expected_data_);
    return true;
  }

  bool copy(const DisplacedInstruction& instruction) {
    auto bytes = instruction.copy_for(Address(kCopyAt));
    if (!bytes) {
      CHECK(instruction.emulated());
      return false;
    }
    restore_data(data_);
    place(kCopyAt, *bytes);
    Registers after = before_;
    after.set_pc(Address(kCopyAt));
    bool finished = false;
    for (int steps = 0; steps < 2 && !finished; ++steps) {
      REQUIRE(processor_.step(after));
      if (expected_.pc() == Address(kAt) && !instruction.emulated()) {  // one turn of rep
        CHECK_FALSE(instruction.finish_copy(after, memory_, Address(kCopyAt)));
        after.set_pc(Address(kAt));
        finished = true;
      } else {
        finished = instruction.finish_copy(after, memory_, Address(kCopyAt));
      }
    }
    CHECK(finished);
    CHECK(difference(expected_, after) == "");
    CHECK(save_data() == expected_data_);
    return true;
  }

  Abi machine_;
  std::uint64_t seed_;
  Processor processor_;
  Generator generator_;
  DataMemory memory_;
  Seen seen_;
  Registers before_{machine_}, expected_{machine_};
  DataPages data_{}, expected_data_{};
};

std::uint64_t setting(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 0);
}

// TTRACE_STEP_SEED: another seed than the fixed one; TTRACE_STEP_TIMES: instances of each kind.
void compare_all(Abi machine) {
  Comparison comparison(machine, setting("TTRACE_STEP_SEED", 1));
  const auto times = static_cast<int>(setting("TTRACE_STEP_TIMES", 200));
  for (const Kind& kind : kinds()) {
    if (kind.machines == (machine == Abi::X86_64 ? Kind::Only32 : Kind::Only64)) continue;
    comparison.run(kind, times);
  }
  const Seen& seen = comparison.seen();
  seen.check(machine == Abi::X86_64);
  const int emulated = std::accumulate(seen.operations.begin(), seen.operations.end(), 0);
  MESSAGE(std::string(abi_name(machine)), ": ", seen.executed, " instructions executed, ", emulated,
          " emulated, ", seen.copied, " copied, ", seen.declined, " left to the processor, ",
          seen.faulted, " that fault");
}

}  // namespace

TEST_CASE("x86-64: emulated and copied instructions do what the processor does") {
  compare_all(Abi::X86_64);
}

TEST_CASE("i386: emulated and copied instructions do what the processor does") {
  compare_all(Abi::I386);
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
