// Decoding x86 instructions for stepping over them, and executing copies of them.
#include "arch/step_x86.h"

#include <Zydis/Zydis.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <optional>

namespace ttrace {

namespace {

using Operands = std::array<ZydisDecodedOperand, ZYDIS_MAX_OPERAND_COUNT>;

constexpr std::uint64_t kTrapFlag = 0x100;
constexpr unsigned kRcx = 2;
constexpr unsigned kR11 = 11;
constexpr unsigned kFramePointer64 = 6;
constexpr unsigned kFramePointer32 = 5;
constexpr unsigned kStackPointer64 = 7;
constexpr unsigned kStackPointer32 = 4;

// DWARF numbers by hardware number (i386's are the same).
constexpr std::array<std::uint8_t, 16> kDwarf64{0, 2, 1,  3,  7,  6,  4,  5,
                                                8, 9, 10, 11, 12, 13, 14, 15};

ZydisMachineMode mode(Abi machine) {
  return machine == Abi::X86_64 ? ZYDIS_MACHINE_MODE_LONG_64 : ZYDIS_MACHINE_MODE_LEGACY_32;
}

// The DWARF number of the general register that `reg` is (a part of).
std::optional<std::uint8_t> dwarf_number(Abi machine, ZydisRegister reg) {
  ZydisRegister whole = ZydisRegisterGetLargestEnclosing(mode(machine), reg);
  ZydisRegisterClass kind = ZydisRegisterGetClass(whole);
  if (kind != ZYDIS_REGCLASS_GPR64 && kind != ZYDIS_REGCLASS_GPR32) return std::nullopt;
  auto hardware = static_cast<std::uint8_t>(ZydisRegisterGetId(whole));
  if (machine == Abi::I386) return hardware;
  return kDwarf64.at(hardware);
}

bool has_prefix(const ZydisDecodedInstruction& instruction, std::uint8_t prefix) {
  for (std::size_t i = 0; i < instruction.raw.prefix_count; ++i) {
    if (instruction.raw.prefixes[i].value == prefix) return true;
  }
  return false;
}

// Processors disagree about what a 16-bit branch is in 64-bit mode, and nobody uses one elsewhere.
bool narrowed(const ZydisDecodedInstruction& instruction) {
  constexpr std::uint8_t kOperandSize = 0x66;
  return has_prefix(instruction, kOperandSize) && instruction.raw.rex.W == 0;
}

bool is_rip(ZydisRegister reg) {
  return reg == ZYDIS_REGISTER_RIP || reg == ZYDIS_REGISTER_EIP;
}

struct Refusal {
  ZydisMnemonic mnemonic;
  const char* reason;
};
// Instructions that mean something else when they are stepped elsewhere.
constexpr std::array<Refusal, 3> kRefusals{{
    {ZYDIS_MNEMONIC_INT1, "the program has a breakpoint of its own there"},
    {ZYDIS_MNEMONIC_INT3, "the program has a breakpoint of its own there"},
    {ZYDIS_MNEMONIC_XBEGIN, "a transaction cannot begin at a breakpoint"},
}};

// nullptr: nothing speaks against it.
const char* refusal(const ZydisDecodedInstruction& instruction, const Operands& operands) {
  for (const Refusal& row : kRefusals) {
    if (row.mnemonic == instruction.mnemonic) return row.reason;
  }
  bool far = instruction.meta.branch_type == ZYDIS_BRANCH_TYPE_FAR;
  if (far && instruction.mnemonic == ZYDIS_MNEMONIC_CALL) {
    return "a far call cannot be stepped elsewhere";
  }
  // It suppresses the trap after it, so that the step would run on behind the copy.
  bool loads =
      instruction.mnemonic == ZYDIS_MNEMONIC_MOV || instruction.mnemonic == ZYDIS_MNEMONIC_POP;
  if (loads && operands[0].type == ZYDIS_OPERAND_TYPE_REGISTER &&
      operands[0].reg.value == ZYDIS_REGISTER_SS) {
    return "a write to SS cannot be stepped";
  }
  return nullptr;
}

}  // namespace

/// Fills one X86Step from what Zydis says.
class X86Decoder {
 public:
  X86Decoder(X86Step& step, Address at, const ZydisDecodedInstruction& instruction,
             const Operands& operands)
      : step_(step),
        next_((at + instruction.length).value()),
        instruction_(instruction),
        operands_(operands) {}

