#include "symbols/debug_file.h"

#include <fmt/format.h>

#include <array>
#include <cstdlib>
#include <cstring>
#include <vector>

namespace ttrace {
namespace {

struct Link {
  std::string name;
  std::uint32_t checksum = 0;
};

/// .gnu_debuglink: a file name, padded to four bytes, then its CRC-32.
std::optional<Link> debug_link(const ElfFile& file) {
  auto section = file.section(".gnu_debuglink");
  if (!section) return std::nullopt;
  auto contents = file.contents(*section);
  Link link;
  link.name = ElfFile::string_at(contents, 0);
  std::size_t at = (link.name.size() + 4) / 4 * 4;
  if (link.name.empty() || link.name.find('/') != std::string::npos || link.name == ".." ||
      contents.size() < at + sizeof(link.checksum))
    return std::nullopt;
  std::memcpy(&link.checksum, contents.data() + at, sizeof(link.checksum));
  return link;
}

/// CRC-32 as zlib and Ethernet have it (polynomial 0x04c11db7, reflected).
std::uint32_t crc32(std::span<const std::byte> bytes) {
  static constexpr auto kTable = [] {
    std::array<std::uint32_t, 256> table{};
    for (std::uint32_t i = 0; i < table.size(); ++i) {
      std::uint32_t value = i;
      for (int bit = 0; bit < 8; ++bit)
        value = (value & 1U) != 0 ? (value >> 1U) ^ 0xedb88320U : value >> 1U;
      table[i] = value;
    }
    return table;
  }();
  std::uint32_t crc = ~0U;
  for (std::byte b : bytes)
    crc = kTable[(crc ^ std::to_integer<std::uint32_t>(b)) & 0xffU] ^ (crc >> 8U);
  return ~crc;
}

std::string directory_of(const std::string& path) {
  auto slash = path.rfind('/');
  return slash == std::string::npos ? std::string(".") : path.substr(0, slash);
}

/// The directory that holds the file: `path` may be a link of /proc.
std::vector<std::string> directories(const std::string& path, const std::string& shown_as) {
  std::vector<std::string> result;
  if (char* real = realpath(path.c_str(), nullptr); real != nullptr) {
    result.push_back(directory_of(real));
    std::free(real);  // NOLINT(cppcoreguidelines-no-malloc): realpath() allocated it.
  }
  if (shown_as.starts_with('/') && directory_of(shown_as) != (result.empty() ? "" : result[0]))
    result.push_back(directory_of(shown_as));
  return result;
}

}  // namespace

std::unique_ptr<ElfFile> find_debug_file(const ElfFile& file, const std::string& path,
                                         const std::string& shown_as,
                                         const std::string& debug_root) {
  const std::string& id = file.build_id();
  if (id.size() > 2) {
    auto name = debug_root + "/.build-id/" + id.substr(0, 2) + "/" + id.substr(2) + ".debug";
    auto found = ElfFile::open(name, name, true);
    if (found && (*found)->machine() == file.machine() && (*found)->build_id() == id)
      return std::move(*found);
  }
  auto link = debug_link(file);
  if (!link) return nullptr;
  for (const auto& directory : directories(path, shown_as)) {
    const char* slash = directory.starts_with('/') ? "" : "/";
    for (const auto& name : {fmt::format("{}/{}", directory, link->name),
                             fmt::format("{}/.debug/{}", directory, link->name),
                             fmt::format("{}{}{}/{}", debug_root, slash, directory, link->name)}) {
      auto found = ElfFile::open(name, name, true);
      if (!found || (*found)->machine() != file.machine()) continue;
      bool same = id.empty() || (*found)->build_id().empty()
                      ? crc32((*found)->bytes()) == link->checksum
                      : (*found)->build_id() == id;
      if (same) return std::move(*found);
    }
  }
  return nullptr;
}

}  // namespace ttrace
