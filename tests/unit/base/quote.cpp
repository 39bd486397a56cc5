#include "base/quote.h"

#include <doctest/doctest.h>

#include <string>

using namespace ttrace;

namespace {
std::string quoted(std::string_view bytes) {
  std::string out;
  append_quoted(bytes, out);
  return out;
}
}  // namespace

TEST_CASE("strings are quoted and escaped") {
  CHECK(quoted("") == R"("")");
  CHECK(quoted("abc") == R"("abc")");
  CHECK(quoted("\t\n\v\f\r\"\\'") == R"("\t\n\v\f\r\"\\'")");
  CHECK(quoted("\a\b\x1b\x7f\x80\xff") == R"("\7\10\33\177\200\377")");
  CHECK(quoted(std::string_view("\0", 1)) == R"("\0")");
}

TEST_CASE(
    "an octal escape has three digits where an octal digit follows, as few as it can otherwise") {
  CHECK(quoted("\0010") == R"("\0010")");
  CHECK(quoted("\0017") == R"("\0017")");
  CHECK(quoted("\0018") == R"("\18")");
  CHECK(quoted("\001a") == R"("\1a")");
  CHECK(quoted("\0337") == R"("\0337")");
  CHECK_MESSAGE(quoted(std::string_view("\0012").substr(0, 1)) == R"("\1")",
                "what follows the string does not count");
}

TEST_CASE("text in <> has neither quotes around it nor < and > in it") {
  auto escaped = [](std::string_view text) {
    std::string out;
    append_escaped(text, out);
    return out;
  };
  CHECK(escaped("/a b") == "/a b");
  CHECK(escaped("<a>1\"\\\n\xff") == R"(\74a\0761\"\\\n\377)");
  CHECK(escaped("") == "");
  CHECK(escaped("abcdefg<hijklmnop>") == R"(abcdefg\74hijklmnop\76)");
}

TEST_CASE("every byte is escaped alike, wherever it stands") {
  // Short texts are looked at byte by byte, others by eight bytes at once.
  for (unsigned code = 0; code < 256; ++code) {
    const std::string byte(1, static_cast<char>(code));
    const std::string alone = quoted(byte);
    std::string shown_alone;
    append_printable(byte, shown_alone);
    for (std::size_t at = 0; at < 17; ++at) {
      const std::string before(at, 'x');
      const std::string after(17 - at, '~');
      CHECK(quoted(before + byte + after) ==
            '"' + before + alone.substr(1, alone.size() - 2) + after + '"');
      std::string shown;
      append_printable(before + byte + after, shown);
      CHECK(shown == before + shown_alone + after);
    }
  }
}
