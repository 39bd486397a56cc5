#include "arch/go_code.h"

#include <doctest/doctest.h>

#include <string>
#include <string_view>

using namespace ttrace;

namespace {

constexpr Address kAt{0x457c60};

// What Go's compilers make of a function that calls itself, as hexadecimal digits.
constexpr std::string_view kAmd64Go119 =
    "493b6610 7634 4883ec10 48896c2408 488d6c2408 4885c0 750c 31c0 488b6c2408 4883c410 c3"
    "48ffc8 e8d3ffffff 48ffc0 488b6c2408 4883c410 c3"
    "4889442408 90 e8fbccffff 488b442408 ebb4";
constexpr std::string_view kAmd64Go127 =
    "493b6610 7628 55 4889e5 4883ec08 4885c0 7508 31c0 4883c408 5d c3"
    "48ffc8 6690 e8dbffffff 48ffc0 4883c408 5d c3"
    "4889442408 e828bbffff 488b442408 ebc1";
// A large frame's check: mov %rsp,%r12; sub; jb; cmp; jbe; then a frame, and its end.
constexpr std::string_view kAmd64Large =
    "4989e4 4981ec18110100 0f8219000000 4d3b6610 0f860f000000 4881ec98110100 4881c498110100 c3"
    "e8fbccffff ebd0";
// Assembly: g from the thread's own variable; a frame of 128 bytes.
constexpr std::string_view kAmd64Old =
    "64488b0c25f8ffffff 483b6110 7609 4883ec80 4883ec80 c3 e8fbccffff ebe1";

std::vector<std::byte> bytes(std::string_view digits) {
  std::string all;
  for (char digit : digits)
    if (digit != ' ') all += digit;
  std::vector<std::byte> out;
  for (std::size_t i = 0; i + 1 < all.size(); i += 2)
    out.push_back(std::byte(std::stoul(all.substr(i, 2), nullptr, 16)));
  return out;
}

std::vector<std::byte> words(std::initializer_list<std::uint32_t> list) {
  std::vector<std::byte> out;
  for (std::uint32_t word : list)
    for (unsigned i = 0; i < 4; ++i)
      out.push_back(std::byte(word >> (8 * i)));
  return out;
}

}  // namespace

TEST_CASE("behind the stack check; the returns, and the addition in front of them") {
  GoCode code = read_go_code(Abi::X86_64, bytes(kAmd64Go119), kAt);
  CHECK(code.check == 6);
  REQUIRE(code.returns.size() == 2);
  CHECK(code.returns[0].at == Address(0x457c84));
  CHECK(code.returns[0].epilogue == Address(0x457c80));
  CHECK(code.returns[0].frame == 0x10);
  CHECK_FALSE(code.returns[0].pops);
  CHECK_FALSE(code.returns[0].alone);
  CHECK(code.returns[1].at == Address(0x457c99));
  CHECK(code.leaves.empty());
  CHECK(code.indirect.empty());
  CHECK_FALSE(code.repeats_entry);
  REQUIRE(code.calls.size() == 2);
  CHECK(code.calls[0].target == kAt);
}

TEST_CASE("a frame pointer is popped behind the addition") {
  GoCode code = read_go_code(Abi::X86_64, bytes(kAmd64Go127), kAt);
  CHECK(code.check == 6);
  REQUIRE(code.returns.size() == 2);
  CHECK(code.returns[0].at == kAt + 0x1a);
  CHECK(code.returns[0].epilogue == kAt + 0x15);
  CHECK(code.returns[0].frame == 16);
  CHECK(code.returns[0].pops);
}

TEST_CASE("a large frame's check has two branches") {
  GoCode code = read_go_code(Abi::X86_64, bytes(kAmd64Large), kAt);
  CHECK(code.check == 26);
  REQUIRE(code.returns.size() == 1);
  CHECK(code.returns[0].frame == 0x11198);
}

TEST_CASE("a check of g from the thread's variable; -128 is subtracted") {
  GoCode code = read_go_code(Abi::X86_64, bytes(kAmd64Old), kAt);
  CHECK(code.check == 15);
  REQUIRE(code.returns.size() == 1);
  CHECK(code.returns[0].frame == 128);
}

TEST_CASE("a branch that does not come back to the start is the function's own") {
  // test %rax,%rax; je over a return; call; jmp to elsewhere
  GoCode code = read_go_code(Abi::X86_64, bytes("4885c0 7401 c3 e8fbccffff e900010000"), kAt);
  CHECK(code.check == 0);
  REQUIRE(code.returns.size() == 1);
  CHECK(code.returns[0].epilogue == code.returns[0].at);
  REQUIRE(code.leaves.size() == 1);
  CHECK(code.leaves[0].at == kAt + 11);
  CHECK(code.leaves[0].target == kAt + 0x110);
}

TEST_CASE("a loop back to the first instruction; a jump through a register; a lone return") {
  // dec %rax; jne to the start; jmp *%rdx; ret; padding
  GoCode code = read_go_code(Abi::X86_64, bytes("48ffc8 75fb ffe2 c3 cc"), kAt);
  CHECK(code.repeats_entry);
  REQUIRE(code.indirect.size() == 1);
  CHECK(code.indirect[0] == kAt + 5);
  REQUIRE(code.returns.size() == 1);
  CHECK(code.returns[0].alone);
}

