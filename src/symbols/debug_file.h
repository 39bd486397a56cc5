// Where a stripped file's symbols and debug information were put: GDB manual, "Debugging
// Information in Separate Files" and "MiniDebugInfo"; debuginfod-find(1), "CACHE".
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "symbols/elf_file.h"

namespace ttrace {

/// A file, and where to look for what belongs to it.
struct DebugFileSearch {
  std::string path;      // by which it was opened; may be a link of /proc
  std::string shown_as;  // as the user knows it; perhaps a path in another mount namespace
  std::string debug_root = "/usr/lib/debug";  // global debug directory

  /// The directories that may hold the file's companions: its own, as seen here and, when `path`
  /// is a link of /proc/PID, as that process sees it.
  [[nodiscard]] std::vector<std::string> directories() const;
  /// `name` as seen by the process that `path` belongs to, if it belongs to one, and as seen here.
  [[nodiscard]] std::vector<std::string> views(const std::string& name) const;
};

/// Finds and opens the separate debug file of `file`; nullptr when there is none that belongs to
/// it. It belongs to it when the build-ids agree, or, without build-ids, when its checksum is the
/// one that .gnu_debuglink names. It is looked for by build-id below the debug directory and in
/// debuginfod's local cache (never in the network), then by debuglink.
std::unique_ptr<ElfFile> find_debug_file(const ElfFile& file, const DebugFileSearch& search);

/// Finds and opens the file that dwz(1) has put common parts of the debug information into, by the
/// name and the build-id (hexadecimal) that .gnu_debugaltlink has. nullptr: no such file. `beside`:
/// the file with the link.
std::unique_ptr<ElfFile> find_alternate_file(const std::string& name, const std::string& build_id,
                                             const std::string& beside,
                                             const DebugFileSearch& search);

/// MiniDebugInfo: the symbols that .dynsym does not have, an ELF file compressed by xz in the
/// section .gnu_debugdata. nullptr: none, or it is damaged or larger than any program needs.
std::unique_ptr<ElfFile> open_mini_debug_info(const ElfFile& file);

}  // namespace ttrace
