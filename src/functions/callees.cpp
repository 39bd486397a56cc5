#include "functions/callees.h"

#include <algorithm>
#include <array>
#include <set>

#include "arch/branches.h"

namespace ttrace {

namespace {

constexpr std::size_t kMostText = 1 << 20;
constexpr std::size_t kLongestStub = 16;  // bytes of an entry of a procedure linkage table
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
    auto callee = stub.front().slot ? resolve(*module, *stub.front().slot) : std::nullopt;
    if (callee) {
      found_.functions.push_back(*callee);
    } else {
      found_.indirect.push_back(stub.front().at);
    }
    return true;
  }

  std::optional<Callee> resolve(const LoadedModule& module, Address slot) {
    auto target = space_.read_number(slot, word_size(module.module->machine()));
    if (!target) return std::nullopt;
    if (auto callee = function_beginning_at(space_, Address(*target))) return callee;
    // Not resolved yet: the loader will look for the name in this order.
    std::string_view name = module.module->imported_through(slot - module.bias);
    if (name.empty()) return std::nullopt;
    auto in = [&](bool executable) -> std::optional<Callee> {
      for (const LoadedModule& other : space_.mapped().modules) {
        if (other.is_executable != executable) continue;
        auto address = other.module->find_linkage_names({&name, 1}).front();
        if (address) return function_beginning_at(space_, *address + other.bias);
      }
      return std::nullopt;
    };
    auto callee = in(true);
    return callee ? callee : in(false);
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
