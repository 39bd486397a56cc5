// What --list-funcs shows.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "symbols/module.h"
#include "symbols/pattern.h"

namespace ttrace {

/// One function that a pattern matches.
struct ListedFunction {
  std::string name;    // as the trace shows it, without the object
  std::string object;  // the module's soname; empty when the pattern names no object
  Address address;     // the file's own
  std::optional<SourceLine> line;
};

/// The functions of `module` that `pattern` matches, by address. Whether the pattern looks at this
/// module at all (FunctionPattern::matches_object) is for the caller to ask first. Errors: those
/// of Module::functions().
Result<std::vector<ListedFunction>> list_functions(Module& module, const FunctionPattern& pattern);

}  // namespace ttrace
