// Which goroutine a stopped thread executes.
#pragma once

#include <optional>

#include "arch/registers.h"
#include "functions/address_space.h"
#include "functions/goroutines.h"

namespace ttrace {

/// What a thread executes that has these registers: by the register that holds g in Go's own code,
/// else by the thread's own variable. The register may hold anything in other code; but no g's
/// stack has the stack pointer in it, unless it is the current one's. nullopt: no goroutine and no
/// part of Go's runtime (a thread of C's), or it cannot be read.
std::optional<GoThread> go_executes(const Registers& regs, AddressSpace& space);

}  // namespace ttrace
