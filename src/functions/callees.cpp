#include "functions/callees.h"

#include <algorithm>
#include <array>
#include <set>

#include "arch/branches.h"

namespace ttrace {

namespace {

constexpr std::size_t kMostText = 1 << 20;
// Bytes of an entry of a procedure linkage table; arm64's first one, and those with landing pads or
// authenticated targets, are the longest.
constexpr std::size_t kLongestStub = 24;
constexpr std::size_t kLongestTrampoline = 512;
constexpr std::size_t kMostColdText = 4096;

// Collects what one function calls.
class Search {
 public:
  Search(AddressSpace& space, const LoadedModule& module) : space_(space), module_(module) {}

  Callees of(Address start, std::uint64_t size) {
    start_ = start;
    end_ = start + size;
    for (const Branch& branch : branches(start, size))
      take(branch);
    // The part that a compiler has split off as unlikely has no name of its own here.
    while (!cold_.empty()) {
      Address at = cold_.back();
      cold_.pop_back();
      look_at_cold_part(at);
    }
    return std::move(found_);
  }

 private:
  std::vector<Branch> branches(Address at, std::uint64_t size) {
    std::vector<std::byte> text(std::min<std::uint64_t>(size, kMostText));
    text.resize(space_.read(at, text));
    return find_branches(module_.module->machine(), text, at);
  }

  void take(const Branch& branch) {
    if (branch.kind == Branch::Kind::Return) return;
    if (!branch.target) {
      found_.indirect.push_back(branch.at);
      return;
    }
    bool inside = *branch.target >= start_ && *branch.target < end_;
    if ((inside && branch.kind != Branch::Kind::Call) || !seen_.insert(*branch.target).second) {
      return;
    }
    if (auto callee = function_beginning_at(space_, *branch.target)) {
      found_.functions.push_back(*callee);
    } else if (!look_at_stub(*branch.target) && branch.kind != Branch::Kind::Call) {
      cold_.push_back(*branch.target);
    }
  }

  // A stub is little more than a jump through a word that the loader fills in.
  bool look_at_stub(Address at) {
    const LoadedModule* module = module_at(space_, at);
    if (module == nullptr) return false;
    auto stub = branches(at, kLongestStub);
    if (stub.empty() || stub.front().kind != Branch::Kind::Jump || stub.front().target) {
      return false;
    }
    auto target = stub.front().slot ? word_at(*stub.front().slot) : std::nullopt;
    auto callee = target ? function_beginning_at(space_, *target) : std::nullopt;
    if (callee) {
      found_.functions.push_back(*callee);
      return true;
    }
    found_.indirect.push_back(stub.front().at);
    if (target) look_at_trampoline(*target);
    return true;
  }

  std::optional<Address> word_at(Address at) {
    auto word = space_.read_number(at, word_size(module_.module->machine()));
    return word ? std::optional(Address(*word)) : std::nullopt;
  }

  // A function that the loader has not looked for yet: its word leads back into the table, from
  // there to the table's first entry (on arm64 at once), and that through a word to the loader's
  // trampoline, which ends in a jump to the function (ELF x86-64 psABI, 5.2).
  void look_at_trampoline(Address in_table) {
    auto entry = branches(in_table, kLongestStub);
    if (!entry.empty() && entry.front().target) {
      entry = branches(*entry.front().target, kLongestStub);
    }
    if (entry.empty() || !entry.front().slot) return;
    auto trampoline = word_at(*entry.front().slot);
    if (!trampoline) return;
    for (const Branch& branch : branches(*trampoline, kLongestTrampoline)) {
      if (branch.kind != Branch::Kind::Jump || branch.target) continue;
      found_.indirect.push_back(branch.at);
      return;
    }
  }

  void look_at_cold_part(Address at) {
    Address farthest = at;
    for (const Branch& branch : branches(at, kMostColdText)) {
      take(branch);
      bool ahead = branch.target && *branch.target > branch.at &&
                   *branch.target - at < kMostColdText &&
                   branch.kind == Branch::Kind::ConditionalJump;
      if (ahead) farthest = std::max(farthest, *branch.target);
      bool ends = branch.kind == Branch::Kind::Jump || branch.kind == Branch::Kind::Return;
      if (ends && branch.at >= farthest) return;
    }
  }

  AddressSpace& space_;
  const LoadedModule& module_;
  Address start_;
  Address end_;
  Callees found_;
  std::set<Address> seen_;
  std::vector<Address> cold_;
};

}  // namespace

const LoadedModule* module_at(const AddressSpace& space, Address address) {
  const auto& modules = space.mapped().modules;
  auto found = std::ranges::find_if(modules, [&](const LoadedModule& module) {
    return address >= module.start && address < module.end;
  });
  return found == modules.end() ? nullptr : &*found;
}

std::optional<Callee> function_beginning_at(const AddressSpace& space, Address address) {
  const LoadedModule* module = module_at(space, address);
  if (module == nullptr) return std::nullopt;
  Address in_file = address - module->bias;
  const Function* function = module->module->function_at(in_file);
  if (function == nullptr || function->address != in_file) return std::nullopt;
  return Callee{module, function};
}

Callees find_callees(AddressSpace& space, const LoadedModule& module, const Function& function) {
  return Search(space, module).of(function.address + module.bias, function.size);
}

}  // namespace ttrace
