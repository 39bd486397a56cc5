// Values that have no parts: numbers, characters, enumerators, bit-fields.
#pragma once

#include <cstddef>
#include <span>

#include "base/arena.h"
#include "event/value.h"
#include "symbols/types.h"

namespace ttrace {

/// The widest scalar: __int128, long double and AArch64's vectors.
inline constexpr std::size_t kWidestScalar = 16;

/// The number that an x87 register or an 80-bit long double holds.
double load_x87(std::span<const std::byte> bytes);

/// A scalar of a kind other than a pointer, from at least as many bytes as its type has.
Value read_scalar(const Type& type, std::span<const std::byte> bytes, Arena& arena);

/// An enumerator; several joined by '|' when the enumeration is one of flags, with what no
/// enumerator stands for in hexadecimal; otherwise the number.
Value read_enum(const Type& type, std::uint64_t bits, std::size_t size, Arena& arena);

/// A bit-field from the bytes that begin where it does. OptimizedOut: they do not hold all of it.
Value read_bitfield(const Member& member, std::span<const std::byte> bytes, Arena& arena);

}  // namespace ttrace
