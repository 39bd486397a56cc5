#include "symbols/debug_file.h"

#include <fmt/format.h>

#include <algorithm>
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

/// The folders of debuginfod's clients, each with BUILDID/debuginfo: debuginfod-find(1).
std::vector<std::string> debuginfod_caches() {
  std::vector<std::string> caches;
  auto add = [&](const char* variable, const char* below) {
    const char* value = std::getenv(variable);  // NOLINT(concurrency-mt-unsafe): one thread
    if (value != nullptr && *value != 0) caches.push_back(std::string(value) + below);
  };
  add("DEBUGINFOD_CACHE_PATH", "");
  add("XDG_CACHE_HOME", "/debuginfod_client");
  add("HOME", "/.cache/debuginfod_client");
  add("HOME", "/.debuginfod_client_cache");
  return caches;
}

/// Opens the file when its build-id is the right one.
std::unique_ptr<ElfFile> open_with_id(const std::string& name, const std::string& id, Abi machine) {
  auto found = ElfFile::open(name, name, true);
  if (!found || (*found)->machine() != machine || (*found)->build_id() != id) return nullptr;
  return std::move(*found);
}

std::string name_by_id(const std::string& debug_root, const std::string& id) {
  return fmt::format("{}/.build-id/{}/{}.debug", debug_root, id.substr(0, 2), id.substr(2));
}

std::unique_ptr<ElfFile> find_by_id(const ElfFile& file, const DebugFileSearch& search) {
  const std::string& id = file.build_id();
  if (id.size() <= 2) return nullptr;
  std::vector<std::string> names = search.views(name_by_id(search.debug_root, id));
  for (const std::string& cache : debuginfod_caches())
    names.push_back(fmt::format("{}/{}/debuginfo", cache, id));
  for (const std::string& name : names)
    if (auto found = open_with_id(name, id, file.machine())) return found;
  return nullptr;
}

}  // namespace

std::vector<std::string> DebugFileSearch::views(const std::string& name) const {
  constexpr std::string_view kProc = "/proc/";
  std::vector<std::string> result;
  if (path.starts_with(kProc)) {
    auto end = path.find_first_not_of("0123456789", kProc.size());
    if (end != kProc.size() && end != std::string::npos && path[end] == '/' &&
        name.starts_with('/'))
      result.push_back(path.substr(0, end) + "/root" + name);
  }
  result.push_back(name);
  return result;
}

std::vector<std::string> DebugFileSearch::directories() const {
  std::vector<std::string> result;
  auto add = [&](std::string directory) {
    if (std::ranges::find(result, directory) == result.end())
      result.push_back(std::move(directory));
  };
  if (char* real = realpath(path.c_str(), nullptr); real != nullptr) {
    add(directory_of(real));
    std::free(real);  // NOLINT(cppcoreguidelines-no-malloc): realpath() allocated it.
  }
  if (shown_as.starts_with('/'))
    for (const std::string& view : views(directory_of(shown_as)))
      add(view);
  return result;
}

std::unique_ptr<ElfFile> find_debug_file(const ElfFile& file, const DebugFileSearch& search) {
  if (auto found = find_by_id(file, search)) return found;
  auto link = debug_link(file);
  if (!link) return nullptr;
  const std::string& id = file.build_id();
  for (const auto& directory : search.directories()) {
    const char* slash = directory.starts_with('/') ? "" : "/";
    for (const auto& name :
         {fmt::format("{}/{}", directory, link->name),
          fmt::format("{}/.debug/{}", directory, link->name),
          fmt::format("{}{}{}/{}", search.debug_root, slash, directory, link->name)}) {
      auto found = ElfFile::open(name, name, true);
      if (!found || (*found)->machine() != file.machine()) continue;
      bool same = id.empty() || (*found)->build_id().empty()
                      ? crc32((*found)->bytes()) == link->checksum
                      : (*found)->build_id() == id;
      (*found)->release_pages();
      if (same) return std::move(*found);
    }
  }
  return nullptr;
}

std::unique_ptr<ElfFile> find_alternate_file(const std::string& name, const std::string& build_id,
                                             const std::string& beside,
                                             const DebugFileSearch& search) {
  if (name.empty() || build_id.size() <= 2) return nullptr;
  std::vector<std::string> names;
  if (name.starts_with('/')) {
    names = search.views(name);
  } else {
    names.push_back(directory_of(beside) + "/" + name);
    for (const std::string& directory : search.directories())
      names.push_back(fmt::format("{}/{}", directory, name));
  }
  for (std::string& view : search.views(name_by_id(search.debug_root, build_id)))
    names.push_back(std::move(view));
  for (const std::string& each : names) {
    auto found = ElfFile::open(each, each, true);
    if (found && (*found)->build_id() == build_id) return std::move(*found);
  }
  return nullptr;
}

}  // namespace ttrace