  Result<> run() {
    if (const char* reason = refusal(instruction_, operands_)) return Error{0, reason};
    set_trace();
    set_relocation();
    step_.operation_ = operation();
    if (relative_branch() && !step_.emulated()) {
      return Error{0, "an unusual relative branch cannot be stepped elsewhere"};
    }
    return {};
  }

 private:
  using Operation = X86Step::Operation;
  using Kind = X86Operand::Kind;
  using Check = bool (X86Decoder::*)();

  // Which instructions are emulated, provided that their operands pass the check. Not among them,
  // common as they are: shifts and multiplications, which leave flags that the manual calls
  // undefined and processors set differently; vector instructions, whose registers are another
  // block.
  struct Row {
    ZydisMnemonic mnemonic;
    Operation operation;
    Check check;
  };
  static const Row kRows[];

  [[nodiscard]] bool legacy(ZydisOpcodeMap map, unsigned high_nibble) const {
    return instruction_.encoding == ZYDIS_INSTRUCTION_ENCODING_LEGACY &&
           instruction_.opcode_map == map && (instruction_.opcode & 0xf0U) == high_nibble;
  }

  Operation operation() {
    if ((instruction_.attributes & ZYDIS_ATTRIB_HAS_LOCK) != 0) return Operation::Copy;
    step_.condition_ = instruction_.opcode & 0xfU;
    if (legacy(ZYDIS_OPCODE_MAP_DEFAULT, 0x70) || legacy(ZYDIS_OPCODE_MAP_0F, 0x80)) {
      return branch() ? Operation::JumpIf : Operation::Copy;
    }
    if (legacy(ZYDIS_OPCODE_MAP_0F, 0x40)) return data() ? Operation::MovIf : Operation::Copy;
    if (legacy(ZYDIS_OPCODE_MAP_0F, 0x90)) return one() ? Operation::SetIf : Operation::Copy;
    for (const Row* row = kRows; row->check != nullptr; ++row) {
      if (row->mnemonic != instruction_.mnemonic) continue;
      return (this->*row->check)() ? row->operation : Operation::Copy;
    }
    return Operation::Copy;
  }

  // The checks: they fill in the operands, and refuse what the executor cannot do.
  bool any() { return true; }
  bool one() { return take(operands_[0], step_.to_) && writable(step_.to_); }
  bool data() { return one() && take(operands_[1], step_.from_); }
  bool two() { return take(operands_[0], step_.to_) && take(operands_[1], step_.from_); }
  // The result of 16 bits is undefined.
  bool wide_register() { return one() && step_.to_.size >= 4; }
  // An exchange with memory is locked, whatever its prefixes.
  bool two_registers() {
    return two() && step_.to_.kind != Kind::Memory && step_.from_.kind != Kind::Memory;
  }

  // cbw, cwd and their kin name their operands only implicitly.
  bool accumulator() {
    auto size = static_cast<std::uint8_t>(instruction_.operand_width / 8);
    step_.to_ = {.kind = Kind::Register, .size = size, .reg = 0};
    step_.from_ = {.kind = Kind::Register, .size = static_cast<std::uint8_t>(size / 2), .reg = 0};
    return true;
  }
  bool accumulator_and_data() {
    auto size = static_cast<std::uint8_t>(instruction_.operand_width / 8);
    constexpr std::uint8_t kRdx64 = 1;
    constexpr std::uint8_t kEdx32 = 2;
    step_.from_ = {.kind = Kind::Register, .size = size, .reg = 0};
    step_.to_ = step_.from_;
    step_.to_.reg = step_.machine_ == Abi::X86_64 ? kRdx64 : kEdx32;
    return true;
  }

