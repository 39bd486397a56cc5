#include "os/spawn.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <string_view>

#include "os/wait.h"

namespace ttrace {

namespace {

bool is_program(const std::string& path, int& why) {
  struct stat st {};
  if (stat(path.c_str(), &st) != 0) {
    why = errno;
    return false;
  }
  if (S_ISDIR(st.st_mode)) {
    why = EISDIR;
    return false;
  }
  if (access(path.c_str(), X_OK) != 0) {
    why = errno;
    return false;
  }
  return true;
}

struct Pipe {
  UniqueFd read;
  UniqueFd write;
};

Result<Pipe> make_pipe() {
  int fds[2];
  if (pipe2(fds, O_CLOEXEC) != 0) return os_error("pipe");
  return Pipe{UniqueFd(fds[0]), UniqueFd(fds[1])};
}

std::vector<char*> argument_vector(const std::vector<std::string>& command) {
  std::vector<char*> argv;
  argv.reserve(command.size() + 1);
  for (const std::string& arg : command) {
    argv.push_back(const_cast<char*>(arg.c_str()));  // NOLINT: execv does not write them
  }
  argv.push_back(nullptr);
  return argv;
}

// Runs in the child between fork and exec: only async-signal-safe calls.
[[noreturn]] void become(const char* path, char* const* argv, const char* folder, const Pipe& go,
                         int report) {
  close(go.write.get());  // so that the end of ttrace is the end of the pipe
  char byte = 0;
  ssize_t got = 0;
  while ((got = read(go.read.get(), &byte, 1)) < 0 && errno == EINTR) {
  }
  if (got != 1) _exit(127);  // ttrace gave up
  WakeUps::restore_for_child();
  if (*folder == '\0' || chdir(folder) == 0) execv(path, argv);
  int error = errno;
  ssize_t ignored = write(report, &error, sizeof(error));
  _exit(ignored < 0 ? 126 : 127);
}

}  // namespace

Result<std::string> find_program(const std::string& name) {
  int why = ENOENT;
  if (name.empty()) return Error{ENOENT, "cannot run ''"};
  if (name.find('/') != std::string::npos) {
    if (is_program(name, why)) return name;
    return Error{why, "cannot run '" + name + "'"};
  }
  const char* path = std::getenv("PATH");  // NOLINT(concurrency-mt-unsafe): one thread
  std::string_view rest = path != nullptr ? path : "/bin:/usr/bin";
  int found_but = 0;
  for (;;) {
    std::size_t colon = rest.find(':');
    std::string_view folder = rest.substr(0, colon);
    std::string candidate = folder.empty() ? "./" + name : std::string(folder) + "/" + name;
    if (is_program(candidate, why)) return candidate;
    if (why == EACCES) found_but = why;
    if (colon == std::string_view::npos) break;
    rest.remove_prefix(colon + 1);
  }
  if (found_but != 0) return Error{found_but, "cannot run '" + name + "'"};
  return Error{0, "cannot find program '" + name + "' in PATH"};
}

std::string output_of(const std::vector<std::string>& command) {
  constexpr std::size_t kMost = std::size_t{1} << 20;
  auto pipe = make_pipe();
  if (!pipe) return {};
  std::vector<char*> argv = argument_vector(command);
  pid_t child = fork();
  if (child < 0) return {};
  if (child == 0) {
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    dup2(null, STDIN_FILENO);
    dup2(null, STDERR_FILENO);
    dup2(pipe->write.get(), STDOUT_FILENO);
    execv(argv[0], argv.data());
    _exit(127);
  }
  pipe->write.reset();
  std::string text;
  char buffer[4096];
  for (;;) {
    ssize_t n = read(pipe->read.get(), buffer, sizeof(buffer));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0 || text.size() > kMost) break;
    text.append(buffer, static_cast<std::size_t>(n));
  }
  pipe->read.reset();
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? text : std::string();
}

Result<SpawnedProgram> SpawnedProgram::make(const std::string& path,
                                            const std::vector<std::string>& command, Pid guardian,
                                            const std::string& folder) {
  auto go = make_pipe();
  if (!go) return go.error();
  auto report = make_pipe();
  if (!report) return report.error();
  std::vector<char*> argv = argument_vector(command);
  pid_t child = fork();
  if (child < 0) return os_error("fork");
  if (child == 0 && guardian.value != 0) prctl(PR_SET_PTRACER, guardian.value);
  if (child == 0) become(path.c_str(), argv.data(), folder.c_str(), *go, report->write.get());
  return SpawnedProgram(Tid{child}, std::move(go->write), std::move(report->read));
}

Result<> SpawnedProgram::start() {
  char byte = 1;
  ssize_t n = write(go_.get(), &byte, 1);
  go_.reset();
  if (n != 1) return os_error("start the program");
  return {};
}

int SpawnedProgram::exec_errno() {
  int error = 0;
  ssize_t n = read(report_.get(), &error, sizeof(error));
  return n == static_cast<ssize_t>(sizeof(error)) ? error : 0;
}

}  // namespace ttrace
