// DWARF, for the functions that somebody asks about.
#pragma once

#include <elfutils/libdw.h>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "symbols/debug_types.h"
#include "symbols/debug_units.h"
#include "symbols/elf_file.h"
#include "symbols/module.h"

namespace ttrace {

/// The debug information of one file.
class DebugInfo {
 public:
  /// nullptr when the file has none, or none that libdw can read. `file` must outlive the object.
  static std::unique_ptr<DebugInfo> open(const ElfFile& file);

  /// See Module.
  const Signature* signature(const Function& function);
  std::optional<SourceLine> definition(const Function& function);
  std::optional<SourceLine> line(Address address);
  /// See Module.
  std::vector<InlinedFunction> inlined(const std::function<bool(std::string_view name)>& wanted);

 private:
  struct End {
    void operator()(Dwarf* dwarf) const { dwarf_end(dwarf); }
  };
  DebugInfo(Dwarf* dwarf, Abi abi) : dwarf_(dwarf), abi_(abi), units_(dwarf), types_(abi) {}
  std::unique_ptr<Signature> read_signature(const Function& function);
  bool has_types(Dwarf_Die function);
  bool is_optimised(Dwarf_Die function);

  std::unique_ptr<Dwarf, End> dwarf_;
  Abi abi_;
  DebugUnits units_;
  DebugTypes types_;
  std::map<const Dwarf_CU*, bool> has_types_;
  std::map<const Dwarf_CU*, bool> optimised_;
  // By linkage name too: identical code folding gives several functions one address.
  std::map<std::pair<Address, std::string>, std::unique_ptr<Signature>> signatures_;
};

}  // namespace ttrace
