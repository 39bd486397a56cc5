#include "symbols/pattern.h"

#include <doctest/doctest.h>

#include <utility>

namespace ttrace {
namespace {

FunctionPattern parsed(std::string_view text) {
  auto pattern = FunctionPattern::parse(text);
  REQUIRE(pattern.has_value());
  return std::move(*pattern);
}

TEST_CASE("the regex is searched for anywhere in the name") {
  auto pattern = parsed("pars.*file");
  CHECK(pattern.matches_name("ns::parse_file"));
  CHECK_FALSE(pattern.matches_name("file_parse"));
  CHECK(parsed("^main$").matches_name("main"));
  CHECK_FALSE(parsed("^main$").matches_name("domain"));
  CHECK(parsed("").matches_name("anything"));
  CHECK(parsed("operator\\(\\)").matches_name("Foo::operator()"));
}

TEST_CASE("what follows the last @ is the object") {
  auto pattern = parsed("malloc@libc.so*");
  CHECK(pattern.text() == "malloc@libc.so*");
  CHECK(pattern.object_glob() == "libc.so*");
  CHECK(pattern.matches_name("malloc"));
  CHECK(parsed("f").object_glob().empty());
  auto two = parsed("a@b@c");
  CHECK(two.object_glob() == "c");
  CHECK(two.matches_name("a@b"));
  auto escaped = parsed("a\\x40b");
  CHECK(escaped.object_glob().empty());
  CHECK(escaped.matches_name("a@b"));
  CHECK(parsed("@libz.so.1").matches_name("inflate"));
}

TEST_CASE("objects: soname, file name and path; without a glob the executable") {
  auto plain = parsed("f");
  CHECK(plain.matches_object("app", "/usr/bin/app", true));
  CHECK_FALSE(plain.matches_object("libc.so.6", "/lib/libc.so.6", false));

  auto glob = parsed("f@libc.so*");
  CHECK(glob.matches_object("libc.so.6", "/lib/libc-2.36.so", false));
  CHECK(glob.matches_object("other", "/lib/libc.so.6", false));
  CHECK_FALSE(glob.matches_object("libcrypt.so.1", "/lib/libcrypt.so.1", false));
  CHECK_FALSE(glob.matches_object("app", "/usr/bin/app", true));

  CHECK(parsed("f@/opt/*/libx.so").matches_object("x", "/opt/a/b/libx.so", false));
  CHECK(parsed("f@*/lib/*").matches_object("x", "/usr/lib/libx.so", false));
  CHECK(parsed("f@app").matches_object("app", "/usr/bin/app", true));
  CHECK(parsed("f@lib[ab].so").matches_object("libb.so", "/libb.so", false));
  CHECK_FALSE(parsed("f@LIBC*").matches_object("libc.so.6", "/libc.so.6", false));
}

TEST_CASE("mistakes are named") {
  auto open = FunctionPattern::parse("a(b");
  REQUIRE_FALSE(open.has_value());
  CHECK(open.error().message() == "invalid regular expression 'a(b': missing ): a(b");
  auto object = FunctionPattern::parse("a*b**c[@lib");
  REQUIRE_FALSE(object.has_value());
  CHECK(object.error().message().starts_with("invalid regular expression 'a*b**c[': "));
  auto nothing = FunctionPattern::parse("f@");
  REQUIRE_FALSE(nothing.has_value());
  CHECK(nothing.error().message() == "no object after the '@' of 'f@'");
}

TEST_CASE("a regex that would need much memory is refused") {
  CHECK_FALSE(FunctionPattern::parse("((a{1000}){1000}){1000}").has_value());
}

TEST_CASE("patterns can be moved") {
  auto pattern = parsed("^f$");
  FunctionPattern other = std::move(pattern);
  CHECK(other.matches_name("f"));
  other = parsed("^g$");
  CHECK_FALSE(other.matches_name("f"));
}

}  // namespace
}  // namespace ttrace
