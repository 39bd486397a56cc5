#include "functions/go_convention.h"

#include <doctest/doctest.h>

#include <deque>
#include <initializer_list>
#include <string>

using namespace ttrace;

namespace {

using Kind = Type::Kind;

// Types as Go lays them out.
class Types {
  std::deque<Type> types_;  // first: the members below are made in it

 public:
  const Type* scalar(Kind kind, std::uint64_t size) {
    Type& type = types_.emplace_back();
    type.kind = kind;
    type.size = size;
    return &type;
  }
  const Type* complex(std::uint64_t size) {
    Type& type = types_.emplace_back();
    type.size = size;
    type.go = size == 8 ? GoKind::Complex64 : GoKind::Complex128;
    return &type;
  }
  const Type* array(const Type* element, std::uint64_t count) {
    Type& type = types_.emplace_back();
    type.kind = Kind::Array;
    type.target = element;
    type.count = count;
    type.size = element->size * count;
    return &type;
  }
  const Type* structure(std::uint64_t size,
                        std::initializer_list<std::pair<std::uint64_t, const Type*>> members) {
    Type& type = types_.emplace_back();
    type.kind = Kind::Struct;
    type.size = size;
    for (const auto& [offset, of] : members) {
      Member member;
      member.type = of;
      member.offset = offset;
      type.members.push_back(member);
    }
    return &type;
  }

  const Type* byte = scalar(Kind::Unsigned, 1);
  const Type* number = scalar(Kind::Signed, 8);
  const Type* real = scalar(Kind::Float, 8);
  const Type* single = scalar(Kind::Float, 4);
  const Type* string = structure(16, {{0, number}, {8, number}});
  const Type* slice = structure(24, {{0, number}, {8, number}, {16, number}});
  const Type* nothing = structure(0, {});
};

std::vector<Parameter> parameters(std::initializer_list<const Type*> types) {
  std::vector<Parameter> made;
  for (const Type* type : types)
    made.push_back({.name = {}, .type = type, .location = {}, .artificial = false});
  return made;
}

// "rax:1 xmm0:8" (by DWARF number and index: "r0:1 v0:8"), "sp+8:16".
std::string show(const Place& place) {
  std::string text;
  for (const Piece& piece : place.pieces) {
    if (!text.empty()) text += ' ';
    if (piece.where == Piece::Where::Stack) {
      text += "sp+" + std::to_string(piece.offset);
    } else {
      text += (piece.where == Piece::Where::Vector ? 'v' : 'r') + std::to_string(piece.reg);
    }
    text += ':' + std::to_string(piece.size);
  }
  return text;
}

std::string show(const std::vector<Place>& places) {
  std::string text;
  for (std::size_t i = 0; i < places.size(); ++i)
    text += (i == 0 ? "" : ", ") + show(places[i]);
  return text;
}

}  // namespace

// abi-internal.md: func f(a1 uint8, a2 [2]uintptr, a3 uint8) (r1 struct { x uintptr; y [2]uintptr
// }, r2 string).
TEST_CASE("the example of Go's ABI document") {
  Types t;
  const Type* pair = t.array(t.number, 2);
  const Type* mixed = t.structure(24, {{0, t.number}, {8, pair}});
  auto places = place_go(Abi::X86_64, true, parameters({t.byte, pair, t.byte}),
                         parameters({mixed, t.string}));
  CHECK(show(places.arguments) == "r0:1, sp+8:16, r3:1");
  CHECK(show(places.results) == "sp+24:24, r0:8 r3:8");
  CHECK(places.known);
  auto arm = place_go(Abi::Aarch64, true, parameters({t.byte, pair, t.byte}),
                      parameters({mixed, t.string}));
  CHECK(show(arm.arguments) == "r0:1, sp+8:16, r1:1");
  CHECK(show(arm.results) == "sp+24:24, r0:8 r1:8");
}

