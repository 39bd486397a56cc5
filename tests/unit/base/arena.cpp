#include "base/arena.h"

#include <doctest/doctest.h>

#include <cstdint>

using namespace ttrace;

TEST_CASE("an arena hands out disjoint, aligned storage of any size") {
  Arena arena;
  auto bytes = arena.allocate<char>(3);
  auto words = arena.allocate<std::uint64_t>(5);
  CHECK(reinterpret_cast<std::uintptr_t>(words.data()) % alignof(std::uint64_t) == 0);
  CHECK(static_cast<void*>(bytes.data()) != static_cast<void*>(words.data()));
  auto large = arena.allocate<char>(100'000);
  large.front() = 'a';
  large.back() = 'z';
  CHECK(large.size() == 100'000);
}

TEST_CASE("after reset() the same storage is handed out again") {
  Arena arena;
  const void* first = arena.allocate<char>(100).data();
  (void)arena.allocate<char>(100'000);
  arena.reset();
  CHECK(arena.allocate<char>(100).data() == first);
}

TEST_CASE("copied text does not refer to its source") {
  Arena arena;
  char source[] = "abc";
  std::string_view copy = arena.copy(std::string_view(source));
  source[0] = 'x';
  CHECK(copy == "abc");
  CHECK(arena.copy(std::string_view()).empty());
}
