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

TEST_CASE("an arena counts what it hands out, over all of its blocks") {
  Arena arena;
  CHECK(arena.used() == 0);
  CHECK(arena.left() > 1'000'000'000);
  (void)arena.allocate<char>(3000);
  (void)arena.allocate<char>(3000);
  CHECK(arena.used() >= 6000);
  CHECK(arena.used() < 6100);
  arena.reset(10'000);
  CHECK(arena.used() == 0);
  CHECK(arena.left() == 10'000);
  (void)arena.allocate<char>(4000);
  CHECK(arena.left() > 5900);
  CHECK(arena.left() <= 6000);
  (void)arena.allocate<char>(20'000);
  CHECK(arena.left() == 0);
}

TEST_CASE("the end of the last allocation can be given back") {
  Arena arena;
  auto many = arena.allocate<std::uint64_t>(100);
  const auto few = arena.shrink(many, 10);
  CHECK(few.size() == 10);
  CHECK(few.data() == many.data());
  CHECK(arena.used() < 200);
  // Only the last one: others stay as they are.
  auto other = arena.allocate<std::uint64_t>(10);
  CHECK(other.data() >= few.data() + few.size());
  (void)arena.shrink(few, 0);
  CHECK(arena.allocate<std::uint64_t>(1).data() >= other.data() + other.size());
}

TEST_CASE("reset() keeps small blocks and gives back large ones") {
  Arena arena;
  (void)arena.allocate<char>(100'000);
  (void)arena.allocate<char>(10'000'000);
  CHECK(arena.capacity() > 10'000'000);
  arena.reset();
  CHECK(arena.capacity() >= 100'000);
  CHECK(arena.capacity() < 1'000'000);
}
