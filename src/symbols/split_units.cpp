#include "symbols/split_units.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "symbols/dwarf_die.h"
#include "symbols/elf_image.h"

namespace ttrace {
namespace {

// GNU's addresses have no length: as much as the unit of any program needs.
constexpr std::size_t kMostAddresses = 16U << 20U;

std::string last_part(const std::string& path) {
  return path.substr(path.rfind('/') + 1);
}

std::optional<Dwarf_Attribute> either(Dwarf_Die die, unsigned name, unsigned gnu_name) {
  auto found = attribute(die, name);
  return found ? found : attribute(die, gnu_name);
}

std::string text_of(const std::optional<Dwarf_Attribute>& found) {
  Dwarf_Attribute copy = found.value_or(Dwarf_Attribute{});
  return found ? bounded_text(dwarf_formstring(&copy)) : std::string();
}

std::uint64_t offset_of(const std::optional<Dwarf_Attribute>& found) {
  Dwarf_Attribute copy = found.value_or(Dwarf_Attribute{});
  Dwarf_Word value = 0;
  return found && dwarf_formudata(&copy, &value) == 0 ? value : 0;
}

}  // namespace

struct SplitUnits::Skeleton {
  Dwarf_Half version = 0;
  std::uint8_t address_size = 0;
  std::uint64_t id = 0;
  std::string name;       // of the .dwo file
  std::string directory;  // that the compiler ran in
  std::uint64_t low_pc = 0;
  std::uint64_t address_base = 0;
  std::uint64_t ranges_base = 0;

