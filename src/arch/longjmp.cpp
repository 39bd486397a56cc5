#include "arch/longjmp.h"

#include <bit>
#include <cstdint>

namespace ttrace {

namespace {

// In words: where the program counter and the stack pointer are in a jmp_buf (glibc and musl
// alike: __JB_PC, JB_SP and their like in glibc's jmpbuf-offsets.h). In bytes: where the secret is
// behind its base (glibc's tcb-offsets.h: POINTER_GUARD). By how many bits glibc rotates (9 in 32
// bits, 17 in 64: 2 * word size + 1; not at all on arm64).
struct Layout {
  std::uint64_t word;
  std::uint64_t pc;
  std::uint64_t sp;
  std::uint64_t guard;
  int rotated;
};
constexpr Layout kX86_64{8, 7, 6, 0x30, 17};
constexpr Layout kI386{4, 5, 4, 0x18, 9};
constexpr Layout kAarch64{8, 11, 13, 0, 0};

const Layout* layout_of(Abi machine) {
  switch (machine) {
    case Abi::X86_64:
      return &kX86_64;
    case Abi::I386:
      return &kI386;
    case Abi::Aarch64:
      return &kAarch64;
    case Abi::Arm:
      return nullptr;
  }
  return nullptr;
}

Address unscramble(Address stored, std::uint64_t guard, const Layout& layout) {
  if (layout.word == 4) {
    auto half = static_cast<std::uint32_t>(stored.value());
    return Address(std::rotr(half, layout.rotated) ^ static_cast<std::uint32_t>(guard));
  }
  return Address(std::rotr(stored.value(), layout.rotated) ^ guard);
}

std::optional<JumpTarget> if_plausible(const JumpTarget& target, const Layout& layout,
                                       Memory& memory) {
  if (target.sp.value() % layout.word != 0) return std::nullopt;
  if (!memory.read_number(target.sp, layout.word)) return std::nullopt;
  return target;
}

}  // namespace

JumpTargets jump_targets(Abi machine, Address buffer, Address guard_base, Memory& memory) {
  JumpTargets targets;
  const Layout* layout = layout_of(machine);
  if (layout == nullptr) return targets;
  auto pc = memory.read_number(buffer + layout->pc * layout->word, layout->word);
  auto sp = memory.read_number(buffer + layout->sp * layout->word, layout->word);
  if (!pc || !sp) return targets;
  JumpTarget plain{Address(*pc), Address(*sp)};
  if (!guard_base.null()) {
    if (auto guard = memory.read_number(guard_base + layout->guard, layout->word)) {
      JumpTarget clear{unscramble(plain.pc, *guard, *layout),
                       unscramble(plain.sp, *guard, *layout)};
      targets.likely[0] = if_plausible(clear, *layout, memory);
    }
  }
  targets.likely[1] = if_plausible(plain, *layout, memory);
  return targets;
}

}  // namespace ttrace
