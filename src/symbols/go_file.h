// Whether an ELF file is a Go program, and where it says what.
#pragma once

#include <memory>
#include <optional>

#include "symbols/elf_file.h"
#include "symbols/go_program.h"
#include "symbols/go_table.h"
#include "symbols/loaded_image.h"

namespace ttrace {

/// A Go program's tables. The file must outlive it.
struct GoFile {
  GoProgram program;
  GoTable table;
  std::unique_ptr<LoadedImage> image;
};

/// Finds pclntab by its section or, where there is no such section, by its first bytes;
/// runtime.firstmoduledata by what points to the pclntab; the version in .go.buildinfo. nullopt: no
/// Go program, or one of Go 1.15 or older, of 32 bits, or with tables that make no sense.
std::optional<GoFile> open_go_file(const ElfFile& file);

/// amd64: what instructions that store or load the current g (runtime.gogo does, first thing) say
/// of where it is. `code` is at `address`. False: there is none among them.
bool find_g_in_code(std::span<const std::byte> code, Address address, GoProgram& program);

}  // namespace ttrace
