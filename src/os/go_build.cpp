#include "os/go_build.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <iterator>
#include <string_view>
#include <system_error>
#include <utility>

#include "base/fd.h"
#include "os/spawn.h"

namespace ttrace {

namespace {

constexpr std::array kEndingSignals{SIGINT, SIGTERM, SIGHUP, SIGQUIT};

// Ending signals wait, and are taken up by wait_for(); so is the end of a child.
class HeldSignals {
 public:
  // Ignored, a child's status would be lost.
  HeldSignals() : sigchld_(std::signal(SIGCHLD, SIG_DFL)) {
    sigemptyset(&held_);
    for (const int signal : kEndingSignals) {
      struct sigaction now {};
      // nohup's is to stay without effect.
      if (sigaction(signal, nullptr, &now) == 0 && now.sa_handler != SIG_IGN)
        sigaddset(&held_, signal);
    }
    sigaddset(&held_, SIGCHLD);
    sigprocmask(SIG_BLOCK, &held_, &before_);
  }
  HeldSignals(const HeldSignals&) = delete;
  HeldSignals& operator=(const HeldSignals&) = delete;
  ~HeldSignals() {
    (void)std::signal(SIGCHLD, sigchld_);
    sigprocmask(SIG_SETMASK, &before_, nullptr);
  }

  /// In a child: as it was.
  void restore() const {
    (void)std::signal(SIGCHLD, sigchld_);
    sigprocmask(SIG_SETMASK, &before_, nullptr);
  }

  /// Waits for the leader of a process group; passes on to the group what is to end this process,
  /// and ends it for good when that comes again. Returns the status.
  [[nodiscard]] int wait_for(pid_t child, int& ended_by) const {
    for (;;) {
      siginfo_t ended{};
      const int waited = waitid(P_PID, id_t(child), &ended, WEXITED | WNOHANG | WNOWAIT);
      if (waited == 0 && ended.si_pid == child) return last_of(child, ended_by);
      if (waited != 0 && errno != EINTR) return W_EXITCODE(EXIT_FAILURE, 0);
      const int signal = sigwaitinfo(&held_, nullptr);
      if (signal < 0 || signal == SIGCHLD) continue;
      kill(-child, ended_by == 0 ? signal : SIGKILL);
      if (ended_by == 0) ended_by = signal;
    }
  }

 private:
  // The status of a child that has ended, after what is left of its group was ended, too, if it is
  // to be. What came together with its end must not end this process once signals are let through.
  [[nodiscard]] int last_of(pid_t child, int& ended_by) const {
    const timespec now{};
    for (int signal = 0; (signal = sigtimedwait(&held_, nullptr, &now)) > 0;) {
      if (signal != SIGCHLD && ended_by == 0) ended_by = signal;
    }
    // Until it is waited for, its number can be no other group's.
    if (ended_by != 0) kill(-child, SIGKILL);
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    return status;
  }

