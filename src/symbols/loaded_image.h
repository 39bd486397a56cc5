// An ELF file's memory as it is once the file is loaded.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "symbols/elf_file.h"

namespace ttrace {

/// What a 64-bit ELF file has at its own addresses: its bytes, and its words after the dynamic
/// linker has made them addresses of the file itself (R_X86_64_RELATIVE, R_AARCH64_RELATIVE, found
/// by PT_DYNAMIC, so without section headers, too). Reads nothing outside of the file.
class LoadedImage {
 public:
  /// `file` must outlive this.
  explicit LoadedImage(const ElfFile& file) : file_(&file) {}

  /// From `at` to the end of what the file has of that segment; empty: nothing is there.
  [[nodiscard]] std::span<const std::byte> bytes(Address at) const;
  /// The 8 bytes at an address; nullopt: not in the file.
  [[nodiscard]] std::optional<std::uint64_t> word(Address at);
  /// Where words hold `value`: of those that the dynamic linker writes, and of all others at
  /// multiples of 8 in segments without code. At most `most`.
  [[nodiscard]] std::vector<Address> holders_of(std::uint64_t value, std::size_t most);
  /// Gives back the memory of the relocations; they are read again when they are needed.
  void forget();

 private:
  struct Relative {
    std::uint64_t where = 0;
    std::uint64_t value = 0;
  };
  void read_relocations();

  const ElfFile* file_;
  bool read_ = false;
  std::vector<Relative> relatives_;  // by `where`
};

/// The first program header of a type (PT_…) that lies within the file.
std::optional<GElf_Phdr> program_header(const ElfFile& file, GElf_Word type);

}  // namespace ttrace
