#include "symbols/elf_file.h"

#include <cstring>
#include <vector>

#include "unit/symbols/sample_module.h"

namespace ttrace {
namespace {

using test::contents;
using test::MemoryFile;

/// An ELF file of 64-bit headers only, which a test then spoils.
struct Image {
  Elf64_Ehdr header{};
  Elf64_Phdr segment{};
  Elf64_Shdr sections[2]{};

  Image() {
    std::memcpy(header.e_ident, ELFMAG, SELFMAG);
    header.e_ident[EI_CLASS] = ELFCLASS64;
    header.e_ident[EI_DATA] = ELFDATA2LSB;
    header.e_ident[EI_VERSION] = EV_CURRENT;
    header.e_type = ET_DYN;
    header.e_machine = EM_X86_64;
    header.e_version = EV_CURRENT;
    header.e_ehsize = sizeof(Elf64_Ehdr);
    header.e_phoff = sizeof(Elf64_Ehdr);
    header.e_phentsize = sizeof(Elf64_Phdr);
    header.e_phnum = 1;
    header.e_shoff = sizeof(Elf64_Ehdr) + sizeof(Elf64_Phdr);
    header.e_shentsize = sizeof(Elf64_Shdr);
    header.e_shnum = 2;
    segment.p_type = PT_LOAD;
    segment.p_flags = PF_R | PF_X;
    segment.p_filesz = sizeof(Image);
    segment.p_memsz = sizeof(Image);
    sections[1].sh_type = SHT_PROGBITS;
    sections[1].sh_size = sizeof(Image);
  }
  [[nodiscard]] std::vector<char> bytes() const {
    std::vector<char> result(sizeof(Image));
    std::memcpy(result.data(), this, sizeof(Image));
    return result;
  }
  [[nodiscard]] std::string defect(bool debug_file = false) const {
    auto copy = bytes();
    return elf_defect(std::as_bytes(std::span(copy)), debug_file).value_or("none");
  }
};

std::string open_error(const std::vector<char>& bytes) {
  MemoryFile file(bytes);
  auto opened = ElfFile::open(file.path(), "app", false);
  return opened ? "none" : opened.error().message();
}

TEST_CASE("headers that lie within the file have no defect") {
  CHECK(Image().defect() == "none");
  CHECK(open_error(Image().bytes()) == "none");
}

TEST_CASE("what is wrong with a header is said") {
  Image image;
  image.header.e_phoff = sizeof(Image) - 1;
  CHECK(image.defect() == "program headers past the end of the file");
  image = Image();
  image.header.e_phoff = UINT64_MAX - 8;
  CHECK(image.defect() == "program headers past the end of the file");
  image = Image();
  image.header.e_phentsize = 1;
  CHECK(image.defect() == "wrong size of program headers");
  image = Image();
  image.header.e_shoff = sizeof(Image) - sizeof(Elf64_Shdr);
  CHECK(image.defect() == "section headers past the end of the file");
  image = Image();
  image.header.e_shoff = UINT64_MAX;
  CHECK(image.defect() == "section headers past the end of the file");
  image = Image();
  image.header.e_shoff = 0;
  CHECK(image.defect() == "section headers at offset 0");
  image = Image();
  image.header.e_shentsize = 0;
  CHECK(image.defect() == "wrong size of section headers");
  image = Image();
  image.header.e_version = 9;
  CHECK(image.defect() == "unknown version");
  image = Image();
  image.header.e_ident[EI_CLASS] = 7;
  CHECK(image.defect() == "unknown class");
  image = Image();
  image.header.e_ident[EI_DATA] = 7;
  CHECK(image.defect() == "unknown byte order");
}

TEST_CASE("counts that do not fit their field stand in section 0") {
  Image image;
  image.header.e_shnum = 0;
  image.sections[0].sh_size = 2;
  CHECK(image.defect() == "none");
  image.sections[0].sh_size = UINT64_MAX / sizeof(Elf64_Shdr) + 2;
  CHECK(image.defect() == "section headers past the end of the file");
  image = Image();
  image.header.e_phnum = PN_XNUM;
  image.sections[0].sh_info = 1;
  CHECK(image.defect() == "none");
  image.sections[0].sh_info = 70000;
  CHECK(image.defect() == "program headers past the end of the file");
}

TEST_CASE("segments and sections lie within the file") {
  Image image;
  image.segment.p_filesz = image.segment.p_memsz = sizeof(Image) + 1;
  CHECK(image.defect() == "segment 0 past the end of the file");
  CHECK(image.defect(true) == "none");
  image = Image();
  image.segment.p_offset = UINT64_MAX;
  CHECK(image.defect() == "segment 0 past the end of the file");
  image = Image();
  image.segment.p_memsz = 1;
  CHECK(image.defect() == "segment 0 is larger in the file than in memory");
  image = Image();
  image.segment.p_vaddr = UINT64_MAX - 1;
  CHECK(image.defect() == "segment 0 wraps around the address space");
  image = Image();
  image.sections[1].sh_offset = 1;
  CHECK(image.defect() == "section 1 past the end of the file");
  image.sections[1].sh_type = SHT_NOBITS;
  CHECK(image.defect() == "none");
}

TEST_CASE("errors name the file as the user knows it") {
  CHECK(open_error({}) == "app: not an ELF file: it is empty");
  CHECK(open_error({'#', '!', '/', 'b', 'i', 'n', '/', 's', 'h', '\n'}) == "app: not an ELF file");
  CHECK(open_error({'\x7f', 'E', 'L'}) == "app: not an ELF file");
  CHECK(open_error({'\x7f', 'E', 'L', 'F'}) == "app: not a valid ELF file: truncated header");
  Image image;
  auto bytes = image.bytes();
  bytes.resize(40);
  CHECK(open_error(bytes) == "app: not a valid ELF file: truncated header");
  image.header.e_machine = EM_S390;
  CHECK(open_error(image.bytes()) ==
        "app: a program for a machine that ttrace does not know (ELF machine 22)");
  image = Image();
  image.header.e_type = ET_REL;
  CHECK(open_error(image.bytes()) == "app: neither an executable nor a shared library");

  auto missing = ElfFile::open("/nonexistent/app", "app", false);
  REQUIRE_FALSE(missing.has_value());
  CHECK(missing.error().message() == "open app: No such file or directory");
  auto directory = ElfFile::open("/", "dir", false);
  REQUIRE_FALSE(directory.has_value());
  CHECK(directory.error().message() == "dir: not a regular file");
}

TEST_CASE("strings end within their table, and have a bounded length") {
  const std::vector<char> table = {'\0', 'a', 'b', '\0', 'c'};
  CHECK(ElfFile::string_at(table, 1) == "ab");
  CHECK(ElfFile::string_at(table, 2) == "b");
  CHECK(ElfFile::string_at(table, 4).empty());
  CHECK(ElfFile::string_at(table, 5).empty());
  CHECK(ElfFile::string_at(table, UINT64_MAX).empty());
  std::vector<char> huge(1 << 20, 'x');
  huge.push_back('\0');
  CHECK(ElfFile::string_at(huge, 0).empty());
}

TEST_CASE("the samples are read") {
  auto library = ElfFile::open(kSampleLibrary, "libsample", false);
  REQUIRE(library.has_value());
  const ElfFile& file = **library;
  CHECK(file.soname() == "libsample.so.7");
  CHECK(file.machine() == host_abi());
  CHECK(file.section(".text").has_value());
  CHECK_FALSE(file.section(".nonsense").has_value());
  auto text = file.section(".text");
  CHECK(file.executable(Address(text->header.sh_addr)));
  CHECK_FALSE(file.executable(Address(0x7fff'ffff'ffff)));
  auto data = file.section(".bss");
  REQUIRE(data.has_value());
  CHECK(file.contents(*data).empty());
  CHECK_FALSE(file.executable(Address(data->header.sh_addr)));
  for (char c : file.build_id())
    CHECK(std::string("0123456789abcdef").find(c) != std::string::npos);
}

}  // namespace
}  // namespace ttrace
