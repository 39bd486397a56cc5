#include "arch/longjmp.h"

#include <doctest/doctest.h>

#include <array>
#include <bit>

#include "unit/fake_memory.h"

using namespace ttrace;
using test::FakeMemory;

namespace {

constexpr Address kBuffer{0x5000};
constexpr Address kThread{0x7000};
constexpr std::uint64_t kGuard = 0x123456789abcdef0;

Registers x86_64_at(Address sp) {
  Registers regs(Abi::X86_64);
  regs.set_sp(sp);
  regs.set(5, kBuffer.value());  // rdi
  return regs;
}

}  // namespace

TEST_CASE("glibc's scrambled stack pointer is found with the thread's secret") {
  FakeMemory memory;
  std::array<std::uint64_t, 8> buffer{};
  buffer[6] = std::rotl(std::uint64_t{0x7ffe00001000} ^ kGuard, 17);
  memory.map_object(kBuffer, buffer);
  memory.map_object(kThread + 0x30, kGuard);
  CHECK(longjmp_stack(x86_64_at(Address(0x7ffe00000f00)), kThread, memory) ==
        Address(0x7ffe00001000));
  // Below the current stack pointer there is no frame to survive.
  CHECK_FALSE(longjmp_stack(x86_64_at(Address(0x7ffe00002000)), kThread, memory));
}

TEST_CASE("musl's stack pointer stands there as it is") {
  FakeMemory memory;
  std::array<std::uint64_t, 8> buffer{};
  buffer[6] = 0x7ffe00001000;
  memory.map_object(kBuffer, buffer);
  CHECK(longjmp_stack(x86_64_at(Address(0x7ffe00000f00)), Address(), memory) ==
        Address(0x7ffe00001000));
}

TEST_CASE("i386: the buffer's address is on the stack, words have 32 bits") {
  FakeMemory memory;
  Registers regs(Abi::I386);
  regs.set_sp(Address(0xff000f00));
  std::array<std::uint32_t, 2> stack{0x8048000, static_cast<std::uint32_t>(kBuffer.value())};
  memory.map_object(Address(0xff000f00), stack);
  std::uint32_t guard = 0x89abcdef;
  std::array<std::uint32_t, 6> buffer{};
  buffer[4] = std::rotl(0xff001000U ^ guard, 9);
  memory.map_object(kBuffer, buffer);
  memory.map_object(kThread + 0x18, guard);
  CHECK(longjmp_stack(regs, kThread, memory) == Address(0xff001000));
}

TEST_CASE("a buffer that cannot be read says nothing") {
  FakeMemory memory;
  CHECK_FALSE(longjmp_stack(x86_64_at(Address(0x7ffe00000f00)), kThread, memory));
}
