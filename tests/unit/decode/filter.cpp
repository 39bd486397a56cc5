#include <doctest/doctest.h>

#include <algorithm>

#include "decode/decoder.h"
#include "decode/names.h"
#include "decode/tables.h"

using namespace ttrace;

namespace {
constexpr std::uint64_t kRead = 0, kOpenat = 257, kUnnamed = 400, kUnknown = 2000;
constexpr std::array kAbis{Abi::X86_64, Abi::I386, Abi::Aarch64, Abi::Arm};

bool has_call(Abi abi, std::string_view name) {
  for (std::uint64_t number = 0; number < names::kNumbers; ++number)
    if (names::is_named(abi, number) && Decoder::name(abi, number) == name) return true;
  for (std::uint64_t number = names::kArmFirst; number <= names::kArmLast; ++number)
    if (names::is_named(abi, number) && Decoder::name(abi, number) == name) return true;
  return false;
}
}  // namespace

TEST_CASE("without a filter every call is wanted") {
  SyscallFilter filter;
  CHECK(filter.wants(Abi::X86_64, kRead));
  CHECK(filter.wants(Abi::X86_64, kUnknown));
}

TEST_CASE("names select a call on every ABI that has it") {
  const auto filter = SyscallFilter::parse("openat,read");
  REQUIRE(filter.has_value());
  CHECK(filter->wants(Abi::X86_64, kOpenat));
  CHECK(filter->wants(Abi::X86_64, kRead));
  CHECK(filter->wants(Abi::Aarch64, 56));
  CHECK(filter->wants(Abi::I386, 295));
  CHECK_FALSE(filter->wants(Abi::X86_64, 1));
}

TEST_CASE("! inverts, all and none are everything and nothing") {
  const auto inverted = SyscallFilter::parse("!read");
  REQUIRE(inverted.has_value());
  CHECK_FALSE(inverted->wants(Abi::X86_64, kRead));
  CHECK(inverted->wants(Abi::X86_64, kOpenat));
  for (const char* nothing : {"none", "!all"}) {
    const auto filter = SyscallFilter::parse(nothing);
    REQUIRE(filter.has_value());
    bool any = false;
    for (const Abi abi : kAbis) {
      for (std::uint64_t number = 0; number <= kUnknown; ++number)
        any = any || (names::is_named(abi, number) && filter->wants(abi, number));
    }
    CHECK_FALSE(any);
  }
  CHECK(SyscallFilter::parse("all")->wants(Abi::X86_64, kRead));
  CHECK(SyscallFilter::parse("!none")->wants(Abi::X86_64, kRead));
}

TEST_CASE("a number without a name cannot be left out") {
  for (const char* set : {"read", "!read", "none", "!all", "%file", "!%file", "all"}) {
    const auto filter = SyscallFilter::parse(set);
    REQUIRE(filter.has_value());
    CHECK(filter->wants(Abi::X86_64, kUnnamed));
    CHECK(filter->wants(Abi::X86_64, kUnknown));
    CHECK(filter->wants(Abi::Arm, names::kArmLast + 1));
  }
}

TEST_CASE("a class selects its calls on every ABI") {
  const auto file = SyscallFilter::parse("%file");
  REQUIRE(file.has_value());
  CHECK(file->wants(Abi::X86_64, kOpenat));
  CHECK(file->wants(Abi::Aarch64, 56));
  CHECK(file->wants(Abi::I386, 295));
  CHECK(file->wants(Abi::X86_64, 165));  // mount
  CHECK_FALSE(file->wants(Abi::X86_64, kRead));
  const auto inverted = SyscallFilter::parse("!%file,?%nosuch");
  REQUIRE(inverted.has_value());
  CHECK(inverted->wants(Abi::X86_64, kRead));
  CHECK_FALSE(inverted->wants(Abi::X86_64, kOpenat));
  const auto both = SyscallFilter::parse("%%stat,read");
  REQUIRE(both.has_value());
  CHECK(both->wants(Abi::X86_64, 4));
  CHECK(both->wants(Abi::X86_64, kRead));
  CHECK_FALSE(both->wants(Abi::X86_64, kOpenat));
  // ARM's private get_tls.
  CHECK(SyscallFilter::parse("%pure")->wants(Abi::Arm, names::kArmLast));
  CHECK_FALSE(SyscallFilter::parse("%file")->wants(Abi::Arm, names::kArmLast));
}

