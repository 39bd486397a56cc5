// Where Go's runtime keeps what of its goroutines and threads.
#pragma once

#include "symbols/go_program.h"
#include "symbols/types.h"

namespace ttrace {

/// What is known of runtime.g and runtime.m by the version, go1.`minor`. 0: as the newest that is
/// known.
void set_runtime_offsets(GoProgram& program);

/// What debug information says: `g` is the type runtime.g, its member `m` points to runtime.m.
/// Members that it does not have where they could be stay as they are.
void take_runtime_offsets(GoProgram& program, const Type& g);

}  // namespace ttrace
