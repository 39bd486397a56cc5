// Finds the compilation unit and the function that an address belongs to.
#pragma once

#include <elfutils/libdw.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/address.h"
#include "symbols/split_units.h"

namespace ttrace {

/// The compilation units of one file's DWARF, by address. Reads the first DIE of each unit when
/// first asked, and the functions of a unit when first asked for one of them. (Not .debug_aranges:
/// clang does not write it.)
class DebugUnits {
 public:
  /// `file` has what `dwarf` reads; `split` finds the contents of split units.
  DebugUnits(Dwarf* dwarf, const ElfFile& file, SplitUnits& split)
      : dwarf_(dwarf), file_(&file), split_(&split) {}

  /// Whether there is a compilation unit at all.
  [[nodiscard]] bool any();
  /// Why not all units were read that there seem to be; empty: all were, as far as anybody asked.
  [[nodiscard]] const std::string& problem() const { return problem_; }
  /// The unit DIEs whose ranges contain `address`: usually one. The line table belongs to these.
  [[nodiscard]] std::vector<Dwarf_Die> units_at(Address address);
  /// The DW_TAG_subprogram with code that starts at `address`. Where several have it (identical
  /// code folding), the one with this linkage name, or else the first.
  [[nodiscard]] std::optional<Dwarf_Die> function_at(Address address, std::string_view linkage);

 private:
  struct Range {
    std::uint64_t low = 0;
    std::uint64_t high = 0;
    std::uint32_t unit = 0;
  };
  using Functions = std::multimap<std::uint64_t, Dwarf_Die>;
  struct Walk {
    Functions& functions;
    bool inside_functions;
    const void* last = nullptr;  // the DIE it has come to
  };

  void read_units();
  [[nodiscard]] bool is_complete(Dwarf_Die unit) const;
  void add_ranges(std::uint32_t unit);
  std::vector<std::uint32_t> indices_at(Address address);
  const Functions& functions_of(std::uint32_t unit, bool nested);
  static void collect(Dwarf_Die scope, int depth, Walk& walk);

  Dwarf* dwarf_;
  const ElfFile* file_;
  SplitUnits* split_;
  std::string problem_;
  bool read_ = false;
  std::vector<Dwarf_Die> units_;
  std::vector<Range> ranges_;  // ordered by low
  std::map<std::pair<std::uint32_t, bool>, Functions> functions_;
};

}  // namespace ttrace
