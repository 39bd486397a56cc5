#include "functions/slots.h"

#include <algorithm>

namespace ttrace {

namespace {
constexpr std::uint64_t kSlotSize = DisplacedInstruction::kMaxLength;
}

void SlotPool::add_region(Address start, Address end, Memory& memory) {
  Address at((start.value() + kSlotSize - 1) & ~(kSlotSize - 1));
  std::vector<std::byte> bytes(end > at ? end - at : 0);
  bytes.resize(memory.read(at, bytes));
  for (std::span<const std::byte> rest(bytes); rest.size() >= kSlotSize;
       rest = rest.subspan(kSlotSize), at = at + kSlotSize) {
    Slot slot;
    slot.address = at;
    std::ranges::copy(rest.first(kSlotSize), slot.original.begin());
    slots_.push_back(slot);
  }
}

void SlotPool::remove_region(Address start, Address end) {
  std::erase_if(slots_, [&](const Slot& s) { return s.address >= start && s.address < end; });
  index_instructions();
}

void SlotPool::index_instructions() {
  by_instruction_.clear();
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    if (!slots_[i].holds.null()) by_instruction_[slots_[i].holds] = i;
  }
}

Result<std::optional<Address>> SlotPool::acquire(const DisplacedInstruction& instruction,
                                                 MutableMemory& memory) {
  ++clock_;
  if (auto it = by_instruction_.find(instruction.at()); it != by_instruction_.end()) {
    Slot& slot = slots_[it->second];
    ++slot.users;
    slot.last_use = clock_;
    return std::optional(slot.address);
  }
  // The least recently used free slot in reach.
  std::optional<std::size_t> best;
  bool any_in_reach = false;
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    bool better = slots_[i].users == 0 && (!best || slots_[i].last_use < slots_[*best].last_use);
    if ((!any_in_reach || better) && instruction.copy_for(slots_[i].address)) {
      any_in_reach = true;
      if (better) best = i;
    }
  }
  if (!any_in_reach) return Error{0, "no room near the text for a copy of an instruction"};
  if (!best) return std::optional<Address>();
  Slot& slot = slots_[*best];
  auto bytes = instruction.copy_for(slot.address);
  if (!bytes) return bytes.error();
  if (auto written = memory.write(slot.address, *bytes); !written) {
    if (written.error().gone()) return written.error();
    // Not there (any more, or in this copy of the space): never tried again.
    slots_.erase(slots_.begin() + static_cast<std::ptrdiff_t>(*best));
    index_instructions();
    return acquire(instruction, memory);
  }
  if (!slot.holds.null()) by_instruction_.erase(slot.holds);
  slot.holds = instruction.at();
  slot.users = 1;
  slot.last_use = clock_;
  by_instruction_[slot.holds] = *best;
  return std::optional(slot.address);
}

void SlotPool::release(Address address) {
  auto it = std::ranges::find(slots_, address, &Slot::address);
  if (it != slots_.end() && it->users > 0) --it->users;
}

void SlotPool::restore(MutableMemory& memory) const {
  for (const Slot& slot : slots_) {
    if (slot.holds.null()) continue;
    auto ignored = memory.write(slot.address, slot.original);
    (void)ignored;
  }
}

void SlotPool::clear() {
  by_instruction_.clear();
  for (Slot& slot : slots_) {
    slot.users = 0;
    slot.holds = Address();
  }
}

}  // namespace ttrace
