// What one call may cost, whatever a program passes.
#include "unit/decode/call_text.h"

using namespace ttrace;
using namespace ttrace::test;
using namespace std::string_view_literals;

namespace {

constexpr std::size_t kMega = std::size_t{1} << 20;
constexpr Address kA{0x10000}, kB{0x400000};

}  // namespace

TEST_CASE("a set of a million descriptors is cut") {
  Calls calls;
  calls.memory.map(kA, std::string(1 << 17, '\xff'));
  const auto text = calls.call("select", {1 << 20, 0x10000, 0x10000, 0x10000}, -4);
  CHECK(text.starts_with("select(1048576, [0 1 2 3 "));
  CHECK(text.find(" ...], ") != std::string::npos);
  CHECK(text.size() < kMega);
  CHECK(calls.pending.arena.used() < 3 * kMega);
}

TEST_CASE("bits behind the last descriptor are not shown") {
  Calls calls;
  calls.memory.map(kA, std::string(16, '\xff'));
  CHECK(calls.enter("select", {3, 0x10000}) == "select(3, [0 1 2], NULL, NULL, NULL");
  CHECK(calls.enter("select", {9, 0x10000}) == "select(9, [0 1 2 3 4 5 6 7 8], NULL, NULL, NULL");
  calls.memory.map(kA, std::string("\0\1", 2) + std::string(14, '\0'));
  CHECK(calls.enter("select", {8, 0x10000}) == "select(8, [], NULL, NULL, NULL");
  CHECK(calls.enter("select", {16, 0x10000}) == "select(16, [8], NULL, NULL, NULL");
}

TEST_CASE("a cpu set is shown up to the size of glibc's") {
  Calls calls;
  calls.memory.map(kA, std::string(1024, '\xff'));
  const auto text = calls.call("sched_setaffinity", {0, 1024, 0x10000}, 0);
  CHECK(text.ends_with(" 1022 1023 ...]) = 0"));
}

TEST_CASE("the flags of many elements cost what is shown of them") {
  Calls calls(Abi::X86_64, unabridged());
  calls.memory.map(kA, std::string(std::size_t{4096} * 8, '\1'));
  calls.call("poll", {0x10000, 4096, 0}, 1);
  CHECK(calls.pending.arena.used() < 5 * kMega);
}

TEST_CASE("a list of one string has no room for thousands") {
  Calls calls(Abi::X86_64, unabridged());
  calls.memory.map(kA, Bytes().u64(0x10010).u64(0).text("ls").zeros(1).view());
  CHECK(calls.call("execve", {0x10010, 0x10000, 0x10000}, -2) ==
        R"(execve("ls", ["ls"], ["ls"]) = -1 ENOENT (No such file or directory))");
  CHECK(calls.pending.arena.used() < kMega / 4);
}

TEST_CASE("a large -s costs what strings are long") {
  Calls calls(Abi::X86_64, {.string_limit = 10'000'000});
  Bytes list;
  for (int i = 0; i < 20; ++i)
    list.u64(0x10200);
  calls.memory.map(kA, list.zeros(0x200 - 160).text("argument").zeros(1).view());
  const auto text = calls.call("execve", {0x10200, 0x10000, 0}, -2);
  CHECK(
      text.ends_with(R"("argument", "argument"], NULL) = -1 ENOENT (No such file or directory))"));
  CHECK(calls.pending.arena.used() < kMega / 4);
}

TEST_CASE("a large directory is cut where the budget ends") {
  Calls calls(Abi::X86_64, unabridged());
  std::string entries;
  constexpr std::size_t kEntry = 24;
  while (entries.size() + kEntry <= kMega)
    entries += Bytes().u64(1).u64(2).u16(kEntry).text("\10a"sv).zeros(4).view();
  calls.memory.map(kA, entries);
  const auto size = static_cast<std::int64_t>(entries.size());
  calls.enter("getdents64", {3, 0x10000, kMega});
  const auto text = calls.exit(size);
  CHECK(text.find(R"(, d_type=DT_REG, d_name="a"}, ...], )") != std::string::npos);
  CHECK(calls.pending.arena.used() < 20 * kMega);
}

TEST_CASE("a directory that is not looked into to its end is not counted") {
  Calls calls;
  calls.memory.map(kA, std::string(2 * kMega, '\0'));
  calls.enter("getdents64", {3, 0x10000, 4 * kMega});
  CHECK(calls.exit(2 * kMega) == "getdents64(3, 0x10000, 4194304) = 2097152");
}

TEST_CASE("more control messages than are shown are told") {
  Calls calls;
  Bytes control;
  for (int i = 0; i < 700; ++i)
    control.u64(20).u32(1).u32(1).u32(7).zeros(4);
  calls.memory.map(kB, control.view());
  calls.memory.map(kA, Bytes().zeros(32).u64(0x400000).u64(700 * 24).u32(0).view());
  const auto text = calls.call("sendmsg", {3, 0x10000, 0}, 0);
  CHECK(text.find("cmsg_data=[7]}, ...], msg_controllen=16800") != std::string::npos);
}

TEST_CASE("what a large call took is given back") {
  Calls calls(Abi::X86_64, unabridged());
  calls.memory.map(kA, std::string(1 << 17, '\xff'));
  calls.call("select", {1 << 20, 0x10000, 0, 0}, -4);
  CHECK(calls.pending.arena.used() > kMega);
  calls.call("getpid", {}, 1);
  CHECK(calls.pending.arena.capacity() <= 2 * kMega);
}
