#include "arch/go_code.h"

#include <algorithm>

#include "arch/branches.h"

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

}  // namespace

GoCode read_go_code(Abi machine, std::span<const std::byte> text, Address at) {
  GoCode code;
  const std::vector<Branch> branches = find_branches(machine, text, at);
  code.check = check_length(branches, at);
  const Address entry = at + code.check;
  for (const Branch& branch : branches) {
    const bool inside = branch.target && *branch.target >= at && *branch.target < at + text.size();
    if (branch.kind == Kind::Call && branch.target)
      code.calls.push_back({branch.at, *branch.target});
    if (branch.kind == Kind::Return) code.returns.push_back(branch.at);
    if (branch.kind == Kind::Jump && !branch.target) code.indirect.push_back(branch.at);
    if (branch.kind == Kind::Jump && branch.target && !inside) code.leaves.push_back(branch.at);
    if (branch.kind != Kind::Call && branch.target == entry && branch.at >= entry) {
      code.loops_to_entry = true;
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