TEST_CASE("the old names of classes have no %") {
  for (const char* name : {"file", "desc", "memory", "process", "signal", "ipc", "network"}) {
    const auto old = SyscallFilter::parse(name);
    const auto now = SyscallFilter::parse(std::string("%") + name);
    REQUIRE(old.has_value());
    REQUIRE(now.has_value());
    for (std::uint64_t number = 0; number < 500; ++number)
      CHECK(old->wants(Abi::X86_64, number) == now->wants(Abi::X86_64, number));
  }
  CHECK(SyscallFilter::parse("stat")->wants(Abi::X86_64, 4));
  CHECK_FALSE(SyscallFilter::parse("net").has_value());
  CHECK_FALSE(SyscallFilter::parse("creds").has_value());
}

TEST_CASE("the tables of classes are sorted, and every call in them exists") {
  CHECK(std::ranges::is_sorted(tables::kClasses, {}, &tables::CallClass::name));
  CHECK(std::ranges::is_sorted(tables::kClassedCalls, {}, &tables::CallClass::name));
  for (const auto& call : tables::kClassedCalls) {
    CAPTURE(std::string(call.name));
    CHECK(std::ranges::any_of(kAbis, [&](Abi abi) { return has_call(abi, call.name); }));
  }
}

TEST_CASE("what follows @ limits an item to the ABIs with words of that size") {
  const auto filter = SyscallFilter::parse("read@32,%clock@64");
  REQUIRE(filter.has_value());
  CHECK_FALSE(filter->wants(Abi::X86_64, kRead));
  CHECK(filter->wants(Abi::I386, 3));
  CHECK(filter->wants(Abi::X86_64, 228));      // clock_gettime
  CHECK_FALSE(filter->wants(Abi::I386, 265));  // the same
  CHECK_FALSE(SyscallFilter::parse("read@x32")->wants(Abi::X86_64, kRead));
  CHECK_FALSE(SyscallFilter::parse("all@32")->wants(Abi::X86_64, kRead));
  CHECK(SyscallFilter::parse("stat64@64").error().what == "invalid system call 'stat64@64'");
  CHECK(SyscallFilter::parse("?stat64@64").has_value());
  CHECK(SyscallFilter::parse("none@64").error().what == "invalid system call 'none@64'");
  CHECK(SyscallFilter::parse("read@foo").error().what ==
        "incorrect personality designator 'foo' in qualification 'read@foo'");
}

TEST_CASE("regular expressions and names that need not exist") {
  const auto regex = SyscallFilter::parse("/^open");
  REQUIRE(regex.has_value());
  CHECK(regex->wants(Abi::X86_64, kOpenat));
  CHECK_FALSE(regex->wants(Abi::X86_64, kRead));
  const auto optional = SyscallFilter::parse("?nosuch,read");
  REQUIRE(optional.has_value());
  CHECK(optional->wants(Abi::X86_64, kRead));
}

TEST_CASE("numbers, and commas with nothing between") {
  const auto numbers = SyscallFilter::parse(",0,257,,");
  REQUIRE(numbers.has_value());
  CHECK(numbers->wants(Abi::X86_64, kOpenat));
  CHECK(numbers->wants(Abi::X86_64, kRead));
  CHECK_FALSE(numbers->wants(Abi::X86_64, kRead + 1));
  CHECK(SyscallFilter::parse("100000").error().what == "invalid system call '100000'");
  // ARM's set_tls: of another machine, and far behind the others.
  CHECK(SyscallFilter::parse("983045@32").has_value() == (host_abi() == Abi::Aarch64));
}

TEST_CASE("what is wrong with a filter is said as strace says it") {
  CHECK(SyscallFilter::parse("nosuch").error().what == "invalid system call 'nosuch'");
  CHECK(SyscallFilter::parse(",").error().what == "invalid system call ','");
  CHECK(SyscallFilter::parse("").error().what == "invalid system call ''");
  CHECK(SyscallFilter::parse("/nosuchcall").error().what == "invalid system call '/nosuchcall'");
  CHECK(SyscallFilter::parse("%nosuch").error().what == "invalid system call '%nosuch'");
  CHECK(SyscallFilter::parse("%").error().what == "invalid system call '%'");
  CHECK(SyscallFilter::parse("%FILE").error().what == "invalid system call '%FILE'");
  CHECK(SyscallFilter::parse("nosuch").error().code == 0);
}
