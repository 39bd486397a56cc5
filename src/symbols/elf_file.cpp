#include "symbols/elf_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "base/quote.h"

namespace ttrace {
namespace {

/// The structures of one ELF class.
struct Elf32 {
  using Ehdr = Elf32_Ehdr;
  using Phdr = Elf32_Phdr;
  using Shdr = Elf32_Shdr;
};
struct Elf64 {
  using Ehdr = Elf64_Ehdr;
  using Phdr = Elf64_Phdr;
  using Shdr = Elf64_Shdr;
};

bool within(std::uint64_t offset, std::uint64_t size, std::uint64_t file_size) {
  return offset <= file_size && size <= file_size - offset;
}

template <class T>
T read_at(std::span<const std::byte> file, std::uint64_t offset) {
  T value;
  std::memcpy(&value, file.data() + offset, sizeof(T));
  return value;
}

template <class C>
std::optional<std::string> segments_defect(std::span<const std::byte> file, std::uint64_t offset,
                                           std::uint64_t count) {
  using Phdr = typename C::Phdr;
  for (std::uint64_t i = 0; i < count; ++i) {
    auto segment = read_at<Phdr>(file, offset + i * sizeof(Phdr));
    if (segment.p_type == PT_NULL) continue;
    if (!within(segment.p_offset, segment.p_filesz, file.size()))
      return fmt::format("segment {} past the end of the file", i);
    if (segment.p_type != PT_LOAD) continue;
    if (segment.p_filesz > segment.p_memsz)
      return fmt::format("segment {} is larger in the file than in memory", i);
    if (segment.p_vaddr + segment.p_memsz < segment.p_vaddr)
      return fmt::format("segment {} wraps around the address space", i);
  }
  return std::nullopt;
}

template <class C>
std::optional<std::string> sections_defect(std::span<const std::byte> file, std::uint64_t offset,
                                           std::uint64_t count) {
  using Shdr = typename C::Shdr;
  for (std::uint64_t i = 1; i < count; ++i) {
    auto section = read_at<Shdr>(file, offset + i * sizeof(Shdr));
    if (section.sh_type == SHT_NULL || section.sh_type == SHT_NOBITS) continue;
    if (!within(section.sh_offset, section.sh_size, file.size()))
      return fmt::format("section {} past the end of the file", i);
  }
  return std::nullopt;
}

template <class C>
std::optional<std::string> headers_defect(std::span<const std::byte> file, bool debug_file) {
  using Ehdr = typename C::Ehdr;
  using Phdr = typename C::Phdr;
  using Shdr = typename C::Shdr;
  if (file.size() < sizeof(Ehdr)) return "truncated header";
  auto header = read_at<Ehdr>(file, 0);
  if (header.e_version != EV_CURRENT) return "unknown version";
  // Counts that do not fit their field stand in section 0.
  std::uint64_t sections = header.e_shnum;
  std::uint64_t segments = header.e_phnum;
  if (header.e_shoff != 0) {
    if (header.e_shentsize != sizeof(Shdr)) return "wrong size of section headers";
    if (!within(header.e_shoff, sizeof(Shdr), file.size()))
      return "section headers past the end of the file";
    auto first = read_at<Shdr>(file, header.e_shoff);
    if (sections == 0) sections = first.sh_size;
    if (segments == PN_XNUM) segments = first.sh_info;
    if (sections > file.size() / sizeof(Shdr) ||
        !within(header.e_shoff, sections * sizeof(Shdr), file.size()))
      return "section headers past the end of the file";
  } else if (sections != 0) {
    return "section headers at offset 0";
  }
  if (segments != 0) {
    if (header.e_phentsize != sizeof(Phdr)) return "wrong size of program headers";
    if (segments > file.size() / sizeof(Phdr) ||
        !within(header.e_phoff, segments * sizeof(Phdr), file.size()))
      return "program headers past the end of the file";
  }
  if (!debug_file)
    if (auto defect = segments_defect<C>(file, header.e_phoff, segments)) return defect;
  return sections_defect<C>(file, header.e_shoff, sections);
}

bool has_magic(std::span<const std::byte> file) {
  return file.size() >= SELFMAG && std::memcmp(file.data(), ELFMAG, SELFMAG) == 0;
}

/// A name that can stand in a message and be matched as a file's.
bool is_file_name(std::string_view name) {
  return !name.empty() && name.size() <= 255 &&
         std::ranges::none_of(name, [](char c) { return is_control(c) || c == '/'; });
}

std::string hexadecimal(std::span<const char> bytes) {
  std::string text;
  for (char c : bytes)
    text += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return text;
}

constexpr std::string_view kNoElf = "not an ELF file";

}  // namespace

std::optional<std::string> elf_defect(std::span<const std::byte> file, bool debug_file) {
  if (file.size() < EI_NIDENT) return "truncated header";
  auto byte = [&](std::size_t index) { return std::to_integer<int>(file[index]); };
  if (byte(EI_VERSION) != EV_CURRENT) return "unknown version";
  if (byte(EI_DATA) != ELFDATA2LSB && byte(EI_DATA) != ELFDATA2MSB) return "unknown byte order";
  if (byte(EI_CLASS) != ELFCLASS32 && byte(EI_CLASS) != ELFCLASS64) return "unknown class";
  // Every machine that ttrace knows is little-endian; open() names the others.
  if (byte(EI_DATA) == ELFDATA2MSB) return std::nullopt;
  return byte(EI_CLASS) == ELFCLASS64 ? headers_defect<Elf64>(file, debug_file)
                                      : headers_defect<Elf32>(file, debug_file);
}

Result<UniqueFd> ElfFile::open_regular(const std::string& path, const std::string& shown_as) {
  // Without O_NONBLOCK, opening a FIFO would wait for its writer.
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!fd.valid()) return os_error("open " + shown_as);
  struct stat status {};
  if (fstat(fd.get(), &status) != 0) return os_error("stat " + shown_as);
  if (!S_ISREG(status.st_mode)) return Error{0, shown_as + ": not a regular file"};
  if (status.st_size == 0) return Error{0, shown_as + ": not an ELF file: it is empty"};
  return fd;
}

