// The functions that an ELF file's symbol tables name.
#pragma once

#include <optional>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "symbols/elf_file.h"

namespace ttrace {

/// All functions of a file. `display_name` of a name costs more than all the rest, so a
/// Function's `name` is made when somebody looks at it.
class SymbolTable {
 public:
  /// Reads `symbols` (.symtab or .dynsym, of `file` itself or of its separate debug file);
  /// `file` says which addresses hold code, and must outlive the table. Errors: the table
  /// contradicts itself.
  static Result<SymbolTable> read(const ElfFile& file, const ElfFile& symbols,
                                  GElf_Word section_type);

  /// Functions by address, one for each address: see Module::functions().
  [[nodiscard]] std::vector<Function>& functions() { return functions_; }
  /// The other names of these addresses, by address.
  [[nodiscard]] std::vector<Function>& aliases() { return aliases_; }
  /// The function that contains `address`, or nullptr.
  [[nodiscard]] Function* at(Address address);

 private:
  explicit SymbolTable(const ElfFile& file) : file_(&file) {}
  const ElfFile* file_;
  std::vector<Function> functions_;
  std::vector<Function> aliases_;
};

/// Finds exported functions the way the dynamic linker does, without reading the whole table.
/// nullopt: not exported, or the file has no .gnu.hash section.
std::optional<Address> find_exported(const ElfFile& file, std::string_view name);

/// Addresses by linkage name, of all functions of `file` that the .symtab of `symbols` names; empty
/// when it has none. A name that several functions have (static ones) gets the global one's
/// address, or the first's. The keys are views into `symbols`.
std::unordered_map<std::string_view, Address> addresses_by_name(const ElfFile& file,
                                                                const ElfFile& symbols);

}  // namespace ttrace
