// What an ELF file asks of the dynamic loader.
#pragma once

#include <string>

#include "symbols/elf_file.h"

namespace ttrace {

/// The path in PT_INTERP; empty for a static program or a shared object.
std::string interpreter_of(const ElfFile& file);
/// Whether the file imports a function that executes a program (execve and its kin, posix_spawn).
bool imports_exec(const ElfFile& file);

}  // namespace ttrace
