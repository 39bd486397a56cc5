#include "functions/prototype_parser.h"

#include <doctest/doctest.h>

#include <string>
#include <string_view>

#include "functions/prototype_book.h"

using namespace ttrace;
using namespace ttrace::prototypes;

namespace {

constexpr std::string_view kLibrary = "library \"libc.so*\"\n";

std::vector<Prototype> parsed(std::string_view text) {
  NamedTypes types;
  auto result = parse_prototypes("f", std::string(kLibrary).append(text), types);
  REQUIRE_MESSAGE(result, (result ? "" : result.error().message()));
  return std::move(*result);
}

// The message behind "f:2: error: ", for text that stands on the second line.
std::string mistake(std::string_view text, std::string_view before = kLibrary) {
  NamedTypes types;
  auto result = parse_prototypes("f", std::string(before).append(text), types);
  if (result) return "(no error)";
  std::string message = result.error().message();
  constexpr std::string_view kAt = "f:2: error: ";
  return message.starts_with(kAt) ? message.substr(kAt.size()) : message;
}

}  // namespace

TEST_CASE("a prototype's arguments and result") {
  auto all = parsed("fread(ptr: out bytes[ret * size], size: size, n: size, stream: file) -> size");
  REQUIRE(all.size() == 1);
  const Prototype& fread = all[0];
  CHECK(fread.name == "fread");
  REQUIRE(fread.arguments.size() == 4);
  CHECK(fread.arguments[0].direction == Direction::Out);
  CHECK(fread.arguments[0].type.kind == Type::Kind::Bytes);
  REQUIRE(fread.arguments[0].type.length.size() == 2);
  CHECK(fread.arguments[0].type.length[0].source == Operand::Source::Return);
  CHECK(fread.arguments[0].type.length[1].source == Operand::Source::Argument);
  CHECK(fread.arguments[0].type.length[1].number == 1);
  CHECK(fread.success == Prototype::Success::Always);
  CHECK(!fread.variadic);
}

TEST_CASE("the usual meanings of results") {
  auto all = parsed(
      "a() -> status b() -> addr c() -> errors d() -> void e() -> out str f() -> hex or errno");
  REQUIRE(all.size() == 6);
  CHECK(all[0].success == Prototype::Success::NotNegative);
  CHECK(all[0].sets_errno);
  CHECK(all[0].result.size[0] == 4);  // an int, where a syscall's status is a word
  CHECK(all[1].success == Prototype::Success::NotNull);
  CHECK(all[2].success == Prototype::Success::Zero);
  CHECK(!all[2].sets_errno);
  CHECK(all[3].result.kind == Type::Kind::Void);
  CHECK(all[4].success == Prototype::Success::NotNull);
  CHECK(all[5].sets_errno);
}

TEST_CASE("several names, architectures, variable arguments") {
  auto all = parsed("[x86_64 aarch64] a, b(x: int, ...) -> int\n[i386] a(x: long) -> int");
  REQUIRE(all.size() == 3);
  CHECK(all[1].name == "b");
  CHECK(all[1].variadic);
  CHECK(all[0].has(Abi::X86_64));
  CHECK(!all[0].has(Abi::I386));
  CHECK(all[2].has(Abi::I386));
}

TEST_CASE("conditions know the constants of syscalls/") {
  auto all = parsed("open(path: in path, flags: open_flags, mode: umode if flags & O_CREAT) -> fd");
  const auto& mode = all[0].arguments[2];
  REQUIRE(mode.condition);
  CHECK(mode.variable);
  CHECK(mode.condition->test == Condition::Test::AnyBit);
  REQUIRE(mode.condition->values.size() == 1);
  CHECK(mode.condition->values[0][0] == 0x40);
}

TEST_CASE("conditions on the result know its type") {
  auto all = parsed(
      "enum z : s32 { OK = 0  BAD = -3 }\n"
      "f(a: out int if ret == OK|BAD) -> z g(a: out int if ret == EINTR) -> int");
  REQUIRE(all[0].arguments[0].condition);
  CHECK(all[0].arguments[0].condition->values[1][0] == 0xfffffffd);
  CHECK(all[1].arguments[0].condition->values[0][0] == 4);
}

TEST_CASE("structures are laid out as the C compiler does") {
  auto all = parsed(
      "struct s { a: u8  b: double  c: char[3]  d: in str  _e: u16[2] }\n"
      "f(p: out s) -> void");
  const Structure& s = *all[0].arguments[0].type.structure;
  auto offset = [&](std::size_t field, Abi abi) {
    return s.fields[field].offset.at(index_of(abi));
  };
  CHECK(offset(1, Abi::X86_64) == 8);
  CHECK(offset(1, Abi::I386) == 4);
  CHECK(offset(3, Abi::X86_64) == 24);
  CHECK(offset(3, Abi::I386) == 16);
  CHECK(s.size[index_of(Abi::X86_64)] == 40);
  CHECK(s.size[index_of(Abi::I386)] == 24);
}

