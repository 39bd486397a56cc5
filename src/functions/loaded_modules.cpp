#include "functions/loaded_modules.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <optional>

#include "base/fd.h"

namespace ttrace {

namespace {

constexpr std::uint64_t kPage = 4096;

std::uint64_t device_of(const struct stat& st) {
  return std::uint64_t{major(st.st_dev)} << 32 | minor(st.st_dev);
}

bool is_file(const std::string& path, const Mapping& mapping) {
  struct stat st {};
  return stat(path.c_str(), &st) == 0 && st.st_ino == mapping.inode &&
         device_of(st) == mapping.device;
}

// A way to open the very file that is mapped, even if its name now belongs to another one.
// map_files needs CAP_SYS_ADMIN or CAP_CHECKPOINT_RESTORE (proc(5)).
std::string path_of(Tid tid, const Mapping& m) {
  std::string by_range =
      fmt::format("/proc/{}/map_files/{:x}-{:x}", tid.value, m.start.value(), m.end.value());
  if (access(by_range.c_str(), R_OK) == 0) return by_range;
  std::string exe = fmt::format("/proc/{}/exe", tid.value);
  if (is_file(exe, m)) return exe;
  std::string by_name = fmt::format("/proc/{}/root{}", tid.value, m.path);
  return is_file(by_name, m) ? by_name : std::string();
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

struct ExecutableFile {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
};

ExecutableFile executable_file(Tid tid) {
  struct stat st {};
  std::string exe = fmt::format("/proc/{}/exe", tid.value);
  if (stat(exe.c_str(), &st) != 0) return {};
  return {device_of(st), st.st_ino};
}

}  // namespace

std::shared_ptr<Module> ModuleCache::open(Tid tid, const Mapping& mapping,
                                          std::vector<std::string>& problems) {
  Key key{mapping.device, mapping.inode};
  std::string path = path_of(tid, mapping);
  struct stat st {};
  if (!path.empty() && stat(path.c_str(), &st) == 0) {
    key.size = st.st_size;
    key.modified = nanoseconds(st.st_mtim);
    key.changed = nanoseconds(st.st_ctim);
  }
  if (auto it = modules_.find(key); it != modules_.end()) return it->second;
  std::shared_ptr<Module> module;
  if (path.empty()) {
    problems.push_back(mapping.path + ": cannot be opened");
  } else if (auto opened = Module::open(path, mapping.path)) {
    module = std::move(*opened);
  } else {
    problems.push_back(opened.error().message());
  }
  modules_[key] = module;
  return module;
}

MappedText ModuleCache::scan(Tid tid) {
  MappedText result;
  std::vector<Mapping> maps = read_maps(tid);
  ExecutableFile exe = executable_file(tid);
  for (const Mapping& m : maps) {
    if (!m.executable) continue;
    result.text.push_back({m.start, m.end, m.inode != 0, m.writable});
    if (m.inode == 0 || !m.path.starts_with('/')) continue;
    auto module = open(tid, m, result.problems);
    if (module == nullptr) continue;
    auto bias = load_bias(*module, m);
    if (!bias) continue;
    bool is_executable = m.device == exe.device && m.inode == exe.inode;
    LoadedModule loaded{module, *bias, m.start, m.end, is_executable};
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
