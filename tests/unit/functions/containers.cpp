#include "functions/containers.h"

#include <doctest/doctest.h>

#include <array>
#include <cstring>
#include <list>
#include <string>

#include "output/text_sink.h"
#include "unit/fake_memory.h"

using namespace ttrace;
using test::FakeMemory;

namespace {

// Types by hand, so that contents can be wrong in every way.
class Containers {
  std::list<Type> types_;  // before the others, which are made with it

 public:
  Type& make(Type::Kind kind, std::uint64_t size, std::string name = {}) {
    Type& type = types_.emplace_back();
    type.kind = kind;
    type.size = size;
    type.name = name;
    type.tag = std::move(name);
    return type;
  }
  Type& pointer_to(const Type& target) {
    Type& type = make(Type::Kind::Pointer, 8);
    type.target = &target;
    return type;
  }
  Type& structure(
      std::string name, std::uint64_t size,
      std::initializer_list<std::tuple<const char*, const Type*, std::uint64_t>> parts) {
    Type& type = make(Type::Kind::Struct, size, std::move(name));
    for (const auto& [member_name, member_type, offset] : parts) {
      Member member;
      member.name = member_name;
      member.type = member_type;
      member.offset = offset;
      type.members.push_back(member);
    }
    return type;
  }

  const Type& character = make(Type::Kind::Char, 1, "char");
  const Type& number = make(Type::Kind::Signed, 4, "int");
  const Type& word = make(Type::Kind::Unsigned, 8, "unsigned long");

  Type& vector() {
    const Type& pointer = pointer_to(number);
    const Type& impl = structure("_Vector_impl", 24,
                                 {{"_M_start", &pointer, 0},
                                  {"_M_finish", &pointer, 8},
                                  {"_M_end_of_storage", &pointer, 16}});
    return structure("vector<int, std::allocator<int> >", 24, {{"_M_impl", &impl, 0}});
  }
  Type& string() {
    const Type& pointer = pointer_to(character);
    const Type& plus = structure("_Alloc_hider", 8, {{"_M_p", &pointer, 0}});
    return structure("basic_string<char>", 16,
                     {{"_M_dataplus", &plus, 0}, {"_M_string_length", &word, 8}});
  }
  Type& list() {
    const Type& pointer = pointer_to(word);
    Type& node =
        structure("_List_node<int>", 16, {{"_M_next", &pointer, 0}, {"_M_storage", &number, 8}});
    Type& allocator = make(Type::Kind::Struct, 1, "allocator<_List_node<int> >");
    allocator.arguments.push_back({"_Tp", &node});
    const Type& header =
        structure("_List_node_header", 16, {{"_M_next", &pointer, 0}, {"_M_size", &word, 8}});
    const Type& impl = structure("_List_impl", 16, {{"a", &allocator, 0}, {"_M_node", &header, 0}});
    return structure("list<int>", 16, {{"_M_impl", &impl, 0}});
  }
  Type& set() {
    const Type& pointer = pointer_to(word);
    Type& node = structure(
        "_Rb_tree_node<int>", 24,
        {{"_M_left", &pointer, 0}, {"_M_right", &pointer, 8}, {"_M_storage", &number, 16}});
    Type& allocator = make(Type::Kind::Struct, 1, "allocator");
    allocator.arguments.push_back({"_Tp", &node});
    const Type& header = structure("header", 8, {{"_M_parent", &pointer, 0}});
    const Type& impl =
        structure("_Rb_tree_impl", 16,
                  {{"a", &allocator, 0}, {"_M_header", &header, 0}, {"_M_node_count", &word, 8}});
    const Type& tree = structure("_Rb_tree", 16, {{"_M_impl", &impl, 0}});
    return structure("set<int>", 16, {{"_M_t", &tree, 0}});
  }

  std::string shown(const Type& type, std::initializer_list<std::uint64_t> words) {
    std::vector<std::uint64_t> object(words);
    std::string text;
    render(read_object(type, std::as_bytes(std::span(object)), source), text);
    return text;
  }
  void put(std::uint64_t at, std::initializer_list<std::uint64_t> words) {
    std::vector<std::uint64_t> object(words);
    memory.map(Address(at),
               std::string_view(reinterpret_cast<const char*>(object.data()), object.size() * 8));
  }

  Registers registers{Abi::X86_64};
  FakeMemory memory;
  Arena arena;
  ValueSource source{registers,
                     [] { return std::optional<FloatRegisters>(); },
                     memory,
                     arena,
                     ValueLimits{8, 4, 6},
                     {}};
};

}  // namespace

