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

std::vector<Branch> find_aarch64(std::span<const std::byte> text, Address at) {
  constexpr std::size_t kLength = 4;
  std::vector<Branch> found;
  for (std::size_t i = 0; i + kLength <= text.size(); i += kLength) {
    auto word = static_cast<std::uint32_t>(load_number(text.subspan(i, kLength)));
    for (const Aarch64Form& form : kAarch64Forms) {
      if ((word & form.mask) != form.value) continue;
      Branch branch{.at = at + i, .kind = form.kind, .length = kLength};
      if (form.offset_bits != 0) {
        std::uint64_t field = (word >> form.offset_at) & ((1U << form.offset_bits) - 1);
        std::uint64_t sign = std::uint64_t{1} << (form.offset_bits - 1);
        branch.target = at + i + kLength * ((field ^ sign) - sign);
      }
      found.push_back(branch);
      break;
    }
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
