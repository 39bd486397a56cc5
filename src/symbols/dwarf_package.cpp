#include "symbols/dwarf_package.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "symbols/elf_image.h"

namespace ttrace {
namespace {

// What a unit's strings may take: names are shared, and a table can refer to one many times.
constexpr std::size_t kMostStrings = 64U << 20U;
constexpr std::size_t kWord = sizeof(std::uint32_t);

template <class T>
std::optional<T> number_at(std::span<const char> bytes, std::size_t offset) {
  T value = 0;
  if (offset > bytes.size() || bytes.size() - offset < sizeof(T)) return std::nullopt;
  std::memcpy(&value, bytes.data() + offset, sizeof(T));
  return value;
}

/// Which section a column is about, by the identifiers of a version.
struct SectionName {
  std::uint32_t version;
  std::uint32_t id;
  const char* name;
};
constexpr auto kSections = std::to_array<SectionName>({
    {2, 1, ".debug_info.dwo"},
    {2, 3, ".debug_abbrev.dwo"},
    {2, 4, ".debug_line.dwo"},
    {2, 5, ".debug_loc.dwo"},
    {2, 6, ".debug_str_offsets.dwo"},
    {5, 1, ".debug_info.dwo"},
    {5, 3, ".debug_abbrev.dwo"},
    {5, 4, ".debug_line.dwo"},
    {5, 5, ".debug_loclists.dwo"},
    {5, 6, ".debug_str_offsets.dwo"},
    {5, 8, ".debug_rnglists.dwo"},
});

/// A unit's table of strings, with the strings that it uses and no others. `table` becomes the
/// offsets of those. False: too much.
bool gather_strings(std::span<const char> all, std::size_t header, std::vector<char>& table,
                    std::vector<char>& strings) {
  strings.assign(1, '\0');
  std::unordered_map<std::uint32_t, std::uint32_t> places;
  for (std::size_t at = header; at + kWord <= table.size(); at += kWord) {
    std::uint32_t offset = 0;
    std::memcpy(&offset, table.data() + at, kWord);
    auto [place, fresh] = places.try_emplace(offset, static_cast<std::uint32_t>(strings.size()));
    if (fresh) {
      append_text(strings, ElfFile::string_at(all, offset));
      if (strings.size() > kMostStrings) return false;
    }
    std::memcpy(table.data() + at, &place->second, kWord);
  }
  return true;
}

}  // namespace

std::span<const char> DwarfPackage::contents(const std::string& name) const {
  auto section = file_->section(name);
  if (!section || (section->header.sh_flags & SHF_COMPRESSED) != 0) return {};
  return file_->contents(*section);
}

std::unique_ptr<DwarfPackage> DwarfPackage::open(const std::string& path) {
  auto file = ElfFile::open(path, path, true);
  if (!file) return nullptr;
  std::unique_ptr<DwarfPackage> package(new DwarfPackage(std::move(*file)));
  if (!package->read_index(package->contents(".debug_cu_index"))) return nullptr;
  return package;
}

bool DwarfPackage::read_index(std::span<const char> index) {
  constexpr std::size_t kHeader = 4 * kWord;
  auto version = number_at<std::uint32_t>(index, 0);
  auto columns = number_at<std::uint32_t>(index, kWord);
  auto units = number_at<std::uint32_t>(index, 2 * kWord);
  auto slots = number_at<std::uint32_t>(index, 3 * kWord);
  if (!version || !columns || !units || !slots) return false;
  version_ = *version & 0xffffU;  // a halfword and padding, since version 5
  std::uint64_t id_bytes = std::uint64_t{*slots} * sizeof(std::uint64_t);
  std::uint64_t row_bytes = std::uint64_t{*slots} * kWord;
  std::uint64_t table = std::uint64_t{*columns} * *units * kWord;
  constexpr std::uint32_t kMostColumns = 16;
  if (*columns > kMostColumns || id_bytes > index.size() || table > index.size() ||
      kHeader + id_bytes + row_bytes + *columns * kWord + 2 * table > index.size())
    return false;
  auto ids = index.subspan(kHeader, id_bytes);
  auto rows = index.subspan(kHeader + id_bytes, row_bytes);
  auto names = index.subspan(kHeader + id_bytes + row_bytes);
  offsets_ = names.subspan(*columns * kWord, table);
  sizes_ = names.subspan(*columns * kWord + table, table);
  for (std::uint32_t i = 0; i < *columns; ++i) {
    auto id = number_at<std::uint32_t>(names, i * kWord);
    const auto* known = std::ranges::find_if(
        kSections, [&](const SectionName& s) { return s.version == version_ && s.id == id; });
    Column column;
    if (known != kSections.end()) {
      column.section = known->name;
      column.contents = contents(column.section);
      column.is_string_offsets = column.section == ".debug_str_offsets.dwo";
    }
    columns_.push_back(column);
  }
  for (std::uint32_t i = 0; i < *slots; ++i) {
    auto row = number_at<std::uint32_t>(rows, i * kWord).value_or(0);
    auto id = number_at<std::uint64_t>(ids, i * sizeof(std::uint64_t)).value_or(0);
    if (row != 0 && row <= *units) rows_.emplace(id, row - 1);
  }
  return !rows_.empty();
}

std::optional<std::span<const char>> DwarfPackage::part(std::size_t row, std::size_t column) const {
  std::size_t at = (row * columns_.size() + column) * kWord;
  auto offset = number_at<std::uint32_t>(offsets_, at);
  auto size = number_at<std::uint32_t>(sizes_, at);
  auto whole = columns_[column].contents;
  if (!offset || !size || *offset > whole.size() || *size > whole.size() - *offset)
    return std::nullopt;
  return whole.subspan(*offset, *size);
}

UniqueFd DwarfPackage::take_out(std::uint64_t id) const {
  auto row = rows_.find(id);
  if (row == rows_.end()) return {};
  std::vector<ImageSection> sections;
  std::vector<char> strings;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    const Column& column = columns_[i];
    if (column.section.empty()) continue;
    auto bytes = part(row->second, i);
    if (!bytes) return {};
    sections.push_back({column.section, {bytes->begin(), bytes->end()}});
    // Since version 5, a length and a version stand before the offsets.
    constexpr std::size_t kHeader = 8;
    if (column.is_string_offsets &&
        !gather_strings(contents(".debug_str.dwo"), version_ < 5 ? 0 : kHeader,
                        sections.back().bytes, strings))
      return {};
  }
  sections.push_back({".debug_str.dwo", std::move(strings)});
  file_->release_pages();
  return make_elf_image(file_->header().e_machine, sections);
}

}  // namespace ttrace
