// DWARF, for the functions that somebody asks about.
#pragma once

#include <elfutils/libdw.h>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "symbols/debug_file.h"
#include "symbols/debug_types.h"
#include "symbols/debug_units.h"
#include "symbols/elf_file.h"
#include "symbols/module.h"

namespace ttrace {

/// The debug information of one file.
class DebugInfo {
 public:
  /// nullptr when the file has none, or none that can be read; then `problem` says why. `file` must
  /// outlive the object. `search`: where to look for more files that belong to it.
  static std::unique_ptr<DebugInfo> open(const ElfFile& file, const DebugFileSearch& search,
                                         std::string& problem);
  /// What could not be read so far, in words that follow "its debug information"; empty: nothing.
  [[nodiscard]] std::string problem() const;

  /// See Module.
  const Signature* signature(const Function& function);
  std::optional<SourceLine> definition(const Function& function);
  std::optional<SourceLine> line(Address address);
  /// See Module.
  std::vector<InlinedFunction> inlined(
      const std::function<bool(std::string_view linkage_name)>& may_be_wanted,
      const std::function<bool(std::string_view name)>& wanted);

 private:
  struct End {
    void operator()(Dwarf* dwarf) const { dwarf_end(dwarf); }
  };
  DebugInfo(Dwarf* dwarf, const ElfFile& file, const DebugFileSearch& search)
      : file_(&file),
        dwarf_(dwarf),
        abi_(file.machine()),
        split_(file, search),
        units_(dwarf, file, split_),
        types_(abi_) {}
  Result<> find_alternate(const ElfFile& file, const DebugFileSearch& search);
  std::unique_ptr<Signature> read_signature(const Function& function);
  bool has_types(Dwarf_Die function);
  bool is_optimised(Dwarf_Die function);

  const ElfFile* file_;
  // What dwz has taken out of several files.
  std::unique_ptr<ElfFile> alternate_file_;
  std::unique_ptr<Dwarf, End> alternate_;
  std::unique_ptr<Dwarf, End> dwarf_;
  Abi abi_;
  SplitUnits split_;
  DebugUnits units_;
  DebugTypes types_;
  std::map<const Dwarf_CU*, bool> has_types_;
  std::map<const Dwarf_CU*, bool> optimised_;
  // By linkage name too: identical code folding gives several functions one address.
  std::map<std::pair<Address, std::string>, std::unique_ptr<Signature>> signatures_;
};

}  // namespace ttrace
