// Where a function's code goes to other code: found by decoding its instructions in a row.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "arch/abi.h"
#include "base/address.h"

namespace ttrace {

/// A call, jump or return.
struct Branch {
  enum class Kind : std::uint8_t { Call, Jump, ConditionalJump, Return };
  Address at;
  Kind kind = Kind::Call;
  std::size_t length = 0;         // bytes
  std::optional<Address> target;  // nullopt: through a register or memory
  std::optional<Address> slot;    // the word of memory that holds the target, where that is fixed
};

/// The calls, jumps and returns of `text`, which stands at `at` and begins with an instruction, in
/// order. An instruction that cannot be decoded is skipped by the smallest length there is (1 byte
/// on x86, 4 on arm64): data between instructions may hide a branch or look like one.
std::vector<Branch> find_branches(Abi machine, std::span<const std::byte> text, Address at);

}  // namespace ttrace
