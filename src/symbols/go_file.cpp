#include "symbols/go_file.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <string_view>
#include <utility>

#include "symbols/go_offsets.h"

namespace ttrace {
namespace {

constexpr std::uint64_t kWord = 8;

struct FoundTable {
  Address address;
  std::span<const std::byte> bytes;
};

std::string_view as_text(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::optional<FoundTable> table_of_section(const ElfFile& file) {
  for (std::string_view name : {".gopclntab", ".data.rel.ro.gopclntab"}) {
    auto section = file.section(name);
    if (!section) continue;
    auto bytes = std::as_bytes(file.contents(*section));
    if (GoTableHeader::parse(bytes)) return FoundTable{Address(section->header.sh_addr), bytes};
  }
  return std::nullopt;
}

/// Linkers may put it into a section with others (.data.rel.ro), and sections may be stripped.
std::optional<FoundTable> table_of_segments(const ElfFile& file, const LoadedImage& image) {
  // What follows the lowest byte of the magic number, which tells the formats apart.
  const char quantum = file.machine() == Abi::Aarch64 ? 4 : 1;
  const std::array<char, 7> wanted{'\xff', '\xff', '\xff', 0, 0, quantum, static_cast<char>(kWord)};
  const std::string_view pattern(wanted.data(), wanted.size());
  for (const Segment& segment : file.segments()) {
    auto bytes = image.bytes(segment.address);
    auto text = as_text(bytes);
    for (auto at = text.find(pattern); at != std::string_view::npos;
         at = text.find(pattern, at + 1)) {
      if (at == 0 || (segment.address.value() + at - 1) % kWord != 0) continue;
      auto rest = bytes.subspan(at - 1);
      if (GoTableHeader::parse(rest)) return FoundTable{segment.address + (at - 1), rest};
    }
  }
  return std::nullopt;
}

constexpr std::string_view kBuildInfo("\xff Go buildinf:", 14);

/// Where build information begins (Go 1.27 src/debug/buildinfo/buildinfo.go); null: nowhere.
Address find_build_info(const ElfFile& file, const LoadedImage& image) {
  if (auto section = file.section(".go.buildinfo")) return Address(section->header.sh_addr);
  for (const Segment& segment : file.segments()) {
    if (segment.executable) continue;
    auto text = as_text(image.bytes(segment.address));
    for (auto at = text.find(kBuildInfo); at != std::string_view::npos;
         at = text.find(kBuildInfo, at + 1))
      if ((segment.address.value() + at) % 16 == 0) return segment.address + at;
  }
  return {};
}

std::string bounded_version(std::string_view text) {
  constexpr std::size_t kLongest = 256;
  if (text.size() > kLongest ||
      std::ranges::any_of(text, [](char c) { return c < 0x20 || c > 0x7e; }))
    return {};
  return std::string(text);
}

std::string read_version(const ElfFile& file, LoadedImage& image) {
  constexpr std::size_t kHeader = 32;
  constexpr std::size_t kFlags = 15;
  Address at = find_build_info(file, image);
  auto bytes = image.bytes(at);
  if (at.null() || bytes.size() <= kHeader || !as_text(bytes).starts_with(kBuildInfo)) return {};
  auto flags = std::to_integer<unsigned>(bytes[kFlags]);
  if ((flags & 2U) != 0) {
    // Since 1.18: the string itself. A version is shorter than what takes a second byte of length.
    auto length = std::to_integer<std::size_t>(bytes[kHeader]);
    if (length >= 0x80 || bytes.size() - kHeader - 1 < length) return {};
    return bounded_version(as_text(bytes.subspan(kHeader + 1, length)));
  }
  // Before: where a Go string is, which says where its text is.
  auto string = image.word(at + 16);
  auto text = string ? image.word(Address(*string)) : std::nullopt;
  auto length = string ? image.word(Address(*string) + kWord) : std::nullopt;
  if (!text || !length) return {};
  auto found = image.bytes(Address(*text));
  return *length <= found.size() ? bounded_version(as_text(found.first(*length))) : std::string();
}

/// 19 of "go1.19.8", of "devel go1.19-…"; 0: it does not say.
unsigned minor_of(std::string_view version) {
  constexpr std::string_view kPrefix = "go1.";
  auto at = version.find(kPrefix);
  if (at == std::string_view::npos) return 0;
  auto digits = version.substr(at + kPrefix.size());
  unsigned minor = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), minor);
  return minor < 1000 ? minor : 0;
}

struct ModuleData {
  std::uint64_t text = 0;
  std::uint64_t types = 0;
  std::uint64_t types_end = 0;
  std::uint64_t gofunc = 0;
};

/// runtime.moduledata at an address, if it is the one of this pclntab (Go 1.19 and 1.27
/// src/runtime/symtab.go).
std::optional<ModuleData> read_module_data(LoadedImage& image, Address at, Address table,
                                           const GoTableHeader& header) {
  constexpr std::uint64_t kNames = 1;
  constexpr std::uint64_t kText = 22;  // behind minpc and maxpc
  constexpr std::uint64_t kEndOfBss = 32;
  auto word = [&](std::uint64_t index) { return image.word(at + index * kWord).value_or(0); };
  if (word(0) != table.value() || word(kNames) != (table + header.names).value())
    return std::nullopt;
  ModuleData data;
  data.text = word(kText);
  // Since 1.20, what coverage counts is behind .bss; then follow end, gcdata and gcbss.
  const std::uint64_t types = kEndOfBss + (header.format == GoFormat::Go120 ? 2 : 0) + 3;
  data.types = word(types);
  // Since 1.27, lengths stand between the addresses: what is less than where types begin is no
  // address of their end, and they are behind more than their own length (code, pclntab).
  const bool lengths = word(types + 1) < data.types;
  data.types_end = word(types + (lengths ? 2 : 1));
  if (header.format != GoFormat::Go116) data.gofunc = word(types + (lengths ? 6 : 3));
  if (data.types_end < data.types || image.bytes(Address(data.types)).empty()) {
    data.types = 0;
    data.types_end = 0;
  }
  return data;
}

std::optional<ModuleData> find_module_data(LoadedImage& image, Address table,
                                           const GoTableHeader& header) {
  constexpr std::size_t kMostHolders = 64;
  for (Address holder : image.holders_of(table.value(), kMostHolders))
    if (auto data = read_module_data(image, holder, table, header)) return data;
  return std::nullopt;
}

/// amd64: which thread-local variable g is.
void find_g(const ElfFile& file, const LoadedImage& image, const GoTable& table,
            GoProgram& program) {
  // Without others, it is just below the thread pointer.
  if (file.machine() != Abi::X86_64 || !program_header(file, PT_TLS)) return;
  constexpr std::size_t kSoon = 64;  // bytes
  for (std::size_t i = 0; i < table.size(); ++i) {
    auto function = table.function(i);
    if (!function || (function->name != "gogo" && function->name != "runtime.gogo")) continue;
    auto code = image.bytes(Address(function->entry));
    code =
        code.first(std::min<std::size_t>({code.size(), kSoon, function->next - function->entry}));
    if (find_g_in_code(code, Address(function->entry), program)) return;
  }
}

}  // namespace

