// Reads prototype files: the language of syscalls/ (syscalls/compiler/__init__.py), as far as it
// makes sense for functions, and what functions need beyond it. docs/prototypes.md describes it.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "functions/prototype.h"

namespace ttrace::prototypes {

/// The types that files have defined so far, for those that come later.
struct NamedTypes {
  std::map<std::string, std::shared_ptr<const ConstantSet>, std::less<>> sets;
  std::map<std::string, std::shared_ptr<const Structure>, std::less<>> structures;
};

/// The prototypes of one file, in its order. `types` gets what it defines. Error: the first
/// mistake, as "FILE:LINE: error: unknown type 'sise'; did you mean 'size'?".
Result<std::vector<Prototype>> parse_prototypes(std::string_view file, std::string_view text,
                                                NamedTypes& types);

}  // namespace ttrace::prototypes
