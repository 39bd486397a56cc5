#include "symbols/dynamic.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "symbols/symbol_table.h"

namespace ttrace {

namespace {

constexpr std::array<std::string_view, 9> kExecutes{
    "execve", "execv", "execvp", "execvpe", "execl", "execlp", "execle", "fexecve", "execveat"};

}  // namespace

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
