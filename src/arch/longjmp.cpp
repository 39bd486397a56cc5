#include "arch/longjmp.h"

#include <bit>
#include <cstdint>
#include <span>

#include "arch/calling.h"

namespace ttrace {

namespace {

constexpr std::uint64_t kLargestStack = std::uint64_t{1} << 30;

// Where the stack pointer is in a jmp_buf, in words (glibc and musl alike), where the secret is in
// the thread control block, and by how many bits glibc rotates (9 in 32 bits, 17 in 64:
// 2 * word size + 1).
struct Layout {
  std::uint64_t word;
  std::uint64_t stack_pointer;
  std::uint64_t guard;
};
constexpr Layout kX86_64{8, 6, 0x30};
constexpr Layout kI386{4, 4, 0x18};

const Layout* layout_of(Abi machine) {
  if (machine == Abi::X86_64) return &kX86_64;
  return machine == Abi::I386 ? &kI386 : nullptr;
}

// The jmp_buf's address: the first argument.
std::optional<std::uint64_t> first_argument(const Registers& regs, const Layout& layout,
                                            Memory& memory) {
  auto registers = argument_registers(regs.machine());
  if (!registers.empty()) return regs.get(registers.front());
  return memory.read_number(regs.sp() + layout.word, layout.word);
}

std::uint64_t unscramble(std::uint64_t stored, std::uint64_t guard, std::uint64_t word) {
  int bits = static_cast<int>(2 * word + 1);
  if (word == 4) return std::rotr(static_cast<std::uint32_t>(stored), bits) ^ guard;
  return std::rotr(stored, bits) ^ guard;
}

bool plausible(Address sp, Address now) {
  return sp >= now && sp - now < kLargestStack;
}

}  // namespace

std::optional<Address> longjmp_stack(const Registers& regs, Address thread_pointer,
                                     Memory& memory) {
  const Layout* layout = layout_of(regs.machine());
  if (layout == nullptr) return std::nullopt;
  auto buffer = first_argument(regs, *layout, memory);
  if (!buffer) return std::nullopt;
  auto stored =
      memory.read_number(Address(*buffer) + layout->stack_pointer * layout->word, layout->word);
  if (!stored) return std::nullopt;
  if (plausible(Address(*stored), regs.sp())) return Address(*stored);
  auto guard = memory.read_number(thread_pointer + layout->guard, layout->word);
  if (!guard) return std::nullopt;
  Address sp(unscramble(*stored, *guard, layout->word));
  if (plausible(sp, regs.sp())) return sp;
  return std::nullopt;
}

}  // namespace ttrace