TEST_CASE("mistakes are told where they are") {
  CHECK(mistake("f(a: sise) -> int") == "unknown type 'sise'; did you mean 'size'?");
  CHECK(mistake("f(a: int -> int") == "expected ',' or ')' after an argument, found '->'");
  CHECK(mistake("f(a: int)") ==
        "expected '->' and the result's type ('-> void' for none), found "
        "the end of the file");
  CHECK(mistake("f(a: int, a: int) -> int") == "the argument 'a' is there twice");
  CHECK(mistake("f(a: str) -> int") ==
        "an argument cannot be a 'str' itself: write 'in' or 'out' for a pointer to one");
  CHECK(mistake("f(a: in bytes) -> int") == "bytes need a length: bytes[count]");
  CHECK(mistake("f(a: in bytes[n]) -> int") == "there is no argument 'n'");
  CHECK(mistake("f(a: in bytes[n], n: in size) -> int") == "'n' is a pointer: write '*n'");
  CHECK(mistake("f(a: in bytes[*n], n: size) -> int") == "'n' is not a pointer");
  CHECK(mistake("f(a: in bytes[d], d: double) -> int") == "'d' is not a number");
  CHECK(mistake("f(a: int if b & NO_SUCH, b: open_flags) -> int") ==
        "unknown constant 'NO_SUCH' in a condition");
  CHECK(mistake("f(a: in bytes[ret]) -> int") ==
        "'ret' is known when the call has returned: of an 'out'");
  CHECK(mistake("f(..., a: int) -> int") == "'...' comes last");
  CHECK(mistake("f() -> int f() -> int") == "'f' is already described in this file");
  CHECK(mistake("f() -> in str") == "what a result points to is 'out': it is read at the return");
  CHECK(mistake("f() -> size or errno") == "a 'size' does not say whether the call failed");
  CHECK(mistake("f(a: void) -> int") == "an argument is not void");
  CHECK(mistake("struct s { }") == "a structure has fields");
  CHECK(mistake("struct s { a: u8[70000] }") == "an array has 1 to 65535 bytes");
  CHECK(mistake("struct s { a: u8[60000] b: u8[60000] }") ==
        "a structure is larger than 65535 bytes");
  CHECK(mistake("struct timespec { a: int }") == "the type 'timespec' is already defined");
  CHECK(mistake("enum e { A = }") == "expected a value or 'none', found '}'");
  CHECK(mistake("enum e { A = 1 A = 2 }") == "'A' is there twice");
  CHECK(mistake("[mips] f() -> int") ==
        "unknown architecture 'mips'; known are x86_64, i386, aarch64, arm");
  CHECK(mistake("f(a: s64(u8)) -> int") == "only an enum or flags can be stored as another type");
  CHECK(mistake("f(a: size) -> int ?") == "unexpected character '?'");
  CHECK(mistake("library \"libc\x19\"") == "unexpected character '\"'");
  CHECK(mistake("library \"libc\n\"") == "unexpected character '\"'");
  CHECK(mistake("library \"libc") == "unexpected character '\"'");
  CHECK(mistake("f(a: 99999999999999999999) -> int") ==
        "expected a type, found "
        "'99999999999999999999'");
  CHECK(mistake("f() -> int", "# nothing\n") ==
        "say which libraries have the function, before it: library \"libc.so*\"");
}

TEST_CASE("what is for syscalls alone is refused, not ignored") {
  CHECK(mistake("custom c: u32") ==
        "'custom' is not supported here: custom types are ttrace's own; functions can use those of "
        "syscalls/");
  CHECK(mistake("include <a.h>") ==
        "'include' is not supported here: headers are not compared with prototypes");
  CHECK(mistake("f$v(a: int) -> int") ==
        "variants ('$') are for syscalls; give arguments conditions");
  CHECK(mistake("f @3 (a: int) -> int") == "a function has no number");
  CHECK(mistake("f(a@1: int) -> int") == "arguments are where the calling convention says");
  CHECK(mistake("f(a: in timespec[n bytes], n: size) -> int") ==
        "structures that grow ('[n bytes]') are not supported here");
  CHECK(mistake("f() -> open_flags(int) (hex)") == "notes on a result are not supported here");
  CHECK(mistake("struct s { union { a: int } }") == "unions are not supported here");
  CHECK(mistake("struct s { a: int if a }") == "fields have no conditions here");
}

TEST_CASE("a user's file comes before what is built in") {
  PrototypeBook book;
  REQUIRE(book.find("puts", "libc.so.6", Abi::X86_64) != nullptr);
  CHECK(book.find("puts", "libother.so", Abi::X86_64) == nullptr);
  CHECK(book.find("puts", "", Abi::X86_64) != nullptr);  // a static program
  REQUIRE(book.add("mine",
                   "library \"libc.so*\" \"libmine*\"\n"
                   "puts(text: in str) -> void\nmine(when: in tm) -> void"));
  const Prototype* puts = book.find("puts", "libc.so.6", Abi::X86_64);
  REQUIRE(puts != nullptr);
  CHECK(puts->arguments[0].name == "text");
  CHECK(book.find("mine", "libmine.so.1", Abi::X86_64) != nullptr);
  CHECK(book.find("mine", "libc.so.6", Abi::Arm) != nullptr);
}

TEST_CASE("what is built in has no mistakes and no duplicates") {
  PrototypeBook book;
  CHECK(book.built_in() >= 450);
}

TEST_CASE("a file that cannot be read") {
  PrototypeBook book;
  auto added = book.add_file("/nowhere/at.all");
  REQUIRE(!added);
  CHECK(added.error().message() == "/nowhere/at.all: No such file or directory");
}
