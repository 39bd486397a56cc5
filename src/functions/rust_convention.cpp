#include "functions/rust_convention.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

#include "arch/machine.h"

namespace ttrace {

namespace {

using Field = Shape::Field;

enum class Passing : std::uint8_t { Nothing, Scalar, Pair, Integer, Reference };

struct Passed {
  Passing how = Passing::Nothing;
  std::array<Field, 2> scalars{};
};

bool same(const Field& a, const Field& b) {
  return a.offset == b.offset && a.size == b.size && a.primitive == b.primitive;
}

// The scalars that a value is made of; those of an enum's variants are one when they are alike.
std::vector<Field> scalars_of(const Shape& shape) {
  std::vector<Field> scalars;
  for (const Field& field : shape.fields) {
    if (field.size == 0) continue;
    bool known = std::ranges::any_of(scalars, [&](const Field& each) { return same(each, field); });
    if (!known) scalars.push_back(field);
  }
  std::ranges::sort(scalars, {}, &Field::offset);
  return scalars;
}

Passed passed(const Shape& shape, std::uint64_t word) {
  if (shape.size == 0) return {};
  auto scalars = scalars_of(shape);
  if (!shape.overlaps && scalars.size() == 1 && scalars[0].size == shape.size) {
    return {Passing::Scalar, {scalars[0]}};
  }
  bool pair = !shape.overlaps && scalars.size() == 2 && scalars[0].offset == 0 &&
              scalars[1].offset >= scalars[0].size;
  if (pair) return {Passing::Pair, {scalars[0], scalars[1]}};
  return {shape.size <= word ? Passing::Integer : Passing::Reference, {}};
}

Shape scalar_shape(std::uint32_t size, Shape::Primitive primitive) {
  Shape shape;
  shape.size = size;
  shape.align = size;
  shape.fields = {{0, size, primitive}};
  return shape;
}

void append(const Passed& value, const Shape& shape, std::uint64_t word, std::vector<Shape>& to) {
  auto pointer = static_cast<std::uint32_t>(word);
  switch (value.how) {
    case Passing::Nothing:
      break;
    case Passing::Scalar:
      to.push_back(scalar_shape(value.scalars[0].size, value.scalars[0].primitive));
      break;
    case Passing::Pair:
      for (const Field& scalar : value.scalars)
        to.push_back(scalar_shape(scalar.size, scalar.primitive));
      break;
    case Passing::Integer:
      to.push_back(scalar_shape(static_cast<std::uint32_t>(shape.size), Shape::Primitive::Integer));
      break;
    case Passing::Reference:
      to.push_back(scalar_shape(pointer, Shape::Primitive::Integer));
      break;
  }
}

// Two values that were placed apart, as one in memory order: the first's piece reaches to where the
// second begins, since what lies between is padding. Nowhere when it has several pieces.
Place joined(const Place& first, const Place& second, const Field& at) {
  if (first.pieces.size() != 1) return {};
  Place place = first;
  place.pieces[0].size = at.offset;
  place.pieces.insert(place.pieces.end(), second.pieces.begin(), second.pieces.end());
  return place;
}

bool is_described(Abi abi) {
  return abi == Abi::X86_64 || abi == Abi::Aarch64;
}

}  // namespace

std::optional<std::vector<Place>> rust_arguments(Abi abi, std::span<const Shape> arguments,
                                                 const Shape& result) {
  if (!is_described(abi)) return std::nullopt;
  std::uint64_t word = word_size(abi);
  std::vector<Passed> how;
  std::vector<Shape> flat;
  for (const Shape& shape : arguments) {
    how.push_back(passed(shape, word));
    append(how.back(), shape, word, flat);
  }
  Shape back;
  if (passed(result, word).how == Passing::Reference) {
    back = result;
    back.by_reference = true;
  }
  auto places = place_arguments(abi, flat, back);
  if (!places) return std::nullopt;
  std::vector<Place> out;
  std::size_t at = 0;
  for (const Passed& value : how) {
    Place place;
    if (value.how != Passing::Nothing) place = (*places)[at++];
    if (value.how == Passing::Pair) place = joined(place, (*places)[at++], value.scalars[1]);
    if (value.how == Passing::Reference) place.indirect = true;
    out.push_back(std::move(place));
  }
  return out;
}

std::optional<ResultPlace> rust_result(Abi abi, const Shape& result) {
  if (!is_described(abi)) return std::nullopt;
  Passed value = passed(result, word_size(abi));
  if (value.how == Passing::Reference) {
    Shape shape = result;
    shape.by_reference = true;
    return place_result(abi, shape);
  }
  ResultPlace out;
  if (value.how == Passing::Nothing) return out;
  if (value.how != Passing::Pair) {
    std::vector<Shape> flat;
    append(value, result, word_size(abi), flat);
    return place_result(abi, flat[0]);
  }
  // x86-64 and arm64 alike: the first two result registers of each kind, DWARF's 0 and 1 (rax and
  // rdx; x0 and x1) and the vector registers 0 and 1.
  std::array<Place, 2> halves;
  unsigned general = 0;
  unsigned vector = 0;
  for (std::size_t i = 0; i < halves.size(); ++i) {
    const Field& scalar = value.scalars.at(i);
    bool is_float = scalar.primitive != Shape::Primitive::Integer;
    if (scalar.size > word_size(abi)) return ResultPlace{};
    halves.at(i).pieces = {{.where = is_float ? Piece::Where::Vector : Piece::Where::Register,
                            .reg = is_float ? vector++ : general++,
                            .offset = 0,
                            .size = scalar.size}};
  }
  out.place = joined(halves[0], halves[1], value.scalars[1]);
  return out;
}

}  // namespace ttrace
