// Beginning to trace a thread.
#pragma once

#include "base/address.h"
#include "base/result.h"

namespace ttrace {

/// Which events a tracee reports.
struct TraceEvents {
  bool new_children = false;  // attach to what fork, vfork and clone make
};

/// PTRACE_SEIZE: the thread goes on running. Errors say which rule forbade it: no such process, a
/// zombie, already traced (by whom), another owner, Yama, a capability, a container.
Result<> seize(Tid tid, TraceEvents events);

/// PTRACE_INTERRUPT: the thread will report a stop soon. Fails with ESRCH when it is gone.
Result<> interrupt(Tid tid);

}  // namespace ttrace
