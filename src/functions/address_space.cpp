#include "functions/address_space.h"

#include <algorithm>
#include <cstring>

#include "arch/machine.h"

namespace ttrace {

namespace {

constexpr std::uint64_t kPage = 4096;

const TextRange* range_of(Address address, const MappedText& mapped) {
  auto it = std::ranges::find_if(mapped.text, [&](const TextRange& range) {
    return address >= range.start && address < range.end;
  });
  return it == mapped.text.end() ? nullptr : &*it;
}

}  // namespace

std::size_t AddressSpace::read(Address from, std::span<std::byte> out) {
  return hide_traps(from, out.first(memory_.read(from, out)));
}

std::size_t AddressSpace::hide_traps(Address from, std::span<std::byte> bytes) const {
  if (bytes.empty()) return 0;
  // A trap that begins before `from` may still reach into what was read.
  auto it = sites_.lower_bound(from - DisplacedInstruction::kMaxLength);
  for (; it != sites_.end() && it->first < from + bytes.size(); ++it) {
    auto trap = trap_instruction(it->second->machine);
    for (std::size_t i = 0; i < trap.size(); ++i) {
      Address at = it->first + i;
      bool inside = at >= from && at < from + bytes.size();
      // What the program has written over the trap is what it reads.
      if (inside && bytes[at - from] == trap[i]) bytes[at - from] = it->second->original.at(i);
    }
  }
  return bytes.size();
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
  std::set<Address> forgotten = forget_overwritten(now);
  std::vector<LoadedModule> added;
  for (const LoadedModule& m : now.modules) {
    auto changed = forgotten.lower_bound(m.start);
    bool known = in(m, mapped_.modules);
    if (!known) offer_room(m, now);
    if (!known || (changed != forgotten.end() && *changed < m.end)) added.push_back(m);
  }
  mapped_ = std::move(now);
  unwinder_.reset();
  go_module_.reset();
  return added;
}

Unwinder& AddressSpace::unwinder() {
  if (unwinder_ == nullptr) unwinder_ = std::make_unique<Unwinder>(mapped_, thread(), *this);
  return *unwinder_;
}

const LoadedModule* AddressSpace::go_module() {
  if (!go_module_) {
    auto found = std::ranges::find_if(
        mapped_.modules, [](const LoadedModule& loaded) { return loaded.module->go() != nullptr; });
    go_module_ = found == mapped_.modules.end() ? nullptr : &*found;
  }
  return *go_module_;
}

bool AddressSpace::touches_text(Address start, std::uint64_t length) const {
  return std::ranges::any_of(mapped_.modules, [&](const LoadedModule& m) {
    return start < m.end && m.start < start + length;
  });
}

bool AddressSpace::maps_text(Address address) const {
  return range_of(address, mapped_) != nullptr;
}

Site* AddressSpace::site_at(Address address) {
  auto it = sites_.find(address);
  return it == sites_.end() ? nullptr : it->second.get();
}

// Whether the text is what it was when the trap was planted: a loader may have changed an operand
// behind it (a text relocation).
bool AddressSpace::is_intact(const Site& site) {
  std::array<std::byte, DisplacedInstruction::kMaxLength> bytes{};
  auto now = std::span(bytes).first(site.instruction.length());
  return trap_is_in(site, memory_) && read(site.instruction.at(), now) == now.size() &&
         std::ranges::equal(now, std::span(site.original).first(now.size()));
}

// Text that could be written to until now may have other instructions where traps were. Returns
// where those were.
std::set<Address> AddressSpace::forget_overwritten(const MappedText& now) {
  std::set<Address> forgotten;
  for (const TextRange& range : now.text) {
    bool steady = std::ranges::any_of(mapped_.text, [&](const TextRange& before) {
      return !before.writable && before.start <= range.start && range.end <= before.end;
    });
    if (steady || !range.of_file) continue;
    for (auto it = sites_.lower_bound(range.start); it != sites_.end() && it->first < range.end;) {
      if (!it->second->planted || is_intact(*it->second)) {
        ++it;
        continue;
      }
      restore(*it->second, memory_);
      forgotten.insert(it->first);
      former_sites_.insert(it->first);
      it = sites_.erase(it);
    }
  }
  return forgotten;
}

Result<Site*> AddressSpace::plant(Address address, Abi machine) {
  // A wrong address would change the program's data.
  const TextRange* range = range_of(address, mapped_);
  if (range == nullptr) return Error{EFAULT, "not in executable memory"};
  if (Site* site = site_at(address)) {
    if (!site->planted) return Error{0, "its instruction can be executed nowhere else"};
    // A file's text that cannot be written to is as it was; that of a compiler at run time may not.
    if ((range->of_file && !range->writable) || trap_is_in(*site, memory_)) return site;
    sites_.erase(address);
    former_sites_.insert(address);
  }
  std::array<std::byte, DisplacedInstruction::kMaxLength> bytes{};
  auto original = std::span<const std::byte>(bytes).first(read(address, bytes));
  if (is_trap(machine, original)) return Error{0, "the program has a breakpoint of its own there"};
  auto instruction = DisplacedInstruction::decode(machine, address, original);
  if (!instruction) return instruction.error();
  auto site = std::make_unique<Site>(Site{machine, *instruction, bytes});
  site->entered_in_journal = note(address, machine, bytes);
  if (auto written = memory_.write(address, trap_instruction(machine)); !written) {
    return written.error();
  }
  return (sites_[address] = std::move(site)).get();
}

bool AddressSpace::has_own_trap(Address address, Abi machine) {
  std::array<std::byte, DisplacedInstruction::kMaxLength> bytes{};
  auto text = std::span<const std::byte>(bytes).first(read(address, bytes));
  return range_of(address, mapped_) != nullptr && is_trap(machine, text);
}

TrapJournal::Entry AddressSpace::note(Address address, Abi machine,
                                      std::span<const std::byte> original) {
  if (journal_ == nullptr) return {};
  PlantedTrap trap{pid_, machine, address, {}};
  std::ranges::copy(original, trap.original.begin());
  return journal_->add(trap);
}

Result<std::optional<Address>> AddressSpace::acquire_slot(const DisplacedInstruction& instruction) {
  auto slot = slots_.acquire(instruction, memory_);
  Site* site = site_at(instruction.at());
  if (slot && *slot && site != nullptr) site->entered_in_journal.set_copy(**slot);
  return slot;
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

std::shared_ptr<AddressSpace> AddressSpace::fork_for(Tid child, Pid pid) {
  auto copy = std::make_shared<AddressSpace>(child, pid, journal_);
  copy->mapped_ = mapped_;
  copy->slots_ = slots_;
  copy->stacks_ = stacks_;
  copy->go_chains_ = go_chains_;
  copy->pointer_guard_ = pointer_guard_;
  // The child's memory holds the copies as they were at the fork, which the slots may have left
  // behind since.
  copy->slots_.restore(copy->memory_);
  copy->slots_.clear();
  for (const auto& [address, site] : sites_) {
    auto twin = std::make_unique<Site>(*site);
    twin->entered_in_journal = copy->note(address, site->machine, site->original);
    // A trap that was planted after the fork is not in the child's copy.
    auto trap = trap_instruction(site->machine);
    if (site->planted && !copy->memory_.write(address, trap)) continue;
    copy->sites_[address] = std::move(twin);
  }
  return copy;
}

}  // namespace ttrace