/// What is wrong with the file, found without libelf, which believes its headers.
std::optional<std::string> ElfFile::find_defect(bool debug_file) const {
  struct stat status {};
  if (fstat(fd_.get(), &status) != 0) return "cannot be read";
  auto size = static_cast<std::size_t>(status.st_size);
  void* at = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd_.get(), 0);
  if (at == MAP_FAILED) return "cannot be mapped";
  auto bytes = std::span(static_cast<const std::byte*>(at), size);
  auto defect = has_magic(bytes) ? elf_defect(bytes, debug_file) : std::string(kNoElf);
  munmap(at, size);
  return defect;
}

Result<std::unique_ptr<ElfFile>> ElfFile::open(const std::string& path, const std::string& shown_as,
                                               bool debug_file) {
  auto fd = open_regular(path, shown_as);
  if (!fd) return fd.error();
  return open(std::move(*fd), shown_as, debug_file);
}

Result<std::unique_ptr<ElfFile>> ElfFile::open(UniqueFd fd, const std::string& shown_as,
                                               bool debug_file) {
  elf_version(EV_CURRENT);
  std::unique_ptr<ElfFile> file(new ElfFile);
  file->fd_ = std::move(fd);
  auto defect = file->find_defect(debug_file);
  if (defect == kNoElf) return Error{0, shown_as + ": " + *defect};
  if (!defect) file->elf_.reset(elf_begin(file->fd_.get(), ELF_C_READ_MMAP, nullptr));
  std::size_t size = 0;
  const char* bytes = file->elf_ ? elf_rawfile(file->elf(), &size) : nullptr;
  if (!defect && (bytes == nullptr || gelf_getehdr(file->elf(), &file->header_) == nullptr))
    defect = elf_errmsg(-1);
  if (defect) return Error{0, fmt::format("{}: not a valid ELF file: {}", shown_as, *defect)};
  file->bytes_ = std::as_bytes(std::span(bytes, size));

  auto machine = abi_from_elf_machine(file->header_.e_machine);
  if (!machine || file->header_.e_ident[EI_DATA] != ELFDATA2LSB)
    return Error{0, fmt::format("{}: a program for a machine that ttrace does not know (ELF "
                                "machine {})",
                                shown_as, file->header_.e_machine)};
  bool loadable = file->header_.e_type == ET_EXEC || file->header_.e_type == ET_DYN;
  // Split DWARF is in relocatable files.
  if (!loadable && !(debug_file && file->header_.e_type == ET_REL))
    return Error{0, shown_as + ": neither an executable nor a shared library"};
  file->machine_ = *machine;
  file->read_segments();
  file->read_build_id();
  return file;
}

