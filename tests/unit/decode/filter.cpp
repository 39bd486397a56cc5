#include <doctest/doctest.h>

#include "decode/decoder.h"

using namespace ttrace;

namespace {
constexpr std::uint64_t kRead = 0, kOpenat = 257, kUnknown = 2000;
}

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
  CHECK_FALSE(filter->wants(Abi::X86_64, kUnknown));
}

TEST_CASE("! inverts, all and none are everything and nothing") {
  const auto inverted = SyscallFilter::parse("!read");
  REQUIRE(inverted.has_value());
  CHECK_FALSE(inverted->wants(Abi::X86_64, kRead));
  CHECK(inverted->wants(Abi::X86_64, kOpenat));
  CHECK(inverted->wants(Abi::X86_64, kUnknown));
  for (const char* nothing : {"none", "!all"}) {
    const auto filter = SyscallFilter::parse(nothing);
    REQUIRE(filter.has_value());
    bool any = false;
    for (const Abi abi : {Abi::X86_64, Abi::I386, Abi::Aarch64, Abi::Arm}) {
      for (std::uint64_t number = 0; number <= kUnknown; ++number)
        any = any || filter->wants(abi, number);
    }
    CHECK_FALSE(any);
  }
  CHECK(SyscallFilter::parse("all")->wants(Abi::X86_64, kUnknown));
  CHECK(SyscallFilter::parse("!none")->wants(Abi::X86_64, kUnknown));
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

TEST_CASE("what is wrong with a filter is said as strace says it") {
  CHECK(SyscallFilter::parse("nosuch").error().what == "invalid system call 'nosuch'");
  CHECK(SyscallFilter::parse("read,").error().what == "invalid system call ''");
  CHECK(SyscallFilter::parse("").error().what == "invalid system call ''");
  CHECK(SyscallFilter::parse("/nosuchcall").error().what == "invalid system call '/nosuchcall'");
  CHECK(SyscallFilter::parse("%file").error().what == "system call class '%file' is not supported");
  CHECK(SyscallFilter::parse("nosuch").error().code == 0);
}
