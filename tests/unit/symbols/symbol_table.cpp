#include "symbols/symbol_table.h"

#include <algorithm>
#include <array>

#include "unit/symbols/sample_module.h"

namespace ttrace {
namespace {

std::unique_ptr<ElfFile> open_file(const char* path) {
  auto file = ElfFile::open(path, path, false);
  REQUIRE(file.has_value());
  return std::move(*file);
}

SymbolTable read(const ElfFile& file, GElf_Word type) {
  SymbolSource source{&file, type};
  auto table = SymbolTable::read(file, {&source, 1});
  REQUIRE(table.has_value());
  return std::move(*table);
}

std::optional<FunctionSymbol> by_linkage(const SymbolTable& table, std::string_view name) {
  for (std::size_t i = 0; i < table.size(); ++i)
    if (table[i].name == name) return table[i];
  return std::nullopt;
}

/// All names that the file's table has for functions, aliases too.
std::vector<std::string> all_names(const ElfFile& file) {
  std::vector<std::string> names;
  auto visited = for_each_function(file, {&file, SHT_SYMTAB}, [&](const FunctionSymbol& symbol) {
    names.emplace_back(symbol.name);
    return true;
  });
  REQUIRE(visited.has_value());
  return names;
}

TEST_CASE("one function an address: global names before weak ones") {
  auto file = open_file(kSampleLibrary);
  auto table = read(*file, SHT_SYMTAB);
  auto strong = by_linkage(table, "sample_read");
  REQUIRE(strong.has_value());
  CHECK(strong->size > 0);
  CHECK_FALSE(strong->address.null());
  CHECK_FALSE(by_linkage(table, "__sample_read").has_value());
  CHECK(std::ranges::count(all_names(*file), "__sample_read") == 1);
  for (std::size_t i = 1; i < table.size(); ++i)
    CHECK(table[i - 1].address < table[i].address);
}

TEST_CASE("an IFUNC is no function, and what is not defined here is none") {
  auto file = open_file(kSampleLibrary);
  auto table = read(*file, SHT_SYMTAB);
  auto names = all_names(*file);
  for (const char* name : {"sample_chosen", "counter", "__cxa_finalize", ""}) {
    CHECK_FALSE(by_linkage(table, name).has_value());
    CHECK(std::ranges::count(names, name) == 0);
  }
  CHECK(by_linkage(table, "resolve").has_value());
  CHECK_FALSE(find_exported(*file, "sample_chosen").has_value());
}

TEST_CASE("a walk over the functions can be ended") {
  auto file = open_file(kSampleLibrary);
  int seen = 0;
  auto visited = for_each_function(*file, {file.get(), SHT_SYMTAB},
                                   [&](const FunctionSymbol&) { return ++seen < 2; });
  CHECK(visited.has_value());
  CHECK(seen == 2);
}

TEST_CASE(".dynsym has what is exported") {
  auto file = open_file(kSampleLibrary);
  auto table = read(*file, SHT_DYNSYM);
  CHECK(by_linkage(table, "sample_exported").has_value());
  CHECK_FALSE(by_linkage(table, "sample_hidden").has_value());
  CHECK(read(*file, SHT_SYMTAB_SHNDX).size() == 0);
}

TEST_CASE("an address is looked up in the function that contains it") {
  auto file = open_file(kSampleLibrary);
  auto table = read(*file, SHT_SYMTAB);
  auto function = by_linkage(table, "sample_exported");
  REQUIRE(function.has_value());
  REQUIRE(function->size > 1);
  auto name_at = [&](Address address) {
    auto index = table.at(address);
    return index ? table[*index].name : std::string_view();
  };
  CHECK(name_at(function->address) == function->name);
  CHECK(name_at(function->address + (function->size - 1)) == function->name);
  CHECK(name_at(function->address + function->size) != function->name);
  CHECK(name_at(function->address - 1) != function->name);
  CHECK_FALSE(table.at(Address(0)).has_value());
  CHECK_FALSE(table.at(Address(UINT64_MAX)).has_value());
}

TEST_CASE("exported names are found through .gnu.hash") {
  auto file = open_file(kSampleLibrary);
  auto table = read(*file, SHT_SYMTAB);
  for (const char* name : {"sample_exported", "sample_read"}) {
    auto function = by_linkage(table, name);
    REQUIRE(function.has_value());
    CHECK(find_exported(*file, name) == function->address);
  }
  CHECK(find_exported(*file, "sample_read") == find_exported(*file, "__sample_read"));
  CHECK_FALSE(find_exported(*file, "sample_hidden").has_value());
  CHECK_FALSE(find_exported(*file, "counter").has_value());
  CHECK_FALSE(find_exported(*file, "").has_value());
}

TEST_CASE("all names are found by walking .symtab") {
  auto file = open_file(kSampleLibrary);
  constexpr std::array<std::string_view, 4> kNames{"sample_hidden", "resolve", "sample_chosen",
                                                   "sample_exported"};
  auto addresses = addresses_of(*file, *file, kNames);
  REQUIRE(addresses.size() == kNames.size());
  CHECK(addresses[0].has_value());
  CHECK(addresses[1].has_value());
  CHECK_FALSE(addresses[2].has_value());
  CHECK(addresses[3] == find_exported(*file, "sample_exported"));
  for (const auto& address : addresses_of(*file, *open_file(kSampleStripped), kNames))
    CHECK_FALSE(address.has_value());
}

}  // namespace
}  // namespace ttrace
