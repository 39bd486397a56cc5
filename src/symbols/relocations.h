// Where the dynamic linker writes the addresses of functions.
#pragma once

#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "symbols/elf_file.h"

namespace ttrace {

/// The words that are to hold the address of a function with one of these names, wherever it is
/// defined, and those that are to hold what one of the `resolvers` (addresses of this file) chooses
/// (IRELATIVE). By the relocations that are loaded with the file; none where it has no sections.
std::vector<FunctionSlot> slots_of_functions(const ElfFile& file,
                                             std::span<const std::string_view> names,
                                             std::span<const Address> resolvers);

/// Where each thread has a variable of its own that the file exports, as far as one of the file's
/// words tells (a relocation that makes it an offset from the thread pointer). nullopt: it exports
/// none of this name, or no word tells.
std::optional<ThreadVariable> thread_variable(const ElfFile& file, std::string_view name);

}  // namespace ttrace
