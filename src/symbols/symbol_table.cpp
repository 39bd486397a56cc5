#include "symbols/symbol_table.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <tuple>

#include "symbols/pattern.h"

namespace ttrace {
namespace {

struct Symbol {
  Address address;
  std::uint64_t size = 0;
  std::string_view name;
  int rank = 0;  // 0 global, 1 weak, 2 local
};

int rank_of(unsigned char info) {
  switch (GELF_ST_BIND(info)) {
    case STB_GLOBAL:
    case STB_GNU_UNIQUE:
      return 0;
    case STB_WEAK:
      return 1;
    default:
      return 2;
  }
}

/// What symbol `index` defines, when it is of this type.
std::optional<Symbol> symbol_of_type(unsigned type, const ElfFile& file, const SymbolSection& table,
                                     std::size_t index) {
  GElf_Sym symbol;
  if (gelf_getsym(table.data, static_cast<int>(index), &symbol) == nullptr) return std::nullopt;
  if (GELF_ST_TYPE(symbol.st_info) != type || symbol.st_shndx == SHN_UNDEF || symbol.st_value == 0)
    return std::nullopt;
  Symbol result{Address(symbol.st_value), symbol.st_size, {}, rank_of(symbol.st_info)};
  if ((type == STT_FUNC || type == STT_GNU_IFUNC) && !file.executable(result.address))
    return std::nullopt;
  result.name = ElfFile::string_at(table.strings, symbol.st_name);
  if (result.name.empty()) return std::nullopt;
  return result;
}

/// The function that symbol `index` defines. An IFUNC symbol's address is the resolver's, which
/// runs once, in the dynamic linker, with other arguments and another result: they are kept apart.
struct FoundFunction {
  Symbol symbol;
  bool ifunc = false;
};
std::optional<FoundFunction> function_symbol(const ElfFile& file, const SymbolSection& table,
                                             std::size_t index) {
  if (auto symbol = symbol_of_type(STT_FUNC, file, table, index)) return FoundFunction{*symbol};
  auto ifunc = symbol_of_type(STT_GNU_IFUNC, file, table, index);
  if (!ifunc) return std::nullopt;
  return FoundFunction{*ifunc, true};
}

bool better(const Symbol& a, const Symbol& b) {
  return std::tuple(a.address, a.rank, a.name.size(), a.name) <
         std::tuple(b.address, b.rank, b.name.size(), b.name);
}

/// How many bytes of names are looked at. Names may share their bytes, but a table whose names are
/// many times longer than its strings was made to fill the memory or take all day.
std::size_t name_budget(const SymbolSection& table) {
  return 16 * table.strings.size() + (1U << 20U);
}

}  // namespace

std::optional<SymbolSection> SymbolSection::open(const ElfFile& file, GElf_Word type) {
  auto section = file.section_of_type(type);
  if (!section) return std::nullopt;
  auto strings = file.section_at(section->header.sh_link);
  if (!strings || strings->header.sh_type != SHT_STRTAB) return std::nullopt;
  SymbolSection table;
  table.data = elf_getdata(section->handle, nullptr);
  std::size_t entry = gelf_fsize(file.elf(), ELF_T_SYM, 1, EV_CURRENT);
  if (table.data == nullptr || entry == 0) return std::nullopt;
  table.count = table.data->d_size / entry;
  table.strings = file.contents(*strings);
  return table;
}

Result<SymbolTable> SymbolTable::read(const ElfFile& file, const ElfFile& symbols,
                                      GElf_Word section_type) {
  SymbolTable result(file);
  auto table = SymbolSection::open(symbols, section_type);
  if (!table) return result;
  std::size_t budget = name_budget(*table);
  std::vector<Symbol> found;
  std::vector<Symbol> ifuncs;
  for (std::size_t i = 0; i < table->count; ++i) {
    auto function = function_symbol(file, *table, i);
    if (!function || is_cold_part(function->symbol.name)) continue;
    const std::size_t length = function->symbol.name.size();
    if (length > budget) return Error{0, "the symbol table's names overlap without sense"};
    budget -= length;
    (function->ifunc ? ifuncs : found).push_back(function->symbol);
  }
  std::sort(ifuncs.begin(), ifuncs.end(), better);
  for (const Symbol& symbol : ifuncs) {
    result.ifuncs_.push_back({{}, std::string(symbol.name), symbol.address, symbol.size, false});
  }
  std::sort(found.begin(), found.end(), better);
  result.functions_.reserve(found.size());
  for (std::size_t i = 0; i < found.size(); ++i) {
    const Symbol& symbol = found[i];
    bool first = i == 0 || found[i - 1].address != symbol.address;
    if (!first && found[i - 1].name == symbol.name) continue;
    (first ? result.functions_ : result.aliases_)
        .push_back(
            {{}, std::string(symbol.name), symbol.address, symbol.size, is_clone(symbol.name)});
    if (!first && result.functions_.back().size == 0) result.functions_.back().size = symbol.size;
  }
  return result;
}

Function* SymbolTable::at(Address address) {
  if (!file_->executable(address)) return nullptr;
  auto after = std::upper_bound(functions_.begin(), functions_.end(), address,
                                [](Address a, const Function& f) { return a < f.address; });
  // The nearest one before may be an entry point inside a larger function, and end before it does.
  constexpr int kFurthest = 8;
  for (int i = 0; i < kFurthest && after != functions_.begin(); ++i) {
    auto next = after--;
    std::uint64_t offset = address - after->address;
    if (offset < after->size) return &*after;
    // Of unknown size: as far as the next one.
    if (after->size == 0 && i == 0 && (next == functions_.end() || address < next->address))
      return &*after;
  }
  return nullptr;
}

namespace {

std::uint32_t gnu_hash(std::string_view name) {
  std::uint32_t hash = 5381;
  for (char c : name)
    hash = hash * 33 + static_cast<unsigned char>(c);
  return hash;
}

/// The parts of a .gnu.hash section that a lookup needs: 32-bit words throughout.
struct GnuHash {
  std::span<const char> bytes;
  std::uint64_t buckets = 0;  // offsets
  std::uint64_t chains = 0;
  std::uint32_t bucket_count = 0;
  std::uint32_t first_symbol = 0;

