// Where a stripped file's symbols and debug information were put: GDB manual, "Debugging
// Information in Separate Files".
#pragma once

#include <memory>
#include <string>

#include "symbols/elf_file.h"

namespace ttrace {

/// Finds and opens the separate debug file of `file`, which was opened at `path` and is known to
/// the user as `shown_as`; nullptr when there is none that belongs to it. It belongs to it when
/// the build-ids agree, or, without build-ids, when its checksum is the one that .gnu_debuglink
/// names. `debug_root` is /usr/lib/debug but for tests.
std::unique_ptr<ElfFile> find_debug_file(const ElfFile& file, const std::string& path,
                                         const std::string& shown_as,
                                         const std::string& debug_root);

}  // namespace ttrace
