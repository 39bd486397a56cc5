// Functions that the debug information describes as inlined.
#pragma once

#include <elfutils/libdw.h>

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ttrace {

/// The abstract instance of a function that was inlined somewhere (DWARF 5 section 3.3.8.1).
struct InlinedDie {
  std::string name;  // as Function::name
  Dwarf_Die die;
};

/// What is looked for, and how.
struct InlinedSearch {
  /// False when a function with this linkage name cannot be wanted: asked first, because it costs
  /// less than the name as shown.
  std::function<bool(std::string_view linkage_name)> may_be_wanted;
  std::function<bool(std::string_view name)> wanted;
  /// The contents of a split unit, by its skeleton; nullopt: not there.
  std::function<std::optional<Dwarf_Die>(Dwarf_Die)> contents_of;
  /// Called now and then: what was read need not stay in memory.
  std::function<void()> release;
  std::chrono::milliseconds longest{0};
};

/// Those whose name is wanted, each name once. They may have code of their own, too. Walks over
/// everything that is not inside of functions, for about `longest`: nothing is said of the rest.
std::vector<InlinedDie> find_inlined(Dwarf* dwarf, const InlinedSearch& what);

}  // namespace ttrace