void ElfFile::read_segments() {
  std::size_t count = 0;
  if (elf_getphdrnum(elf(), &count) != 0) return;
  for (std::size_t i = 0; i < count; ++i) {
    GElf_Phdr segment;
    if (gelf_getphdr(elf(), static_cast<int>(i), &segment) == nullptr) break;
    if (segment.p_type != PT_LOAD) continue;
    segments_.push_back({Address(segment.p_vaddr), FileOffset{segment.p_offset}, segment.p_filesz,
                         segment.p_memsz, (segment.p_flags & PF_X) != 0});
  }
}

void ElfFile::read_build_id() {
  // Looked for in sections rather than segments: a separate debug file has it only there.
  constexpr std::size_t kLongest = 64;
  auto notes = section(".note.gnu.build-id");
  if (!notes || notes->header.sh_type != SHT_NOTE) return;
  Elf_Data* data = elf_getdata(notes->handle, nullptr);
  if (data == nullptr || data->d_buf == nullptr) return;
  auto contents = std::span(static_cast<const char*>(data->d_buf), data->d_size);
  GElf_Nhdr note;
  std::size_t name = 0;
  std::size_t description = 0;
  std::size_t at = 0;
  while ((at = gelf_getnote(data, at, &note, &name, &description)) != 0) {
    if (note.n_type != NT_GNU_BUILD_ID || note.n_namesz != sizeof(ELF_NOTE_GNU)) continue;
    if (std::memcmp(contents.data() + name, ELF_NOTE_GNU, sizeof(ELF_NOTE_GNU)) != 0) continue;
    if (note.n_descsz == 0 || note.n_descsz > kLongest) continue;
    build_id_ = hexadecimal(contents.subspan(description, note.n_descsz));
    return;
  }
}

void ElfFile::release_pages() const {
  // libelf allocates what it cannot map, and such memory would lose its contents: it is never
  // aligned, because the allocator's own data stand before it.
  auto at = reinterpret_cast<std::uintptr_t>(bytes_.data());
  if (at % static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE)) != 0) return;
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-const-cast): nothing is written
  madvise(const_cast<std::byte*>(bytes_.data()), bytes_.size(), MADV_DONTNEED);
}

std::string ElfFile::soname() const {
  auto dynamic = section_of_type(SHT_DYNAMIC);
  if (!dynamic) return {};
  Elf_Data* data = elf_getdata(dynamic->handle, nullptr);
  auto strings = section_at(dynamic->header.sh_link);
  if (data == nullptr || !strings || strings->header.sh_type != SHT_STRTAB) return {};
  for (int i = 0;; ++i) {
    GElf_Dyn entry;
    if (gelf_getdyn(data, i, &entry) == nullptr || entry.d_tag == DT_NULL) return {};
    if (entry.d_tag != DT_SONAME) continue;
    auto name = string_at(contents(*strings), entry.d_un.d_val);
    return is_file_name(name) ? std::string(name) : std::string();
  }
}

std::optional<ElfFile::Section> ElfFile::section(std::string_view name) const {
  std::size_t strings = 0;
  if (elf_getshdrstrndx(elf(), &strings) != 0) return std::nullopt;
  auto table = section_at(strings);
  if (!table || table->header.sh_type != SHT_STRTAB) return std::nullopt;
  auto names = contents(*table);
  Section found;
  while ((found.handle = elf_nextscn(elf(), found.handle)) != nullptr) {
    if (gelf_getshdr(found.handle, &found.header) == nullptr) continue;
    if (string_at(names, found.header.sh_name) == name) return found;
  }
  return std::nullopt;
}

