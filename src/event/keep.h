// Copies of events that outlive their delivery.
#pragma once

#include "base/arena.h"
#include "event/event.h"

namespace ttrace {

/// The value, its text and its children copied into `arena`.
Value keep(const Value& value, Arena& arena);
/// Likewise, a call's beginning.
SyscallEntered keep(const SyscallEntered& call, Arena& arena);
FunctionEntered keep(const FunctionEntered& call, Arena& arena);

}  // namespace ttrace
