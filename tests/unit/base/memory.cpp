#include "base/memory.h"

#include <doctest/doctest.h>

#include <string>

#include "unit/fake_memory.h"

using namespace ttrace;
using test::FakeMemory;

TEST_CASE("read_string stops at the NUL, at the limit and at the end of readable memory") {
  FakeMemory memory;
  memory.map(Address(0x1ff8), std::string_view("abc\0defg", 8));
  std::string out(64, '\0');

  auto whole = memory.read_string(Address(0x1ff8), out);
  CHECK(whole.length == 3);
  CHECK(whole.terminated);

  auto limited = memory.read_string(Address(0x1ff8), std::span(out).first(2));
  CHECK(limited.length == 2);
  CHECK_FALSE(limited.terminated);

  auto cut = memory.read_string(Address(0x1ffc), out);  // the next page is not mapped
  CHECK(cut.length == 4);
  CHECK_FALSE(cut.terminated);

  auto none = memory.read_string(Address(0x5000), out);
  CHECK(none.length == 0);
  CHECK_FALSE(none.terminated);
}

TEST_CASE("read_string crosses pages and chunks") {
  FakeMemory memory;
  std::string text(10'000, 'x');
  memory.map(Address(0x1234), std::string_view(text.c_str(), text.size() + 1));
  std::string out(20'000, '\0');
  auto got = memory.read_string(Address(0x1234), out);
  CHECK(got.length == text.size());
  CHECK(got.terminated);
}
