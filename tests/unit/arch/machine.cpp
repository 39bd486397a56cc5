#include "arch/machine.h"

#include <doctest/doctest.h>

#include <string_view>

#include "unit/fake_memory.h"

using namespace ttrace;
using namespace std::string_view_literals;

namespace {

std::size_t push_of(Abi machine, std::string_view code) {
  return frame_push_length(machine, std::as_bytes(std::span(code)));
}

}  // namespace

TEST_CASE("a frame's push is known by what follows it") {
  CHECK(push_of(Abi::X86_64, "\x55\x48\x89\xe5\x90"sv) == 1);  // push %rbp; mov %rsp,%rbp
  CHECK(push_of(Abi::X86_64, "\x55\x48\x8b\xec"sv) == 1);      // in its other encoding
  CHECK(push_of(Abi::X86_64, "\x55\x48\x89"sv) == 0);          // cut off
  CHECK(push_of(Abi::X86_64, "\x55\x53\x48\x89\xe5"sv) == 0);  // push %rbp; push %rbx
  CHECK(push_of(Abi::X86_64, "\xf3\x0f\x1e\xfa\x55\x48\x89\xe5"sv) == 0);
  CHECK(push_of(Abi::I386, "\x55\x48\x89\xe5"sv) == 0);  // push %ebp; dec %eax; mov %esp,%ebp
  CHECK(push_of(Abi::Aarch64, "\x55\x48\x89\xe5"sv) == 0);
  CHECK(push_of(Abi::X86_64, ""sv) == 0);
}

TEST_CASE("a frame is gone when its return address is") {
  test::FakeMemory memory;
  memory.map_object(Address(0x1000), std::uint64_t{0x4444});
  CallFrame frame{Address(0x4444), Address(0x1008)};
  CHECK_FALSE(is_overwritten(Abi::X86_64, frame, memory));
  memory.map_object(Address(0x1000), std::uint64_t{0x5555});
  CHECK(is_overwritten(Abi::X86_64, frame, memory));
  CHECK(is_overwritten(Abi::X86_64, {Address(0x4444), Address(0x9000)}, memory));
  CHECK_FALSE(is_overwritten(Abi::Aarch64, frame, memory));
}
