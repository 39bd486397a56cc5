#include "symbols/dynamic.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "symbols/symbol_table.h"

namespace ttrace {

namespace {

constexpr std::array<std::string_view, 9> kExecutes{
    "execve", "execv", "execvp", "execvpe", "execl", "execlp", "execle", "fexecve", "execveat"};

// The symbol of the relocation of the word at `slot`, among those of one section; 0: none.
std::size_t symbol_relocated_at(Elf_Data* data, bool addends, std::size_t count, Address slot) {
  for (std::size_t i = 0; i < count; ++i) {
    GElf_Rela entry{};
    GElf_Rel without{};
    if (addends) {
      if (gelf_getrela(data, static_cast<int>(i), &entry) == nullptr) return 0;
    } else {
      if (gelf_getrel(data, static_cast<int>(i), &without) == nullptr) return 0;
      entry = {without.r_offset, without.r_info, 0};
    }
    if (entry.r_offset == slot.value()) return GELF_R_SYM(entry.r_info);
  }
  return 0;
}

}  // namespace

std::string_view imported_through(const ElfFile& file, Address slot) {
  auto symbols = SymbolSection::open(file, SHT_DYNSYM);
  if (!symbols) return {};
  for (const char* name : {".rela.plt", ".rel.plt", ".rela.dyn", ".rel.dyn"}) {
    auto section = file.section(name);
    if (!section || section->header.sh_entsize == 0) continue;
    bool addends = section->header.sh_type == SHT_RELA;
    if (!addends && section->header.sh_type != SHT_REL) continue;
    Elf_Data* data = elf_getdata(section->handle, nullptr);
    if (data == nullptr) continue;
    std::size_t index = symbol_relocated_at(
        data, addends, section->header.sh_size / section->header.sh_entsize, slot);
    GElf_Sym symbol{};
    if (index == 0 || index >= symbols->count ||
        gelf_getsym(symbols->data, static_cast<int>(index), &symbol) == nullptr) {
      continue;
    }
    return ElfFile::string_at(symbols->strings, symbol.st_name);
  }
  return {};
}

std::string interpreter_of(const ElfFile& file) {
  std::size_t count = 0;
  if (elf_getphdrnum(file.elf(), &count) != 0) return {};
  for (std::size_t i = 0; i < count; ++i) {
    GElf_Phdr header{};
    if (gelf_getphdr(file.elf(), static_cast<int>(i), &header) == nullptr) return {};
    if (header.p_type != PT_INTERP) continue;
    auto bytes = file.bytes();
    if (header.p_offset > bytes.size() || header.p_filesz > bytes.size() - header.p_offset) {
      return {};
    }
    std::string_view path(reinterpret_cast<const char*>(bytes.data()) + header.p_offset,
                          header.p_filesz);
    return std::string(path.substr(0, path.find('\0')));
  }
  return {};
}

bool imports_exec(const ElfFile& file) {
  auto symbols = SymbolSection::open(file, SHT_DYNSYM);
  if (!symbols) return false;
  for (std::size_t i = 0; i < symbols->count; ++i) {
    GElf_Sym symbol{};
    if (gelf_getsym(symbols->data, static_cast<int>(i), &symbol) == nullptr) return false;
    if (symbol.st_shndx != SHN_UNDEF) continue;
    std::string_view name = ElfFile::string_at(symbols->strings, symbol.st_name);
    if (std::ranges::find(kExecutes, name) != kExecutes.end()) return true;
  }
  return false;
}

}  // namespace ttrace
