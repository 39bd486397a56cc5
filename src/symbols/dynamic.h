// What an ELF file asks of the dynamic loader.
#pragma once

#include <string>
#include <string_view>

#include "base/address.h"
#include "symbols/elf_file.h"

namespace ttrace {

/// The path in PT_INTERP; empty for a static program or a shared object.
std::string interpreter_of(const ElfFile& file);
/// Whether the file imports a function that executes a program (execve and its kin, posix_spawn).
bool imports_exec(const ElfFile& file);

/// The function that the loader puts the address of into the word at `slot` (a file virtual
/// address) when it is first called through the procedure linkage table; empty when there is none.
std::string_view imported_through(const ElfFile& file, Address slot);

}  // namespace ttrace