  bool stack() { return !narrowed(instruction_); }
  bool push() {
    return stack() && take(operands_[0], step_.from_) &&
           (step_.from_.kind == Kind::Immediate || word_sized(step_.from_));
  }
  bool pop() {
    return stack() && take(operands_[0], step_.to_) && step_.to_.kind == Kind::Register &&
           word_sized(step_.to_);
  }
  bool branch() {
    if (narrowed(instruction_) || instruction_.meta.branch_type == ZYDIS_BRANCH_TYPE_FAR) {
      return false;
    }
    return take(operands_[0], step_.from_) &&
           (step_.from_.kind == Kind::Immediate || word_sized(step_.from_));
  }
  bool counted_branch() {
    step_.counter_size_ = static_cast<std::uint8_t>(instruction_.address_width / 8);
    return branch();
  }
  bool near_return() {
    if (narrowed(instruction_) || instruction_.meta.branch_type == ZYDIS_BRANCH_TYPE_FAR) {
      return false;
    }
    step_.from_ = {.kind = Kind::Immediate, .size = 2};
    return instruction_.operand_count_visible == 0 || take(operands_[0], step_.from_);
  }

  [[nodiscard]] bool word_sized(const X86Operand& operand) const {
    return operand.size == word_size(step_.machine_);
  }

  // Only in a thread's own frame does the tracer write. Other threads may look at all the rest:
  // they must see a store as one, with everything that was stored before it, and a
  // read-modify-write must not lose theirs. (Loads: see X86Executor::load.)
  static bool writable(const X86Operand& operand) {
    return operand.kind != Kind::Memory || operand.own;
  }

  // The frame pointer register may hold anything; with a negative offset it nearly always is one.
  [[nodiscard]] bool in_own_frame(const X86Operand& operand) const {
    bool wide = step_.machine_ == Abi::X86_64;
    if (operand.index != X86Operand::kNoRegister || operand.segment != X86Operand::kNoRegister) {
      return false;
    }
    if (operand.reg == (wide ? kStackPointer64 : kStackPointer32)) return true;
    return operand.reg == (wide ? kFramePointer64 : kFramePointer32) &&
           static_cast<std::int64_t>(operand.value) < 0;
  }

  bool take(const ZydisDecodedOperand& from, X86Operand& to) {
    to = {};
    to.size = static_cast<std::uint8_t>(from.size / 8);
    if (from.type == ZYDIS_OPERAND_TYPE_REGISTER) return take_register(from.reg.value, to);
    if (from.type == ZYDIS_OPERAND_TYPE_MEMORY) return take_memory(from.mem, to);
    if (from.type != ZYDIS_OPERAND_TYPE_IMMEDIATE) return false;
    to.kind = Kind::Immediate;
    to.value = from.imm.value.u;
    if (from.imm.is_relative) to.value += next_;
    return true;
  }

  bool take_register(ZydisRegister reg, X86Operand& to) {
    bool high = reg >= ZYDIS_REGISTER_AH && reg <= ZYDIS_REGISTER_BH;
    to.kind = high ? Kind::HighByte : Kind::Register;
    auto number = dwarf_number(step_.machine_, reg);
    to.reg = number.value_or(X86Operand::kNoRegister);
    return number.has_value();
  }

