#include "symbols/symbol_table.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <tuple>

#include "symbols/pattern.h"

namespace ttrace {
namespace {

std::uint8_t rank_of(unsigned char info) {
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
std::optional<FunctionSymbol> symbol_of_type(unsigned type, const ElfFile& file,
                                             const SymbolSection& table, std::size_t index) {
  GElf_Sym symbol;
  if (gelf_getsym(table.data, static_cast<int>(index), &symbol) == nullptr) return std::nullopt;
  if (GELF_ST_TYPE(symbol.st_info) != type || symbol.st_shndx == SHN_UNDEF || symbol.st_value == 0)
    return std::nullopt;
  FunctionSymbol result{Address(symbol.st_value), symbol.st_size, {}, rank_of(symbol.st_info)};
  const bool function = type == STT_FUNC || type == STT_GNU_IFUNC;
  // "ELF for the Arm Architecture", 5.5.3: bit 0 says that the function's code is Thumb.
  if (function && file.machine() == Abi::Arm) result.address = Address(symbol.st_value & ~1ULL);
  if (function && !file.executable(result.address)) return std::nullopt;
  result.name = ElfFile::string_at(table.strings, symbol.st_name);
  if (result.name.empty()) return std::nullopt;
  return result;
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

// A library's own names for what it exports begin with underscores: __close for close.
bool FunctionSymbol::better_than(const FunctionSymbol& other) const {
  auto key = [](const FunctionSymbol& symbol) {
    constexpr std::uint8_t kLocal = 2;
    std::size_t underscores = std::min(symbol.name.find_first_not_of('_'), symbol.name.size());
    return std::tuple(symbol.address, symbol.rank == kLocal, underscores, symbol.rank,
                      symbol.name.size(), symbol.name);
  };
  return key(*this) < key(other);
}

Result<> for_each_function(const ElfFile& file, const SymbolSource& source,
                           const std::function<bool(const FunctionSymbol&)>& visit, unsigned type) {
  const ElfFile& symbols = *source.file;
  auto table = SymbolSection::open(symbols, source.section_type);
  if (!table) return {};
  // However large the table is, no more of it than this is in memory at a time.
  constexpr std::size_t kMostMapped = 32U << 20U;
  std::size_t budget = name_budget(*table);
  std::size_t read = 0;
  for (std::size_t i = 0; i < table->count; ++i) {
    auto symbol = symbol_of_type(type, file, *table, i);
    if (!symbol) continue;
    if (symbol->name.size() > budget)
      return Error{0, "the symbol table's names overlap without sense"};
    budget -= symbol->name.size();
    read += symbol->name.size() + sizeof(GElf_Sym);
    if (!visit(*symbol)) break;
    if (read > kMostMapped) {
      symbols.release_pages();
      read = 0;
    }
  }
  symbols.release_pages();
  return {};
}

Result<SymbolTable> SymbolTable::read(const ElfFile& file, std::span<const SymbolSource> sources) {
  SymbolTable result(file);
  auto& entries = result.entries_;
  for (const SymbolSource& source : sources) {
    auto number = static_cast<std::uint8_t>(result.strings_.size());
    auto section = SymbolSection::open(*source.file, source.section_type);
    auto strings = section ? section->strings : std::span<const char>();
    result.strings_.push_back(strings);
    auto visited = for_each_function(file, source, [&](const FunctionSymbol& found) {
      auto name = static_cast<std::uint64_t>(found.name.data() - strings.data());
      if (name > UINT32_MAX || is_cold_part(found.name)) return true;
      auto size = static_cast<std::uint32_t>(std::min<std::uint64_t>(found.size, UINT32_MAX));
      entries.push_back({found.address.value(), size, static_cast<std::uint32_t>(name),
                         static_cast<std::uint32_t>(found.name.size()), found.rank, number});
      return true;
    });
    if (!visited) return visited.error();
  }
  std::sort(entries.begin(), entries.end(), [&](const Entry& a, const Entry& b) {
    if (a.address != b.address) return a.address < b.address;
    return result.symbol(a).better_than(result.symbol(b));
  });
  std::size_t kept = 0;
  for (const Entry& entry : entries) {
    if (kept != 0 && entries[kept - 1].address == entry.address) {
      if (entries[kept - 1].size == 0) entries[kept - 1].size = entry.size;
    } else {
      entries[kept++] = entry;
    }
  }
  entries.resize(kept);
  entries.shrink_to_fit();
  for (const SymbolSource& source : sources)
    source.file->release_pages();
  return result;
}

FunctionSymbol SymbolTable::symbol(const Entry& entry) const {
  std::string_view name(strings_[entry.source].data() + entry.name, entry.length);
  return {Address(entry.address), entry.size, name, entry.rank};
}

FunctionSymbol SymbolTable::operator[](std::size_t index) const {
  return symbol(entries_[index]);
}

std::optional<std::size_t> SymbolTable::at(Address address) const {
  if (!file_->executable(address)) return std::nullopt;
  auto after = std::upper_bound(entries_.begin(), entries_.end(), address.value(),
                                [](std::uint64_t a, const Entry& e) { return a < e.address; });
  // The nearest one before may be an entry point inside a larger function, and end before it does.
  constexpr int kFurthest = 8;
  for (int i = 0; i < kFurthest && after != entries_.begin(); ++i) {
    auto next = after--;
    std::uint64_t offset = address.value() - after->address;
    // Of unknown size: as far as the next one, within its section (the linkage table is another).
    bool up_to_next = after->size == 0 && i == 0 &&
                      (next == entries_.end() || address.value() < next->address) &&
                      file_->same_section(Address(after->address), address);
    if (offset < after->size || up_to_next)
      return static_cast<std::size_t>(after - entries_.begin());
  }
  return std::nullopt;
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