TEST_CASE("an addition that a branch leads behind of is not for all who return") {
  // test %rax,%rax; je to the return; add $8,%rsp; ret
  GoCode code = read_go_code(Abi::X86_64, bytes("4885c0 7404 4883c408 c3"), kAt);
  REQUIRE(code.returns.size() == 1);
  CHECK(code.returns[0].epilogue == code.returns[0].at);
}

TEST_CASE("arm64: the checks of small and large frames") {
  GoCode small = read_go_code(
      Abi::Aarch64, words({0xf9400b90, 0xeb3063ff, 0x540001e9, 0xf81e0ffe, 0xf81f83fd, 0xd10023fd,
                           0xb50000a0, 0xd2800000, 0xa97ffbfd, 0x910083ff, 0xd65f03c0, 0xd1000400,
                           0x97fffff4, 0x91000400, 0xa97ffbfd, 0x910083ff, 0xd65f03c0, 0xf90007e0,
                           0xaa1e03e3, 0x97fff675, 0xf94007e0, 0x17ffffeb, 0,          0}),
      kAt);
  CHECK(small.check == 12);
  REQUIRE(small.returns.size() == 2);
  CHECK(small.returns[0].at == kAt + 40);
  CHECK(small.returns[0].epilogue == kAt + 40);
  // ldr; mov; movk; subs; b.cc; cmp; b.ls; ret; bl; b to the start
  GoCode large = read_go_code(Abi::Aarch64,
                              words({0xf9400b90, 0xd282221b, 0xf2a0003b, 0xeb3b63f1, 0x54000083,
                                     0xeb10023f, 0x54000049, 0xd65f03c0, 0x97fff675, 0x17fffff7}),
                              kAt);
  CHECK(large.check == 28);
  CHECK(large.returns.size() == 1);
}

TEST_CASE("a goroutine that is preempted in what writes R27 begins that again") {
  auto repeats = [](std::initializer_list<std::uint32_t> code) {
    return read_go_code(Abi::Aarch64, words(code), kAt).repeats_entry;
  };
  constexpr std::uint32_t kReturn = 0xd65f03c0;
  CHECK(repeats({0xb000063b, 0x9104037b, 0xf9400361, kReturn}));        // adrp x27; add; ldr x1
  CHECK(repeats({0x5800005b, 0x8b1b0000, kReturn}));                    // ldr x27, literal; add
  CHECK(repeats({0xd282221b, 0xf2a0003b, 0x8b1b0000, kReturn}));        // mov x27; movk; add
  CHECK_FALSE(repeats({0xb0000600, 0x91040000, 0xf9400001, kReturn}));  // adrp x0
  CHECK_FALSE(repeats({0x9400001b, kReturn}));                          // bl: no register
  CHECK_FALSE(repeats({0x1400001b}));
  CHECK_FALSE(repeats({}));
  // Behind the stack check.
  CHECK(repeats({0xf9400b90, 0xeb3063ff, 0x54000069, 0xb000063b, kReturn, 0x97fff676, 0x17fffffa}));
}

TEST_CASE("code that ends anywhere is read to there") {
  for (std::string_view code : {kAmd64Go119, kAmd64Go127, kAmd64Large, kAmd64Old}) {
    auto text = bytes(code);
    for (std::size_t size = 0; size < text.size(); ++size) {
      GoCode read = read_go_code(Abi::X86_64, std::span(text).first(size), kAt);
      CHECK(read.check == 0);
      for (const GoCode::Return& end : read.returns)
        CHECK(end.at < kAt + size);
    }
  }
}

TEST_CASE("where g, the first argument and the return address are") {
  Registers amd64(Abi::X86_64);
  amd64.set(14, 7);
  amd64.set(0, 8);
  amd64.set(kDwarfX86FsBase, 9);
  CHECK(go_g_register(amd64) == 7);
  CHECK(go_first_argument(amd64) == 8);
  CHECK(go_thread_pointer(amd64) == Address(9));
  CHECK_FALSE(go_link_register(amd64));
  CHECK(go_return_address_size(Abi::X86_64) == 8);
  Registers arm64(Abi::Aarch64);
  arm64.set(28, 7);
  arm64.set(0, 8);
  arm64.set(30, 9);
  CHECK(go_g_register(arm64) == 7);
  CHECK(go_first_argument(arm64) == 8);
  CHECK_FALSE(go_thread_pointer(arm64));
  CHECK(go_link_register(arm64) == Address(9));
  CHECK(go_return_address_size(Abi::Aarch64) == 0);
}

TEST_CASE("data in assembly is not taken for returns") {
  // jmp over data; test %rax,%rax; je to a return behind another return; ret; data; ret; data
  constexpr const char* kCode = "eb02 c3c3 4885c0 7403 c3 c3c3 c3 c3";
  CHECK(read_go_code(Abi::X86_64, bytes(kCode), kAt).returns.size() == 7);
  GoCode code = read_go_code(Abi::X86_64, bytes(kCode), kAt, true);
  REQUIRE(code.returns.size() == 2);
  CHECK(code.returns[0].at == kAt + 9);
  CHECK(code.returns[1].at == kAt + 12);
}
