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
  if (got == 0) return got;
  // A trap that begins before `from` may still reach into what was read.
  auto it = sites_.lower_bound(from - DisplacedInstruction::kMaxLength);
  for (; it != sites_.end() && it->first < from + got; ++it) {
    std::size_t length = trap_instruction(it->second->machine).size();
    for (std::size_t i = 0; i < length; ++i) {
      Address at = it->first + i;
      bool inside = at >= from && at < from + got;
      // What the program has written over the trap is what it reads.
      if (inside && out[at - from] == trap_instruction(it->second->machine)[i]) {
        out[at - from] = it->second->original.at(i);
      }
    }
  }
  return got;
}

// The kernel maps whole pages: behind a text segment's end its last one is nobody's, unless another
// segment begins in it.
void AddressSpace::offer_room(const LoadedModule& m, const MappedText& now) {
  auto segments = m.module->segments();
  for (const Segment& s : segments) {
    if (!s.executable) continue;
    Address end = Address(m.bias) + (s.address.value() + s.memory_size);
    Address page_end((end.value() + kPage - 1) & ~(kPage - 1));
    bool mapped = std::ranges::any_of(now.text, [&](const TextRange& range) {
      return end > range.start && page_end <= range.end;
    });
    bool shared = std::ranges::any_of(segments, [&](const Segment& other) {
      Address start = Address(m.bias) + other.address.value();
      return &other != &s && start >= end && start < page_end;
    });
    if (mapped && !shared) slots_.add_region(end, page_end, memory_);
  }
}

std::vector<LoadedModule> AddressSpace::update(MappedText now) {
  auto in = [](const LoadedModule& m, const std::vector<LoadedModule>& list) {
    return std::ranges::any_of(list, [&](const LoadedModule& o) { return o.same_place(m); });
  };
  for (const LoadedModule& old : mapped_.modules) {
    if (in(old, now.modules)) continue;
    // A module that is only partly executable just now still has its traps.
    std::erase_if(sites_, [&](const auto& entry) {
      return entry.first >= old.start && entry.first < old.end &&
             !trap_is_in(*entry.second, memory_);
    });
    slots_.remove_region(old.start, old.end);
  }
  std::vector<LoadedModule> added;
  for (const LoadedModule& m : now.modules) {
    if (in(m, mapped_.modules)) continue;
    added.push_back(m);
    offer_room(m, now);
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
    if (trap_is_in(*site, memory_)) return site;
    // The program has put other text there since.
    sites_.erase(address);
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

bool AddressSpace::trap_is_in(const Site& site, Memory& memory) {
  std::array<std::byte, DisplacedInstruction::kMaxLength> bytes{};
  auto now = std::span(bytes).first(trap_instruction(site.machine).size());
  return memory.read(site.instruction.at(), now) == now.size() && is_trap(site.machine, now);
}

// Only where the trap still is: a program may have written over it or unmapped it.
void AddressSpace::restore(const Site& site, MutableMemory& memory) {
  if (!site.planted || !trap_is_in(site, memory)) return;
  std::size_t length = trap_instruction(site.machine).size();
  auto ignored = memory.write(site.instruction.at(), std::span(site.original).first(length));
  (void)ignored;
}

void AddressSpace::unplant(Site& site) {
  restore(site, memory_);
  site.planted = false;
}

void AddressSpace::restore_text(MutableMemory& memory) const {
  for (const auto& [address, site] : sites_)
    restore(*site, memory);
  slots_.restore(memory);
}

std::size_t AddressSpace::count_traps_in(Memory& memory) const {
  return static_cast<std::size_t>(std::ranges::count_if(sites_, [&](const auto& entry) {
    return entry.second->planted && trap_is_in(*entry.second, memory);
  }));
}

bool AddressSpace::all_traps_are_in(Memory& memory) const {
  return std::ranges::all_of(sites_, [&](const auto& entry) {
    return !entry.second->planted || trap_is_in(*entry.second, memory);
  });
}

std::shared_ptr<AddressSpace> AddressSpace::fork_for(Tid child) {
  auto copy = std::make_shared<AddressSpace>(child);
  copy->mapped_ = mapped_;
  copy->slots_ = slots_;
  copy->stacks_ = stacks_;
  copy->pointer_guard_ = pointer_guard_;
  // The child's memory holds the copies as they were at the fork, which the slots may have left
  // behind since.
  copy->slots_.restore(copy->memory_);
  copy->slots_.clear();
  for (const auto& [address, site] : sites_) {
    // A trap that was planted after the fork is not in the child's copy.
    auto trap = trap_instruction(site->machine);
    if (site->planted && !copy->memory_.write(address, trap)) continue;
    copy->sites_[address] = std::make_unique<Site>(*site);
  }
  return copy;
}

}  // namespace ttrace