TEST_CASE(
    "nine integer registers on x86-64, sixteen on arm64; what does not fit goes to the stack") {
  Types t;
  auto many = parameters({t.slice, t.slice, t.string, t.string, t.byte, t.byte});
  auto x86 = place_go(Abi::X86_64, true, many, {});
  CHECK(show(x86.arguments) ==
        "r0:8 r3:8 r2:8, r5:8 r4:8 r8:8, r9:8 r10:8, sp+8:16, r11:1, sp+24:1");
  auto arm = place_go(Abi::Aarch64, true, many, {});
  CHECK(show(arm.arguments) ==
        "r0:8 r1:8 r2:8, r3:8 r4:8 r5:8, r6:8 r7:8, r8:8 r9:8, r10:1, r11:1");
}

TEST_CASE("floats have registers of their own, complex numbers two") {
  Types t;
  auto places = place_go(Abi::X86_64, true,
                         parameters({t.real, t.number, t.complex(8), t.complex(16), t.single}),
                         parameters({t.real, t.number}));
  CHECK(show(places.arguments) == "v0:8, r0:8, v1:4 v2:4, v3:8 v4:8, v5:4");
  CHECK(show(places.results) == "v0:8, r0:8");
  std::vector<Parameter> reals(17, parameters({t.real})[0]);
  CHECK(show(place_go(Abi::X86_64, true, reals, {}).arguments).ends_with("v14:8, sp+8:8, sp+16:8"));
  CHECK(show(place_go(Abi::Aarch64, true, reals, {}).arguments).ends_with("v15:8, sp+8:8"));
}

TEST_CASE("a structure's padding belongs to the piece before it") {
  Types t;
  const Type* packed = t.structure(
      24, {{0, t.byte}, {8, t.number}, {16, t.single}, {20, t.array(t.byte, 1)}, {24, t.nothing}});
  auto places = place_go(Abi::X86_64, true, parameters({packed}), {});
  CHECK(show(places.arguments) == "r0:8 r3:8 v0:4 r2:1");
}

TEST_CASE("what has no size is nowhere, and aligns what is on the stack") {
  Types t;
  auto places =
      place_go(Abi::X86_64, true, parameters({t.nothing, t.byte}), parameters({t.nothing}));
  CHECK(show(places.arguments) == ", r0:1");
  CHECK(places.known);
}

TEST_CASE("before the register ABI all is on the stack, results behind the arguments") {
  Types t;
  auto places = place_go(Abi::X86_64, false, parameters({t.byte, t.number, t.byte}),
                         parameters({t.byte, t.string}));
  CHECK(show(places.arguments) == "sp+8:1, sp+16:8, sp+24:1");
  CHECK(show(places.results) == "sp+32:1, sp+40:16");
}

TEST_CASE("a register that is stated shows that parameters before it are not described") {
  Types t;
  auto two = parameters({t.number, t.number});
  two[0].location = {EntryLocation::Kind::Register, 2};
  auto places = place_go(Abi::X86_64, true, two, parameters({t.number, t.array(t.number, 2)}));
  CHECK(show(places.arguments) == "r2:8, r5:8");
  // What is not described may have been on the stack, too.
  CHECK(show(places.results) == "r0:8, ");
  CHECK_FALSE(places.known);
  two[1].location = {EntryLocation::Kind::Register, 17};  // xmm0 cannot have an integer
  CHECK(show(place_go(Abi::X86_64, true, two, {}).arguments) == "r2:8, ");
  two[1].location = {EntryLocation::Kind::Register,
                     2};  // what the first was given is assigned to it
  CHECK(show(place_go(Abi::X86_64, true, two, {}).arguments) == "r2:8, r5:8");
}

TEST_CASE("behind a type that is not known nothing is known") {
  Types t;
  auto places =
      place_go(Abi::X86_64, true, parameters({t.number, t.scalar(Kind::Unknown, 0), t.number}),
               parameters({t.array(t.number, 2), t.number}));
  CHECK(show(places.arguments) == "r0:8, , ");
  CHECK(show(places.results) == ", ");
  CHECK_FALSE(places.known);
}

TEST_CASE("a machine without Go's registers has everything on the stack") {
  Types t;
  CHECK(go_registers(Abi::I386).empty());
  CHECK(show(place_go(Abi::I386, true, parameters({t.number}), {}).arguments) == "sp+8:8");
}
