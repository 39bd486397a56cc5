#include "functions/texts.h"

#include <doctest/doctest.h>

#include <string>

#include "output/text_sink.h"
#include "unit/fake_memory.h"

using namespace ttrace;
using test::FakeMemory;

namespace {

Type character(std::string name, std::uint64_t size) {
  Type type;
  type.kind = Type::Kind::Char;
  type.size = size;
  type.name = std::move(name);
  return type;
}

template <class Unit>
std::string shown(std::string name, std::basic_string_view<Unit> text, std::size_t limit = 32) {
  FakeMemory memory;
  Arena arena;
  memory.map(Address(0x1000), std::string_view(reinterpret_cast<const char*>(text.data()),
                                               text.size() * sizeof(Unit)));
  Type type = character(std::move(name), sizeof(Unit));
  std::string out;
  render(read_terminated_text(type, Address(0x1000), {memory, arena, limit}), out);
  return out;
}

using namespace std::literals;

}  // namespace

TEST_CASE("wide text is UTF-8 behind its prefix") {
  CHECK(shown("char16_t", u"a\u00e9\U0001f600\0x"sv) == "u\"a\u00e9\U0001f600\"");
  CHECK(shown("char32_t", U"a\"\\\n\0"sv) == "U\"a\\\"\\\\\\n\"");
  CHECK(shown("wchar_t", L"\x1b\x9b\0"sv) == "L\"\\x1b\\x9b\"");
}

TEST_CASE("what is no character is shown by its number") {
  CHECK(shown("char16_t", u"\xd83d\0"sv) == "u\"\\xd83d\"");
  CHECK(shown("char16_t", u"\xde00\xd83d\0"sv) == "u\"\\xde00\\xd83d\"");
  CHECK(shown("char32_t", std::u32string_view(U"\0\0", 2)) == "U\"\"");
}

TEST_CASE("wide text is cut at the limit, or where memory ends") {
  CHECK(shown("char32_t", U"abcd\0"sv, 4) == "U\"abcd\"");
  CHECK(shown("char32_t", U"abcde\0"sv, 4) == "U\"abcd\"...");
  CHECK(shown("char32_t", U"abc"sv, 4) == "U\"abc\"...");
  CHECK(shown("char16_t", u""sv) == "0x1000");
}

TEST_CASE("bytes are no text, whatever the typedef") {
  Type byte = character("value_type", 1);
  byte.tag = "unsigned char";
  CHECK(text_kind(&byte) == TextKind::None);
  Type wide = character("value_type", 2);
  wide.tag = "char16_t";
  CHECK(text_kind(&wide) == TextKind::Utf16);
  CHECK(text_kind(nullptr) == TextKind::None);
}
