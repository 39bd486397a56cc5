#include "symbols/elf_image.h"

#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <span>

namespace ttrace {
namespace {

template <class T>
std::span<const char> bytes_of(const T& object) {
  return {reinterpret_cast<const char*>(&object), sizeof(T)};
}

bool write_all(int fd, std::span<const char> bytes) {
  while (!bytes.empty()) {
    ssize_t written = write(fd, bytes.data(), bytes.size());
    if (written <= 0) return false;
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return true;
}

}  // namespace

void append_text(std::vector<char>& to, std::string_view text) {
  to.insert(to.end(), text.begin(), text.end());
  to.push_back('\0');
}

UniqueFd make_elf_image(GElf_Half machine, const std::vector<ImageSection>& sections) {
  std::vector<char> names(1, '\0');
  std::vector<Elf64_Shdr> headers(1);
  std::uint64_t offset = sizeof(Elf64_Ehdr);
  auto add = [&](const std::string& name, GElf_Word type, std::uint64_t size) {
    Elf64_Shdr header{};
    header.sh_name = static_cast<Elf64_Word>(names.size());
    header.sh_type = type;
    header.sh_offset = offset;
    header.sh_size = size;
    header.sh_addralign = 1;
    append_text(names, name);
    headers.push_back(header);
    offset += size;
  };
  for (const ImageSection& section : sections)
    add(section.name, SHT_PROGBITS, section.bytes.size());
  constexpr std::string_view kNames = ".shstrtab";
  add(std::string(kNames), SHT_STRTAB, names.size() + kNames.size() + 1);

  Elf64_Ehdr header{};
  std::memcpy(header.e_ident, ELFMAG, SELFMAG);
  header.e_ident[EI_CLASS] = ELFCLASS64;
  header.e_ident[EI_DATA] = ELFDATA2LSB;
  header.e_ident[EI_VERSION] = EV_CURRENT;
  header.e_type = ET_EXEC;
  header.e_machine = machine;
  header.e_version = EV_CURRENT;
  header.e_ehsize = sizeof(Elf64_Ehdr);
  header.e_shentsize = sizeof(Elf64_Shdr);
  constexpr std::uint64_t kAlign = alignof(Elf64_Shdr);
  header.e_shoff = (offset + kAlign - 1) / kAlign * kAlign;
  header.e_shnum = static_cast<Elf64_Half>(headers.size());
  header.e_shstrndx = static_cast<Elf64_Half>(headers.size() - 1);

  UniqueFd fd(memfd_create("ttrace-debug-info", MFD_CLOEXEC));
  if (!fd.valid()) return {};
  bool written = write_all(fd.get(), bytes_of(header));
  for (const ImageSection& section : sections)
    written = written && write_all(fd.get(), section.bytes);
  static constexpr std::array<char, kAlign> kPadding{};
  written = written && write_all(fd.get(), names) &&
            write_all(fd.get(), std::span(kPadding).first(header.e_shoff - offset)) &&
            write_all(fd.get(), {reinterpret_cast<const char*>(headers.data()),
                                 headers.size() * sizeof(Elf64_Shdr)});
  return written ? std::move(fd) : UniqueFd();
}

}  // namespace ttrace
