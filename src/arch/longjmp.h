// What a jmp_buf says.
#pragma once

#include <array>
#include <cstddef>
#include <optional>

#include "arch/abi.h"
#include "base/address.h"
#include "base/memory.h"

namespace ttrace {

/// Where a jump leads: the program counter and the stack pointer behind setjmp.
struct JumpTarget {
  Address pc;
  Address sp;
  bool operator==(const JumpTarget&) const = default;
};

/// What the jmp_buf at `buffer` may mean, the likelier first. glibc scrambles both addresses with
/// a secret (x86: xor with a word of the thread control block, then rotated left; arm64: xor with
/// a word of the dynamic loader), musl stores them as they are. A target whose stack pointer is not
/// aligned or not readable is left out, so that hardly ever both remain; the caller must check that
/// `pc` is in text. `guard_base`: where the thread control block is (fs base on x86-64, gs base on
/// i386); on arm64 the address of __pointer_chk_guard; null when not known. Empty: the buffer
/// cannot be read, or the machine's layout is not known.
struct JumpTargets {
  std::array<std::optional<JumpTarget>, 2> likely;
};
JumpTargets jump_targets(Abi machine, Address buffer, Address guard_base, Memory& memory);

}  // namespace ttrace
