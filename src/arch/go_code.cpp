#include "arch/go_code.h"

#include <algorithm>
#include <array>
#include <utility>

#include "arch/branches.h"
#include "base/number.h"

namespace ttrace {

namespace {

constexpr unsigned kDwarfX86R14 = 14;
constexpr unsigned kDwarfX86Rax = 0;
constexpr unsigned kDwarfArm64X28 = 28;

using Kind = Branch::Kind;

// The block behind a stack check's branch calls morestack and then begins the function again.
bool grows_stack(std::span<const Branch> branches, Address block, Address start) {
  auto call = std::ranges::find_if(branches, [&](const Branch& b) { return b.at >= block; });
  if (call == branches.end() || call->kind != Kind::Call) return false;
  auto back = call + 1;
  return back != branches.end() && back->kind == Kind::Jump && back->target == start;
}

// Frames too large for the distance between the limit and the stack's end need two branches: the
// first, because subtracting them could wrap around.
std::size_t check_length(std::span<const Branch> branches, Address start) {
  std::size_t length = 0;
  for (const Branch& branch : branches) {
    bool checks = branch.kind == Kind::ConditionalJump && branch.target &&
                  *branch.target > branch.at && grows_stack(branches, *branch.target, start);
    if (!checks) break;
    length = branch.at - start + branch.length;
  }
  return length;
}

// "Intel SDM", volume 2: add $imm8,%rsp and add $imm32,%rsp; sub $-128,%rsp is shorter than adding.
struct Popping {
  std::array<std::uint8_t, 3> code;
  std::size_t immediate;  // bytes
  bool subtracts;
};
constexpr std::array<Popping, 3> kPoppings{{
    {{0x48, 0x83, 0xc4}, 1, false},
    {{0x48, 0x83, 0xec}, 1, true},
    {{0x48, 0x81, 0xc4}, 4, false},
}};
constexpr std::byte kPopFramePointer{0x5d};
constexpr std::byte kPadding{0xcc};

// The bytes before `end` as an instruction that pops a frame: its length and the frame's size.
std::optional<std::pair<std::size_t, std::uint64_t>> popping_before(std::span<const std::byte> text,
                                                                    std::size_t end) {
  for (const Popping& form : kPoppings) {
    const std::size_t length = form.code.size() + form.immediate;
    if (end < length) continue;
    auto bytes = text.subspan(end - length, length);
    auto code = std::as_bytes(std::span(form.code));
    if (!std::ranges::equal(bytes.first(code.size()), code)) continue;
    const std::int64_t number =
        sign_extend(load_number(bytes.last(form.immediate)), form.immediate);
    const std::int64_t frame = form.subtracts ? -number : number;
    if (frame > 0) return std::pair{length, static_cast<std::uint64_t>(frame)};
  }
  return std::nullopt;
}

// Where branches lead, in order.
std::vector<Address> targets_of(std::span<const Branch> branches) {
  std::vector<Address> targets;
  for (const Branch& branch : branches)
    if (branch.target) targets.push_back(*branch.target);
  std::ranges::sort(targets);
  return targets;
}

// Whether one of `targets` is in [from, to].
bool leads_into(std::span<const Address> targets, Address from, Address to) {
  auto first = std::ranges::lower_bound(targets, from);
  return first != targets.end() && *first <= to;
}

// Drops what no path through the code comes to: what was read of data there makes no sense.
std::vector<Branch> reached(std::span<const Branch> branches, std::span<const Address> targets) {
  std::vector<Branch> result;
  bool flows = true;
  Address from;
  for (const Branch& branch : branches) {
    flows = flows || leads_into(targets, from, branch.at);
    if (!flows) continue;
    result.push_back(branch);
    if (branch.kind == Kind::Jump || branch.kind == Kind::Return) {
      flows = false;
      from = branch.at + branch.length;
    }
  }
  return result;
}

GoCode::Return read_return(Abi machine, std::span<const std::byte> text, Address start, Address at,
                           std::span<const Address> targets) {
  GoCode::Return found{.at = at, .epilogue = at};
  if (machine != Abi::X86_64) return found;
  const std::size_t offset = at - start;
  found.alone = offset + 1 >= text.size() || text[offset + 1] == kPadding;
  const bool pops = offset > 0 && text[offset - 1] == kPopFramePointer;
  auto popping = popping_before(text, offset - (pops ? 1 : 0));
  if (!popping) return found;
  const Address epilogue = at - (pops ? 1 : 0) - popping->first;
  if (leads_into(targets, epilogue + 1, at)) return found;
  found.epilogue = epilogue;
  found.pops = pops;
  found.frame = popping->second + (pops ? word_size(machine) : 0);
  return found;
}

// Whether arm64 code begins by writing Go's REGTMP, as what the assembler makes of one instruction
// with a large operand does. Branches have no such operand.
bool writes_scratch(std::span<const std::byte> text) {
  constexpr std::size_t kLength = 4;
  constexpr std::uint64_t kRegister = 27, kRegisters = 0x1f;
  constexpr std::uint64_t kClass = 0x1c000000, kBranches = 0x14000000;
  if (text.size() < kLength) return false;
  const std::uint64_t word = load_number(text.first(kLength));
  return (word & kRegisters) == kRegister && (word & kClass) != kBranches;
}

}  // namespace

GoCode read_go_code(Abi machine, std::span<const std::byte> text, Address at, bool by_hand) {
  GoCode code;
  std::vector<Branch> branches = find_branches(machine, text, at);
  const std::vector<Address> targets = targets_of(branches);
  if (by_hand) branches = reached(branches, targets);
  code.check = check_length(branches, at);
  const Address entry = at + code.check;
  code.repeats_entry = machine == Abi::Aarch64 && writes_scratch(text.subspan(code.check));
  for (const Branch& branch : branches) {
    const bool inside = branch.target && *branch.target >= at && *branch.target < at + text.size();
    if (branch.kind == Kind::Call && branch.target)
      code.calls.push_back({branch.at, *branch.target});
    if (branch.kind == Kind::Return) {
      code.returns.push_back(read_return(machine, text, at, branch.at, targets));
    }
    if (branch.kind == Kind::Jump && !branch.target) code.indirect.push_back(branch.at);
    if (branch.kind == Kind::Jump && branch.target && !inside)
      code.leaves.push_back({branch.at, *branch.target});
    if (branch.kind != Kind::Call && branch.target == entry && branch.at >= entry) {
      code.repeats_entry = true;
    }
  }
  return code;
}

std::uint64_t go_g_register(const Registers& regs) {
  return regs.get(regs.machine() == Abi::Aarch64 ? kDwarfArm64X28 : kDwarfX86R14);
}

std::uint64_t go_first_argument(const Registers& regs) {
  return regs.get(kDwarfX86Rax);  // x0 on arm64 has the same number
}

std::optional<Address> go_thread_pointer(const Registers& regs) {
  if (regs.machine() != Abi::X86_64) return std::nullopt;
  return Address(regs.get(kDwarfX86FsBase));
}

std::optional<Address> go_link_register(const Registers& regs) {
  constexpr unsigned kLink = 30;
  if (regs.machine() != Abi::Aarch64) return std::nullopt;
  return Address(regs.get(kLink));
}

std::uint64_t go_return_address_size(Abi machine) {
  return machine == Abi::X86_64 ? word_size(machine) : 0;
}

}  // namespace ttrace
