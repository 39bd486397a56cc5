#include "symbols/debug_types.h"

#include "unit/symbols/sample_module.h"

namespace ttrace {
namespace {

using test::kC;
using test::kCpp;
using test::member;
using test::open_module;
using test::parameter;
using test::signature;
using Kind = Type::Kind;

void check_type(const Type* type, Kind kind, std::uint64_t size) {
  REQUIRE(type != nullptr);
  CHECK(type->kind == kind);
  CHECK(type->size == size);
}

TEST_CASE("scalars") {
  for (const char* path : kC) {
    CAPTURE(path);
    auto module = open_module(path);
    const Signature& scalars = signature(*module, "scalars");
    check_type(parameter(scalars, "truth").type, Kind::Bool, 1);
    check_type(parameter(scalars, "byte").type, Kind::Char, 1);
    check_type(parameter(scalars, "small").type, Kind::Char, 1);
    check_type(parameter(scalars, "number").type, Kind::Signed, 2);
    check_type(parameter(scalars, "large").type, Kind::Unsigned, 8);
    const Type* color = parameter(scalars, "color").type;
    check_type(color, Kind::Enum, 4);
    CHECK(color->name == "color");
    REQUIRE(color->enumerators.size() == 4);
    CHECK(color->enumerators[1].name == "GREEN");
    CHECK(color->enumerators[1].value == 5);
    CHECK(color->enumerators[2].value == 200);
    CHECK(color->enumerators[3].value == -3);
    const Type* precise = parameter(signature(*module, "aggregates"), "precise").type;
    check_type(precise, Kind::Float, 16);
    CHECK(precise->x87 == (host_abi() == Abi::X86_64));
  }
}

TEST_CASE("a typedef's name stays, its type is what it names") {
  auto module = open_module(kSampleCO0);
  const Type* list = parameter(signature(*module, "plain"), "nodes").type;
  check_type(list, Kind::Pointer, 8);
  CHECK(list->name == "list");
  CHECK(list->target->name == "node_t");
  CHECK(list->target->kind == Kind::Struct);
  const Type* text = parameter(signature(*module, "plain"), "text").type;
  CHECK(text->name.empty());
  CHECK(text->target->kind == Kind::Char);
  CHECK(text->target->name == "char");
  CHECK(parameter(signature(*module, "pointers"), "count").type->name == "size_t");
}

TEST_CASE("a struct's members, and a struct that points to itself") {
  for (const char* path : kC) {
    CAPTURE(path);
    auto module = open_module(path);
    const Type& node = *parameter(signature(*module, "plain"), "nodes").type->target;
    check_type(&node, Kind::Struct, 104);
    REQUIRE(node.members.size() == 10);
    CHECK(member(node, "next").offset == 0);
    const Type* next = member(node, "next").type;
    check_type(next, Kind::Pointer, 8);
    // (A type unit has a typedef of its own, so the first step may lead to another name of it.)
    const Type* again = next->target;
    CHECK(again->members.size() == node.members.size());
    CHECK(member(*again, "next").type->target == again);
    CHECK(member(node, "at").offset == 8);
    check_type(member(node, "at").type, Kind::Struct, 8);
    CHECK(member(node, "at").type->name == "point_t");
    CHECK(member(*member(node, "at").type, "y").offset == 4);
    check_type(member(node, "callback").type, Kind::Pointer, 8);
    CHECK(member(node, "callback").type->target->kind == Kind::Function);
    const Type* either = member(node, "either").type;
    check_type(either, Kind::Union, 4);
    REQUIRE(either->members.size() == 2);
    CHECK(member(*either, "f").offset == 0);
    CHECK(member(node, "color").type->enumerators.size() == 4);
  }
}

TEST_CASE("bitfields, however DWARF counts them") {
  for (const char* path : kC) {
    CAPTURE(path);
    auto module = open_module(path);
    const Type& node = *parameter(signature(*module, "plain"), "nodes").type->target;
    auto bits = [&](const char* name) {
      const Member& found = member(node, name);
      CHECK(found.bit_size > 0);
      return std::pair(found.offset * 8 + found.bit_offset, found.bit_size);
    };
    CHECK(bits("first") == std::pair<std::uint64_t, std::uint32_t>(128, 3));
    CHECK(bits("second") == std::pair<std::uint64_t, std::uint32_t>(131, 5));
    CHECK(bits("third") == std::pair<std::uint64_t, std::uint32_t>(136, 9));
    CHECK(member(node, "third").bit_offset < 8);
    CHECK(member(node, "name").bit_size == 0);
  }
}

TEST_CASE("arrays, one dimension within the other") {
  for (const char* path : kC) {
    CAPTURE(path);
    auto module = open_module(path);
    const Type& node = *parameter(signature(*module, "plain"), "nodes").type->target;
    const Type* name = member(node, "name").type;
    check_type(name, Kind::Array, 8);
    CHECK(name->count == 8);
    check_type(name->target, Kind::Char, 1);
    const Type* matrix = member(node, "matrix").type;
    check_type(matrix, Kind::Array, 48);
    CHECK(matrix->count == 2);
    check_type(matrix->target, Kind::Array, 24);
    CHECK(matrix->target->count == 3);
    check_type(matrix->target->target, Kind::Float, 8);
    const Type* grid = parameter(signature(*module, "pointers"), "grid").type;
    check_type(grid->target, Kind::Array, 16);
  }
}

TEST_CASE("pointers to nothing in particular") {
  auto module = open_module(kSampleCO0);
  const Signature& pointers = signature(*module, "pointers");
  CHECK(parameter(pointers, "any").type->target->kind == Kind::Void);
  CHECK(pointers.result->target->kind == Kind::Void);
  const Type* opaque = parameter(pointers, "opaque").type->target;
  check_type(opaque, Kind::Unknown, 0);
  CHECK(opaque->name == "declared");
}

TEST_CASE("C++: base classes, vtable pointers, static members") {
  for (const char* path : kCpp) {
    CAPTURE(path);
    auto module = open_module(path);
    const Type& derived =
        *parameter(signature(*module, "ns::Derived::operator()"), "this").type->target;
    check_type(&derived, Kind::Struct, 16);
    REQUIRE(derived.members.size() == 2);
    CHECK(derived.members[0].base_class);
    CHECK(derived.members[1].name == "s");
    CHECK(derived.members[1].offset == 12);
    const Type& base = *derived.members[0].type;
    CHECK(base.name == "Base");
    REQUIRE(base.members.size() == 2);
    CHECK(base.members[0].name.starts_with("_vptr"));
    CHECK(base.members[0].artificial);
    CHECK_FALSE(base.members[1].artificial);
  }
}

TEST_CASE("C++: what is passed by reference") {
  for (const char* path : kCpp) {
    CAPTURE(path);
    auto module = open_module(path);
    const Signature& take = signature(*module, "ns::take");
    for (const char* name : {"c", "d", "h", "x"}) {
      CAPTURE(name);
      CHECK(parameter(take, name).type->by_reference);
    }
    for (const char* name : {"t", "e"}) {
      CAPTURE(name);
      CHECK_FALSE(parameter(take, name).type->by_reference);
    }
  }
}

TEST_CASE("C++: references, member pointers, scoped enums, wide characters") {
  for (const char* path : kCpp) {
    CAPTURE(path);
    auto module = open_module(path);
    const Signature& references = signature(*module, "ns::references");
    REQUIRE(references.parameters.size() == 9);
    check_type(parameter(references, "lvalue").type, Kind::Reference, 8);
    check_type(parameter(references, "lvalue").type->target, Kind::Signed, 4);
    check_type(parameter(references, "rvalue").type, Kind::Reference, 8);
    CHECK(parameter(references, "rvalue").type->target->name == "Trivial");
    check_type(parameter(references, "data").type, Kind::MemberPointer, 8);
    check_type(parameter(references, "function").type, Kind::MemberPointer, 16);
    check_type(references.parameters[6].type, Kind::Pointer, 8);
    check_type(parameter(references, "wide_char").type, Kind::Char, 4);
    check_type(parameter(references, "unicode").type, Kind::Char, 4);
    const Type* small = parameter(references, "small").type;
    check_type(small, Kind::Enum, 1);
    CHECK(small->enumerators.at(1).value == 200);
    const Type* wide = parameter(references, "wide").type;
    check_type(wide, Kind::Enum, 8);
    CHECK(wide->enumerators.at(0).value == -5);
    REQUIRE(wide->target != nullptr);
    CHECK(wide->target->kind == Kind::Signed);
  }
}

}  // namespace
}  // namespace ttrace
