#include "arch/branches.h"

#include <Zydis/Zydis.h>

#include <algorithm>
#include <cstdint>

#include "base/number.h"

namespace ttrace {

namespace {

using Kind = Branch::Kind;

std::optional<Kind> x86_kind(ZydisInstructionCategory category) {
  struct Row {
    ZydisInstructionCategory category;
    Kind kind;
  };
  constexpr Row kRows[] = {{ZYDIS_CATEGORY_CALL, Kind::Call},
                           {ZYDIS_CATEGORY_UNCOND_BR, Kind::Jump},
                           {ZYDIS_CATEGORY_COND_BR, Kind::ConditionalJump},
                           {ZYDIS_CATEGORY_RET, Kind::Return}};
  const Row* row = std::ranges::find(kRows, category, &Row::category);
  return row == std::end(kRows) ? std::nullopt : std::optional(row->kind);
}

// The address that an operand without an index, relative to the PC or to nothing, reads from.
std::optional<Address> fixed_slot(const ZydisDecodedInstruction& instruction,
                                  const ZydisDecodedOperand& operand, Address at) {
  ZyanU64 address = 0;
  if (operand.type != ZYDIS_OPERAND_TYPE_MEMORY || operand.mem.index != ZYDIS_REGISTER_NONE ||
      operand.mem.segment == ZYDIS_REGISTER_FS || operand.mem.segment == ZYDIS_REGISTER_GS ||
      !ZYAN_SUCCESS(ZydisCalcAbsoluteAddress(&instruction, &operand, at.value(), &address))) {
    return std::nullopt;
  }
  return Address(address);
}

Branch x86_branch(const ZydisDecodedInstruction& instruction, const ZydisDecodedOperand& operand,
                  Address at, Kind kind) {
  Branch branch{.at = at, .kind = kind, .length = instruction.length};
  if (kind == Kind::Return) return branch;
  ZyanU64 target = 0;
  if (operand.type == ZYDIS_OPERAND_TYPE_IMMEDIATE) {
    if (ZYAN_SUCCESS(ZydisCalcAbsoluteAddress(&instruction, &operand, at.value(), &target))) {
      branch.target = Address(target);
    }
  } else {
    branch.slot = fixed_slot(instruction, operand, at);
  }
  return branch;
}

std::vector<Branch> find_x86(Abi machine, std::span<const std::byte> text, Address at) {
  std::vector<Branch> found;
  ZydisDecoder decoder;
  bool wide = machine == Abi::X86_64;
  ZydisDecoderInit(&decoder, wide ? ZYDIS_MACHINE_MODE_LONG_64 : ZYDIS_MACHINE_MODE_LEGACY_32,
                   wide ? ZYDIS_STACK_WIDTH_64 : ZYDIS_STACK_WIDTH_32);
  for (std::size_t i = 0; i < text.size();) {
    ZydisDecodedInstruction instruction;
    ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
    if (!ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoder, text.data() + i, text.size() - i,
                                             &instruction, operands))) {
      ++i;
      continue;
    }
    if (auto kind = x86_kind(instruction.meta.category)) {
      found.push_back(x86_branch(instruction, operands[0], at + i, *kind));
    }
    i += instruction.length;
  }
  return found;
}

// Arm Architecture Reference Manual, C4.1.66: branches, exception generating and system
// instructions.
struct Aarch64Form {
  std::uint32_t mask;
  std::uint32_t value;
  Kind kind;
  unsigned offset_at;    // of the immediate, which counts instructions
  unsigned offset_bits;  // 0: through a register
};
constexpr Aarch64Form kAarch64Forms[] = {
    {0xfc000000, 0x94000000, Kind::Call, 0, 26},             // bl
    {0xfc000000, 0x14000000, Kind::Jump, 0, 26},             // b
    {0xff000000, 0x54000000, Kind::ConditionalJump, 5, 19},  // b.cond, bc.cond
    {0x7e000000, 0x34000000, Kind::ConditionalJump, 5, 19},  // cbz, cbnz
    {0x7e000000, 0x36000000, Kind::ConditionalJump, 5, 14},  // tbz, tbnz
    {0xfffffc1f, 0xd63f0000, Kind::Call, 0, 0},              // blr
    {0xfefff800, 0xd63f0800, Kind::Call, 0, 0},              // blraaz, blrabz, blraa, blrab
    {0xfffffc1f, 0xd61f0000, Kind::Jump, 0, 0},              // br
    {0xfefff800, 0xd61f0800, Kind::Jump, 0, 0},              // braaz, brabz, braa, brab
    {0xfffffc1f, 0xd65f0000, Kind::Return, 0, 0},            // ret
    {0xfffffbff, 0xd65f0bff, Kind::Return, 0, 0},            // retaa, retab
};

