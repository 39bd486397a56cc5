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
  auto table = SymbolTable::read(file, file, type);
  REQUIRE(table.has_value());
  return std::move(*table);
}

const Function* by_linkage(const std::vector<Function>& functions, std::string_view name) {
  auto found = std::find_if(functions.begin(), functions.end(),
                            [&](const Function& f) { return f.linkage == name; });
  return found == functions.end() ? nullptr : &*found;
}

TEST_CASE("one function an address: global names before weak ones") {
  auto file = open_file(kSampleLibrary);
  auto table = read(*file, SHT_SYMTAB);
  const Function* strong = by_linkage(table.functions(), "__sample_read");
  REQUIRE(strong != nullptr);
  CHECK(strong->size > 0);
  CHECK_FALSE(strong->address.null());
  CHECK(by_linkage(table.functions(), "sample_read") == nullptr);
  const Function* weak = by_linkage(table.aliases(), "sample_read");
  REQUIRE(weak != nullptr);
  CHECK(weak->address == strong->address);
  CHECK(std::is_sorted(table.functions().begin(), table.functions().end(),
                       [](const auto& a, const auto& b) { return a.address < b.address; }));
  CHECK(std::adjacent_find(table.functions().begin(), table.functions().end(),
                           [](const auto& a, const auto& b) { return a.address == b.address; }) ==
        table.functions().end());
}

TEST_CASE("an IFUNC is no function, and what is not defined here is none") {
  auto file = open_file(kSampleLibrary);
  auto table = read(*file, SHT_SYMTAB);
  for (const char* name : {"sample_chosen", "counter", "__cxa_finalize", ""}) {
    CHECK(by_linkage(table.functions(), name) == nullptr);
    CHECK(by_linkage(table.aliases(), name) == nullptr);
  }
  CHECK(by_linkage(table.functions(), "resolve") != nullptr);
  CHECK_FALSE(find_exported(*file, "sample_chosen").has_value());
}

TEST_CASE(".dynsym has what is exported") {
  auto file = open_file(kSampleLibrary);
  auto table = read(*file, SHT_DYNSYM);
  CHECK(by_linkage(table.functions(), "sample_exported") != nullptr);
  CHECK(by_linkage(table.functions(), "sample_hidden") == nullptr);
  CHECK(read(*file, SHT_SYMTAB_SHNDX).functions().empty());
}

TEST_CASE("an address is looked up in the function that contains it") {
  auto file = open_file(kSampleLibrary);
  auto table = read(*file, SHT_SYMTAB);
  const Function* function = by_linkage(table.functions(), "sample_exported");
  REQUIRE(function != nullptr);
  REQUIRE(function->size > 1);
  CHECK(table.at(function->address) == function);
  CHECK(table.at(function->address + (function->size - 1)) == function);
  CHECK(table.at(function->address + function->size) != function);
  CHECK(table.at(function->address - 1) != function);
  CHECK(table.at(Address(0)) == nullptr);
  CHECK(table.at(Address(UINT64_MAX)) == nullptr);
}

TEST_CASE("exported names are found through .gnu.hash") {
  auto file = open_file(kSampleLibrary);
  auto table = read(*file, SHT_SYMTAB);
  for (const char* name : {"sample_exported", "__sample_read"}) {
    const Function* function = by_linkage(table.functions(), name);
    REQUIRE(function != nullptr);
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