  bool take_memory(const ZydisDecodedOperandMem& from, X86Operand& to) {
    if (from.type != ZYDIS_MEMOP_TYPE_MEM && from.type != ZYDIS_MEMOP_TYPE_AGEN) return false;
    // Zydis 4.0 takes 0x12345678(,%eax,2) for (%r13d,%eax,2) when an idle REX.B is there. Addresses
    // that are narrower than the stack's are too rare to mend that.
    if (instruction_.address_width / 8 != word_size(step_.machine_)) return false;
    to.kind = Kind::Memory;
    to.value = static_cast<std::uint64_t>(from.disp.value);
    to.scale = std::max<std::uint8_t>(from.scale, 1);
    if (is_rip(from.base)) {
      to.value += next_;
    } else if (from.base != ZYDIS_REGISTER_NONE) {
      auto number = dwarf_number(step_.machine_, from.base);
      if (!number) return false;
      to.reg = *number;
    }
    if (from.index != ZYDIS_REGISTER_NONE) {
      auto number = dwarf_number(step_.machine_, from.index);
      if (!number) return false;
      to.index = *number;
    }
    to.own = in_own_frame(to);
    bool fs = from.segment == ZYDIS_REGISTER_FS;
    bool gs = from.segment == ZYDIS_REGISTER_GS;
    if ((!fs && !gs) || from.type == ZYDIS_MEMOP_TYPE_AGEN) return true;
    // i386 keeps the bases in descriptor tables, which the register block does not show.
    if (step_.machine_ != Abi::X86_64) return false;
    to.segment = fs ? kDwarfX86FsBase : kDwarfX86GsBase;
    to.own = false;
    return true;
  }

  [[nodiscard]] bool relative_branch() const {
    return operands_[0].type == ZYDIS_OPERAND_TYPE_IMMEDIATE && operands_[0].imm.is_relative;
  }

  void set_trace() {
    using Trace = X86Step::Trace;
    struct Left {
      ZydisMnemonic mnemonic;
      Trace trace;
    };
    static constexpr std::array<Left, 5> kLeft{{{ZYDIS_MNEMONIC_CALL, Trace::ReturnAddress},
                                                {ZYDIS_MNEMONIC_PUSHF, Trace::Flags},
                                                {ZYDIS_MNEMONIC_PUSHFD, Trace::Flags},
                                                {ZYDIS_MNEMONIC_PUSHFQ, Trace::Flags},
                                                {ZYDIS_MNEMONIC_SYSCALL, Trace::Syscall}}};
    for (const Left& left : kLeft) {
      if (left.mnemonic == instruction_.mnemonic) step_.trace_ = left.trace;
    }
  }

  void set_relocation() {
    using Relocation = X86Step::Relocation;
    bool wide = step_.machine_ == Abi::X86_64;
    if (relative_branch()) {
      bool room = instruction_.raw.imm[0].size == 32;
      step_.relocation_ = !room  ? Relocation::NotPossible
                          : wide ? Relocation::Signed32
                                 : Relocation::Modulo32;
      step_.relocation_offset_ = instruction_.raw.imm[0].offset;
      return;
    }
    for (const ZydisDecodedOperand& operand :
         std::span(operands_).first(instruction_.operand_count)) {
      if (operand.type != ZYDIS_OPERAND_TYPE_MEMORY || !is_rip(operand.mem.base)) continue;
      step_.relocation_ =
          operand.mem.base == ZYDIS_REGISTER_RIP ? Relocation::Signed32 : Relocation::Modulo32;
      step_.relocation_offset_ = instruction_.raw.disp.offset;
    }
  }

