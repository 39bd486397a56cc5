#include "symbols/loaded_image.h"

#include <algorithm>

#include "symbols/read_at.h"

namespace ttrace {
namespace {

std::uint64_t relative_type(Abi machine) {
  return machine == Abi::Aarch64 ? R_AARCH64_RELATIVE : R_X86_64_RELATIVE;
}

struct RelocationTable {
  Address at;
  std::uint64_t size = 0;
};

RelocationTable relocation_table(const LoadedImage& image, const GElf_Phdr& dynamic) {
  RelocationTable table;
  auto bytes = image.bytes(Address(dynamic.p_vaddr));
  bytes = bytes.first(std::min<std::size_t>(bytes.size(), dynamic.p_filesz));
  for (std::uint64_t offset = 0;; offset += sizeof(Elf64_Dyn)) {
    auto entry = read_at<Elf64_Dyn>(bytes, offset);
    if (!entry || entry->d_tag == DT_NULL) return table;
    if (entry->d_tag == DT_RELA) table.at = Address(entry->d_un.d_ptr);
    if (entry->d_tag == DT_RELASZ) table.size = entry->d_un.d_val;
  }
}

}  // namespace

std::optional<GElf_Phdr> program_header(const ElfFile& file, GElf_Word type) {
  std::size_t count = 0;
  if (elf_getphdrnum(file.elf(), &count) != 0) return std::nullopt;
  for (std::size_t i = 0; i < count; ++i) {
    GElf_Phdr header;
    if (gelf_getphdr(file.elf(), static_cast<int>(i), &header) == nullptr) return std::nullopt;
    if (header.p_type == type) return header;
  }
  return std::nullopt;
}

std::span<const std::byte> LoadedImage::bytes(Address at) const {
  auto all = file_->bytes();
  for (const Segment& segment : file_->segments()) {
    if (at < segment.address || at - segment.address >= segment.file_size) continue;
    std::uint64_t offset = at - segment.address;
    if (segment.offset.value > all.size() || all.size() - segment.offset.value < segment.file_size)
      return {};
    return all.subspan(segment.offset.value + offset, segment.file_size - offset);
  }
  return {};
}

void LoadedImage::read_relocations() {
  if (read_) return;
  read_ = true;
  auto dynamic = program_header(*file_, PT_DYNAMIC);
  if (!dynamic) return;
  auto table = relocation_table(*this, *dynamic);
  auto entries = bytes(table.at);
  entries = entries.first(std::min<std::size_t>(entries.size(), table.size));
  const std::uint64_t wanted = relative_type(file_->machine());
  for (std::uint64_t offset = 0;; offset += sizeof(Elf64_Rela)) {
    auto entry = read_at<Elf64_Rela>(entries, offset);
    if (!entry) break;
    if (ELF64_R_TYPE(entry->r_info) == wanted)
      relatives_.push_back({entry->r_offset, static_cast<std::uint64_t>(entry->r_addend)});
  }
  if (!std::ranges::is_sorted(relatives_, {}, &Relative::where))
    std::ranges::sort(relatives_, {}, &Relative::where);
}

void LoadedImage::forget() {
  relatives_ = {};
  read_ = false;
}

std::optional<std::uint64_t> LoadedImage::word(Address at) {
  read_relocations();
  auto found = std::ranges::lower_bound(relatives_, at.value(), {}, &Relative::where);
  if (found != relatives_.end() && found->where == at.value()) return found->value;
  return read_at<std::uint64_t>(bytes(at), 0);
}

std::vector<Address> LoadedImage::holders_of(std::uint64_t value, std::size_t most) {
  read_relocations();
  std::vector<Address> found;
  for (const Relative& each : relatives_)
    if (each.value == value && found.size() < most) found.emplace_back(each.where);
  for (const Segment& segment : file_->segments()) {
    if (segment.executable) continue;
    auto contents = bytes(segment.address);
    std::uint64_t first = (8 - segment.address.value() % 8) % 8;
    for (std::uint64_t offset = first; found.size() < most; offset += sizeof(value)) {
      auto word = read_at<std::uint64_t>(contents, offset);
      if (!word) break;
      if (*word == value) found.push_back(segment.address + offset);
    }
  }
  return found;
}

}  // namespace ttrace
