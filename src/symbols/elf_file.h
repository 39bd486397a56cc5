// A mapped ELF file whose headers were checked.
#pragma once

#include <gelf.h>

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "arch/abi.h"
#include "base/fd.h"
#include "base/result.h"
#include "symbols/module.h"

namespace ttrace {

/// What is wrong with an ELF file, in words that follow "not a valid ELF file: "; nullopt when
/// every header lies within the file and makes sense. A separate debug file (`debug_file`) keeps
/// the program headers of a file whose contents it lacks, so what they say is not checked.
/// Expects the ELF magic number to be there.
std::optional<std::string> elf_defect(std::span<const std::byte> file, bool debug_file);

/// An ELF file. The mapping lasts as long as the object, so views of its strings may be kept.
/// A file that shrinks while it is mapped kills its reader (SIGBUS), as with every mapped file.
class ElfFile {
 public:
  /// Errors: see Module::open().
  static Result<std::unique_ptr<ElfFile>> open(const std::string& path, const std::string& shown_as,
                                               bool debug_file);
  /// The same for a file that is open already, for reading.
  static Result<std::unique_ptr<ElfFile>> open(UniqueFd fd, const std::string& shown_as,
                                               bool debug_file);

  [[nodiscard]] Elf* elf() const { return elf_.get(); }
  [[nodiscard]] const GElf_Ehdr& header() const { return header_; }
  [[nodiscard]] Abi machine() const { return machine_; }
  [[nodiscard]] std::span<const Segment> segments() const { return segments_; }
  /// The build-id in hexadecimal; empty when there is none.
  [[nodiscard]] const std::string& build_id() const { return build_id_; }
  /// DT_SONAME; empty when there is none, or one that is no file name.
  [[nodiscard]] std::string soname() const;
  /// The file, opened for reading.
  [[nodiscard]] int descriptor() const { return fd_.get(); }
  /// Gives back the memory of what was read of the file; it comes back when it is read again.
  void release_pages() const;
  /// The whole file.
  [[nodiscard]] std::span<const std::byte> bytes() const { return bytes_; }

  struct Section {
    Elf_Scn* handle = nullptr;
    GElf_Shdr header{};
  };
  [[nodiscard]] std::optional<Section> section(std::string_view name) const;
  /// The first section of a type (SHT_…) that has contents.
  [[nodiscard]] std::optional<Section> section_of_type(GElf_Word type) const;
  [[nodiscard]] std::optional<Section> section_at(std::size_t index) const;
  /// A section's bytes as they are in the file; empty when it has none.
  [[nodiscard]] std::span<const char> contents(const Section& section) const;
  /// How many bytes the sections of DWARF that are compressed have when they are not.
  [[nodiscard]] std::uint64_t debug_information_size() const;
  /// The string at `offset` of a string table; empty when it is not within it, or is longer than
  /// any name (32 KiB): many entries may point at one long string.
  static std::string_view string_at(std::span<const char> table, std::uint64_t offset);
  /// Whether `address` is in a segment that can be executed, within its part from the file.
  [[nodiscard]] bool executable(Address address) const;
  /// Whether both are in one section; true, too, when no section has `a` (there are none).
  [[nodiscard]] bool same_section(Address a, Address b) const;

 private:
  ElfFile() = default;
  static Result<UniqueFd> open_regular(const std::string& path, const std::string& shown_as);
  [[nodiscard]] std::optional<std::string> find_defect(bool debug_file) const;
  void read_segments();
  void read_build_id();

  struct End {
    void operator()(Elf* elf) const { elf_end(elf); }
  };
  UniqueFd fd_;
  std::unique_ptr<Elf, End> elf_;
  std::span<const std::byte> bytes_;  // libelf's own mapping
  GElf_Ehdr header_{};
  Abi machine_ = Abi::X86_64;
  std::vector<Segment> segments_;
  std::string build_id_;
};

}  // namespace ttrace
