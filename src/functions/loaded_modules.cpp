#include "functions/loaded_modules.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <climits>
#include <optional>
#include <string_view>

#include "base/fd.h"
#include "functions/memory_image.h"
#include "os/process_memory.h"

namespace ttrace {

namespace {

constexpr std::uint64_t kPage = 4096;

std::uint64_t device_of(const struct stat& st) {
  return std::uint64_t{major(st.st_dev)} << 32 | minor(st.st_dev);
}

constexpr std::string_view kDeleted = " (deleted)";

// What proc(5) puts behind the name of a file that has none any more.
std::string without_deleted(const std::string& path) {
  return path.ends_with(kDeleted) ? path.substr(0, path.size() - kDeleted.size()) : path;
}

// The difference between where the file was mapped and where it says it wants to be, by a mapping
// of its text. lld lets segments share a page of the file, which belongs to the mapping of each:
// the kinds of segment and mapping tell them apart.
std::optional<std::uint64_t> load_bias(const Module& module, const Mapping& m) {
  for (const Segment& s : module.segments()) {
    if (!s.executable) continue;
    std::uint64_t first = s.offset.value & ~(kPage - 1);
    if (m.offset.value < first ||
        m.offset.value >= s.offset.value + std::max<std::uint64_t>(s.file_size, 1)) {
      continue;
    }
    return m.start.value() - m.offset.value - (s.address.value() - s.offset.value);
  }
  return std::nullopt;
}

std::int64_t nanoseconds(const timespec& time) {
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

}  // namespace

struct ModuleCache::Process {
  explicit Process(Tid which) : tid(which), maps(read_maps(which)) {
    exe = fmt::format("/proc/{}/exe", tid.value);
    struct stat st {};
    if (stat(exe.c_str(), &st) == 0) {
      device = device_of(st);
      inode = st.st_ino;
    }
    std::array<char, PATH_MAX> target{};
    auto length = readlink(exe.c_str(), target.data(), target.size());
    if (length > 0) exe_path.assign(target.data(), static_cast<std::size_t>(length));
  }

  // Overlay and btrfs file systems have one device in maps and another for stat(2): the name tells,
  // which is the same in both places, with what is behind it when the file is deleted.
  [[nodiscard]] bool is_executable(const Mapping& m) const {
    return (m.device == device && m.inode == inode) || (!exe_path.empty() && m.path == exe_path);
  }
  [[nodiscard]] std::string path_of(const Mapping& m) const;
  [[nodiscard]] bool is_mapped_file(const std::string& path, const Mapping& m) const;
  [[nodiscard]] std::string build_id(const Mapping& m) const;

  Tid tid;
  std::vector<Mapping> maps;
  std::string exe;
  std::string exe_path;
  std::uint64_t device = 0;  // of the executable
  std::uint64_t inode = 0;
};

// Of the file as it is in memory.
std::string ModuleCache::Process::build_id(const Mapping& m) const {
  const Mapping* beginning = nullptr;
  for (const Mapping& each : maps) {
    if (each.start > m.start) break;
    bool same = each.device == m.device && each.inode == m.inode && each.path == m.path;
    if (same && each.offset.value == 0) beginning = &each;
  }
  if (beginning == nullptr) return {};
  ProcessMemory memory(tid);
  return build_id_in_memory(beginning->start, memory);
}

// Whether a file is the one that is mapped. Its device may not tell (see above): then its build-id
// does.
bool ModuleCache::Process::is_mapped_file(const std::string& path, const Mapping& m) const {
  struct stat st {};
  if (stat(path.c_str(), &st) != 0) return false;
  if (st.st_ino == m.inode && device_of(st) == m.device) return true;
  std::string id = build_id(m);
  if (id.empty()) return false;
  auto module = Module::open(path, m.path);
  return module && (*module)->build_id() == id;
}

// A way to open the very file that is mapped, even if its name now belongs to another one.
// map_files needs CAP_SYS_ADMIN or CAP_CHECKPOINT_RESTORE (proc(5)).
std::string ModuleCache::Process::path_of(const Mapping& m) const {
  std::string by_range =
      fmt::format("/proc/{}/map_files/{:x}-{:x}", tid.value, m.start.value(), m.end.value());
  if (access(by_range.c_str(), R_OK) == 0) return by_range;
  if (is_executable(m)) return exe;
  std::string by_name = fmt::format("/proc/{}/root{}", tid.value, m.path);
  return is_mapped_file(by_name, m) ? by_name : std::string();
}

std::shared_ptr<Module> ModuleCache::open(const Process& process, const Mapping& mapping,
                                          std::vector<UnreadableFile>& problems) {
  Key key{mapping.device, mapping.inode};
  std::string path = process.path_of(mapping);
  struct stat st {};
  if (!path.empty() && stat(path.c_str(), &st) == 0) {
    key.size = st.st_size;
    key.modified = nanoseconds(st.st_mtim);
    key.changed = nanoseconds(st.st_ctim);
  }
  if (auto it = modules_.find(key); it != modules_.end()) return it->second;
  std::shared_ptr<Module> module;
  std::string name = without_deleted(mapping.path);
  if (path.empty()) {
    problems.push_back(
        {name, fmt::format("{}: the file that is mapped was deleted or replaced, or cannot be told "
                           "from another of its name; opening it all the same takes CAP_SYS_ADMIN",
                           name)});
  } else if (auto opened = Module::open(path, name)) {
    module = std::move(*opened);
  } else {
    problems.push_back({name, opened.error().message()});
  }
  modules_[key] = module;
  return module;
}

MappedText ModuleCache::scan(Tid tid) {
  MappedText result;
  Process process(tid);
  for (const Mapping& m : process.maps) {
    if (!m.executable) continue;
    result.text.push_back({m.start, m.end, m.inode != 0, m.writable});
    if (m.inode == 0 || !m.path.starts_with('/')) continue;
    auto module = open(process, m, result.problems);
    if (module == nullptr) continue;
    auto bias = load_bias(*module, m);
    if (!bias) continue;
    LoadedModule loaded{module, *bias, m.start, m.end, process.is_executable(m)};
    // A file may have several executable mappings (one was split by mprotect).
    auto known = std::ranges::find_if(
        result.modules, [&](const LoadedModule& other) { return other.same_place(loaded); });
    if (known != result.modules.end()) {
      known->end = m.end;
    } else {
      result.modules.push_back(std::move(loaded));
    }
  }
  return result;
}

}  // namespace ttrace
