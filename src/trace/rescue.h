// Saving traced programs after the process that traced them was killed.
#pragma once

#include <vector>

#include "functions/trap_journal.h"

namespace ttrace {

/// Takes `traps` out of the text of the programs that live, and puts threads back that are between
/// a trap and the instruction behind it. For another process than the tracer, whose end (of which
/// the kernel is a part of a millisecond late to tell) may still be under way. A thread that the
/// kernel has given the SIGTRAP of a trap by then cannot be saved. Returns whether no trap is left
/// in a program that lives: false where the kernel does not allow it (Yama). Threads that do not
/// stop (in vfork) are let go of when the calling process ends, so that should be one made for
/// this.
bool rescue(const std::vector<PlantedTrap>& traps);

}  // namespace ttrace
