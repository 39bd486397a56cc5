// The shared objects a program would load, without running it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "symbols/module.h"
#include "symbols/pattern.h"

namespace ttrace {

/// The shared objects that `program` needs, as its dynamic loader finds them (`ld.so --list`, which
/// maps them but executes nothing of them). Only a loader that the system has installed is run,
/// since the program's file may name any. Empty for a static program, or when the loader cannot
/// say.
std::vector<std::shared_ptr<Module>> needed_libraries(const Module& program);

/// For a message: "; it matches 3 functions of libc.so.6: use 'malloc@libc.so*'", or empty when
/// none of `modules` has a match.
std::string where_it_matches(const FunctionPattern& pattern,
                             const std::vector<std::shared_ptr<Module>>& modules);

}  // namespace ttrace