  [[nodiscard]] std::optional<std::uint32_t> word(std::uint64_t offset) const {
    std::uint32_t value = 0;
    if (offset > bytes.size() || bytes.size() - offset < sizeof(value)) return std::nullopt;
    std::memcpy(&value, bytes.data() + offset, sizeof(value));
    return value;
  }
};

std::optional<GnuHash> open_gnu_hash(const ElfFile& file) {
  auto section = file.section_of_type(SHT_GNU_HASH);
  if (!section) return std::nullopt;
  GnuHash hash;
  hash.bytes = file.contents(*section);
  auto buckets = hash.word(0);
  auto first = hash.word(4);
  auto bloom_words = hash.word(8);
  if (!buckets || !first || !bloom_words || *buckets == 0) return std::nullopt;
  std::uint64_t bloom_word = file.header().e_ident[EI_CLASS] == ELFCLASS64 ? 8 : 4;
  hash.bucket_count = *buckets;
  hash.first_symbol = *first;
  hash.buckets = 16 + *bloom_words * bloom_word;
  hash.chains = hash.buckets + std::uint64_t{*buckets} * 4;
  return hash;
}

/// Whether a version other than the default one belongs to symbol `index` (`memcpy@GLIBC_2.2.5`).
bool old_version(std::span<const char> versions, std::size_t index) {
  constexpr std::uint16_t kHidden = 0x8000;
  std::uint16_t version = 0;
  if (versions.size() / sizeof(version) <= index) return false;
  std::memcpy(&version, versions.data() + index * sizeof(version), sizeof(version));
  return (version & kHidden) != 0;
}

}  // namespace

std::optional<Address> find_exported(const ElfFile& file, std::string_view name, unsigned type) {
  auto hash = open_gnu_hash(file);
  auto table = SymbolSection::open(file, SHT_DYNSYM);
  if (!hash || !table) return std::nullopt;
  auto version_section = file.section_of_type(SHT_GNU_versym);
  auto versions = version_section ? file.contents(*version_section) : std::span<const char>();
  std::uint32_t wanted = gnu_hash(name);
  auto index = hash->word(hash->buckets + std::uint64_t{wanted % hash->bucket_count} * 4);
  if (!index || *index < hash->first_symbol) return std::nullopt;
  std::optional<Address> found;
  for (std::uint64_t i = *index; i < table->count; ++i) {
    auto entry = hash->word(hash->chains + (i - hash->first_symbol) * 4);
    if (!entry) break;
    if ((*entry | 1U) == (wanted | 1U)) {
      auto symbol = symbol_of_type(type, file, *table, i);
      if (symbol && symbol->name == name) {
        found = symbol->address;
        if (!old_version(versions, i)) break;
      }
    }
    if ((*entry & 1U) != 0) break;  // the end of the chain
  }
  return found;
}

std::vector<std::optional<Address>> addresses_of(const ElfFile& file, const ElfFile& symbols,
                                                 std::span<const std::string_view> names,
                                                 unsigned type) {
  std::vector<std::optional<Address>> addresses(names.size());
  auto table = SymbolSection::open(symbols, SHT_SYMTAB);
  if (!table) return addresses;
  std::size_t budget = name_budget(*table);
  for (std::size_t i = 0; i < table->count; ++i) {
    auto symbol = symbol_of_type(type, file, *table, i);
    if (!symbol) continue;
    if (symbol->name.size() > budget) break;
    budget -= symbol->name.size();
    auto wanted = std::ranges::find(names, unversioned(symbol->name));
    if (wanted == names.end()) continue;
    // Local symbols come first in every table, so a global one replaces them.
    auto& address = addresses[static_cast<std::size_t>(wanted - names.begin())];
    if (!address || symbol->rank < 2) address = symbol->address;
  }
  return addresses;
}

}  // namespace ttrace
