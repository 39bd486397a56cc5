#include "functions/address_space.h"

#include <algorithm>
#include <cstring>

#include "arch/machine.h"

namespace ttrace {

namespace {
constexpr std::uint64_t kPage = 4096;
}

std::size_t AddressSpace::read(Address from, std::span<std::byte> out) {
  std::size_t got = memory_.read(from, out);
  if (!planted_ || got == 0) return got;
  // A trap that begins before `from` may still reach into what was read.
  auto it = sites_.lower_bound(from - DisplacedInstruction::kMaxLength);
  for (; it != sites_.end() && it->first < from + got; ++it) {
    std::size_t length = trap_instruction(it->second->machine).size();
    for (std::size_t i = 0; i < length; ++i) {
      Address at = it->first + i;
      if (at >= from && at < from + got) out[at - from] = it->second->original.at(i);
    }
  }
  return got;
}

std::vector<LoadedModule> AddressSpace::update(MappedText now) {
  auto in = [](const LoadedModule& m, const std::vector<LoadedModule>& list) {
    return std::ranges::any_of(list, [&](const LoadedModule& o) { return o.same_place(m); });
  };
  for (const LoadedModule& old : mapped_.modules) {
    if (in(old, now.modules)) continue;
    std::erase_if(sites_, [&](const auto& entry) {
      return entry.first >= old.start && entry.first < old.end;
    });
    slots_.remove_region(old.start, old.end);
  }
  std::vector<LoadedModule> added;
  for (const LoadedModule& m : now.modules) {
    if (in(m, mapped_.modules)) continue;
    added.push_back(m);
    for (const Segment& s : m.module->segments()) {
      if (!s.executable) continue;
      // The kernel maps whole pages: behind the segment's end the last one is nobody's.
      Address end = Address(m.bias) + (s.address.value() + s.memory_size);
      Address page_end((end.value() + kPage - 1) & ~(kPage - 1));
      slots_.add_region(end, page_end, memory_);
    }
  }
  mapped_ = std::move(now);
  return added;
}

bool AddressSpace::touches_text(Address start, std::uint64_t length) const {
  return std::ranges::any_of(mapped_.modules, [&](const LoadedModule& m) {
    return start < m.end && m.start < start + length;
  });
}

Site* AddressSpace::site_at(Address address) {
  auto it = sites_.find(address);
  return it == sites_.end() ? nullptr : it->second.get();
}

bool AddressSpace::is_text(Address address) const {
  return std::ranges::any_of(mapped_.text, [&](const TextRange& range) {
    return address >= range.start && address < range.end;
  });
}

Result<Site*> AddressSpace::plant(Address address, Abi machine) {
  if (Site* site = site_at(address)) {
    if (!site->planted) return Error{0, "its instruction can be executed nowhere else"};
    return site;
  }
  // A wrong address would change the program's data.
  if (!is_text(address)) return Error{EFAULT, "not in executable memory"};
  std::array<std::byte, DisplacedInstruction::kMaxLength> bytes{};
  auto original = std::span<const std::byte>(bytes).first(read(address, bytes));
  if (is_trap(machine, original)) return Error{EBUSY, "another breakpoint is there"};
  auto instruction = DisplacedInstruction::decode(machine, address, original);
  if (!instruction) return instruction.error();
  auto site = std::make_unique<Site>(Site{machine, *instruction, bytes});
  if (auto written = memory_.write(address, trap_instruction(machine)); !written) {
    return written.error();
  }
  return (sites_[address] = std::move(site)).get();
}

void AddressSpace::unplant(Site& site) {
  std::size_t length = trap_instruction(site.machine).size();
  auto ignored = memory_.write(site.instruction.at(), std::span(site.original).first(length));
  (void)ignored;
  site.planted = false;
}

void AddressSpace::restore_text(MutableMemory& memory) const {
  for (const auto& [address, site] : sites_) {
    if (!site->planted) continue;
    std::size_t length = trap_instruction(site->machine).size();
    // An address that is not mapped any more needs nothing.
    auto ignored = memory.write(address, std::span(site->original).first(length));
    (void)ignored;
  }
  slots_.restore(memory);
}

void AddressSpace::remove_traps() {
  restore_text(memory_);
  planted_ = false;
}

std::shared_ptr<AddressSpace> AddressSpace::fork_for(Tid child, Pid child_pid) {
  auto copy = std::make_shared<AddressSpace>(child, child_pid);
  copy->mapped_ = mapped_;
  copy->slots_ = slots_;
  copy->slots_.forget_users();
  for (const auto& [address, site] : sites_) {
    // A trap that was planted after the fork is not in the child's copy.
    auto trap = trap_instruction(site->machine);
    if (site->planted && !copy->memory_.write(address, trap)) continue;
    copy->sites_[address] = std::make_unique<Site>(*site);
  }
  return copy;
}

}  // namespace ttrace
