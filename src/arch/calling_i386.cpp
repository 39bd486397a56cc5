#include <algorithm>

#include "arch/calling_internal.h"

namespace ttrace::calling {

namespace {

constexpr std::int64_t kWord = 4;
constexpr unsigned kEax = 0;
constexpr unsigned kEdx = 2;

bool in_memory(const Shape& shape) {
  return shape.aggregate || shape.by_reference;
}

bool is_float(const Shape& shape) {
  return shape.fields.size() == 1 && shape.fields.front().primitive != Shape::Primitive::Integer;
}

std::int64_t rounded(std::uint64_t size) {
  return (static_cast<std::int64_t>(size) + kWord - 1) / kWord * kWord;
}

}  // namespace

std::vector<Place> i386_arguments(std::span<const Shape> arguments, const Shape& result) {
  std::vector<Place> places;
  // The return address is first, then the address of a result that is in memory.
  std::int64_t offset = result.size != 0 && in_memory(result) ? 2 * kWord : kWord;
  for (const Shape& shape : arguments) {
    Place place;
    place.indirect = shape.by_reference;
    auto size = shape.by_reference ? static_cast<std::uint32_t>(kWord)
                                   : static_cast<std::uint32_t>(shape.size);
    if (size != 0) place.pieces.push_back({Piece::Where::Stack, 0, offset, size});
    offset += rounded(size);
    places.push_back(std::move(place));
  }
  return places;
}

ResultPlace i386_result(const Shape& result) {
  ResultPlace back;
  if (result.size == 0) return back;
  auto size = static_cast<std::uint32_t>(result.size);
  if (in_memory(result)) {
    back.place.indirect = true;
    back.place.pieces.push_back({Piece::Where::Register, kEax, 0, kWord});
  } else if (is_float(result)) {
    constexpr std::uint32_t kX87Size = 10;
    back.place.pieces.push_back({Piece::Where::X87, 0, 0, kX87Size});
  } else if (size <= 2 * kWord) {
    auto low = std::min(size, static_cast<std::uint32_t>(kWord));
    back.place.pieces.push_back({Piece::Where::Register, kEax, 0, low});
    if (size > low) back.place.pieces.push_back({Piece::Where::Register, kEdx, 0, size - low});
  }
  return back;
}

}  // namespace ttrace::calling
