// Which syscalls Go's runtime makes for itself: the scheduler's, the network poller's, the memory
// manager's.
#pragma once

#include <string_view>

#include "arch/registers.h"
#include "functions/address_space.h"

namespace ttrace {

/// Whether a function of this name is the runtime's: of package runtime or of one below
/// runtime/internal or internal/runtime.
bool is_go_runtime_function(std::string_view name);

/// Whether a thread that is at a syscall instruction makes the call for Go's runtime. By the
/// function that the instruction is in; a function of internal/runtime/syscall (Go 1.19:
/// runtime/internal/syscall) is whoever's has called it, so the next function further out that is
/// none of these decides. It is the runtime's when it is of the runtime's packages, and not one
/// of those through which the program speaks and ends, or the runtime reads files: runtime.write1
/// (print and a panic's message), exit, raise, raiseproc, open, read, closefd. Code that is not
/// Go's (of a library that cgo uses) never is.
bool is_go_runtime_call(const Registers& regs, AddressSpace& space);

}  // namespace ttrace
