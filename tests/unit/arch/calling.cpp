#include "arch/calling.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace ttrace;

namespace {

using Primitive = Shape::Primitive;

Shape scalar(std::uint32_t size, Primitive primitive = Primitive::Integer) {
  return {.size = size, .align = size, .fields = {{0, size, primitive}}};
}
Shape aggregate(std::uint64_t size, std::uint32_t align, std::vector<Shape::Field> fields) {
  return {.size = size, .align = align, .fields = std::move(fields), .aggregate = true};
}
Shape integers(std::uint32_t count) {
  std::vector<Shape::Field> fields;
  for (std::uint32_t i = 0; i < count; ++i)
    fields.push_back({i * 8, 8, Primitive::Integer});
  return aggregate(std::uint64_t{count} * 8, 8, fields);
}
Shape floats(std::uint32_t count, std::uint32_t size) {
  std::vector<Shape::Field> fields;
  for (std::uint32_t i = 0; i < count; ++i)
    fields.push_back({i * size, size, Primitive::Float});
  return aggregate(std::uint64_t{count} * size, size, fields);
}
Shape by_reference() {
  Shape shape = integers(1);
  shape.by_reference = true;
  return shape;
}
const Shape kVoid{};
const Shape kInt = scalar(4);
const Shape kLong = scalar(8);
const Shape kDouble = scalar(8, Primitive::Float);
const Shape kLongDouble = scalar(16, Primitive::X87);
const Shape kInt128 = scalar(16);

// "r5:8" is eight bytes in register 5, "v" a vector, "x" an x87 register, "s8" stack at 8; "*"
// marks an address, "-" is nowhere.
std::string text(const Place& place) {
  if (place.pieces.empty() && !place.indirect) return "-";
  std::string out = place.indirect ? "*" : "";
  for (const Piece& piece : place.pieces) {
    if (out.size() > 1) out += "+";
    bool stack = piece.where == Piece::Where::Stack;
    out += "rvxs"[static_cast<int>(piece.where)];
    out += stack ? std::to_string(piece.offset) : std::to_string(piece.reg);
    out += ":" + std::to_string(piece.size);
  }
  return out;
}

std::string arguments(Abi abi, const std::vector<Shape>& shapes, const Shape& result = kVoid) {
  auto places = place_arguments(abi, shapes, result);
  if (!places) return "unknown";
  std::string out;
  for (const Place& place : *places)
    out += (out.empty() ? "" : " ") + text(place);
  return out;
}

std::string result(Abi abi, const Shape& shape) {
  auto place = place_result(abi, shape);
  if (!place) return "unknown";
  std::string out = text(place->place);
  if (place->keep_at_entry) out += " kept " + std::to_string(*place->keep_at_entry);
  return out;
}

}  // namespace

TEST_CASE("x86-64: scalars") {
  auto args = [](const std::vector<Shape>& shapes) { return arguments(Abi::X86_64, shapes); };
  CHECK(args({}) == "");
  CHECK(args({kInt, kLong, kInt, kLong, kInt, kLong, kInt, kLong}) ==
        "r5:4 r4:8 r1:4 r2:8 r8:4 r9:8 s8:4 s16:8");
  CHECK(args({kDouble, kInt, scalar(4, Primitive::Float)}) == "v0:8 r5:4 v1:4");
  CHECK(args(std::vector<Shape>(9, kDouble)) == "v0:8 v1:8 v2:8 v3:8 v4:8 v5:8 v6:8 v7:8 s8:8");
  CHECK(args({kLongDouble, kInt}) == "s8:16 r5:4");
  CHECK(args({kInt, kInt, kInt, kInt, kInt, kInt, kInt, kLongDouble}) ==
        "r5:4 r4:4 r1:4 r2:4 r8:4 r9:4 s8:4 s24:16");
  CHECK(args({kInt128, kInt}) == "r5:8+r4:8 r1:4");
  // Five registers are gone: the sixth is not enough, but serves the next argument.
  CHECK(args({kInt, kInt, kInt, kInt, kInt, kInt128, kInt}) ==
        "r5:4 r4:4 r1:4 r2:4 r8:4 s8:16 r9:4");
  CHECK(args({scalar(16, Primitive::Float)}) == "v0:16");
}

