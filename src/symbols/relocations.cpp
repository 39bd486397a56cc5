#include "symbols/relocations.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <functional>
#include <optional>

#include "arch/abi.h"
#include "symbols/pattern.h"
#include "symbols/symbol_table.h"

namespace ttrace {

namespace {

// The types of relocation that make a word the address of a symbol, and the one that calls a
// resolver for it (elf.h), in the order of Abi.
struct Kinds {
  std::array<std::uint64_t, 3> of_symbol;
  std::uint64_t of_resolver;
  std::uint64_t of_thread;  // an offset from the thread pointer
};
constexpr std::array<Kinds, kAbiCount> kKinds{{
    {{R_X86_64_JUMP_SLOT, R_X86_64_GLOB_DAT, R_X86_64_64}, R_X86_64_IRELATIVE, R_X86_64_TPOFF64},
    {{R_386_JMP_SLOT, R_386_GLOB_DAT, R_386_32}, R_386_IRELATIVE, R_386_TLS_TPOFF},
    {{R_AARCH64_JUMP_SLOT, R_AARCH64_GLOB_DAT, R_AARCH64_ABS64},
     R_AARCH64_IRELATIVE,
     R_AARCH64_TLS_TPREL},
    {{R_ARM_JUMP_SLOT, R_ARM_GLOB_DAT, R_ARM_ABS32}, R_ARM_IRELATIVE, R_ARM_TLS_TPOFF32},
}};

struct Relocation {
  Address where;
  std::uint64_t type = 0;
  std::size_t symbol = 0;
  std::optional<std::uint64_t> addend;  // nullopt: it is what is there
};

// What the file has at an address; 0 where the loader puts zeros, or nothing.
std::uint64_t word_at(const ElfFile& file, Address at) {
  const unsigned word = word_size(file.machine());
  for (const Segment& segment : file.segments()) {
    if (at < segment.address) continue;
    const std::uint64_t offset = at - segment.address;
    if (offset >= segment.file_size || segment.file_size - offset < word) continue;
    const std::uint64_t in_file = segment.offset.value + offset;
    const auto bytes = file.bytes();
    if (in_file > bytes.size() || bytes.size() - in_file < word) return 0;
    std::uint64_t value = 0;
    std::memcpy(&value, bytes.data() + in_file, word);
    return value;
  }
  return 0;
}

// Which symbols of a table have one of the names: their index -> the name.
std::vector<std::string_view> wanted_symbols(const SymbolSection& table,
                                             std::span<const std::string_view> names) {
  std::vector<std::string_view> wanted(table.count);
  for (std::size_t i = 0; i < table.count; ++i) {
    GElf_Sym symbol;
    if (gelf_getsym(table.data, static_cast<int>(i), &symbol) == nullptr) break;
    const auto name = ElfFile::string_at(table.strings, symbol.st_name);
    const auto found = std::ranges::find(names, name);
    if (found != names.end()) wanted[i] = *found;
  }
  return wanted;
}

std::optional<Relocation> relocation(Elf_Data* data, int index, bool with_addend) {
  if (with_addend) {
    GElf_Rela entry;
    if (gelf_getrela(data, index, &entry) == nullptr) return std::nullopt;
    return Relocation{Address(entry.r_offset), GELF_R_TYPE(entry.r_info), GELF_R_SYM(entry.r_info),
                      static_cast<std::uint64_t>(entry.r_addend)};
  }
  GElf_Rel entry;
  if (gelf_getrel(data, index, &entry) == nullptr) return std::nullopt;
  return Relocation{Address(entry.r_offset), GELF_R_TYPE(entry.r_info), GELF_R_SYM(entry.r_info),
                    std::nullopt};
}

}  // namespace

namespace {

// Calls `visit` for each relocation that is loaded with the file; until it returns false.
void each_relocation(const ElfFile& file, const std::function<bool(const Relocation&)>& visit) {
  std::size_t sections = 0;
  if (elf_getshdrnum(file.elf(), &sections) != 0) return;
  for (std::size_t i = 0; i < sections; ++i) {
    auto section = file.section_at(i);
    if (!section || (section->header.sh_flags & SHF_ALLOC) == 0) continue;
    const bool with_addend = section->header.sh_type == SHT_RELA;
    if (!with_addend && section->header.sh_type != SHT_REL) continue;
    Elf_Data* data = elf_getdata(section->handle, nullptr);
    const Elf_Type type = with_addend ? ELF_T_RELA : ELF_T_REL;
    const std::size_t size = gelf_fsize(file.elf(), type, 1, EV_CURRENT);
    const std::size_t count = data == nullptr || size == 0 ? 0 : data->d_size / size;
    for (std::size_t n = 0; n < count; ++n) {
      auto found = relocation(data, static_cast<int>(n), with_addend);
      if (!found) break;
      if (!visit(*found)) return;
    }
  }
}

}  // namespace

std::optional<ThreadVariable> thread_variable(const ElfFile& file, std::string_view name) {
  auto table = SymbolSection::open(file, SHT_DYNSYM);
  if (!table) return std::nullopt;
  std::optional<std::uint64_t> value;
  for (std::size_t i = 0; i < table->count && !value; ++i) {
    GElf_Sym symbol;
    if (gelf_getsym(table->data, static_cast<int>(i), &symbol) == nullptr) break;
    if (GELF_ST_TYPE(symbol.st_info) != STT_TLS || symbol.st_shndx == SHN_UNDEF) continue;
    if (ElfFile::string_at(table->strings, symbol.st_name) == name) value = symbol.st_value;
  }
  if (!value) return std::nullopt;
  const Kinds& kinds = kKinds.at(static_cast<std::size_t>(file.machine()));
  std::optional<ThreadVariable> place;
  each_relocation(file, [&](const Relocation& found) {
    // Without a symbol it is of the file's own variables: a word that holds where one of them is.
    if (found.type != kinds.of_thread || found.symbol != 0) return true;
    const std::uint64_t other = found.addend.value_or(word_at(file, found.where));
    place = ThreadVariable{found.where, *value - other};
    return false;
  });
  return place;
}

std::vector<FunctionSlot> slots_of_functions(const ElfFile& file,
                                             std::span<const std::string_view> names,
                                             std::span<const Address> resolvers) {
  std::vector<FunctionSlot> slots;
  const Kinds& kinds = kKinds.at(static_cast<std::size_t>(file.machine()));
  std::vector<std::string_view> wanted;
  if (auto table = SymbolSection::open(file, SHT_DYNSYM)) wanted = wanted_symbols(*table, names);
  each_relocation(file, [&](const Relocation& found) {
    FunctionSlot slot{.slot = found.where};
    if (found.type == kinds.of_resolver) {
      slot.before = word_at(file, found.where);
      slot.resolver = Address(found.addend.value_or(slot.before));
      if (std::ranges::find(resolvers, slot.resolver) == resolvers.end()) return true;
    } else {
      if (std::ranges::find(kinds.of_symbol, found.type) == kinds.of_symbol.end()) return true;
      if (found.symbol >= wanted.size() || wanted[found.symbol].empty()) return true;
      slot.before = word_at(file, found.where);
      slot.name = wanted[found.symbol];
    }
    slots.push_back(slot);
    return true;
  });
  return slots;
}

}  // namespace ttrace
