// Integers of any width as bytes, little-endian as all supported machines are.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace ttrace {

/// The number that `bytes` hold; of more than 8, the low 8; 0 of none.
inline std::uint64_t load_number(std::span<const std::byte> bytes) {
  std::uint64_t number = 0;
  // memcpy from nowhere is undefined even for no bytes (C11 7.24.1).
  if (!bytes.empty()) std::memcpy(&number, bytes.data(), std::min(bytes.size(), sizeof(number)));
  return number;
}

/// The low `size` bytes.
inline std::uint64_t truncate_to(std::uint64_t number, std::size_t size) {
  return size >= 8 ? number : number & ((std::uint64_t{1} << (size * 8)) - 1);
}

/// The signed number that the low `size` bytes are; all 8 for a size of 0.
inline std::int64_t sign_extend(std::uint64_t number, std::size_t size) {
  if (size == 0 || size >= 8) return static_cast<std::int64_t>(number);
  const auto unused = 64 - size * 8;
  return static_cast<std::int64_t>(number << unused) >> unused;
}

}  // namespace ttrace
