#include "functions/values.h"

#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <limits>

#include "unit/fake_memory.h"

using namespace ttrace;
using test::FakeMemory;

namespace {

Type scalar(Type::Kind kind, std::uint64_t size, std::string name = {}) {
  Type type;
  type.kind = kind;
  type.size = size;
  type.name = std::move(name);
  return type;
}

struct World {
  Registers registers{Abi::X86_64};
  FakeMemory memory;
  Arena arena;
  ValueSource source{registers, [] { return std::optional(FloatRegisters(Abi::X86_64)); }, memory,
                     arena, ValueLimits{8, 4, 2}};

  template <class T>
  Value read(const Type& type, const T& object) {
    return read_object(type, std::as_bytes(std::span(&object, 1)), source);
  }
};

}  // namespace

TEST_CASE("integers have their type's size and sign") {
  World w;
  CHECK(static_cast<std::int64_t>(w.read(scalar(Type::Kind::Signed, 4), -5).number) == -5);
  CHECK(w.read(scalar(Type::Kind::Unsigned, 2), std::uint64_t{0xdeadbeef}).number == 0xbeef);
  CHECK(w.read(scalar(Type::Kind::Bool, 1), true).kind == Value::Kind::Bool);
  CHECK(w.read(scalar(Type::Kind::Char, 1, "char"), 'A').kind == Value::Kind::Char);
  __extension__ __int128 wide = -1;
  wide <<= 70;
  CHECK(w.read(scalar(Type::Kind::Signed, 16), wide).text == "-1180591620717411303424");
}

TEST_CASE("floating point of every size") {
  World w;
  CHECK(w.read(scalar(Type::Kind::Float, 8), 2.5).as_double() == 2.5);
  CHECK(w.read(scalar(Type::Kind::Float, 4), 0.5F).as_double() == 0.5);
  Type extended = scalar(Type::Kind::Float, 16);
  extended.x87 = true;
  // 1.5: significand 1.1 in binary with its integer bit, exponent 16383.
  std::array<std::uint8_t, 16> bytes{0, 0, 0, 0, 0, 0, 0, 0xc0, 0xff, 0x3f};
  CHECK(w.read(extended, bytes).as_double() == 1.5);
  bytes[9] |= 0x80;
  CHECK(w.read(extended, bytes).as_double() == -1.5);
}

TEST_CASE("floating point of 128 bits, as arm64's long double") {
  World w;
  const Type quad = scalar(Type::Kind::Float, 16);
  using Bytes = std::array<std::uint8_t, 16>;  // 112 bits of fraction, 15 of exponent, the sign
  CHECK(w.read(quad, Bytes{}).as_double() == 0.0);
  CHECK(w.read(quad, Bytes{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x80, 0xff, 0x3f}).as_double() ==
        1.5);
  CHECK(w.read(quad, Bytes{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x20, 0x00, 0xc0}).as_double() ==
        -2.25);
  // 1 + 2^-53 is in the middle between two doubles; with 2^-112 more, it is not.
  CHECK(w.read(quad, Bytes{0, 0, 0, 0, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0xff, 0x3f}).as_double() ==
        1.0);
  CHECK(w.read(quad, Bytes{1, 0, 0, 0, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0xff, 0x3f}).as_double() ==
        0x1.0000000000001p0);
  CHECK(w.read(quad, Bytes{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0x7f}).as_double() ==
        std::numeric_limits<double>::infinity());
  CHECK(std::isnan(
      w.read(quad, Bytes{1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0x7f}).as_double()));
}

TEST_CASE("enumerators by name, other numbers as numbers") {
  World w;
  Type type = scalar(Type::Kind::Enum, 4);
  type.enumerators = {{"RED", 1}, {"BLUE", -2}};
  CHECK(w.read(type, 1).text == "RED");
  CHECK(w.read(type, -2).text == "BLUE");
  CHECK(w.read(type, 7).kind == Value::Kind::Number);
}

TEST_CASE(
    "a char pointer is read up to its NUL or the limit; what cannot be read keeps its address") {
  World w;
  Type character = scalar(Type::Kind::Char, 1, "char");
  Type pointer = scalar(Type::Kind::Pointer, 8);
  pointer.target = &character;
  w.memory.map(Address(0x1000), std::string_view("hi\0", 3));
  w.memory.map(Address(0x2000), std::string_view("a long string", 14));
  Value hi = w.read(pointer, std::uint64_t{0x1000});
  CHECK(hi.text == "hi");
  CHECK_FALSE(hi.truncated);
  Value cut = w.read(pointer, std::uint64_t{0x2000});
  CHECK(cut.text == "a long s");
  CHECK(cut.truncated);
  CHECK(w.read(pointer, std::uint64_t{0x9000}).kind == Value::Kind::Unreadable);
  CHECK(w.read(pointer, std::uint64_t{0}).kind == Value::Kind::Address);
  Type byte = scalar(Type::Kind::Char, 1, "unsigned char");
  pointer.target = &byte;
  CHECK(w.read(pointer, std::uint64_t{0x1000}).kind == Value::Kind::Address);
}

TEST_CASE("structures by member, bitfields by bits, to a depth") {
  World w;
  Type number = scalar(Type::Kind::Signed, 4);
  Type inner = scalar(Type::Kind::Struct, 8);
  inner.members = {{"a", &number, 0}, {"b", &number, 4}};
  Type outer = scalar(Type::Kind::Struct, 12);
  Member low{"low", &number, 8};
  low.bit_size = 3;
  Member next{"next", &number, 8};
  next.bit_size = 4;
  next.bit_offset = 3;
  outer.members = {{"in", &inner, 0}, low, next};
  std::array<std::int32_t, 3> object{1, 2, 0b0101'110};
  Value value = w.read(outer, object);
  REQUIRE(value.children.size() == 3);
  CHECK(value.children[0].name == "in");
  CHECK(value.children[0].children[1].number == 2);
  CHECK(static_cast<std::int64_t>(value.children[1].number) == -2);  // 110 in three bits
  CHECK(value.children[2].number == 5);
  Type deepest = scalar(Type::Kind::Struct, 12);
  deepest.members = {{"out", &outer, 0}};
  Value deep = w.read(deepest, object);
  CHECK(deep.children[0].children[0].truncated);  // the limit is two levels
}

TEST_CASE("arrays show as many elements as the limit allows; char arrays are strings") {
  World w;
  Type number = scalar(Type::Kind::Signed, 4);
  Type array = scalar(Type::Kind::Array, 24);
  array.target = &number;
  array.count = 6;
  Value value = w.read(array, std::array<std::int32_t, 6>{1, 2, 3, 4, 5, 6});
  CHECK(value.children.size() == 4);
  CHECK(value.truncated);
  Type character = scalar(Type::Kind::Char, 1, "char");
  Type text = scalar(Type::Kind::Array, 6);
  text.target = &character;
  text.count = 6;
  CHECK(w.read(text, std::array<char, 6>{'a', 'b', 0, 'x', 'x', 'x'}).text == "ab");
}

TEST_CASE("an object larger than the bytes at hand is not made up") {
  World w;
  std::array<std::byte, 2> two{};
  CHECK(read_object(scalar(Type::Kind::Signed, 4), two, w.source).kind ==
        Value::Kind::OptimizedOut);
}