  [[nodiscard]] std::vector<char> unit(const std::string& path, std::uint64_t base) const;
  [[nodiscard]] std::vector<char> abbreviations() const;
  [[nodiscard]] std::vector<ImageSection> sections(const std::string& path,
                                                   std::span<const char> addresses,
                                                   std::span<const char> ranges) const;
};

struct SplitUnits::Linked {
  Linked() = default;
  Linked(const Linked&) = delete;
  Linked& operator=(const Linked&) = delete;
  ~Linked() { dwarf_end(dwarf); }
  std::unique_ptr<ElfFile> file;
  Dwarf* dwarf = nullptr;
};

SplitUnits::SplitUnits(const ElfFile& file, DebugFileSearch search)
    : file_(&file), search_(std::move(search)) {}
SplitUnits::~SplitUnits() = default;

std::optional<SplitUnits::Skeleton> SplitUnits::read_skeleton(Dwarf_Die unit) {
  Skeleton skeleton;
  std::uint8_t type = 0;
  if (dwarf_cu_info(unit.cu, &skeleton.version, &type, nullptr, nullptr, &skeleton.id,
                    &skeleton.address_size, nullptr) != 0 ||
      type != DW_UT_skeleton)
    return std::nullopt;
  skeleton.name = text_of(either(unit, DW_AT_dwo_name, DW_AT_GNU_dwo_name));
  skeleton.directory = text_of(attribute(unit, DW_AT_comp_dir));
  Dwarf_Addr low = 0;
  if (dwarf_lowpc(&unit, &low) == 0) skeleton.low_pc = low;
  skeleton.address_base = offset_of(either(unit, DW_AT_addr_base, DW_AT_GNU_addr_base));
  skeleton.ranges_base = offset_of(attribute(unit, DW_AT_GNU_ranges_base));
  return skeleton;
}

std::vector<char> SplitUnits::Skeleton::abbreviations() const {
  std::vector<char> bytes;
  auto add = [&](std::initializer_list<unsigned> numbers) {
    for (unsigned number : numbers) {  // ULEB128
      for (; number >= 0x80; number >>= 7U)
        bytes.push_back(static_cast<char>(0x80U | (number & 0x7fU)));
      bytes.push_back(static_cast<char>(number));
    }
  };
  if (version >= 5)
    add({1, DW_TAG_skeleton_unit, DW_CHILDREN_no, DW_AT_dwo_name, DW_FORM_string, DW_AT_addr_base,
         DW_FORM_sec_offset});
  else
    add({1, DW_TAG_compile_unit, DW_CHILDREN_no, DW_AT_GNU_dwo_name, DW_FORM_string,
         DW_AT_GNU_addr_base, DW_FORM_sec_offset, DW_AT_GNU_dwo_id, DW_FORM_data8,
         DW_AT_GNU_ranges_base, DW_FORM_sec_offset});
  add({DW_AT_low_pc, DW_FORM_addr, 0, 0, 0});
  return bytes;
}

std::vector<char> SplitUnits::Skeleton::unit(const std::string& path, std::uint64_t base) const {
  std::vector<char> body;
  append_number(body, version);
  if (version >= 5) {
    append_number(body, static_cast<std::uint8_t>(DW_UT_skeleton));
    append_number(body, address_size);
    append_number(body, std::uint32_t{0});
    append_number(body, id);
  } else {
    append_number(body, std::uint32_t{0});
    append_number(body, address_size);
  }
  append_number(body, std::uint8_t{1});
  append_text(body, path);
  append_number(body, static_cast<std::uint32_t>(base));
  if (version < 5) {
    append_number(body, id);
    append_number(body, std::uint32_t{0});
  }
  if (address_size == sizeof(std::uint32_t))
    append_number(body, static_cast<std::uint32_t>(low_pc));
  else
    append_number(body, low_pc);
  std::vector<char> whole;
  append_number(whole, static_cast<std::uint32_t>(body.size()));
  whole.insert(whole.end(), body.begin(), body.end());
  return whole;
}

std::vector<ImageSection> SplitUnits::Skeleton::sections(const std::string& path,
                                                         std::span<const char> addresses,
                                                         std::span<const char> ranges) const {
  auto cut = [](std::span<const char> bytes, std::uint64_t from) {
    bytes = bytes.subspan(std::min<std::uint64_t>(from, bytes.size()));
    bytes = bytes.first(std::min(bytes.size(), kMostAddresses));
    return std::vector<char>(bytes.begin(), bytes.end());
  };
  // Since version 5, a header stands before the addresses.
  constexpr std::uint64_t kHeader = 8;
  std::uint64_t header = version >= 5 && address_base >= kHeader ? kHeader : 0;
  std::vector<ImageSection> result;
  result.push_back({".debug_info", unit(path, header)});
  result.push_back({".debug_abbrev", abbreviations()});
  result.push_back({".debug_addr", cut(addresses, address_base - header)});
  if (header != 0 && result.back().bytes.size() >= kHeader) {
    std::uint32_t length = 0;
    std::memcpy(&length, result.back().bytes.data(), sizeof(length));
    if (length < result.back().bytes.size() - sizeof(length))
      result.back().bytes.resize(length + sizeof(length));
  }
  if (version < 5 && !ranges.empty()) result.push_back({".debug_ranges", cut(ranges, ranges_base)});
  return result;
}

/// A section's contents, which libdw has decompressed if need be.
std::span<const char> SplitUnits::section(const char* plain, const char* compressed) const {
  auto found = file_->section(plain);
  if (!found) found = file_->section(compressed);
  if (!found) return {};
  Elf_Data* data = elf_getdata(found->handle, nullptr);
  if (data == nullptr || data->d_buf == nullptr) return {};
  return {static_cast<const char*>(data->d_buf), data->d_size};
}

std::optional<Dwarf_Die> SplitUnits::link(const Skeleton& skeleton, int split_file) {
  std::string path = "/proc/self/fd/" + std::to_string(split_file);
  UniqueFd image = make_elf_image(file_->header().e_machine,
                                  skeleton.sections(path, section(".debug_addr", ".zdebug_addr"),
                                                    section(".debug_ranges", ".zdebug_ranges")));
  if (!image.valid()) return std::nullopt;
  auto linked = std::make_unique<Linked>();
  auto opened = ElfFile::open(std::move(image), "skeleton", true);
  if (!opened) return std::nullopt;
  linked->file = std::move(*opened);
  linked->dwarf = dwarf_begin_elf(linked->file->elf(), DWARF_C_READ, nullptr);
  Dwarf_CU* unit = nullptr;
  std::uint8_t type = 0;
  Dwarf_Die split{};
  if (linked->dwarf == nullptr ||
      dwarf_get_units(linked->dwarf, nullptr, &unit, nullptr, &type, nullptr, &split) != 0 ||
      type != DW_UT_skeleton || dwarf_tag(&split) != DW_TAG_compile_unit)
    return std::nullopt;
  linked_.push_back(std::move(linked));
  return split;
}

/// Where a .dwo file may be: where the compiler put it, as the program sees it, and beside the
/// program.
std::vector<std::string> SplitUnits::places(const Skeleton& skeleton) const {
  std::vector<std::string> result;
  bool absolute = skeleton.name.starts_with('/');
  result = search_.views(absolute ? skeleton.name : skeleton.directory + "/" + skeleton.name);
  for (const std::string& directory : search_.directories()) {
    if (!absolute) result.push_back(directory + "/" + skeleton.name);
    result.push_back(directory + "/" + last_part(skeleton.name));
  }
  std::erase_if(result, [](const std::string& path) { return !path.starts_with('/'); });
  return result;
}

const DwarfPackage* SplitUnits::package() {
  if (package_looked_for_) return package_.get();
  package_looked_for_ = true;
  std::vector<std::string> names{last_part(search_.shown_as)};
  if (char* real = realpath(search_.path.c_str(), nullptr); real != nullptr) {
    names.push_back(last_part(real));
    std::free(real);  // NOLINT(cppcoreguidelines-no-malloc): realpath() allocated it.
  }
  for (const std::string& directory : search_.directories())
    for (const std::string& name : names) {
      // `program.debug` is the separate debug file of `program`.
      for (const char* suffix : {".dwp", ".debug.dwp"})
        if (!package_)
          package_ = DwarfPackage::open(fmt::format("{}/{}{}", directory, name, suffix));
    }
  return package_.get();
}

std::optional<Dwarf_Die> SplitUnits::contents_of(Dwarf_Die unit) {
  auto [known, fresh] = known_.try_emplace(unit.addr);
  if (!fresh) return known->second;
  std::optional<Dwarf_Die>& found = known->second;
  auto skeleton = read_skeleton(unit);
  if (!skeleton) return found = unit;
  // libdw would open what a file names without a look at it.
  for (const std::string& place : places(*skeleton)) {
    auto file = ElfFile::open(place, place, true);
    if (file && (found = link(*skeleton, (*file)->descriptor()))) return found;
  }
  if (const DwarfPackage* all = package()) {
    UniqueFd image = all->take_out(skeleton->id);
    if (image.valid()) found = link(*skeleton, image.get());
  }
  if (!found && missing_.empty()) missing_ = skeleton->name.empty() ? "?" : skeleton->name;
  return found;
}

}  // namespace ttrace
