// Stacks as they are shown: --stack and -k.
#pragma once

#include "arch/registers.h"
#include "base/arena.h"
#include "event/event.h"
#include "functions/address_space.h"

namespace ttrace {

struct StackLimits {
  std::size_t most = 0;                // frames
  bool source = false;                 // file and line, too
  bool skip_innermost = false;         // the frame of the code that runs is known already
  bool returned_to_innermost = false;  // a call in it has just returned
};

/// The stack of a thread that is stopped with `regs`. Everything lives in `arena`.
StackTrace backtrace(const Registers& regs, AddressSpace& space, const StackLimits& limits,
                     Arena& arena);

}  // namespace ttrace
