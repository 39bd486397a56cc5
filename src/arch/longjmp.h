// What a jmp_buf says.
#pragma once

#include <optional>

#include "arch/registers.h"
#include "base/address.h"
#include "base/memory.h"

namespace ttrace {

/// At the first instruction of longjmp or one of its kin: the stack pointer that the thread will
/// have afterwards, read from the jmp_buf in the first argument. glibc stores it scrambled with a
/// secret of the thread (xor with a word of the thread control block, then rotated left), musl as
/// it is; the value that lies above the current stack pointer, within a stack's size, is the right
/// one. `thread_pointer`: where the thread control block is (fs base on x86-64, gs base on i386).
/// nullopt: neither is, or the machine's layout is not known.
std::optional<Address> longjmp_stack(const Registers& regs, Address thread_pointer, Memory& memory);

}  // namespace ttrace
