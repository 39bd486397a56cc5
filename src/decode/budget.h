// How much one call may cost, whatever a program passes. Far above what real programs pass: where
// it ends, lists end in `...`, and what is not looked at any more is shown as its address.
#pragma once

#include <cstddef>

#include "base/memory.h"
#include "decode/decoder.h"

namespace ttrace {

/// Bytes of the arena, entry and exit together. A value takes about 100 of them. What is allocated
/// without asking for Arena::left() is small and comes on top.
inline std::size_t arena_budget(const DecodeOptions& options, bool verbose) {
  constexpr std::size_t kMega = std::size_t{1} << 20;
  return (verbose ? 16 : 2) * kMega + 4 * options.string_limit;
}

/// A tracee's memory, of which so many reads are made at the entry and as many at the exit; behind
/// them nothing can be read.
class BudgetedMemory final : public Memory {
 public:
  BudgetedMemory(Memory& memory, bool verbose)
      : memory_(memory), reads_(verbose ? std::size_t{1} << 16 : std::size_t{1} << 13) {}

  [[nodiscard]] std::size_t read(Address from, std::span<std::byte> out) override {
    if (reads_ == 0) return 0;
    --reads_;
    return memory_.read(from, out);
  }
  [[nodiscard]] bool spent() const { return reads_ == 0; }

 private:
  Memory& memory_;
  std::size_t reads_;
};

}  // namespace ttrace