  X86Step& step_;
  std::uint64_t next_;
  const ZydisDecodedInstruction& instruction_;
  const Operands& operands_;
};

const X86Decoder::Row X86Decoder::kRows[] = {
    {ZYDIS_MNEMONIC_NOP, Operation::Nop, &X86Decoder::any},
    {ZYDIS_MNEMONIC_ENDBR32, Operation::Nop, &X86Decoder::any},
    {ZYDIS_MNEMONIC_ENDBR64, Operation::Nop, &X86Decoder::any},
    {ZYDIS_MNEMONIC_PAUSE, Operation::Nop, &X86Decoder::any},
    {ZYDIS_MNEMONIC_MOV, Operation::Mov, &X86Decoder::data},
    {ZYDIS_MNEMONIC_MOVZX, Operation::MovZeroExtended, &X86Decoder::data},
    {ZYDIS_MNEMONIC_MOVSX, Operation::MovSignExtended, &X86Decoder::data},
    {ZYDIS_MNEMONIC_MOVSXD, Operation::MovSignExtended, &X86Decoder::data},
    {ZYDIS_MNEMONIC_LEA, Operation::Lea, &X86Decoder::two},
    {ZYDIS_MNEMONIC_ADD, Operation::Add, &X86Decoder::data},
    {ZYDIS_MNEMONIC_ADC, Operation::AddCarry, &X86Decoder::data},
    {ZYDIS_MNEMONIC_SUB, Operation::Sub, &X86Decoder::data},
    {ZYDIS_MNEMONIC_SBB, Operation::SubBorrow, &X86Decoder::data},
    {ZYDIS_MNEMONIC_CMP, Operation::Cmp, &X86Decoder::two},
    {ZYDIS_MNEMONIC_AND, Operation::And, &X86Decoder::data},
    {ZYDIS_MNEMONIC_OR, Operation::Or, &X86Decoder::data},
    {ZYDIS_MNEMONIC_XOR, Operation::Xor, &X86Decoder::data},
    {ZYDIS_MNEMONIC_TEST, Operation::Test, &X86Decoder::two},
    {ZYDIS_MNEMONIC_INC, Operation::Inc, &X86Decoder::one},
    {ZYDIS_MNEMONIC_DEC, Operation::Dec, &X86Decoder::one},
    {ZYDIS_MNEMONIC_NEG, Operation::Neg, &X86Decoder::one},
    {ZYDIS_MNEMONIC_NOT, Operation::Not, &X86Decoder::one},
    {ZYDIS_MNEMONIC_BSWAP, Operation::SwapBytes, &X86Decoder::wide_register},
    {ZYDIS_MNEMONIC_XCHG, Operation::Exchange, &X86Decoder::two_registers},
    {ZYDIS_MNEMONIC_CBW, Operation::ExtendAccumulator, &X86Decoder::accumulator},
    {ZYDIS_MNEMONIC_CWDE, Operation::ExtendAccumulator, &X86Decoder::accumulator},
    {ZYDIS_MNEMONIC_CDQE, Operation::ExtendAccumulator, &X86Decoder::accumulator},
    {ZYDIS_MNEMONIC_CWD, Operation::SignIntoData, &X86Decoder::accumulator_and_data},
    {ZYDIS_MNEMONIC_CDQ, Operation::SignIntoData, &X86Decoder::accumulator_and_data},
    {ZYDIS_MNEMONIC_CQO, Operation::SignIntoData, &X86Decoder::accumulator_and_data},
    {ZYDIS_MNEMONIC_PUSH, Operation::Push, &X86Decoder::push},
    {ZYDIS_MNEMONIC_PUSHFD, Operation::PushFlags, &X86Decoder::stack},
    {ZYDIS_MNEMONIC_PUSHFQ, Operation::PushFlags, &X86Decoder::stack},
    {ZYDIS_MNEMONIC_POP, Operation::Pop, &X86Decoder::pop},
    {ZYDIS_MNEMONIC_LEAVE, Operation::Leave, &X86Decoder::stack},
    {ZYDIS_MNEMONIC_JMP, Operation::Jump, &X86Decoder::branch},
    {ZYDIS_MNEMONIC_JCXZ, Operation::JumpIfCountZero, &X86Decoder::counted_branch},
    {ZYDIS_MNEMONIC_JECXZ, Operation::JumpIfCountZero, &X86Decoder::counted_branch},
    {ZYDIS_MNEMONIC_JRCXZ, Operation::JumpIfCountZero, &X86Decoder::counted_branch},
    {ZYDIS_MNEMONIC_LOOP, Operation::Loop, &X86Decoder::counted_branch},
    {ZYDIS_MNEMONIC_LOOPE, Operation::LoopIfEqual, &X86Decoder::counted_branch},
    {ZYDIS_MNEMONIC_LOOPNE, Operation::LoopIfNotEqual, &X86Decoder::counted_branch},
    {ZYDIS_MNEMONIC_CALL, Operation::Call, &X86Decoder::branch},
    {ZYDIS_MNEMONIC_RET, Operation::Return, &X86Decoder::near_return},
    {ZYDIS_MNEMONIC_INVALID, Operation::Copy, nullptr},
};

Result<X86Step> X86Step::decode(Abi machine, Address at, std::span<const std::byte> bytes) {
  ZydisDecoder decoder;
  ZydisStackWidth stack = machine == Abi::X86_64 ? ZYDIS_STACK_WIDTH_64 : ZYDIS_STACK_WIDTH_32;
  ZydisDecodedInstruction instruction;
  Operands operands;
  if (!ZYAN_SUCCESS(ZydisDecoderInit(&decoder, mode(machine), stack)) ||
      !ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoder, bytes.data(), bytes.size(), &instruction,
                                           operands.data()))) {
    return Error{0, "there is no valid instruction there"};
  }
  X86Step step;
  step.machine_ = machine;
  step.length_ = instruction.length;
  std::copy_n(bytes.begin(), instruction.length, step.bytes_.begin());
  X86Decoder filler(step, at, instruction, operands);
  if (auto done = filler.run(); !done) return done.error();
  return step;
}

