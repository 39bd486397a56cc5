// ELF files made in memory, for libraries that read nothing else.
#pragma once

#include <gelf.h>

#include <string>
#include <vector>

#include "base/fd.h"

namespace ttrace {

struct ImageSection {
  std::string name;
  std::vector<char> bytes;
};

/// A file that has no name, with an ELF file of these sections in it. Invalid when there is no
/// memory for it. `machine` is an ELF machine (EM_…).
UniqueFd make_elf_image(GElf_Half machine, const std::vector<ImageSection>& sections);

/// Adds the bytes of a number as a little-endian machine has them.
template <class T>
void append_number(std::vector<char>& to, T value) {
  for (std::size_t i = 0; i < sizeof(T); ++i)
    to.push_back(static_cast<char>(static_cast<std::uint64_t>(value) >> (8 * i)));
}
void append_text(std::vector<char>& to, std::string_view text);

}  // namespace ttrace
