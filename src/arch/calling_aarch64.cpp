#include <algorithm>
#include <set>

#include "arch/calling_internal.h"

namespace ttrace::calling {

namespace {

constexpr std::uint64_t kWord = 8;
constexpr std::uint64_t kLargestByValue = 16;
constexpr std::size_t kLargestHomogeneous = 4;  // members
constexpr unsigned kRegisters = 8;              // x0-7, v0-7
constexpr unsigned kIndirectResult = 8;         // x8

bool composite(const Shape& shape) {
  return shape.aggregate || shape.fields.size() > 1;
}

// The members of a homogeneous floating-point (or short-vector) aggregate, or of a scalar: how many
// there are and how large each is. Count 0: it is neither. Members of a union overlap.
struct Homogeneous {
  std::size_t count = 0;
  std::uint32_t size = 0;
};

Homogeneous homogeneous(const Shape& shape) {
  if (shape.fields.empty()) return {};
  std::uint32_t size = shape.fields[0].size;
  std::set<std::uint32_t> offsets;
  for (const Shape::Field& field : shape.fields) {
    if (field.primitive != Shape::Primitive::Float || field.size != size) return {};
    offsets.insert(field.offset);
  }
  if (size == 0 || offsets.size() > kLargestHomogeneous) return {};
  if (std::uint64_t{size} * offsets.size() != shape.size) return {};
  return {offsets.size(), size};
}

// 16 for what must begin at an even register or a 16-byte boundary, 8 for everything else.
std::uint64_t natural_alignment(const Shape& shape) {
  for (const Shape::Field& field : shape.fields) {
    if (field.size >= kLargestByValue) return kLargestByValue;
  }
  return kWord;
}

bool result_in_memory(const Shape& result) {
  if (result.by_reference) return true;
  return homogeneous(result).count == 0 && composite(result) && result.size > kLargestByValue;
}

struct Allocator {
  unsigned general = 0;
  unsigned vector = 0;
  std::uint64_t stack = 0;

  Piece on_stack(std::uint64_t size, std::uint64_t align) {
    stack = (stack + align - 1) / align * align;
    Piece result = piece(Piece::Where::Stack, 0, size);
    result.offset = static_cast<std::int64_t>(stack);
    stack += (size + kWord - 1) / kWord * kWord;
    return result;
  }

  std::vector<Piece> in_general(std::uint64_t size, std::uint64_t align) {
    if (align > kWord) general = (general + 1) / 2 * 2;
    auto words = static_cast<unsigned>((size + kWord - 1) / kWord);
    if (general + words > kRegisters) {
      general = kRegisters;
      return {on_stack(size, align)};
    }
    std::vector<Piece> pieces;
    for (std::uint64_t done = 0; done < size; done += kWord) {
      pieces.push_back(piece(Piece::Where::Register, general++, std::min(kWord, size - done)));
    }
    return pieces;
  }

  std::vector<Piece> in_vectors(const Shape& shape, const Homogeneous& members) {
    if (vector + members.count > kRegisters) {
      vector = kRegisters;
      return {on_stack(shape.size, natural_alignment(shape))};
    }
    std::vector<Piece> pieces;
    for (std::size_t i = 0; i < members.count; ++i) {
      pieces.push_back(piece(Piece::Where::Vector, vector++, members.size));
    }
    return pieces;
  }

  Place place(const Shape& shape) {
    if (shape.by_reference) return {.indirect = true, .pieces = in_general(kWord, kWord)};
    if (shape.size == 0) return {};
    if (Homogeneous members = homogeneous(shape); members.count > 0) {
      return {.indirect = false, .pieces = in_vectors(shape, members)};
    }
    if (composite(shape) && shape.size > kLargestByValue) {
      return {.indirect = true, .pieces = in_general(kWord, kWord)};
    }
    return {.indirect = false, .pieces = in_general(shape.size, natural_alignment(shape))};
  }
};

}  // namespace

std::vector<Place> aarch64_arguments(std::span<const Shape> arguments, const Shape& /*result*/) {
  Allocator allocator;
  std::vector<Place> places;
  places.reserve(arguments.size());
  for (const Shape& shape : arguments)
    places.push_back(allocator.place(shape));
  return places;
}

ResultPlace aarch64_result(const Shape& result) {
  ResultPlace out;
  if (result_in_memory(result)) {
    out.place.indirect = true;
    out.keep_at_entry = kIndirectResult;
    return out;
  }
  // Any other result comes back where a first argument of its type would be passed.
  Allocator allocator;
  out.place = allocator.place(result);
  return out;
}

}  // namespace ttrace::calling
