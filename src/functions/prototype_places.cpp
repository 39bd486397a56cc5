#include "functions/prototype_places.h"

#include <algorithm>
#include <cstring>

#include "base/number.h"

namespace ttrace::prototypes {

namespace {

using Kind = Type::Kind;

// Larger structures are passed in memory: what is in them does not matter.
constexpr std::size_t kMostFields = 16;

Shape::Primitive primitive_of(const Type& type, Abi abi) {
  if (type.kind == Kind::Float) return Shape::Primitive::Float;
  if (type.kind != Kind::LongDouble) return Shape::Primitive::Integer;
  const bool x86 = abi == Abi::X86_64 || abi == Abi::I386;
  return x86 ? Shape::Primitive::X87 : Shape::Primitive::Float;
}

void add_fields(const Type& type, std::uint32_t offset, Abi abi, Shape& shape) {
  const std::size_t i = index_of(abi);
  if (type.kind != Kind::Struct) {
    shape.fields.push_back({offset, type.size.at(i), primitive_of(type, abi)});
    return;
  }
  for (const Field& field : type.structure->fields) {
    const std::uint32_t at = offset + field.offset.at(i);
    if (field.direction != Direction::Value) {
      shape.fields.push_back({at, word_size(abi), Shape::Primitive::Integer});
    } else {
      add_fields(field.type, at, abi, shape);
    }
    if (shape.fields.size() > kMostFields) return;
  }
}

std::span<const std::byte> read_memory(Address at, std::size_t size, const ValueSource& source) {
  constexpr std::size_t kMost = 4096;
  auto bytes = source.arena.allocate<std::byte>(std::min(size, kMost));
  if (source.memory.read(at, bytes) != bytes.size()) return {};
  return bytes;
}

}  // namespace

Shape shape_of(const Type& type, bool pointed, Abi abi) {
  Shape shape;
  if (pointed) {
    shape.size = shape.align = word_size(abi);
    shape.fields.push_back({0, word_size(abi), Shape::Primitive::Integer});
    return shape;
  }
  if (type.kind == Kind::Void) return shape;
  shape.size = type.size.at(index_of(abi));
  shape.align = std::max(type.align.at(index_of(abi)), 1U);
  shape.aggregate = type.kind == Kind::Struct;
  add_fields(type, 0, abi, shape);
  return shape;
}

std::vector<Shape> shapes_of(const Prototype& prototype, Abi abi) {
  std::vector<Shape> shapes;
  shapes.reserve(prototype.arguments.size());
  for (const Argument& argument : prototype.arguments) {
    shapes.push_back(shape_of(argument.type, argument.direction != Direction::Value, abi));
  }
  return shapes;
}

Shape result_shape(const Prototype& prototype, Abi abi) {
  return shape_of(prototype.result, prototype.result_direction != Direction::Value, abi);
}

std::span<const std::byte> bytes_at(const Place& place, std::size_t whole,
                                    const ValueSource& source) {
  constexpr std::size_t kMost = 4096;
  std::size_t size = 0;
  for (const Piece& piece : place.pieces)
    size += piece.size;
  size = std::min(size, kMost);
  auto bytes = source.arena.allocate<std::byte>(size);
  std::size_t at = 0;
  for (const Piece& piece : place.pieces) {
    const std::size_t part = std::min<std::size_t>(piece.size, size - at);
    if (!read_piece(piece, source, bytes.subspan(at, part))) return {};
    at += part;
  }
  if (!place.indirect) return bytes;
  return read_memory(Address(load_number(bytes.first(std::min<std::size_t>(size, 8)))), whole,
                     source);
}

}  // namespace ttrace::prototypes
