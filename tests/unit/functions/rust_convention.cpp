#include "functions/rust_convention.h"

#include <doctest/doctest.h>

using namespace ttrace;

namespace {

using Primitive = Shape::Primitive;

Shape shape(std::uint64_t size, std::vector<Shape::Field> fields, bool aggregate = true) {
  Shape made;
  made.size = size;
  made.align = 8;
  made.fields = std::move(fields);
  made.aggregate = aggregate;
  return made;
}

const Shape kInt = shape(4, {{0, 4, Primitive::Integer}}, false);
const Shape kSlice = shape(16, {{0, 8, Primitive::Integer}, {8, 8, Primitive::Integer}});
const Shape kReals = shape(8, {{0, 4, Primitive::Float}, {4, 4, Primitive::Float}});
const Shape kThree = shape(
    24, {{0, 8, Primitive::Integer}, {8, 8, Primitive::Integer}, {16, 8, Primitive::Integer}});

bool in_register(const Piece& piece, unsigned reg, std::uint32_t size) {
  return piece.where == Piece::Where::Register && piece.reg == reg && piece.size == size;
}

}  // namespace

TEST_CASE("two scalars are two arguments, three a reference") {
  const std::array<Shape, 4> arguments{kSlice, kReals, kThree, kInt};
  auto places = rust_arguments(Abi::X86_64, arguments, kInt);
  REQUIRE(places);
  REQUIRE((*places)[0].pieces.size() == 2);
  CHECK(in_register((*places)[0].pieces[0], 5, 8));
  CHECK(in_register((*places)[0].pieces[1], 4, 8));
  REQUIRE((*places)[1].pieces.size() == 2);
  CHECK((*places)[1].pieces[0].where == Piece::Where::Vector);
  CHECK((*places)[1].pieces[1].reg == 1);
  CHECK((*places)[2].indirect);
  CHECK(in_register((*places)[2].pieces[0], 1, 8));
  CHECK(in_register((*places)[3].pieces[0], 2, 4));
}

TEST_CASE("an array of any length is no pair") {
  Shape array = shape(8, {{0, 4, Primitive::Integer}, {4, 4, Primitive::Integer}});
  array.overlaps = true;
  auto places = rust_arguments(Abi::X86_64, {&array, 1}, Shape{});
  REQUIRE(places);
  REQUIRE((*places)[0].pieces.size() == 1);
  CHECK(in_register((*places)[0].pieces[0], 5, 8));
}

TEST_CASE("the variants of an enum that are alike are one scalar") {
  // Option<&T>: the discriminant is where the pointer is.
  Shape option = shape(8, {{0, 8, Primitive::Integer}, {0, 8, Primitive::Integer}});
  auto places = rust_arguments(Abi::X86_64, {&option, 1}, Shape{});
  REQUIRE(places);
  CHECK((*places)[0].pieces.size() == 1);
  // Result<i32, f32> is two different scalars in one place, and fits into a word.
  Shape result =
      shape(8, {{0, 4, Primitive::Integer}, {4, 4, Primitive::Integer}, {4, 4, Primitive::Float}});
  places = rust_arguments(Abi::X86_64, {&result, 1}, Shape{});
  REQUIRE(places);
  REQUIRE((*places)[0].pieces.size() == 1);
  CHECK(in_register((*places)[0].pieces[0], 5, 8));
}

TEST_CASE("a result by reference takes the first register, and one of two scalars two") {
  auto places = rust_arguments(Abi::X86_64, {&kInt, 1}, kThree);
  REQUIRE(places);
  CHECK(in_register((*places)[0].pieces[0], 4, 4));
  auto three = rust_result(Abi::X86_64, kThree);
  REQUIRE(three);
  CHECK(three->place.indirect);
  auto slice = rust_result(Abi::X86_64, kSlice);
  REQUIRE(slice);
  REQUIRE(slice->place.pieces.size() == 2);
  CHECK(in_register(slice->place.pieces[0], 0, 8));
  CHECK(in_register(slice->place.pieces[1], 1, 8));
  auto reals = rust_result(Abi::Aarch64, kReals);
  REQUIRE(reals);
  REQUIRE(reals->place.pieces.size() == 2);
  CHECK(reals->place.pieces[1].where == Piece::Where::Vector);
  CHECK(rust_result(Abi::X86_64, Shape{})->place.pieces.empty());
  CHECK_FALSE(rust_result(Abi::I386, kInt));
}
