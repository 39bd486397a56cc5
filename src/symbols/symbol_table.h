// The functions that an ELF file's symbol tables name.
#pragma once

#include <cstdint>
#include <functional>
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

/// A symbol table (SHT_SYMTAB or SHT_DYNSYM) and the file that has it.
struct SymbolSource {
  const ElfFile* file = nullptr;
  GElf_Word section_type = SHT_NULL;
};

struct FunctionSymbol {
  Address address;
  std::uint64_t size = 0;
  std::string_view name;  // in the file
  std::uint8_t rank = 0;  // 0 global, 1 weak, 2 local

  /// Whether it is the better name of two for one address; without that, the lower address.
  [[nodiscard]] bool better_than(const FunctionSymbol& other) const;
};
/// Calls `visit` for each function that a symbol table defines, in the table's order; stops when it
/// returns false. `file` says which addresses hold code; the table is its own or that of its
/// separate debug file. Cold parts are among them. The pages that are read do not stay in memory.
/// An IFUNC symbol (`type` STT_GNU_IFUNC) is no function: its address is that of the one which
/// chooses, once, in the dynamic linker. Error: the names of the table overlap without sense.
Result<> for_each_function(const ElfFile& file, const SymbolSource& source,
                           const std::function<bool(const FunctionSymbol&)>& visit,
                           unsigned type = STT_FUNC);

/// All functions of a file by address: 24 bytes for each, because large programs have millions.
class SymbolTable {
 public:
  /// Reads the tables of `file`, which all must outlive this one. Errors: a table contradicts
  /// itself.
  static Result<SymbolTable> read(const ElfFile& file, std::span<const SymbolSource> sources);

  /// How many there are: one for each address, the one with the best name, by address.
  [[nodiscard]] std::size_t size() const { return entries_.size(); }
  [[nodiscard]] FunctionSymbol operator[](std::size_t index) const;
  /// The index of the function that contains `address`; nullopt: none.
  [[nodiscard]] std::optional<std::size_t> at(Address address) const;

 private:
  struct Entry {
    std::uint64_t address = 0;
    std::uint32_t size = 0;  // as much as fits
    std::uint32_t name = 0;  // offset in the strings of its source
    std::uint32_t length = 0;
    std::uint8_t rank = 0;
    std::uint8_t source = 0;
  };
  explicit SymbolTable(const ElfFile& file) : file_(&file) {}
  [[nodiscard]] FunctionSymbol symbol(const Entry& entry) const;
  const ElfFile* file_;
  std::vector<std::span<const char>> strings_;  // by source
  std::vector<Entry> entries_;
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