std::optional<ElfFile::Section> ElfFile::section_of_type(GElf_Word type) const {
  Section found;
  while ((found.handle = elf_nextscn(elf(), found.handle)) != nullptr)
    if (gelf_getshdr(found.handle, &found.header) != nullptr && found.header.sh_type == type)
      return found;
  return std::nullopt;
}

std::optional<ElfFile::Section> ElfFile::section_at(std::size_t index) const {
  Section found;
  found.handle = elf_getscn(elf(), index);
  if (found.handle == nullptr || gelf_getshdr(found.handle, &found.header) == nullptr)
    return std::nullopt;
  return found;
}

std::span<const char> ElfFile::contents(const Section& section) const {
  if (section.header.sh_type == SHT_NOBITS) return {};
  Elf_Data* data = elf_rawdata(section.handle, nullptr);
  if (data == nullptr || data->d_buf == nullptr) return {};
  return {static_cast<const char*>(data->d_buf), data->d_size};
}

std::uint64_t ElfFile::debug_information_size() const {
  // GNU's own compression, before ELF had one: "ZLIB" and the size, its highest byte first.
  constexpr std::string_view kGnu = "ZLIB";
  constexpr std::size_t kGnuHeader = 12;
  std::size_t strings = 0;
  if (elf_getshdrstrndx(elf(), &strings) != 0) return 0;
  auto table = section_at(strings);
  auto names = table ? contents(*table) : std::span<const char>();
  std::uint64_t sum = 0;
  Section each;
  while ((each.handle = elf_nextscn(elf(), each.handle)) != nullptr) {
    if (gelf_getshdr(each.handle, &each.header) == nullptr) continue;
    auto name = string_at(names, each.header.sh_name);
    GElf_Chdr header;
    std::uint64_t size = 0;
    if ((each.header.sh_flags & SHF_COMPRESSED) != 0 && name.starts_with(".debug_")) {
      if (gelf_getchdr(each.handle, &header) != nullptr) size = header.ch_size;
    } else if (name.starts_with(".zdebug_")) {
      auto bytes = contents(each);
      if (bytes.size() < kGnuHeader || std::string_view(bytes.data(), kGnu.size()) != kGnu)
        continue;
      for (char c : bytes.subspan(kGnu.size(), kGnuHeader - kGnu.size()))
        size = size << 8U | static_cast<unsigned char>(c);
    }
    sum = sum + size < sum ? UINT64_MAX : sum + size;
  }
  return sum;
}

std::string_view ElfFile::string_at(std::span<const char> table, std::uint64_t offset) {
  if (offset >= table.size()) return {};
  constexpr std::size_t kLongest = 32768;
  auto rest = table.subspan(offset);
  rest = rest.first(std::min(rest.size(), kLongest));
  const void* end = std::memchr(rest.data(), 0, rest.size());
  if (end == nullptr) return {};
  return {rest.data(), static_cast<std::size_t>(static_cast<const char*>(end) - rest.data())};
}

bool ElfFile::executable(Address address) const {
  return std::any_of(segments_.begin(), segments_.end(), [&](const Segment& segment) {
    return segment.executable && address >= segment.address &&
           address - segment.address < segment.file_size;
  });
}

bool ElfFile::same_section(Address a, Address b) const {
  Elf_Scn* section = nullptr;
  while ((section = elf_nextscn(elf(), section)) != nullptr) {
    GElf_Shdr header;
    if (gelf_getshdr(section, &header) == nullptr || (header.sh_flags & SHF_ALLOC) == 0) continue;
    auto has = [&](Address address) {
      return address.value() >= header.sh_addr && address.value() - header.sh_addr < header.sh_size;
    };
    if (has(a)) return has(b);
  }
  return true;
}

}  // namespace ttrace
