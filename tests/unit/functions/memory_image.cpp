#include "functions/memory_image.h"

#include <doctest/doctest.h>
#include <elf.h>

#include <cstring>
#include <random>
#include <vector>

namespace ttrace {
namespace {

/// A file that is mapped at an address.
class Image final : public Memory {
 public:
  explicit Image(std::vector<std::byte> bytes) : bytes_(std::move(bytes)) {}
  std::size_t read(Address from, std::span<std::byte> out) override {
    std::uint64_t at = from.value() - kBase.value();
    if (at >= bytes_.size()) return 0;
    std::size_t length = std::min(out.size(), bytes_.size() - static_cast<std::size_t>(at));
    std::memcpy(out.data(), bytes_.data() + at, length);
    return length;
  }
  static constexpr Address kBase{0x7f0000000000};

 private:
  std::vector<std::byte> bytes_;
};

template <class Ehdr, class Phdr>
std::vector<std::byte> image(unsigned char elf_class, std::uint64_t linked_at) {
  constexpr std::size_t kNote = 512;
  std::vector<std::byte> bytes(1024);
  Ehdr header{};
  std::memcpy(header.e_ident, ELFMAG, SELFMAG);
  header.e_ident[EI_CLASS] = elf_class;
  header.e_phentsize = sizeof(Phdr);
  header.e_phoff = sizeof(Ehdr);
  header.e_phnum = 2;
  std::memcpy(bytes.data(), &header, sizeof(header));
  Phdr load{};
  load.p_type = PT_LOAD;
  load.p_vaddr = static_cast<decltype(load.p_vaddr)>(linked_at);
  Phdr note{};
  note.p_type = PT_NOTE;
  note.p_vaddr = static_cast<decltype(note.p_vaddr)>(linked_at + kNote);
  note.p_filesz = 48;
  std::memcpy(bytes.data() + sizeof(header), &load, sizeof(load));
  std::memcpy(bytes.data() + sizeof(header) + sizeof(load), &note, sizeof(note));
  const std::uint32_t notes[] = {4,          5,          1,
                                 0x00554e47, 1,          2,  // another note: 5 bytes
                                 4,          4,          NT_GNU_BUILD_ID,
                                 0x00554e47, 0xddccbbaa, 0};
  std::memcpy(bytes.data() + kNote, notes, sizeof(notes));
  return bytes;
}

TEST_CASE("a build-id is found in memory, wherever the file was linked for") {
  for (std::uint64_t linked_at : {0x0ULL, 0x41000000ULL}) {
    Image large(image<Elf64_Ehdr, Elf64_Phdr>(ELFCLASS64, linked_at));
    CHECK(build_id_in_memory(Image::kBase, large) == "aabbccdd");
    Image small(image<Elf32_Ehdr, Elf32_Phdr>(ELFCLASS32, linked_at));
    CHECK(build_id_in_memory(Image::kBase, small) == "aabbccdd");
  }
}

TEST_CASE("memory without sense has no build-id") {
  Image nothing({});
  CHECK(build_id_in_memory(Image::kBase, nothing).empty());
  std::mt19937 random(1);
  const auto whole = image<Elf64_Ehdr, Elf64_Phdr>(ELFCLASS64, 0);
  for (std::size_t length = 0; length < 555; length += 3) {
    auto part = whole;
    part.resize(length);
    Image cut(part);
    CHECK(build_id_in_memory(Image::kBase, cut).empty());
  }
  for (int i = 0; i < 2000; ++i) {
    auto spoilt = whole;
    for (int n = 0; n < 20; ++n)
      spoilt[random() % 560] = static_cast<std::byte>(n % 2 == 0 ? 0xff : random());
    Image spoilt_image(spoilt);
    CHECK(build_id_in_memory(Image::kBase, spoilt_image).size() <= 128);
  }
}

}  // namespace
}  // namespace ttrace
