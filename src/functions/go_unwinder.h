// The callers of Go's functions: how large each frame is stands in the pclntab (pcsp).
#pragma once

#include <cstddef>
#include <optional>

#include "arch/registers.h"
#include "base/address.h"
#include "functions/address_space.h"
#include "functions/unwinder.h"

namespace ttrace {

/// One frame of Go's.
struct GoFrame {
  Address pc;
  Address sp;
  std::optional<Address> link;  // arm64: the link register, while it is known
};

/// Who called: the program counter is the return address. nullopt: nothing says how large the
/// frame is (it is no Go function), or its memory cannot be read. `exact`: the frame's pc is the
/// next instruction; otherwise a return address.
std::optional<GoFrame> go_caller(const GoFrame& frame, Abi machine, AddressSpace& space,
                                 bool exact = true);

/// The frames of a thread that executes Go's code, innermost first, at most `most`; nullopt: it
/// does not. From the stacks of the runtime's own (runtime.systemstack, runtime.mcall, ...) on that
/// of the goroutine for which it works.
std::optional<Unwinder::Stack> go_unwind(const Registers& regs, AddressSpace& space,
                                         std::size_t most);

}  // namespace ttrace
