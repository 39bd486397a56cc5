// DWARF packages (.dwp): DWARF 5 section 7.3.5, and GNU's format before it
// (https://gcc.gnu.org/wiki/DebugFissionDWP, version 2).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/fd.h"
#include "symbols/elf_file.h"

namespace ttrace {

/// The split units of a whole program in one file. The elfutils of 2022 cannot read it, so a unit
/// is taken out of it as what it was: a .dwo file.
class DwarfPackage {
 public:
  /// nullptr: there is no such file, or its index makes no sense.
  static std::unique_ptr<DwarfPackage> open(const std::string& path);

  /// An ELF file with the sections of the unit that has this id; invalid: none has, or its parts do
  /// not lie within the file.
  [[nodiscard]] UniqueFd take_out(std::uint64_t id) const;

 private:
  struct Column {
    std::string section;
    std::span<const char> contents;
    bool is_string_offsets = false;
  };
  explicit DwarfPackage(std::unique_ptr<ElfFile> file) : file_(std::move(file)) {}
  bool read_index(std::span<const char> index);
  [[nodiscard]] std::span<const char> contents(const std::string& name) const;
  [[nodiscard]] std::optional<std::span<const char>> part(std::size_t row,
                                                          std::size_t column) const;

  std::unique_ptr<ElfFile> file_;
  std::uint32_t version_ = 0;
  std::vector<Column> columns_;
  std::span<const char> offsets_;  // rows of four bytes for each column
  std::span<const char> sizes_;
  std::unordered_map<std::uint64_t, std::size_t> rows_;  // by the unit's id
};

}  // namespace ttrace