Result<std::vector<std::byte>> X86Step::copy_for(Address at, Address slot) const {
  std::vector<std::byte> copy(bytes_.begin(), bytes_.begin() + length_);
  if (relocation_ == Relocation::None) return copy;
  if (relocation_ == Relocation::NotPossible) {
    return Error{0, "a short branch cannot be copied"};
  }
  std::byte* field = copy.data() + relocation_offset_;
  std::int32_t displacement = 0;
  std::memcpy(&displacement, field, sizeof displacement);
  auto moved = displacement + static_cast<std::int64_t>(at - slot);
  bool fits = moved >= std::numeric_limits<std::int32_t>::min() &&
              moved <= std::numeric_limits<std::int32_t>::max();
  if (relocation_ == Relocation::Signed32 && !fits) {
    return Error{0, "the copy is too far from what the instruction refers to"};
  }
  auto low = static_cast<std::uint32_t>(static_cast<std::uint64_t>(moved));
  std::memcpy(field, &low, sizeof low);
  return copy;
}

bool X86Step::finish_copy(Address at, Registers& regs, MutableMemory& memory, Address slot) const {
  if (regs.pc() == slot) return false;
  Address copy_end = slot + length_;
  Address end = at + length_;
  if (trace_ == Trace::ReturnAddress) {
    // Little-endian: the low bytes are the 32-bit word of an i386 stack. The processor has just
    // written there, so a failure means that the thread is dying.
    std::uint64_t pushed = end.value();
    (void)memory.write(regs.sp(), std::as_bytes(std::span(&pushed, 1)).first(word_size(machine_)));
  } else if (trace_ == Trace::Flags && !regs.single_steps()) {
    // Bits 8-15 of the flags' image. As above, it cannot but be there.
    std::byte second{};
    Address where = regs.sp() + 1;
    if (memory.read(where, std::span(&second, 1)) == 1) {
      second &= ~std::byte{kTrapFlag >> 8};
      (void)memory.write(where, std::span(&second, 1));
    }
  } else if (trace_ == Trace::Syscall && machine_ == Abi::X86_64) {
    if (regs.get(kRcx) == copy_end.value()) regs.set(kRcx, end.value());
    if (!regs.single_steps()) regs.set(kR11, regs.get(kR11) & ~kTrapFlag);
  }
  if (regs.pc() == copy_end) regs.set_pc(end);
  return true;
}

}  // namespace ttrace