TEST_CASE("x86-64: aggregates") {
  auto args = [](const std::vector<Shape>& shapes) { return arguments(Abi::X86_64, shapes); };
  CHECK(args({integers(1), integers(2), integers(3), kInt}) == "r5:8 r4:8+r1:8 s8:24 r2:4");
  CHECK(
      args({aggregate(
          12, 4,
          {{0, 4, Primitive::Integer}, {4, 4, Primitive::Integer}, {8, 4, Primitive::Integer}})}) ==
      "r5:8+r4:4");
  CHECK(args({floats(2, 4), floats(3, 4), floats(2, 8)}) == "v0:8 v1:8+v2:4 v3:8+v4:8");
  // {double; long} and {long; double}
  CHECK(args({aggregate(16, 8, {{0, 8, Primitive::Float}, {8, 8, Primitive::Integer}}),
              aggregate(16, 8, {{0, 8, Primitive::Integer}, {8, 8, Primitive::Float}})}) ==
        "v0:8+r5:8 r4:8+v1:8");
  // {float; int}: an eightbyte with an integer in it is one
  CHECK(args({aggregate(8, 4, {{0, 4, Primitive::Float}, {4, 4, Primitive::Integer}})}) == "r5:8");
  // union {double; long}
  CHECK(args({aggregate(8, 8, {{0, 8, Primitive::Float}, {0, 8, Primitive::Integer}})}) == "r5:8");
  // packed {char; long}
  CHECK(args({aggregate(9, 1, {{0, 1, Primitive::Integer}, {1, 8, Primitive::Integer}}), kInt}) ==
        "s8:9 r5:4");
  CHECK(args({aggregate(16, 16, {{0, 16, Primitive::X87}}), kInt}) == "s8:16 r5:4");
  // union {long double; int}
  CHECK(args({aggregate(16, 16, {{0, 16, Primitive::X87}, {0, 4, Primitive::Integer}})}) ==
        "s8:16");
  CHECK(args({aggregate(1, 1, {}), kInt}) == "- r5:4");
  CHECK(args({by_reference(), kInt}) == "*r5:8 r4:4");
  // alignas(16) {long; long} and alignas(32) {long[4]}
  CHECK(args({kLong, aggregate(16, 16, {{0, 8, Primitive::Integer}, {8, 8, Primitive::Integer}}),
              aggregate(32, 32, {{0, 8, Primitive::Integer}, {24, 8, Primitive::Integer}}),
              kLong}) == "r5:8 r4:8+r1:8 s8:32 r2:8");
  // One of two registers is left: the whole goes to the stack.
  CHECK(args({kInt, kInt, kInt, kInt, kInt, integers(2), kInt, kInt}) ==
        "r5:4 r4:4 r1:4 r2:4 r8:4 s8:16 r9:4 s24:4");
  // The tail of an over-aligned structure is padding.
  CHECK(args({aggregate(16, 16, {{0, 8, Primitive::Integer}}), kInt}) == "r5:8 r4:4");
  // … and so is its head, here: two arguments stay right although the first cannot be shown.
  CHECK(args({aggregate(16, 8, {{8, 8, Primitive::Integer}}), kInt}) == "- r4:4");
  // __m256: nobody knows
  CHECK(args({scalar(32, Primitive::Float), kDouble}) == "- v1:8");
}

TEST_CASE("x86-64: results") {
  auto where = [](const Shape& shape) { return result(Abi::X86_64, shape); };
  CHECK(where(kVoid) == "-");
  CHECK(where(kInt) == "r0:4");
  CHECK(where(kInt128) == "r0:8+r1:8");
  CHECK(where(kDouble) == "v0:8");
  CHECK(where(kLongDouble) == "x0:16");
  CHECK(where(aggregate(16, 16, {{0, 16, Primitive::X87}})) == "x0:16");
  CHECK(where({.size = 32,
               .align = 16,
               .fields = {{0, 16, Primitive::X87}, {16, 16, Primitive::X87}}}) == "x0:16+x1:16");
  CHECK(where(integers(2)) == "r0:8+r1:8");
  CHECK(where(floats(3, 4)) == "v0:8+v1:4");
  CHECK(where(aggregate(16, 8, {{0, 8, Primitive::Float}, {8, 8, Primitive::Integer}})) ==
        "v0:8+r0:8");
  CHECK(where(integers(3)) == "*r0:8");
  CHECK(where(by_reference()) == "*r0:8");
}

TEST_CASE("x86-64: a result in memory takes the first register") {
  CHECK(arguments(Abi::X86_64, {kInt}, integers(3)) == "r4:4");
  CHECK(arguments(Abi::X86_64, {kInt}, by_reference()) == "r4:4");
  CHECK(arguments(Abi::X86_64, {kInt}, integers(2)) == "r5:4");
  CHECK(arguments(Abi::X86_64, {kInt}, kLongDouble) == "r5:4");
}

TEST_CASE("arm64: scalars") {
  auto args = [](const std::vector<Shape>& shapes) { return arguments(Abi::Aarch64, shapes); };
  CHECK(args(std::vector<Shape>(10, kInt)) == "r0:4 r1:4 r2:4 r3:4 r4:4 r5:4 r6:4 r7:4 s0:4 s8:4");
  CHECK(args({kDouble, kInt, scalar(4, Primitive::Float), scalar(16, Primitive::Float)}) ==
        "v0:8 r0:4 v1:4 v2:16");
  CHECK(args({kInt, kInt128, kInt}) == "r0:4 r2:8+r3:8 r4:4");
  CHECK(args({kInt, kInt, kInt, kInt, kInt, kInt, kInt, kInt128, kInt}) ==
        "r0:4 r1:4 r2:4 r3:4 r4:4 r5:4 r6:4 s0:16 s16:4");
  std::vector<Shape> doubles(9, kDouble);
  doubles.push_back(scalar(16, Primitive::Float));
  CHECK(args(doubles) == "v0:8 v1:8 v2:8 v3:8 v4:8 v5:8 v6:8 v7:8 s0:8 s16:16");
}

