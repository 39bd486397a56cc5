#include "os/fd_names.h"

#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <climits>
#include <cstdio>

#include "base/quote.h"
#include "os/proc.h"

namespace ttrace {

namespace {

constexpr std::string_view kDeleted = " (deleted)";

using LinkBuffer = std::array<char, PATH_MAX + 1>;

// What /proc/TID/… links to; empty when it cannot be read.
std::string_view read_link(const char* path, LinkBuffer& buffer) {
  const ssize_t size = readlink(path, buffer.data(), buffer.size());
  return {buffer.data(), size > 0 ? static_cast<std::size_t>(size) : 0};
}

// "/proc/5/fd/3", without an allocation.
struct ProcPath {
  std::array<char, 64> text;

  ProcPath(Tid tid, const char* folder, int fd) {
    (void)std::snprintf(text.data(), text.size(), "/proc/%d/%s/%d", tid.value, folder, fd);
  }
  ProcPath(Tid tid, const char* file) {
    (void)std::snprintf(text.data(), text.size(), "/proc/%d/%s", tid.value, file);
  }
  [[nodiscard]] const char* c_str() const { return text.data(); }
};

// Whether a file that the kernel says to be deleted is: the words may be the end of its name.
bool is_deleted(const struct stat& file, std::string_view path) {
  if (file.st_nlink == 0) return true;
  struct stat named {};
  return stat(std::string(path).c_str(), &named) != 0 || named.st_dev != file.st_dev ||
         named.st_ino != file.st_ino;
}

// "<char 1:3>"; a master of pseudo-terminals also says which is its slave.
std::string device_text(const struct stat& file, Tid tid, int fd) {
  const unsigned major = major(file.st_rdev);
  const unsigned minor = minor(file.st_rdev);
  std::string text = S_ISBLK(file.st_mode) ? "<block " : "<char ";
  text += std::to_string(major) + ":" + std::to_string(minor);
  constexpr unsigned kTtyMajor = 5, kPtmxMinor = 2;  // Documentation/admin-guide/devices.txt
  if (S_ISCHR(file.st_mode) && major == kTtyMajor && minor == kPtmxMinor) {
    const auto info = read_file(ProcPath(tid, "fdinfo", fd).c_str());
    const auto index = info ? fdinfo_number(*info, "tty-index", 10) : std::nullopt;
    if (index) text += " @/dev/pts/" + std::to_string(*index);
  }
  return text + ">";
}

}  // namespace

std::optional<std::uint64_t> fdinfo_number(std::string_view fdinfo, std::string_view key,
                                           int base) {
  while (!fdinfo.empty()) {
    const std::size_t end = std::min(fdinfo.find('\n'), fdinfo.size());
    std::string_view line = fdinfo.substr(0, end);
    fdinfo.remove_prefix(std::min(end + 1, fdinfo.size()));
    if (!line.starts_with(key) || line.size() == key.size() || line[key.size()] != ':') continue;
    line.remove_prefix(std::min(line.find_first_not_of(" \t", key.size() + 1), line.size()));
    std::uint64_t number = 0;
    const auto [stop, error] =
        std::from_chars(line.data(), line.data() + line.size(), number, base);
    if (error == std::errc() && stop == line.data() + line.size()) return number;
    return std::nullopt;
  }
  return std::nullopt;
}

std::string eventfd_name(std::string_view fdinfo) {
  const auto count = fdinfo_number(fdinfo, "eventfd-count", 16);
  if (!count) return {};
  std::array<char, 32> digits{};
  (void)std::snprintf(digits.data(), digits.size(), "%#llx",
                      static_cast<unsigned long long>(*count));
  std::string text = std::string("{eventfd-count=") + digits.data();
  for (const char* key : {"eventfd-id", "eventfd-semaphore"}) {
    if (const auto number = fdinfo_number(fdinfo, key, 10)) {
      text += std::string(", ") + key + "=" + std::to_string(*number);
    }
  }
  return text + "}";
}

std::string pidfd_name(std::string_view fdinfo) {
  const auto pid = fdinfo_number(fdinfo, "Pid", 10);
  return pid && *pid > 0 ? "pid:" + std::to_string(*pid) : std::string();
}

std::optional<std::uint64_t> socket_inode(std::string_view link) {
  constexpr std::string_view kBegin = "socket:[";
  if (!link.starts_with(kBegin)) return std::nullopt;
  std::uint64_t inode = 0;
  const char* const end = link.data() + link.size();
  const auto [stop, error] = std::from_chars(link.data() + kBegin.size(), end, inode);
  if (error != std::errc() || std::string_view(stop, end) != "]") return std::nullopt;
  return inode;
}

std::string escaped_path(std::string_view path) {
  std::string text;
  append_escaped(path, text);
  return text;
}

FdName ProcFdNames::file(Tid tid, int fd, std::string_view path, Arena& arena) const {
  const bool says_deleted = path.ends_with(kDeleted);
  FdName name;
  std::string device;
  if (says_deleted || details_.device) {
    struct stat info {};
    const bool found = stat(ProcPath(tid, "fd", fd).c_str(), &info) == 0;
    name.deleted = says_deleted && (!found || is_deleted(info, path));
    const bool is_device = found && (S_ISCHR(info.st_mode) || S_ISBLK(info.st_mode));
    if (details_.device && is_device && !name.deleted) device = device_text(info, tid, fd);
  }
  if (!details_.path && device.empty()) return {};
  if (name.deleted) path.remove_suffix(kDeleted.size());
  name.text = arena.copy(escaped_path(path) + device);
  return name;
}

FdName ProcFdNames::special(Tid tid, int fd, std::string_view link, Arena& arena) const {
  const bool signalfd = details_.signalfd && link == "anon_inode:[signalfd]";
  const bool eventfd = details_.eventfd && link == "anon_inode:[eventfd]";
  const bool pidfd =
      details_.pidfd && (link == "anon_inode:[pidfd]" || link.starts_with("pidfd:["));
  if (!signalfd && !eventfd && !pidfd) return {};
  const auto info = read_file(ProcPath(tid, "fdinfo", fd).c_str());
  if (!info) return {};
  if (signalfd) return {.signals = fdinfo_number(*info, "sigmask", 16)};
  return {.text = arena.copy(eventfd ? eventfd_name(*info) : pidfd_name(*info))};
}

FdName ProcFdNames::socket(Tid tid, int fd, std::uint64_t inode, Arena& arena) {
  std::array<char, 64> name{};
  const ssize_t size =
      getxattr(ProcPath(tid, "fd", fd).c_str(), "system.sockprotoname", name.data(), name.size());
  std::string_view protocol(name.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
  protocol = protocol.substr(0, protocol.find('\0'));
  return {.text = arena.copy(sockets_.name(inode, protocol))};
}

FdName ProcFdNames::name(Tid tid, int fd, Arena& arena) {
  LinkBuffer buffer;
  const std::string_view link = read_link(ProcPath(tid, "fd", fd).c_str(), buffer);
  if (link.empty()) return {};
  if (link.front() == '/') return file(tid, fd, link, arena);
  if (const auto inode = details_.socket ? socket_inode(link) : std::nullopt) {
    return socket(tid, fd, *inode, arena);
  }
  const FdName known = special(tid, fd, link, arena);
  if (!known.text.empty() || known.signals || !details_.path) return known;
  return {.text = arena.copy(escaped_path(link))};
}

std::string_view ProcFdNames::working_directory(Tid tid, Arena& arena) {
  if (!details_.path) return {};
  LinkBuffer buffer;
  return arena.copy(escaped_path(read_link(ProcPath(tid, "cwd").c_str(), buffer)));
}

}  // namespace ttrace
