#include "arch/longjmp.h"

#include <doctest/doctest.h>

#include <bit>
#include <vector>

#include "unit/fake_memory.h"

using namespace ttrace;
using test::FakeMemory;

namespace {

constexpr Address kBuffer{0x5000};
constexpr Address kThread{0x7000};
constexpr std::uint64_t kGuard = 0x123456789abcdef0;
constexpr JumpTarget kTarget{Address(0x401234), Address(0x7ffe00001000)};

// The buffer, the secret's place and the stack that a jump leads to.
template <class Word>
void fill(FakeMemory& memory, std::size_t pc_index, Word pc, std::size_t sp_index, Word sp,
          const JumpTarget& target) {
  std::vector<Word> buffer(22);
  buffer[pc_index] = pc;
  buffer[sp_index] = sp;
  auto bytes = std::as_bytes(std::span(buffer));
  memory.map(kBuffer, {bytes.begin(), bytes.end()});
  memory.map_object(target.sp, std::uint64_t{0});
}

}  // namespace

TEST_CASE("glibc's scrambled addresses are found with the thread's secret") {
  auto scrambled = [](Address a) { return std::rotl(a.value() ^ kGuard, 17); };
  FakeMemory memory;
  fill(memory, 7, scrambled(kTarget.pc), 6, scrambled(kTarget.sp), kTarget);
  memory.map_object(kThread + 0x30, kGuard);
  auto targets = jump_targets(Abi::X86_64, kBuffer, kThread, memory);
  CHECK(targets.likely[0] == kTarget);
  CHECK_FALSE(targets.likely[1]);
}

TEST_CASE("musl's addresses stand there as they are") {
  FakeMemory memory;
  fill(memory, 7, kTarget.pc.value(), 6, kTarget.sp.value(), kTarget);
  memory.map_object(kThread + 0x30, kGuard);
  auto targets = jump_targets(Abi::X86_64, kBuffer, kThread, memory);
  CHECK_FALSE(targets.likely[0]);
  CHECK(targets.likely[1] == kTarget);
  CHECK(jump_targets(Abi::X86_64, kBuffer, Address(), memory).likely[1] == kTarget);
}

TEST_CASE("i386: words have 32 bits") {
  std::uint32_t guard = 0x89abcdef;
  JumpTarget target{Address(0x8048123), Address(0xff001000)};
  auto scrambled = [&](Address a) {
    return std::rotl(static_cast<std::uint32_t>(a.value()) ^ guard, 9);
  };
  FakeMemory memory;
  fill(memory, 5, scrambled(target.pc), 4, scrambled(target.sp), target);
  memory.map_object(kThread + 0x18, guard);
  CHECK(jump_targets(Abi::I386, kBuffer, kThread, memory).likely[0] == target);
}

TEST_CASE("arm64: nothing is rotated") {
  FakeMemory memory;
  fill(memory, 11, kTarget.pc.value() ^ kGuard, 13, kTarget.sp.value() ^ kGuard, kTarget);
  memory.map_object(kThread, kGuard);
  CHECK(jump_targets(Abi::Aarch64, kBuffer, kThread, memory).likely[0] == kTarget);
}

TEST_CASE("a stack pointer that is not aligned or not readable is none") {
  FakeMemory memory;
  fill(memory, 7, kTarget.pc.value(), 6, kTarget.sp.value() + 1, kTarget);
  CHECK_FALSE(jump_targets(Abi::X86_64, kBuffer, Address(), memory).likely[1]);
  FakeMemory elsewhere;
  fill(elsewhere, 7, kTarget.pc.value(), 6, kTarget.sp.value() + 0x10000, kTarget);
  CHECK_FALSE(jump_targets(Abi::X86_64, kBuffer, Address(), elsewhere).likely[1]);
}

TEST_CASE("a buffer that cannot be read says nothing") {
  FakeMemory memory;
  auto targets = jump_targets(Abi::X86_64, kBuffer, kThread, memory);
  CHECK_FALSE(targets.likely[0]);
  CHECK_FALSE(targets.likely[1]);
}