std::optional<GoFile> open_go_file(const ElfFile& file) {
  if (file.machine() != Abi::X86_64 && file.machine() != Abi::Aarch64) return std::nullopt;
  auto image = std::make_unique<LoadedImage>(file);
  auto found = table_of_section(file);
  // Where there are sections, Go's own tell its programs from others.
  if (!found && (!file.section_at(1) || file.section(".go.buildinfo")))
    found = table_of_segments(file, *image);
  if (!found) return std::nullopt;
  auto header = GoTableHeader::parse(found->bytes);
  if (!header) return std::nullopt;

  GoProgram program;
  program.version = read_version(file, *image);
  program.minor = minor_of(program.version);
  auto data = find_module_data(*image, found->address, *header);
  GoTablePlace place{.address = found->address.value()};
  if (data) {
    place.text = data->text;
    place.gofunc = data->gofunc;
    program.types = Address(data->types);
    program.types_end = Address(data->types_end);
  } else if (header->text_start != 0) {
    place.text = image->word(found->address + 3 * kWord).value_or(0);
  }
  if (header->format != GoFormat::Go116 && !file.executable(Address(place.text)))
    return std::nullopt;
  if (program.minor == 0) {
    constexpr std::array<unsigned, 3> kOldest{16, 18, 20};
    program.minor = kOldest.at(static_cast<std::size_t>(header->format));
  }
  set_runtime_offsets(program);
  LoadedImage* words = image.get();
  auto table = GoTable::open(found->bytes, place,
                             [words](std::uint64_t at) { return words->word(Address(at)); });
  if (!table) return std::nullopt;
  find_g(file, *image, *table, program);
  // Only the oldest format has more words that are relocated.
  if (header->format != GoFormat::Go116) image->forget();
  return GoFile{std::move(program), std::move(*table), std::move(image)};
}

}  // namespace ttrace
