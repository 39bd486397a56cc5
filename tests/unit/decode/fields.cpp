// When and how the description language shows fields and constants: the calls of fields.syscalls.
#include "unit/decode/call_text.h"

using namespace ttrace;
using namespace ttrace::test;

namespace {
constexpr Address kA{0x1000}, kB{0x2000}, kC{0x3000};

std::string grown(std::uint64_t size, DecodeOptions options = {}) {
  Calls calls(Abi::X86_64, options);
  calls.memory.map(kA, Bytes().u32(1).u32(2).u32(3).u32(4).u32(0).u32(0x61).view());
  return calls.call("f_grown", {0x1000, size}, 0);
}
}  // namespace

TEST_CASE("of a structure that has grown, what the program has is shown") {
  CHECK(grown(0) == "f_grown(0x1000, 0) = 0");
  CHECK(grown(3) == "f_grown({first=1}, 3) = 0");
  CHECK(grown(4) == "f_grown({first=1}, 4) = 0");
  CHECK(grown(6) == "f_grown({first=1, second=2}, 6) = 0");
  CHECK(grown(12) == "f_grown({first=1, second=2, third=0x3}, 12) = 0");
  // A hidden field is known, so it is nothing more.
  CHECK(grown(16) == "f_grown({first=1, second=2, third=0x3}, 16) = 0");
  CHECK(grown(20) == "f_grown({first=1, second=2, third=0x3}, 20) = 0");
  CHECK(grown(24) == "f_grown({first=1, second=2, third=0x3, ...}, 24) = 0");
  CHECK(grown(24, unabridged()) ==
        "f_grown({first=1, second=2, third=0x3, extra_data=\"\\x00\\x00\\x00\\x00\\x61\\x00\\x00"
        "\\x00\" /* bytes 16..23 */}, 24) = 0");
  // It cannot be read, or the kernel would not take it.
  CHECK(grown(25) == "f_grown(0x1000, 25) = 0");
  CHECK(grown(5000) == "f_grown(0x1000, 5000) = 0");
}

TEST_CASE("what is known of a structure within a structure that has grown") {
  Calls calls;
  calls.memory.map(kA, Bytes().u32(1).u32(2).view());
  CHECK(calls.call("f_around", {0x1000, 4}, 0) == "f_around({inner={x=1}}, 4) = 0");
  CHECK(calls.call("f_around", {0x1000, 8}, 0) == "f_around({inner={x=1}, ...}, 8) = 0");
}

TEST_CASE("fields that a call changes or fills in") {
  Calls calls;
  const auto before = Bytes().u32(1).u32(4).u32(0).u32(0).u32(0);
  const auto after = Bytes().u32(3).u32(2).u32(9).u32(0).u32(5);
  calls.memory.map(kA, before.view());
  CHECK(calls.call("f_changes", {0x1000}, 0) == "f_changes({bits=F_A, count=4, id=0}) = 0");
  CHECK(calls.call("f_changes", {0x1000}, -22) ==
        "f_changes({bits=F_A, count=4}) = -1 EINVAL (Invalid argument)");
  calls.enter("f_changes", {0x1000});
  calls.memory.map(kA, after.view());
  CHECK(calls.exit(0) == "f_changes({bits=F_A|F_B, count=4 => 2, id=9, spare=[0, 0x5]}) = 0");
}

TEST_CASE("they are found in a structure within") {
  Calls calls;
  calls.memory.map(kA, Bytes().u32(7).u32(1).u32(4).zeros(12).view());
  calls.enter("f_deeper", {0x1000});
  calls.memory.map(kA, Bytes().u32(7).u32(1).u32(5).zeros(12).view());
  CHECK(calls.exit(0) == "f_deeper({head=7, changes={bits=F_A, count=4 => 5, id=0}}) = 0");
}

TEST_CASE("pointers of 64 bits, followed at once or after the call") {
  for (const Abi abi : {Abi::X86_64, Abi::I386}) {
    Calls calls(abi);
    calls.memory.map(kA, Bytes().u64(0x2000).u64(0x3000).u32(2).u32(0).view());
    calls.memory.map(kB, Bytes().text("hi").u32(0).view());
    calls.memory.map(kC, Bytes().u32(5).u32(6).view());
    CHECK(calls.call("f_pointers", {0x1000}, -22) ==
          "f_pointers({text=\"hi\", ids=0x3000, count=2}) = -1 EINVAL (Invalid argument)");
    CHECK(calls.call("f_pointers", {0x1000}, 0) ==
          "f_pointers({text=\"hi\", ids=0x3000, count=2} => {text=\"hi\", ids=[5, 6], count=2}) = "
          "0");
  }
  Calls calls(Abi::I386);
  calls.memory.map(kA, Bytes().u64(0x100002000).u64(0).u32(0).u32(0).view());
  CHECK(calls.call("f_pointers", {0x1000}, 0) ==
        "f_pointers({text=0x100002000, ids=NULL, count=0}) = 0");
}

TEST_CASE("constants without a name, or with several") {
  Calls calls;
  CHECK(calls.call("f_constants", {1, 1, 1, 5}, 0) ==
        "f_constants(K_ONE, S_ONE, N_A or N_B, G_4|G_1) = 0");
  CHECK(calls.call("f_constants", {99, 0xffffffff, 2, 0}, 0) ==
        "f_constants(99 /* K_??? */, -1 /* S_??? */, N_C, G_0|) = 0");
  CHECK(calls.call("f_constants", {1, 1, 7, 12}, 0) == "f_constants(K_ONE, S_ONE, 7, G_4|0x8) = 0");
}

TEST_CASE("the bits of a variant's constant that the mask leaves out do not count") {
  Calls calls;
  CHECK(calls.call("f_variant", {0x3e, 16}, 0) == "f_variant(62, 16) = 0");
  CHECK(calls.call("f_variant", {0x40, 16}, 0) == "f_variant(0x40 /* F_??? */, 0x10) = 0");
}

TEST_CASE("a variant's constant is shown as another type") {
  Calls calls;
  CHECK(calls.call("f_variant", {3, 16}, 0) == "f_variant(F_A|F_B, 16) = 0");
  CHECK(calls.call("f_variant", {2, 16}, 0) == "f_variant(F_B, 0x10) = 0");
}
