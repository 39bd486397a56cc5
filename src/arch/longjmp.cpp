#include "arch/longjmp.h"

#include <bit>
#include <cstdint>

namespace ttrace {

namespace {

constexpr std::uint64_t kLargestStack = std::uint64_t{1} << 30;
// x86-64, glibc (sysdeps/x86_64/jmpbuf-offsets.h says JB_RSP is word 6) and musl alike.
constexpr std::uint64_t kStackPointerOffset = 6 * 8;
constexpr unsigned kFirstArgument = 5;         // rdi
constexpr std::uint64_t kPointerGuard = 0x30;  // of the thread control block
constexpr int kRotation = 17;
bool plausible(Address sp, Address now) {
  return sp >= now && sp - now < kLargestStack;
}

}  // namespace

std::optional<Address> longjmp_stack(const Registers& regs, Memory& memory) {
  if (regs.machine() != Abi::X86_64) return std::nullopt;
  std::uint64_t stored = 0;
  if (!memory.read_object(Address(regs.get(kFirstArgument)) + kStackPointerOffset, stored)) {
    return std::nullopt;
  }
  if (plausible(Address(stored), regs.sp())) return Address(stored);
  std::uint64_t guard = 0;
  if (!memory.read_object(Address(regs.get(kDwarfX86FsBase)) + kPointerGuard, guard))
    return std::nullopt;
  Address sp(std::rotr(stored, kRotation) ^ guard);
  if (plausible(sp, regs.sp())) return sp;
  return std::nullopt;
}

}  // namespace ttrace
