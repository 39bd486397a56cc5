#include "os/proc.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/kcmp.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <climits>
#include <cstring>
#include <memory>
#include <string_view>

#include "base/fd.h"

namespace ttrace {

namespace {

std::string proc_path(int id, const char* file) {
  return "/proc/" + std::to_string(id) + "/" + file;
}

// Takes the number at the front of `text`; leaves `text` behind it.
template <class T>
bool take_number(std::string_view& text, T& to, int base = 10) {
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), to, base);
  if (error != std::errc()) return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return true;
}

void skip_blanks(std::string_view& text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t'))
    text.remove_prefix(1);
}

bool take_char(std::string_view& text, char c) {
  if (text.empty() || text.front() != c) return false;
  text.remove_prefix(1);
  return true;
}

template <class F>
void for_each_line(std::string_view text, F f) {
  while (!text.empty()) {
    std::size_t end = std::min(text.find('\n'), text.size());
    f(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

void parse_status_line(std::string_view line, ThreadStatus& status) {
  std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return;
  std::string_view key = line.substr(0, colon);
  std::string_view value = line.substr(colon + 1);
  skip_blanks(value);
  if (key == "Name") {
    status.name = value;
  } else if (key == "State" && !value.empty()) {
    status.state = value.front();
  } else if (key == "Tgid") {
    take_number(value, status.tgid.value);
  } else if (key == "PPid") {
    take_number(value, status.parent.value);
  } else if (key == "TracerPid") {
    take_number(value, status.tracer.value);
  } else if (key == "Uid") {
    for (unsigned& uid : status.uid) {
      skip_blanks(value);
      take_number(value, uid);
    }
  } else if (key == "Seccomp") {
    take_number(value, status.seccomp);
  } else if (key == "CapEff") {
    take_number(value, status.effective_capabilities, 16);
  }
}

// The names in a folder that are numbers, in order.
std::vector<int> read_numbers(const std::string& folder) {
  std::vector<int> numbers;
  std::unique_ptr<DIR, int (*)(DIR*)> dir(opendir(folder.c_str()), closedir);
  if (dir == nullptr) return numbers;
  while (const dirent* entry = readdir(dir.get())) {
    std::string_view name = entry->d_name;
    int number = 0;
    if (take_number(name, number) && name.empty()) numbers.push_back(number);
  }
  std::ranges::sort(numbers);
  return numbers;
}

std::optional<Mapping> parse_mapping(std::string_view line) {
  Mapping m;
  std::uint64_t start = 0;
  std::uint64_t end = 0;
  std::uint64_t major = 0;
  std::uint64_t minor = 0;
  if (!take_number(line, start, 16) || !take_char(line, '-') || !take_number(line, end, 16) ||
      !take_char(line, ' ') || line.size() < 5) {
    return std::nullopt;
  }
  m.readable = line[0] == 'r';
  m.writable = line[1] == 'w';
  m.executable = line[2] == 'x';
  line.remove_prefix(5);
  if (!take_number(line, m.offset.value, 16) || !take_char(line, ' ') ||
      !take_number(line, major, 16) || !take_char(line, ':') || !take_number(line, minor, 16) ||
      !take_char(line, ' ') || !take_number(line, m.inode)) {
    return std::nullopt;
  }
  skip_blanks(line);
  m.start = Address(start);
  m.end = Address(end);
  m.device = major << 32 | minor;
  m.path = line;
  return m;
}

}  // namespace

std::optional<std::string> read_file(const std::string& path) {
  UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) return std::nullopt;
  std::string text;
  for (;;) {
    std::size_t before = text.size();
    constexpr std::size_t kChunk = 16384;
    text.resize(before + kChunk);
    ssize_t n = ::read(fd.get(), text.data() + before, kChunk);
    if (n < 0) return std::nullopt;
    text.resize(before + static_cast<std::size_t>(n));
    if (n == 0) return text;
  }
}

std::optional<ThreadStatus> read_status(Tid tid) {
  auto text = read_file(proc_path(tid.value, "status"));
  if (!text) return std::nullopt;
  ThreadStatus status;
  for_each_line(*text, [&](std::string_view line) { parse_status_line(line, status); });
  return status;
}

std::vector<Mapping> parse_maps(const std::string& text) {
  std::vector<Mapping> maps;
  for_each_line(text, [&](std::string_view line) {
    if (auto m = parse_mapping(line)) maps.push_back(std::move(*m));
  });
  return maps;
}

std::vector<Mapping> read_maps(Tid tid) {
  auto text = read_file(proc_path(tid.value, "maps"));
  return text ? parse_maps(*text) : std::vector<Mapping>();
}

std::vector<Tid> read_tasks(Pid pid) {
  std::vector<Tid> tasks;
  for (int id : read_numbers(proc_path(pid.value, "task")))
    tasks.push_back(Tid{id});
  return tasks;
}

std::vector<Pid> read_processes() {
  std::vector<Pid> processes;
  for (int id : read_numbers("/proc"))
    processes.push_back(Pid{id});
  return processes;
}

bool has_memory(Tid tid) {
  auto pages = read_file(proc_path(tid.value, "statm"));
  return pages && !pages->empty() && !pages->starts_with("0 ");
}

bool same_address_space(Tid a, Tid b) {
  if (syscall(SYS_kcmp, a.value, b.value, KCMP_VM, 0, 0) != 0) return false;
  // What was the same of two threads that are ending is their lack of memory, perhaps.
  return has_memory(a) && has_memory(b);
}

}  // namespace ttrace