TEST_CASE("a vector is its elements; what cannot be one is the structure that it is") {
  Containers c;
  const Type& vector = c.vector();
  c.put(0x1000, {0x200000001, 0x3});
  CHECK(c.shown(vector, {0x1000, 0x100c, 0x1010}) == "[1, 2, 3]");
  CHECK(c.shown(vector, {0, 0, 0}) == "[]");
  c.put(0x2000, {0, 0, 0, 0});
  CHECK(c.shown(vector, {0x2000, 0x2014, 0x2020}) == "[0, 0, 0, 0, ...] /* 5 elements */");
  for (auto [first, last, end] : {std::array<std::uint64_t, 3>{0x1008, 0x1000, 0x1010},
                                  {0x1000, 0x1010, 0x1008},
                                  {0x1000, 0x1003, 0x1010},
                                  {0, 8, 8},
                                  {0x9000, 0x9008, 0x9008},
                                  {8, ~std::uint64_t{7}, ~std::uint64_t{7}}}) {
    std::string text = c.shown(vector, {first, last, end});
    CHECK_MESSAGE(text.starts_with("{_M_impl={_M_start="), text);
  }
}

TEST_CASE("a string ends in a NUL, or it is none") {
  Containers c;
  const Type& string = c.string();
  c.memory.map(Address(0x1000), std::string_view("hello\0a longer text\0", 20));
  CHECK(c.shown(string, {0x1000, 5}) == "\"hello\"");
  CHECK(c.shown(string, {0x1006, 13}) == "\"a longer\"...");
  CHECK(c.shown(string, {0x1000, 19}) == "\"hello\\0a \"...");
  CHECK(c.shown(string, {0x1000, 4}).starts_with("{_M_dataplus="));
  CHECK(c.shown(string, {0x1000, 1000}).starts_with("{_M_dataplus="));
  CHECK(c.shown(string, {0x1000, ~std::uint64_t{0}}).starts_with("{_M_dataplus="));
  CHECK(c.shown(string, {0, 0}).starts_with("{_M_dataplus="));
}

TEST_CASE("a list has as many nodes as it says") {
  Containers c;
  const Type& list = c.list();
  c.put(0x1000, {0x2000, 1});
  c.put(0x2000, {0x3000, 2});
  c.put(0x3000, {0, 3});
  CHECK(c.shown(list, {0x1000, 3}) == "[1, 2, 3]");
  CHECK(c.shown(list, {0x1000, 2}) == "[1, 2]");
  CHECK(c.shown(list, {0, 0}) == "[]");
  CHECK(c.shown(list, {0x1000, 4}).starts_with("{_M_impl="));
  CHECK(c.shown(list, {0, 1}).starts_with("{_M_impl="));
  CHECK(c.shown(list, {0x9000, 1}).starts_with("{_M_impl="));
  c.put(0x5000, {0x5000, 7});
  CHECK(c.shown(list, {0x5000, 1'000'000}) == "[7, 7, 7, 7, ...] /* 1000000 elements */");
  CHECK(c.shown(list, {0x5000, ~std::uint64_t{0}}).starts_with("{_M_impl="));
}

TEST_CASE("a tree is walked in order, and one that never ends is none") {
  Containers c;
  const Type& set = c.set();
  c.put(0x1000, {0x2000, 0x3000, 2});
  c.put(0x2000, {0, 0, 1});
  c.put(0x3000, {0, 0, 3});
  CHECK(c.shown(set, {0x1000, 3}) == "{1, 2, 3}");
  CHECK(c.shown(set, {0, 0}) == "{}");
  CHECK(c.shown(set, {0x1000, 4}).starts_with("{_M_t="));
  CHECK(c.shown(set, {0x1000, 0}).starts_with("{_M_t="));
  c.put(0x5000, {0x5000, 0x5000, 1});
  CHECK(c.shown(set, {0x5000, 3}).starts_with("{_M_t="));
  c.put(0x6000, {0, 0x6000, 1});
  CHECK(c.shown(set, {0x6000, 10}) == "{1, 1, 1, 1, ...} /* 10 elements */");
}

TEST_CASE("nodes that the debug information does not describe are counted") {
  Containers c;
  Type& set = c.set();
  // The same without the allocator that leads to the node's type.
  const Type& tree = *set.members[0].type;
  const Type& impl = *tree.members[0].type;
  const_cast<Type&>(*impl.members[0].type).arguments.clear();
  CHECK(c.shown(set, {0x1000, 3}) == "{...} /* 3 elements */");
}

TEST_CASE("types that only have a container's name are structures") {
  Containers c;
  CHECK(c.shown(c.structure("vector<int>", 8, {{"size", &c.word, 0}}), {5}) == "{size=5}");
  CHECK(c.shown(c.structure("basic_string<char>", 8, {{"_M_string_length", &c.word, 0}}), {5}) ==
        "{_M_string_length=5}");
  // A queue of the program's own may have more than what is in it.
  CHECK(c.shown(c.structure("queue", 16, {{"c", &c.word, 0}, {"lock", &c.word, 8}}), {5, 6}) ==
        "{c=5, lock=6}");
}

TEST_CASE("types that contain themselves end, and so do objects that point to themselves") {
  Containers c;
  Type& reference = c.make(Type::Kind::Reference, 8);
  reference.target = &reference;
  c.put(0x1000, {0x1000});
  CHECK(c.shown(reference, {0x1000}) == "...");
  Type& node = c.structure("node", 8, {});
  Member next;
  next.name = "next";
  next.type = &c.pointer_to(node);
  node.members.push_back(next);
  CHECK(c.shown(node, {0x1000}) == "{next=&{next=0x1000}}");
}