TEST_CASE("arm64: aggregates") {
  auto args = [](const std::vector<Shape>& shapes) { return arguments(Abi::Aarch64, shapes); };
  CHECK(args({integers(1), integers(2), integers(3), kInt}) == "r0:8 r1:8+r2:8 *r3:8 r4:4");
  CHECK(args({floats(4, 8), floats(3, 4), kDouble}) == "v0:8+v1:8+v2:8+v3:8 v4:4+v5:4+v6:4 v7:8");
  // Not enough vector registers: none of those left serves a later argument.
  CHECK(args({floats(4, 8), floats(3, 8), floats(2, 8), kDouble}) ==
        "v0:8+v1:8+v2:8+v3:8 v4:8+v5:8+v6:8 s0:16 s16:8");
  CHECK(args({floats(5, 8)}) == "*r0:8");
  CHECK(args({floats(5, 2)}) == "r0:8+r1:2");
  CHECK(args({aggregate(16, 8, {{0, 8, Primitive::Float}, {8, 4, Primitive::Float}})}) ==
        "r0:8+r1:8");
  // union {double; double[2]}
  CHECK(args({aggregate(
            16, 8,
            {{0, 8, Primitive::Float}, {0, 8, Primitive::Float}, {8, 8, Primitive::Float}})}) ==
        "v0:8+v1:8");
  // _Complex double
  CHECK(args({{.size = 16,
               .align = 8,
               .fields = {{0, 8, Primitive::Float}, {8, 8, Primitive::Float}}}}) == "v0:8+v1:8");
  CHECK(args({kInt, aggregate(16, 16, {{0, 16, Primitive::Integer}})}) == "r0:4 r2:8+r3:8");
  // alignas(16) struct {long; long}: the members' own alignment counts
  CHECK(args({kInt, aggregate(16, 16, {{0, 8, Primitive::Integer}, {8, 8, Primitive::Integer}})}) ==
        "r0:4 r1:8+r2:8");
  CHECK(args({by_reference(), kInt}) == "*r0:8 r1:4");
  CHECK(args({kInt, kInt, kInt, kInt, kInt, kInt, kInt, integers(2), kInt}) ==
        "r0:4 r1:4 r2:4 r3:4 r4:4 r5:4 r6:4 s0:16 s16:4");
  // An empty C++ class takes a register, C's takes none.
  CHECK(args({aggregate(1, 1, {}), kInt}) == "r0:1 r1:4");
  CHECK(args({aggregate(0, 1, {}), kInt}) == "- r0:4");
}

TEST_CASE("arm64: results") {
  auto where = [](const Shape& shape) { return result(Abi::Aarch64, shape); };
  CHECK(where(kVoid) == "-");
  CHECK(where(kInt) == "r0:4");
  CHECK(where(kInt128) == "r0:8+r1:8");
  CHECK(where(integers(2)) == "r0:8+r1:8");
  CHECK(where(floats(4, 4)) == "v0:4+v1:4+v2:4+v3:4");
  CHECK(where(integers(3)) == "* kept 8");
  CHECK(where(by_reference()) == "* kept 8");
  // It takes no argument register.
  CHECK(arguments(Abi::Aarch64, {kInt}, integers(3)) == "r0:4");
}

TEST_CASE("i386: all arguments on the stack, results in eax, edx and st0") {
  auto where = [](const Shape& shape) { return result(Abi::I386, shape); };
  CHECK(arguments(Abi::I386, {kInt, kDouble, kInt}) == "s4:4 s8:8 s16:4");
  CHECK(arguments(Abi::I386, {kInt}, integers(2)) == "s8:4");
  CHECK(where(kVoid) == "-");
  CHECK(where(kInt) == "r0:4");
  CHECK(where(kDouble) == "x0:10");
  CHECK(where(integers(2)) == "*r0:4");
}

TEST_CASE("machines without a description") {
  CHECK(arguments(Abi::Arm, {kInt}) == "unknown");
  CHECK(result(Abi::Arm, kInt) == "unknown");
  CHECK(argument_registers(Abi::I386).empty());
  CHECK(argument_registers(Abi::Arm).size() == 4);
  CHECK(argument_registers(Abi::X86_64).front() == 5);
  CHECK(argument_registers(Abi::Aarch64).size() == 8);
  CHECK(result_register(Abi::X86_64) == 0);
}
