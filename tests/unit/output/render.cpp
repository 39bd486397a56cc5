#include <doctest/doctest.h>

#include <array>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "output/text_sink.h"

using namespace ttrace;

namespace {

std::string text(const Value& value) {
  std::string out;
  render(value, out);
  return out;
}

Value noted(Value value, std::string_view note) {
  value.note = note;
  return value;
}
Value commented(Value value, std::string_view comment) {
  value.comment = comment;
  return value;
}

}  // namespace

TEST_CASE("nothing prints nothing") {
  CHECK(text(Value::none()).empty());
}

TEST_CASE("numbers print in their base") {
  CHECK(text(Value::integer(-1)) == "-1");
  CHECK(text(Value::integer(std::numeric_limits<std::int64_t>::min())) == "-9223372036854775808");
  CHECK(text(Value::natural(~std::uint64_t{0})) == "18446744073709551615");
  CHECK(text(Value::hex(0xdeadbeef)) == "0xdeadbeef");
  CHECK(text(Value::hex(0)) == "0");
}

TEST_CASE("octal numbers are file modes: at least three digits, and a leading zero") {
  CHECK(text(Value::octal(0)) == "000");
  CHECK(text(Value::octal(7)) == "007");
  CHECK(text(Value::octal(022)) == "022");
  CHECK(text(Value::octal(0644)) == "0644");
  CHECK(text(Value::octal(0100755)) == "0100755");
}

TEST_CASE("booleans") {
  CHECK(text(Value::boolean(false)) == "false");
  CHECK(text(Value::boolean(true)) == "true");
}

