// What the description language can say, decoded: the calls of language.syscalls.
#include "unit/decode/call_text.h"

using namespace ttrace;
using namespace ttrace::test;
using namespace std::string_view_literals;

namespace {
constexpr std::uint64_t kMinusOne = ~std::uint64_t{0};
constexpr Address kA{0x1000}, kB{0x2000}, kC{0x3000};
// Values of t_kind.
constexpr std::uint64_t kTid = 1, kFunction = 2, kPair = 3, kList = 4, kNest = 5, kUnknown = 9;

std::string event(Abi abi, std::string_view bytes) {
  Calls calls(abi);
  calls.memory.map(kA, bytes);
  return calls.call("t_event", {0x1000}, 0);
}
// On x86-64 the union begins at offset 16, on i386 at 12.
std::string event64(std::uint64_t kind, const Bytes& member) {
  return event(Abi::X86_64,
               Bytes().u64(5).u32(kind).u32(0).text(member.view()).u32(7).u32(0).view());
}
std::string event32(std::uint64_t kind, const Bytes& member) {
  return event(Abi::I386, Bytes().u64(5).u32(kind).text(member.view()).u32(7).view());
}
}  // namespace

TEST_CASE("a union shows the member that a field selects") {
  CHECK(event64(kTid, Bytes().u32(77).zeros(20)) ==
        "t_event({value=5, kind=T_TID, tid=77, tail=7}) = 0");
  CHECK(event64(kNest, Bytes().u16(1).u16(2).zeros(20)) ==
        "t_event({value=5, kind=T_NEST, nested={first=1, second=2}, tail=7}) = 0");
  CHECK(event64(kUnknown, Bytes().u64(0xabc).zeros(16)) ==
        "t_event({value=5, kind=0x9 /* T_??? */, raw=0xabc, tail=7}) = 0");
  CHECK(event32(kTid, Bytes().u32(77).zeros(20)) ==
        "t_event({value=5, kind=T_TID, tid=77, tail=7}) = 0");
}

TEST_CASE("groups and inline structures are shown without a name of their own") {
  CHECK(event64(kFunction, Bytes().u64(0x10).u64(0x20).zeros(8)) ==
        "t_event({value=5, kind=T_FUNCTION, function=0x10, attributes=0x20, tail=7}) = 0");
  // A condition within a group adds to that of the group.
  CHECK(event64(kFunction, Bytes().u64(0).u64(0x20).zeros(8)) ==
        "t_event({value=5, kind=T_FUNCTION, function=NULL, tail=7}) = 0");
  CHECK(event32(kFunction, Bytes().u32(0x10).u32(0x20).zeros(16)) ==
        "t_event({value=5, kind=T_FUNCTION, function=0x10, attributes=0x20, tail=7}) = 0");
  CHECK(event64(kPair, Bytes().u16(1).u16(2).zeros(20)) ==
        "t_event({value=5, kind=T_PAIR, first=1, second=2, tail=7}) = 0");
  CHECK(event64(kPair, Bytes().u16(0).u16(2).zeros(20)) ==
        "t_event({value=5, kind=T_PAIR, first=0, tail=7}) = 0");
}

TEST_CASE("a union without conditions shows all of its members") {
  Calls calls;
  calls.memory.map(kA, Bytes().u32(1).u32(0).u64(0xffffffff).view());
  CHECK(calls.call("t_value", {0x1000}, 0) ==
        "t_value({number=1, as_int=-1, as_addr=0xffffffff}) = 0");
  calls.memory.map(kB, Bytes().u32(2).u32(0).u64(0xffffffff).view());
  CHECK(calls.call("t_value", {0x2000}, 0) == "t_value({number=2}) = 0");
}

TEST_CASE("an argument selects, also in structures within") {
  Calls calls;
  // bits, count, inner {one, left}, list, data
  calls.memory.map(kA, Bytes().u32(2).u32(2).u32(8).u32(9).u64(0x2000).u64(0x3000).view());
  calls.memory.map(kB, Bytes().u32(10).u32(11).u32(12).u32(13).view());
  calls.memory.map(kC, "hi"sv);
  CHECK(calls.call("t_message", {kPair, 0x1000}, 0) ==
        "t_message(T_PAIR, {bits=T_B, count=2, inner={one=0x8}, list=[{one=0xa}, {one=0xc}]}) = 0");
  CHECK(calls.call("t_message", {kList, 0x1000}, 0) ==
        "t_message(T_LIST, {bits=T_B, count=2, inner={three=010}, list=[{three=012}, "
        "{three=014}]}) = 0");
  CHECK(calls.call("t_message", {kTid, 0x1000}, 0) ==
        "t_message(T_TID, {bits=T_B, count=2, inner={three=010}, data=\"hi\"}) = 0");
}

TEST_CASE("a field of the structure around it selects") {
  Calls calls;
  calls.memory.map(kA, Bytes().u32(4).u32(1).u32(8).u32(9).u64(0x2000).u64(0x3000).view());
  calls.memory.map(kB, Bytes().u32(10).u32(11).view());
  CHECK(calls.call("t_message", {kList, 0x1000}, 0) ==
        "t_message(T_LIST, {bits=T_C, count=1, inner={two=8, left=9}, list=[{two=10, left=11}]}) "
        "= 0");
}

