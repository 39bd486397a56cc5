// Functions that the debug information describes as inlined.
#pragma once

#include <elfutils/libdw.h>

#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace ttrace {

/// The abstract instance of a function that was inlined somewhere (DWARF 5 section 3.3.8.1).
struct InlinedDie {
  std::string name;  // as Function::name
  Dwarf_Die die;
};

/// Those whose name is `wanted`, each name once. They may have code of their own, too. Walks over
/// everything that is not inside of functions, for about `longest`: nothing is said of the rest.
std::vector<InlinedDie> find_inlined(Dwarf* dwarf,
                                     const std::function<bool(std::string_view name)>& wanted,
                                     std::chrono::milliseconds longest);

}  // namespace ttrace
