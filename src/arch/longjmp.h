// What a jmp_buf says.
#pragma once

#include <optional>

#include "arch/registers.h"
#include "base/address.h"
#include "base/memory.h"

namespace ttrace {

/// At the first instruction of longjmp or one of its kin: the stack pointer that the thread will
/// have afterwards, read from the jmp_buf in the first argument. glibc stores it scrambled with a
/// secret of the thread (x86-64: xor with fs:0x30, rotated left by 17 bits), musl as it is; the
/// value that lies above the current stack pointer, within a stack's size, is the right one.
/// nullopt: neither is, or the machine's layout is not known.
std::optional<Address> longjmp_stack(const Registers& regs, Memory& memory);

}  // namespace ttrace
