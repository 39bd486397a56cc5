// Split DWARF: the debug information of a unit in a file of its own (.dwo) or in a package of all
// of a program's (.dwp). DWARF 5 section 7.3.2; GNU's extension to DWARF 4 (DebugFission).
#pragma once

#include <elfutils/libdw.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "symbols/debug_file.h"
#include "symbols/dwarf_package.h"
#include "symbols/elf_file.h"

namespace ttrace {

/// Finds what belongs to the skeleton units of one file: where the compiler has put the .dwo file,
/// as the program sees it and as it is seen here, beside the program, and in the program's package.
class SplitUnits {
 public:
  /// `file` has the skeletons and must outlive the object.
  SplitUnits(const ElfFile& file, DebugFileSearch search);
  ~SplitUnits();
  SplitUnits(const SplitUnits&) = delete;
  SplitUnits& operator=(const SplitUnits&) = delete;

  /// The unit DIE that has the contents of `unit`: itself when it is no skeleton; nullopt when it
  /// is one and its contents are nowhere. The DIE is valid as long as the object.
  std::optional<Dwarf_Die> contents_of(Dwarf_Die unit);
  /// The name of a .dwo file that was not found; empty: all were.
  [[nodiscard]] const std::string& missing() const { return missing_; }

 private:
  struct Skeleton;
  /// A file in memory with nothing but a skeleton, which names the file where libdw is to look.
  struct Linked;
  static std::optional<Skeleton> read_skeleton(Dwarf_Die unit);
  [[nodiscard]] std::vector<std::string> places(const Skeleton& skeleton) const;
  [[nodiscard]] std::span<const char> section(const char* plain, const char* compressed) const;
  std::optional<Dwarf_Die> link(const Skeleton& skeleton, int split_file);
  const DwarfPackage* package();

  const ElfFile* file_;
  DebugFileSearch search_;
  bool package_looked_for_ = false;
  std::unique_ptr<DwarfPackage> package_;
  std::map<const void*, std::optional<Dwarf_Die>> known_;  // by the skeleton's DIE
  std::vector<std::unique_ptr<Linked>> linked_;
  std::string missing_;
};

}  // namespace ttrace
