#include "functions/scalars.h"

#include <doctest/doctest.h>

#include <array>
#include <string>

#include "output/text_sink.h"

using namespace ttrace;

namespace {

Type enumeration(std::vector<Enumerator> enumerators) {
  Type type;
  type.kind = Type::Kind::Enum;
  type.size = 4;
  type.enumerators = std::move(enumerators);
  return type;
}

std::string shown(const Value& value) {
  std::string text;
  render(value, text);
  return text;
}

std::string shown_enum(const Type& type, std::uint32_t bits) {
  Arena arena;
  return shown(read_enum(type, bits, 4, arena));
}

}  // namespace

TEST_CASE("flags are joined, what is left is a number") {
  Type rights = enumeration({{"NONE", 0}, {"READ", 1}, {"WRITE", 2}, {"RUN", 4}, {"ALL", 7}});
  CHECK(shown_enum(rights, 0) == "NONE");
  CHECK(shown_enum(rights, 3) == "READ|WRITE");
  CHECK(shown_enum(rights, 7) == "ALL");
  CHECK(shown_enum(rights, 0x14) == "RUN|0x10");
  CHECK(shown_enum(rights, 0x30) == "0x30");
  CHECK(shown_enum(rights, 0xffffffff) == "READ|WRITE|RUN|0xfffffff8");
}

TEST_CASE("an enumeration that counts, or has odd or negative numbers, is none of flags") {
  CHECK(shown_enum(enumeration({{"A", 0}, {"B", 1}, {"C", 2}}), 3) == "3");
  CHECK(shown_enum(enumeration({{"A", 1}, {"B", 2}, {"C", 5}}), 3) == "3");
  CHECK(shown_enum(enumeration({{"A", -1}, {"B", 1}, {"C", 2}}), 3) == "3");
  CHECK(shown_enum(enumeration({{"A", -1}, {"B", 1}, {"C", 2}}), 0xffffffff) == "A");
  CHECK(shown_enum(enumeration({}), 3) == "3");
}

TEST_CASE("a bit-field of 64 bits may begin in the middle of a byte") {
  Arena arena;
  Type type;
  type.kind = Type::Kind::Unsigned;
  type.size = 8;
  Member member;
  member.type = &type;
  member.bit_offset = 4;
  member.bit_size = 64;
  std::array<std::byte, 9> bytes{};
  bytes.fill(std::byte{0xff});
  CHECK(shown(read_bitfield(member, bytes, arena)) == "18446744073709551615");
  auto few = std::span<const std::byte>(bytes).first(8);
  CHECK(read_bitfield(member, few, arena).kind == Value::Kind::OptimizedOut);
}

TEST_CASE("what is only known by its size is shown in hexadecimal, however large") {
  Arena arena;
  Type type;
  type.size = 16;
  std::array<std::byte, 16> bytes{};
  bytes[8] = std::byte{0x12};
  CHECK(shown(read_scalar(type, bytes, arena)) == "0x120000000000000000");
  bytes[8] = std::byte{0};
  CHECK(shown(read_scalar(type, bytes, arena)) == "0x0");
}
