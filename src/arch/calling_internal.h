// What calling.cpp needs of each machine's calling convention.
#pragma once

#include <span>
#include <vector>

#include "arch/calling.h"

namespace ttrace::calling {

using PlaceArguments = std::vector<Place> (*)(std::span<const Shape> arguments,
                                              const Shape& result);
using PlaceResult = ResultPlace (*)(const Shape& result);

/// A piece of a value that a register holds.
inline Piece piece(Piece::Where where, unsigned reg, std::uint64_t size) {
  return {.where = where, .reg = reg, .offset = 0, .size = static_cast<std::uint32_t>(size)};
}

/// System V AMD64 psABI 3.2.3. 32- and 64-byte vectors are nowhere: whether they travel in a
/// register depends on the compiler's options, and FloatRegisters does not hold their upper parts.
std::vector<Place> x86_64_arguments(std::span<const Shape> arguments, const Shape& result);
ResultPlace x86_64_result(const Shape& result);

/// AAPCS64 6.8, 6.9. Of an over-aligned aggregate only the natural alignment of its members counts,
/// as the document has it.
std::vector<Place> aarch64_arguments(std::span<const Shape> arguments, const Shape& result);
ResultPlace aarch64_result(const Shape& result);

/// System V i386 psABI 2.2: everything on the stack, results in eax, edx and st0.
std::vector<Place> i386_arguments(std::span<const Shape> arguments, const Shape& result);
ResultPlace i386_result(const Shape& result);

}  // namespace ttrace::calling
