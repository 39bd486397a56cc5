// Where the dynamic linker writes the addresses of functions.
#pragma once

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

}  // namespace ttrace
