// Only what takes long (--min-duration).
#pragma once

#include <memory>

#include "event/event.h"

namespace ttrace {

/// Makes a sink that hands on to `to` only the syscalls and functions that last `shortest`
/// nanoseconds or more, and all other events. A call's beginning is held back until it has lasted
/// so long, or until it has returned; then it goes on with its own time. What is around a long call
/// is at least as long, so nesting stays whole; depths count what is shown. A call that is open
/// when it, its thread or the tracing ends is shown when it has lasted long enough by then.
std::unique_ptr<Sink> make_duration_filter(Duration shortest, std::unique_ptr<Sink> to);

}  // namespace ttrace
