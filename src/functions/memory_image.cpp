#include "functions/memory_image.h"

#include <elf.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <span>
#include <vector>

namespace ttrace {

namespace {

constexpr std::size_t kMostSegments = 128;
constexpr std::size_t kMostNotes = 16384;  // bytes of one segment
constexpr std::size_t kLongestId = 64;

template <class T>
std::optional<T> object_at(Address at, Memory& memory) {
  T object{};
  if (!memory.read_object(at, object)) return std::nullopt;
  return object;
}

// Notes are alike in both classes: elf(5).
std::string build_id_of(std::span<const std::byte> notes) {
  auto padded = [](std::size_t size) { return (size + 3) & ~std::size_t{3}; };
  while (notes.size() >= sizeof(Elf64_Nhdr)) {
    Elf64_Nhdr note;
    std::memcpy(&note, notes.data(), sizeof(note));
    notes = notes.subspan(sizeof(note));
    std::size_t name = padded(note.n_namesz);
    if (name > notes.size() || note.n_descsz > notes.size() - name) return {};
    bool is_id = note.n_type == NT_GNU_BUILD_ID && note.n_namesz == sizeof(ELF_NOTE_GNU) &&
                 std::memcmp(notes.data(), ELF_NOTE_GNU, sizeof(ELF_NOTE_GNU)) == 0;
    if (is_id && note.n_descsz <= kLongestId) {
      std::string text;
      for (std::byte each : notes.subspan(name, note.n_descsz))
        text += fmt::format("{:02x}", std::to_integer<unsigned>(each));
      return text;
    }
    notes = notes.subspan(std::min(notes.size(), name + padded(note.n_descsz)));
  }
  return {};
}

template <class Ehdr, class Phdr>
std::string build_id(Address base, Memory& memory) {
  auto header = object_at<Ehdr>(base, memory);
  if (!header || header->e_phentsize != sizeof(Phdr)) return {};
  std::vector<Phdr> segments;
  for (std::size_t i = 0; i < std::min<std::size_t>(header->e_phnum, kMostSegments); ++i) {
    auto segment = object_at<Phdr>(base + (header->e_phoff + i * sizeof(Phdr)), memory);
    if (!segment) return {};
    segments.push_back(*segment);
  }
  auto first = std::ranges::find_if(
      segments, [](const Phdr& s) { return s.p_type == PT_LOAD && s.p_offset == 0; });
  if (first == segments.end()) return {};
  for (const Phdr& segment : segments) {
    if (segment.p_type != PT_NOTE) continue;
    std::vector<std::byte> notes(std::min<std::size_t>(segment.p_filesz, kMostNotes));
    notes.resize(memory.read(base + (segment.p_vaddr - first->p_vaddr), notes));
    if (auto id = build_id_of(notes); !id.empty()) return id;
  }
  return {};
}

}  // namespace

std::string build_id_in_memory(Address base, Memory& memory) {
  auto identity = object_at<std::array<unsigned char, EI_NIDENT>>(base, memory);
  if (!identity || std::memcmp(identity->data(), ELFMAG, SELFMAG) != 0) return {};
  return (*identity)[EI_CLASS] == ELFCLASS64 ? build_id<Elf64_Ehdr, Elf64_Phdr>(base, memory)
                                             : build_id<Elf32_Ehdr, Elf32_Phdr>(base, memory);
}

}  // namespace ttrace
