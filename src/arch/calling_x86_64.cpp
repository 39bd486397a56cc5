#include <algorithm>
#include <array>

#include "arch/calling_internal.h"

namespace ttrace::calling {

namespace {

constexpr std::uint64_t kEightbyte = 8;
constexpr std::uint64_t kLargestInRegisters = 16;
constexpr unsigned kVectorArguments = 8;

enum class Class : std::uint8_t { None, Integer, Sse, SseUp, X87, X87Up, Memory };

using Classes = std::array<Class, 2>;  // one for each eightbyte

Class merge(Class a, Class b) {
  if (a == b || b == Class::None) return a;
  if (a == Class::None) return b;
  if (a == Class::Memory || b == Class::Memory) return Class::Memory;
  if (a == Class::Integer || b == Class::Integer) return Class::Integer;
  auto x87 = [](Class c) { return c == Class::X87 || c == Class::X87Up; };
  if (x87(a) || x87(b)) return Class::Memory;
  return Class::Sse;
}

// The classes of one field's first and following eightbytes.
Classes field_classes(Shape::Primitive primitive) {
  switch (primitive) {
    case Shape::Primitive::Integer:
      return {Class::Integer, Class::Integer};
    case Shape::Primitive::Float:
      return {Class::Sse, Class::SseUp};
    case Shape::Primitive::X87:
      return {Class::X87, Class::X87Up};
  }
  return {Class::Memory, Class::Memory};
}

// Bit-fields have sizes that are no power of two; they are never misaligned.
bool misaligned(const Shape::Field& field) {
  if (field.primitive == Shape::Primitive::X87) return field.offset % kLargestInRegisters != 0;
  bool power_of_two = (field.size & (field.size - 1)) == 0;
  return field.size != 0 && power_of_two && field.offset % field.size != 0;
}

constexpr Classes kMemory{Class::Memory, Class::Memory};

Classes classify(const Shape& shape) {
  Classes classes{Class::None, Class::None};
  if (shape.fields.empty()) return classes;
  if (shape.size > kLargestInRegisters) return kMemory;
  for (const Shape::Field& field : shape.fields) {
    if (field.offset >= shape.size || misaligned(field)) return kMemory;
    Classes own = field_classes(field.primitive);
    std::size_t first = field.offset / kEightbyte;
    std::uint64_t end =
        std::min<std::uint64_t>(shape.size, std::uint64_t{field.offset} + std::max(field.size, 1U));
    std::size_t last = (end - 1) / kEightbyte;
    if (field.primitive == Shape::Primitive::X87) last = std::max(last, std::size_t{1});
    for (std::size_t i = first; i <= last; ++i) {
      classes.at(i) = merge(classes.at(i), own[i == first ? 0 : 1]);
    }
  }
  if (classes[0] == Class::Memory || classes[1] == Class::Memory) return kMemory;
  if (classes[1] == Class::X87Up && classes[0] != Class::X87) return kMemory;
  if (classes[1] == Class::SseUp && classes[0] != Class::Sse) classes[1] = Class::Sse;
  return classes;
}

bool in_memory(const Shape& shape) {
  return shape.by_reference || classify(shape) == kMemory;
}

// A vector that fills a ymm or zmm register, or an aggregate of one.
bool wide_vector(const Shape& shape) {
  return shape.fields.size() == 1 && shape.fields[0].primitive == Shape::Primitive::Float &&
         shape.fields[0].size > kLargestInRegisters;
}

bool complex_x87(const Shape& shape) {
  return !shape.aggregate && shape.fields.size() == 2 &&
         shape.fields[0].primitive == Shape::Primitive::X87 &&
         shape.fields[1].primitive == Shape::Primitive::X87;
}

// Pieces of a value in registers, taking them from the front of the two lists.
std::vector<Piece> in_registers(const Shape& shape, const Classes& classes,
                                std::span<const unsigned> integers, unsigned vector) {
  // A leading eightbyte of padding is not passed, which pieces in memory order cannot say.
  bool representable = classes[0] != Class::None;
  std::vector<Piece> pieces;
  for (std::size_t i = 0; i < classes.size() && representable; ++i) {
    if (i * kEightbyte >= shape.size) break;
    std::uint64_t size = std::min(kEightbyte, shape.size - i * kEightbyte);
    if (classes.at(i) == Class::Integer) {
      pieces.push_back(piece(Piece::Where::Register, integers.front(), size));
      integers = integers.subspan(1);
    } else if (classes.at(i) == Class::Sse) {
      pieces.push_back(piece(Piece::Where::Vector, vector++, size));
    } else if (classes.at(i) == Class::SseUp) {
      pieces.back().size += static_cast<std::uint32_t>(size);
    }
  }
  return pieces;
}

struct Allocator {
  std::span<const unsigned> integers = argument_registers(Abi::X86_64);
  unsigned vector = 0;
  std::uint64_t stack = 0;  // bytes used of the argument area