TEST_CASE("the selecting argument may stand behind, be pointed to, or be a number") {
  Calls calls;
  const auto message = Bytes().u32(2).u32(1).u32(8).u32(9).u64(0).u64(0x3000);
  calls.memory.map(kA, Bytes().text(message.view()).text(message.view()).view());
  calls.memory.map(kB, Bytes().u32(kPair).view());
  calls.memory.map(kC, "x"sv);
  CHECK(calls.call("t_message_last", {0x1000, 0, kTid}, 0) ==
        "t_message_last({bits=T_B, count=1, inner={three=010, left=9}, data=\"x\"}, 0, T_TID) = 0");
  CHECK(calls.call("t_message_pointed", {0x2000, 0x1000}, 0) ==
        "t_message_pointed([T_PAIR], [{bits=T_B, count=1, inner={one=0x8, left=9}, list=NULL}, "
        "{bits=T_B, count=1, inner={one=0x8, left=9}, list=NULL}]) = 0");
  CHECK(calls.call("t_message_fixed", {0x1000}, 0) ==
        "t_message_fixed({bits=T_B, count=1, inner={three=010, left=9}, list=NULL}) = 0");
}

TEST_CASE("arguments that share a register") {
  Calls calls;
  calls.memory.map(kA, Bytes().u16(1).u16(2).view());
  CHECK(calls.call("t_register", {kPair, 0x1000, 3}, 0) ==
        "t_register(T_PAIR, {first=1, second=2}, 3) = 0");
  CHECK(calls.call("t_register", {kTid, 0x1000, 3}, 0) == "t_register(T_TID, 4096, 3) = 0");
  CHECK(calls.call("t_register", {kList, 0x1000, 3}, 0) == "t_register(T_LIST, 0x1000, 3) = 0");
}

TEST_CASE("pointers with lengths within unions") {
  Calls calls;
  calls.memory.map(kA, Bytes().u32(2).u32(0).u64(0x2000).u64(0x3000).view());
  calls.memory.map(kB, Bytes().u64(0x3000).u64(4).u64(0).u64(0).view());
  calls.memory.map(kC, Bytes().text("abcd").view());
  CHECK(calls.call("t_vectors", {kList, 0x1000}, 0) ==
        "t_vectors(T_LIST, {count=2, vectors=[{base=\"abcd\", len=4}, {base=NULL, len=0}]}) = 0");
  CHECK(calls.call("t_vectors", {kPair, 0x1000}, 0) ==
        "t_vectors(T_PAIR, {count=2, fds=[12288, 0], words=[25185, 25699]}) = 0");
  CHECK(calls.call("t_vectors", {kTid, 0x1000}, 0) ==
        "t_vectors(T_TID, {count=2, none=0x2000}) = 0");
}

TEST_CASE("order, -v and a structure shown inline") {
  const auto bytes = Bytes().u64(1).u32(2).u32(3).u32(4).u32(5);
  Calls brief;
  brief.memory.map(kA, bytes.view());
  CHECK(brief.call("t_outer", {kTid, 0x1000}, 0) == "t_outer(T_TID, {b=5, x=2, ...}) = 0");
  CHECK(brief.call("t_outer", {kPair, 0x1000}, 0) == "t_outer(T_PAIR, {b=5, x=2, z=3, ...}) = 0");
  Calls all(Abi::X86_64, unabridged());
  all.memory.map(kA, bytes.view());
  CHECK(all.call("t_outer", {kTid, 0x1000}, 0) == "t_outer(T_TID, {b=5, x=2, y=3, w=4, a=1}) = 0");
}

TEST_CASE("results") {
  Calls calls;
  CHECK(calls.call("t_fd", {}, 3) == "t_fd() = 3");
  CHECK(calls.call("t_pid", {}, 4711) == "t_pid() = 4711");
  CHECK(calls.call("t_size", {}, 1LL << 40) == "t_size() = 1099511627776");
  CHECK(calls.call("t_flags", {}, 5) == "t_flags() = T_A|T_C");
  CHECK(calls.call("t_flags", {}, 0) == "t_flags() = 0");
  CHECK(calls.call("t_flags", {}, 9) == "t_flags() = T_A|0x8");
  CHECK(calls.call("t_enum", {}, kList) == "t_enum() = T_LIST");
  CHECK(calls.call("t_enum", {}, kUnknown) == "t_enum() = 0x9 /* T_??? */");
  CHECK(calls.call("t_address", {}, 0x7f0000001000) == "t_address() = 0x7f0000001000");
  CHECK(calls.call("t_address", {}, 0) == "t_address() = NULL");
  CHECK(calls.call("t_hex", {}, 255) == "t_hex() = 0xff");
  CHECK(calls.call("t_uid", {}, 1000) == "t_uid() = 1000");
  CHECK(calls.call("t_uid", {}, 0xffffffff) == "t_uid() = -1");
  CHECK(calls.call("t_octal", {}, 022) == "t_octal() = 022");
  CHECK(calls.call("t_u32", {}, 0xffffffff) == "t_u32() = 4294967295");
}

TEST_CASE("a result that depends on an argument is that of a variant") {
  Calls calls;
  CHECK(calls.call("t_by_kind", {kTid}, 4096) == "t_by_kind(T_TID) = 4096");
  CHECK(calls.call("t_by_kind", {kFunction}, 4096) == "t_by_kind(T_FUNCTION) = 0x1000");
  CHECK(calls.call("t_by_kind", {kPair}, 6) == "t_by_kind(T_PAIR) = T_B|T_C");
  CHECK(calls.call("t_by_kind", {kMinusOne}, -22) ==
        "t_by_kind(0xffffffff /* T_??? */) = -1 EINVAL (Invalid argument)");
}
