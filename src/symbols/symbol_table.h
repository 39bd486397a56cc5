// The functions that an ELF file's symbol tables name.
#pragma once

#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "symbols/elf_file.h"

namespace ttrace {

/// A symbol table section and the strings that its names are in.
struct SymbolSection {
  Elf_Data* data = nullptr;
  std::size_t count = 0;
  std::span<const char> strings;

  /// The first section of `type` (SHT_SYMTAB, SHT_DYNSYM); nullopt: none, or one without sense.
  static std::optional<SymbolSection> open(const ElfFile& file, GElf_Word type);
};

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
  /// The IFUNC symbols, by their address, which is that of the function that chooses one. One
  /// address may have several; the best comes first.
  [[nodiscard]] std::vector<Function>& ifuncs() { return ifuncs_; }
  /// The function that contains `address`, or nullptr.
  [[nodiscard]] Function* at(Address address);

 private:
  explicit SymbolTable(const ElfFile& file) : file_(&file) {}
  const ElfFile* file_;
  std::vector<Function> functions_;
  std::vector<Function> aliases_;
  std::vector<Function> ifuncs_;
};

/// Finds exported functions (or symbols of another `type`, STT_OBJECT) the way the dynamic linker
/// does, without reading the whole table. nullopt: not exported, or the file has no .gnu.hash
/// section.
std::optional<Address> find_exported(const ElfFile& file, std::string_view name,
                                     unsigned type = STT_FUNC);

/// The addresses of the functions (or symbols of another `type`) of `file` that have these linkage
/// names in the .symtab of `symbols`, in the order of `names`; nullopt for one that it does not
/// have. A name that several functions have (static ones) gets the global one's address, or the
/// first's.
std::vector<std::optional<Address>> addresses_of(const ElfFile& file, const ElfFile& symbols,
                                                 std::span<const std::string_view> names,
                                                 unsigned type = STT_FUNC);

}  // namespace ttrace
