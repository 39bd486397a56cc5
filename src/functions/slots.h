// Places in a tracee where copies of displaced instructions are executed.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

#include "arch/step.h"
#include "base/address.h"
#include "base/memory.h"
#include "base/result.h"

namespace ttrace {

/// A cache of instruction copies. The room is what a module's last text page has behind the end of
/// the text: mapped, executable, and used by nobody; so nothing has to be allocated in the tracee.
/// Several threads may execute one copy at once: it never changes while it has users.
class SlotPool {
 public:
  /// Offers [start, end) for slots. `memory` is read to know what to put back.
  void add_region(Address start, Address end, Memory& memory);
  /// Forgets the slots inside [start, end), which is not mapped any more.
  void remove_region(Address start, Address end);

  /// The address of a copy of `instruction`, written if it is not there yet; it stays until
  /// release(). nullopt: all slots in reach are in use now. Error: no slot is in reach at all, or
  /// the memory cannot be written.
  Result<std::optional<Address>> acquire(const DisplacedInstruction& instruction,
                                         MutableMemory& memory);
  void release(Address slot);

  /// Puts back what was there before. Errors are ignored: an unmapped slot needs nothing.
  void restore(MutableMemory& memory) const;
  /// Forgets all copies and their users, of which a fork child has none.
  void clear();

 private:
  void index_instructions();

  struct Slot {
    Address address;
    Address holds;  // the address of the instruction copied here; null: none
    unsigned users = 0;
    std::uint64_t last_use = 0;
    std::array<std::byte, DisplacedInstruction::kMaxLength> original{};
  };
  std::vector<Slot> slots_;
  std::unordered_map<Address, std::size_t> by_instruction_;
  std::uint64_t clock_ = 0;
};

}  // namespace ttrace