  Place pointer() {
    Place place;
    place.indirect = true;
    if (integers.empty()) {
      place.pieces.push_back(on_stack(kEightbyte, kEightbyte));
    } else {
      place.pieces.push_back(piece(Piece::Where::Register, integers.front(), kEightbyte));
      integers = integers.subspan(1);
    }
    return place;
  }

  Piece on_stack(std::uint64_t size, std::uint64_t align) {
    align = std::max(align, kEightbyte);
    stack = (stack + align - 1) / align * align;
    // The area begins behind the return address.
    Piece result = piece(Piece::Where::Stack, 0, size);
    result.offset = static_cast<std::int64_t>(stack + kEightbyte);
    stack += (size + kEightbyte - 1) / kEightbyte * kEightbyte;
    return result;
  }

  Place place(const Shape& shape) {
    if (shape.by_reference) return pointer();
    if (shape.fields.empty()) return {};
    if (wide_vector(shape)) {
      ++vector;
      return {};
    }
    Classes classes = classify(shape);
    auto count = [&](Class c) {
      return static_cast<unsigned>(std::count(classes.begin(), classes.end(), c));
    };
    unsigned need_integers = count(Class::Integer);
    unsigned need_vectors = count(Class::Sse);
    bool memory = classes == kMemory || classes[0] == Class::X87 ||
                  need_integers > integers.size() ||
                  (need_vectors > 0 && vector + need_vectors > kVectorArguments);
    if (memory) return {.indirect = false, .pieces = {on_stack(shape.size, shape.align)}};
    Place result{.indirect = false, .pieces = in_registers(shape, classes, integers, vector)};
    integers = integers.subspan(need_integers);
    vector += need_vectors;
    return result;
  }
};

}  // namespace

std::vector<Place> x86_64_arguments(std::span<const Shape> arguments, const Shape& result) {
  Allocator allocator;
  if (in_memory(result) && !complex_x87(result) && !wide_vector(result)) allocator.pointer();
  std::vector<Place> places;
  places.reserve(arguments.size());
  for (const Shape& shape : arguments)
    places.push_back(allocator.place(shape));
  return places;
}

ResultPlace x86_64_result(const Shape& result) {
  static constexpr std::array<unsigned, 2> kIntegers{0, 1};  // rax rdx
  ResultPlace out;
  if (complex_x87(result)) {
    out.place.pieces = {piece(Piece::Where::X87, 0, result.size / 2),
                        piece(Piece::Where::X87, 1, result.size / 2)};
    return out;
  }
  if (wide_vector(result) && !result.by_reference) return out;
  if (in_memory(result)) {
    out.place.indirect = true;
    out.place.pieces = {piece(Piece::Where::Register, kIntegers[0], kEightbyte)};
    return out;
  }
  Classes classes = classify(result);
  if (classes[0] == Class::X87) {
    out.place.pieces = {piece(Piece::Where::X87, 0, result.size)};
  } else {
    out.place.pieces = in_registers(result, classes, kIntegers, 0);
  }
  return out;
}

}  // namespace ttrace::calling