TEST_CASE("characters print as in gdb: the number, then the character") {
  CHECK(text(Value::character(65)) == "65 'A'");
  CHECK(text(Value::character(0)) == R"(0 '\000')");
  CHECK(text(Value::character(10)) == R"(10 '\n')");
  CHECK(text(Value::character(7)) == R"(7 '\a')");
  CHECK(text(Value::character(27)) == R"(27 '\033')");
  CHECK(text(Value::character(39)) == R"(39 '\'')");
  CHECK(text(Value::character(34)) == R"(34 '"')");
  CHECK(text(Value::character(92)) == R"(92 '\\')");
  CHECK(text(Value::character(-1)) == R"(-1 '\377')");
  CHECK(text(Value::character(0x20ac)) == "8364 '\u20ac'");
  CHECK(text(Value::character(0x1f600)) == "128512 '\U0001f600'");
  CHECK_MESSAGE(text(Value::character(0xd800)) == "55296", "a surrogate is no character");
  CHECK(text(Value::character(0x110000)) == "1114112");
}

TEST_CASE("floating point numbers print as short as reads back the same") {
  CHECK(text(Value::real(0.1)) == "0.1");
  CHECK(text(Value::real(-2.5e300)) == "-2.5e+300");
  CHECK(text(Value::real(std::numeric_limits<double>::infinity())) == "inf");
  CHECK(text(Value::real(-std::numeric_limits<double>::infinity())) == "-inf");
  CHECK(text(Value::real(std::nan(""))) == "nan");
  CHECK(text(Value::real(-std::nan(""))) == "nan");
}

TEST_CASE("addresses") {
  CHECK(text(Value::address(Address(0))) == "NULL");
  CHECK(text(Value::address(Address(0x7ffe1234))) == "0x7ffe1234");
  CHECK(text(Value::unreadable(Address(0xdead))) == "0xdead");
  CHECK(text(Value::unreadable(Address(0))) == "NULL");
  CHECK(text(Value::raw(0x10)) == "0x10");
  CHECK(text(Value::raw(0)) == "0");
  CHECK(text(Value::optimized_out()) == "<optimized out>");
}

TEST_CASE("symbols") {
  CHECK(text(Value::symbol("AF_INET", 2)) == "AF_INET");
  CHECK(text(Value::unknown_symbol(0x63, "AF_???")) == "0x63 /* AF_??? */");
  CHECK(text(Value::unknown_symbol(0, "AF_???")) == "0 /* AF_??? */");
  CHECK(text(Value::verbatim("sizeof(x)")) == "sizeof(x)");
}

TEST_CASE("flags are joined; without any they are a number") {
  const std::array set{Value::symbol("O_RDONLY", 0), Value::symbol("O_CREAT", 0x40),
                       Value::hex(0x80000000)};
  CHECK(text(Value::list(Value::Kind::Flags, set)) == "O_RDONLY|O_CREAT|0x80000000");
  CHECK(text(Value::of(Value::Kind::Flags, 0)) == "0");
  CHECK(text(commented(Value::of(Value::Kind::Flags, 0x100), "MAP_???")) == "0x100 /* MAP_??? */");
}

TEST_CASE("sets stand in brackets, separated by blanks") {
  const std::array signals{Value::symbol("INT", 2), Value::symbol("CHLD", 17)};
  Value set = Value::list(Value::Kind::Set, signals);
  CHECK(text(set) == "[INT CHLD]");
  set.inverted = true;
  CHECK(text(set) == "~[INT CHLD]");
  set.children = {};
  CHECK(text(set) == "~[]");
}

TEST_CASE("a string that is cut is followed by an ellipsis") {
  CHECK(text(Value::string("abc", true)) == R"("abc"...)");
}

TEST_CASE("structures name their fields, but not those without a name") {
  const std::array fields{Value::integer(1).named("a"), Value::string("x", false),
                          Value::address(Address(0)).named("p")};
  Value s = Value::list(Value::Kind::Struct, fields);
  CHECK(text(s) == R"({a=1, "x", p=NULL})");
  s.truncated = true;
  CHECK(text(s) == R"({a=1, "x", p=NULL, ...})");
  s.text = "Point";
  CHECK(text(s) == R"(Point{a=1, "x", p=NULL, ...})");
  s.children = {};
  CHECK(text(s) == "Point{...}");
  s.truncated = false;
  CHECK(text(s) == "Point{}");
}

TEST_CASE("arrays") {
  const std::array elements{Value::integer(1), Value::integer(2)};
  CHECK(text(Value::list(Value::Kind::Array, elements)) == "[1, 2]");
  CHECK(text(Value::list(Value::Kind::Array, elements, true)) == "[1, 2, ...]");
  CHECK(text(Value::list(Value::Kind::Array, {})) == "[]");
  CHECK(text(Value::list(Value::Kind::Array, {}, true)) == "[...]");
}

TEST_CASE("pointers show what they point to") {
  const std::array field{Value::integer(1).named("x")};
  const std::array pointee{Value::list(Value::Kind::Struct, field)};
  CHECK(text(Value::list(Value::Kind::Pointer, pointee)) == "&{x=1}");
}

TEST_CASE("a change shows both values, in the brackets of an array around it") {
  const std::array both{Value::integer(128), Value::integer(16)};
  const std::array change{Value::list(Value::Kind::Change, both)};
  CHECK(text(change[0]) == "128 => 16");
  CHECK(text(Value::list(Value::Kind::Array, change)) == "[128 => 16]");
}

TEST_CASE("calls") {
  const std::array port{Value::natural(80)};
  CHECK(text(Value::call("htons", port)) == "htons(80)");
  CHECK(text(Value::call("None", {})) == "None()");
}

TEST_CASE("a call without a name is a tuple, whose members may be named") {
  std::array results{Value::integer(4).named("n"), Value::verbatim("nil").named("err")};
  CHECK(text(Value::call("", results)) == "(4, nil)");
  for (Value& result : results)
    result.show_name = true;
  CHECK(text(Value::call("", results)) == "(n=4, err=nil)");
}

TEST_CASE("a note stands right behind the value, a comment behind that") {
  CHECK(text(noted(Value::integer(3), "/etc/passwd")) == "3</etc/passwd>");
  Value gone = noted(Value::integer(3), "/gone");
  gone.deleted = true;
  CHECK(text(gone) == "3</gone>(deleted)");
  CHECK(text(commented(noted(Value::symbol("AT_FDCWD", 0), "/tmp"), "here")) ==
        "AT_FDCWD</tmp> /* here */");
  CHECK(text(commented(Value::string("x", true), "c")) == R"("x"... /* c */)");
}

TEST_CASE("a control character in a name, a note or a text cannot reach the terminal") {
  CHECK(text(noted(Value::integer(3), "/a\n\x1b[2J")) == R"(3</a\012\033[2J>)");
  CHECK(text(Value::verbatim("a\x7f")) == R"(a\177)");
  CHECK(text(Value::verbatim("na\u00efve")) == "na\u00efve");
}

TEST_CASE("a name is printed where that is asked for") {
  Value value = Value::integer(1).named("x");
  CHECK(text(value) == "1");
  value.show_name = true;
  CHECK(text(value) == "x=1");
  value.name = {};
  CHECK(text(value) == "1");
}

TEST_CASE("a field that also asks for its name has it once") {
  std::array field{Value::integer(1).named("x")};
  field[0].show_name = true;
  CHECK(text(Value::list(Value::Kind::Struct, field)) == "{x=1}");
}

TEST_CASE("nesting without end does not exhaust the stack") {
  std::vector<Value> nested(100000);
  for (std::size_t i = 0; i + 1 < nested.size(); ++i) {
    nested[i] = Value::list(Value::Kind::Pointer, std::span(&nested[i + 1], 1));
  }
  nested.back() = Value::integer(1);
  CHECK(text(nested.front()) == std::string(64, '&') + "...");
  CHECK(text(nested[nested.size() - 2]) == "&1");
}

TEST_CASE("rendering appends") {
  std::string out = "read(";
  render(Value::integer(3), out);
  CHECK(out == "read(3");
}