  sigset_t held_{};
  sigset_t before_{};
  void (*sigchld_)(int);
};

// Between fork and exec: only async-signal-safe calls.
[[noreturn]] void become_go(const char* path, char* const* argv, int out, pid_t parent,
                            const HeldSignals& signals) {
  // A group of its own, so that all that it starts can be ended; it may still write to the
  // terminal.
  setpgid(0, 0);
  (void)std::signal(SIGTTOU, SIG_IGN);
  signals.restore();
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (getppid() != parent) _exit(127);
  const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
  dup2(null, STDIN_FILENO);
  dup2(out, STDOUT_FILENO);
  execv(path, argv);
  _exit(127);
}

// Runs the go command, its standard output going to `out`. True: it succeeded.
Result<bool> run_go(const std::string& go, const std::vector<std::string>& words, int out,
                    int& ended_by) {
  std::vector<char*> argv;
  argv.reserve(words.size() + 1);
  for (const std::string& word : words)
    argv.push_back(const_cast<char*>(word.c_str()));  // NOLINT: execv does not write them
  argv.push_back(nullptr);
  HeldSignals signals;
  const pid_t self = getpid();
  const pid_t child = fork();
  if (child < 0) return os_error("fork");
  if (child == 0) become_go(go.c_str(), argv.data(), out, self, signals);
  // Here as well, for whoever is first.
  setpgid(child, child);
  const int status = signals.wait_for(child, ended_by);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

Error failed(const GoBuild& build, const char* what) {
  return Error{0, std::string("cannot trace ") + build.package + ": " + what};
}

// The flags that say where packages are and which files belong to them.
std::vector<std::string> list_flags(const std::vector<std::string>& flags) {
  constexpr std::string_view kNames[] = {"C", "mod", "modfile", "overlay", "tags"};
  std::vector<std::string> kept;
  for (std::size_t i = 0; i < flags.size(); ++i) {
    std::string_view name = flags[i];
    for (int dashes = 0; dashes < 2 && name.starts_with('-'); ++dashes)
      name.remove_prefix(1);
    const bool has_value = name.find('=') != std::string_view::npos;
    name = name.substr(0, name.find('='));
    if (!flags[i].starts_with('-') || std::ranges::find(kNames, name) == std::end(kNames)) continue;
    kept.push_back(flags[i]);
    if (!has_value && i + 1 < flags.size()) kept.push_back(flags[++i]);
  }
  return kept;
}

struct PackagePlace {
  std::string path;    // by which it is imported
  std::string folder;  // absolute
  bool has_tests = false;
};

// Asks the go command where the package is.
Result<PackagePlace> find_package(const std::string& go, const GoBuild& build, int& ended_by) {
  UniqueFd said(memfd_create("go list", MFD_CLOEXEC));
  if (!said.valid()) return os_error("memfd_create");
  std::vector<std::string> words{"go", "list"};
  std::ranges::copy(list_flags(build.flags), std::back_inserter(words));
  for (const char* word :
       {"-e", "-find", "-f", "{{.ImportPath}}\n{{.Dir}}\n{{or .TestGoFiles .XTestGoFiles}}"})
    words.emplace_back(word);
  words.push_back(build.package);
  auto done = run_go(go, words, said.get(), ended_by);
  if (!done) return done.error();
  if (ended_by != 0) return failed(build, "building it was interrupted");
  if (!*done) return failed(build, "'go list' failed");
  std::string text;
  std::array<char, 4096> buffer{};
  for (off_t at = 0;;) {
    const ssize_t got = pread(said.get(), buffer.data(), buffer.size(), at);
    if (got <= 0) break;
    text.append(buffer.data(), static_cast<std::size_t>(got));
    at += got;
  }
  const std::size_t first = text.find('\n');
  const std::size_t second = first == std::string::npos ? first : text.find('\n', first + 1);
  const std::size_t third = second == std::string::npos ? second : text.find('\n', second + 1);
  if (third == std::string::npos) return failed(build, "the go command knows no such package");
  if (third + 1 < text.size()) return failed(build, "these are several packages");
  return PackagePlace{text.substr(0, first), text.substr(first + 1, second - first - 1),
                      text.substr(second + 1, third - second - 1) != "[]"};
}

// What `go test` calls the tests of a package: by the last part of its path that is not a version.
std::string test_name(std::string_view path) {
  auto last = [&path] {
    const std::size_t slash = path.rfind('/');
    return slash == std::string_view::npos ? path : path.substr(slash + 1);
  };
  std::string_view name = last();
  const bool version = name.size() > 1 && name[0] == 'v' &&
                       name.find_first_not_of("0123456789", 1) == std::string_view::npos;
  if (version && name.size() < path.size()) {
    path.remove_suffix(name.size() + 1);
    name = last();
  }
  if (name.empty() || name == "." || name == "..") name = "package";
  return std::string(name) + ".test";
}

// The one file in a folder; empty: none, or several.
std::string only_file(const std::string& folder) {
  std::string found;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    if (!found.empty()) return {};
    found = entry.path().string();
  }
  return found;
}

Result<std::string> absolute(const std::string& path) {
  std::error_code error;
  const auto full = std::filesystem::absolute(path, error);
  if (error) return Error{error.value(), "cannot use '" + path + "'"};
  if (std::filesystem::is_directory(full, error))
    return Error{EISDIR, "cannot write '" + path + "'"};
  return full.string();
}

// Where the binary goes: a file, or a folder (with a slash behind it) in which the go command names
// it.
Result<std::string> destination(const GoBuild& build, const PackagePlace& place, GoBuilt& built) {
  if (!build.output.empty()) return absolute(build.output);
  auto folder = TemporaryFolder::make();
  if (!folder) return folder.error();
  built.holder = std::move(*folder);
  const std::string& path = built.holder->path();
  return build.test ? path + "/" + test_name(place.path) : path + "/";
}

}  // namespace

Result<GoBuilt> build_go(const GoBuild& build, int& ended_by) {
  ended_by = 0;
  auto go = find_program("go");
  if (!go) return go.error();
  PackagePlace place;
  if (build.test) {
    auto found = find_package(*go, build, ended_by);
    if (!found) return found.error();
    place = std::move(*found);
  }
  GoBuilt built;
  auto output = destination(build, place, built);
  if (!output) return output.error();
  std::vector<std::string> words{"go", build.test ? "test" : "build"};
  std::ranges::copy(build.flags, std::back_inserter(words));
  if (build.test) words.emplace_back("-c");
  words.insert(words.end(), {"-o", *output, build.package});
  auto done = run_go(*go, words, STDERR_FILENO, ended_by);
  if (!done) return done.error();
  if (ended_by != 0) return failed(build, "building it was interrupted");
  if (!*done) return failed(build, build.test ? "'go test -c' failed" : "'go build' failed");
  // `go test -c` succeeds without writing anything: a file of that name would be an old one.
  if (build.test && !place.has_tests) return failed(build, "it has no tests");
  built.path = output->ends_with('/') ? only_file(built.holder->path()) : *output;
  struct stat found {};
  if (built.path.empty()) return failed(build, "these are several programs");
  if (stat(built.path.c_str(), &found) != 0) return failed(build, "it is no program");
  built.folder = place.folder;
  return built;
}

}  // namespace ttrace
