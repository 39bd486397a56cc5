#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "output/buffered_fd.h"
#include "output/writer.h"

namespace ttrace {
namespace {

class CommandWriter final : public Writer {
 public:
  CommandWriter(UniqueFd input, pid_t pid, const std::string& command, GiveUp give_up)
      : input_(std::move(input)), out_(input_.get(), "|" + command, give_up), pid_(pid) {}

  Result<> write(Tid, std::string_view text) override { return out_.write(text); }
  Result<> flush() override { return out_.flush(); }
  [[nodiscard]] bool immediate() const override { return false; }
  Result<> close() override {
    auto flushed = out_.flush();
    input_.reset();
    // ECHILD: the tracer's wait for any child has seen its end already.
    while (pid_ > 0 && ::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
    }
    pid_ = -1;
    return flushed;
  }

 private:
  UniqueFd input_;
  BufferedFd out_;
  pid_t pid_;
};

// Runs in the child: only async-signal-safe calls.
[[noreturn]] void run_shell(int input, const char* command) {
  // An `input` that is 0 already must lose its close-on-exec flag, which dup2 would not do.
  if (input == STDIN_FILENO) {
    ::fcntl(input, F_SETFD, 0);
  } else {
    ::dup2(input, STDIN_FILENO);
  }
  ::signal(SIGINT, SIG_IGN);
  ::signal(SIGPIPE, SIG_DFL);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::execl("/bin/sh", "sh", "-c", command, static_cast<char*>(nullptr));
  ::_exit(127);
}

}  // namespace

Result<std::unique_ptr<Writer>> make_command_writer(const std::string& command, GiveUp give_up) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) < 0) return os_error("pipe");
  const UniqueFd output(ends[0]);
  UniqueFd input(ends[1]);
  const pid_t pid = ::fork();
  if (pid < 0) return os_error("fork");
  if (pid == 0) run_shell(output.get(), command.c_str());
  return std::make_unique<CommandWriter>(std::move(input), pid, command, give_up);
}

}  // namespace ttrace