// What the registers hold, as far as the instructions before a branch say: entries of a procedure
// linkage table (and calls without it) make an address of parts, load a word from there and jump.
class Aarch64Words {
 public:
  // The word of memory that `reg` was loaded from.
  [[nodiscard]] std::optional<Address> slot(unsigned reg) const {
    const auto& known = known_.at(reg);
    return known && known->loaded ? std::optional(known->address) : std::nullopt;
  }
  void forget() { known_ = {}; }

  void execute(std::uint32_t word, Address at) {
    const unsigned target = word & 0x1f, base = word >> 5 & 0x1f;
    const auto from = known_.at(base);
    const bool address = from && !from->loaded;
    const std::uint64_t constant = word >> 10 & 0xfff;
    if ((word & 0xfffff01f) == 0xd503201f) return;  // hints
    std::optional<Word> made;
    if ((word & 0x9f000000) == 0x90000000) {  // adrp
      constexpr std::uint64_t kPage = 0x1000, kSign = std::uint64_t{1} << 20;
      const std::uint64_t pages = (word >> 5 & 0x7ffff) << 2 | (word >> 29 & 3);
      made = Word{Address((at.value() & ~(kPage - 1)) + ((pages ^ kSign) - kSign) * kPage), false};
    } else if ((word & 0xffc00000) == 0xf9400000 && address) {  // ldr x, [x, n]
      made = Word{from->address + constant * 8, true};
    } else if ((word & 0xffc00000) == 0x91000000 && address) {  // add x, x, n
      made = Word{from->address + constant, false};
    } else {
      // Whatever it writes is among these: a register that it loads or computes, the second of a
      // pair, a base written back.
      known_.at(base).reset();
      known_.at(word >> 10 & 0x1f).reset();
    }
    known_.at(target) = made;
  }

 private:
  struct Word {
    Address address;
    bool loaded = false;  // what it holds is the word at this address, not the address
  };
  std::array<std::optional<Word>, 32> known_;
};

std::vector<Branch> find_aarch64(std::span<const std::byte> text, Address at) {
  constexpr std::size_t kLength = 4;
  std::vector<Branch> found;
  Aarch64Words words;
  for (std::size_t i = 0; i + kLength <= text.size(); i += kLength) {
    auto word = static_cast<std::uint32_t>(load_number(text.subspan(i, kLength)));
    const auto* form = std::ranges::find_if(
        kAarch64Forms, [&](const Aarch64Form& f) { return (word & f.mask) == f.value; });
    if (form == std::end(kAarch64Forms)) {
      words.execute(word, at + i);
      continue;
    }
    Branch branch{.at = at + i, .kind = form->kind, .length = kLength};
    if (form->offset_bits != 0) {
      std::uint64_t field = (word >> form->offset_at) & ((1U << form->offset_bits) - 1);
      std::uint64_t sign = std::uint64_t{1} << (form->offset_bits - 1);
      branch.target = at + i + kLength * ((field ^ sign) - sign);
    } else if (form->kind != Kind::Return) {
      branch.slot = words.slot(word >> 5 & 0x1f);
    }
    found.push_back(branch);
    words.forget();
  }
  return found;
}

}  // namespace

std::vector<Branch> find_branches(Abi machine, std::span<const std::byte> text, Address at) {
  switch (machine) {
    case Abi::X86_64:
    case Abi::I386:
      return find_x86(machine, text, at);
    case Abi::Aarch64:
      return find_aarch64(text, at);
    case Abi::Arm:
      return {};
  }
  return {};
}

}  // namespace ttrace
