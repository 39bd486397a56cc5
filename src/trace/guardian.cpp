#include "trace/guardian.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <vector>

#include "base/fd.h"
#include "decode/decoder.h"
#include "os/wait.h"
#include "trace/rescue.h"

namespace ttrace {

namespace {

constexpr std::array<int, 4> kPassedOn{SIGINT, SIGTERM, SIGHUP, SIGQUIT};

sigset_t signals_passed_on() {
  sigset_t set;
  sigemptyset(&set);
  for (int signal : kPassedOn)
    sigaddset(&set, signal);
  return set;
}

// What a terminal sends, the child gets itself.
void pass_on(int signals, pid_t child) {
  signalfd_siginfo info{};
  while (read(signals, &info, sizeof(info)) == static_cast<ssize_t>(sizeof(info))) {
    if (info.ssi_code <= 0) kill(child, static_cast<int>(info.ssi_signo));
  }
}

// Returns as soon as the child has closed its end of the pipe, as it does while it ends, before
// the kernel lets its tracees run on.
void wait_for_end(int end_of_child, int signals, pid_t child) {
  for (;;) {
    std::array<pollfd, 2> polled{{{end_of_child, POLLIN, 0}, {signals, POLLIN, 0}}};
    if (poll(polled.data(), polled.size(), -1) < 0 && errno != EINTR) return;
    if (polled[1].revents != 0) pass_on(signals, child);
    if (polled[0].revents != 0) return;
  }
}

// How a child ended; nullopt: it is none of ours.
std::optional<int> wait_for(pid_t child) {
  int status = 0;
  while (waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) return std::nullopt;
  }
  return status;
}

// The program that the child started is not our child: its status is lost, but no prompt is to come
// back under it.
void wait_for_program(Pid program) {
  if (program.value == 0) return;
  UniqueFd fd(static_cast<int>(syscall(SYS_pidfd_open, program.value, 0)));
  pollfd polled{fd.get(), POLLIN, 0};
  while (fd.valid() && poll(&polled, 1, -1) < 0 && errno == EINTR) {
  }
}

// For a child that was killed: takes the traps out and waits for the program that it started.
// Returns the child's status.
int step_in(const TrapJournal& journal, const std::vector<PlantedTrap>& traps, pid_t child) {
  rescue(traps);
  int status = wait_for(child).value_or(0);
  std::string line = "ttrace: the tracing process was killed";
  if (WIFSIGNALED(status)) line.append(" by ").append(signal_name(WTERMSIG(status)));
  line += "; the breakpoints were removed\n";
  (void)std::fputs(line.c_str(), stderr);
  wait_for_program(journal.program());
  return status;
}

int guard(const TrapJournal& journal, int end_of_child, int signals, pid_t child) {
  wait_for_end(end_of_child, signals, child);
  // One that ended as it should has left no trap.
  auto traps = journal.traps();
  int status = traps.empty() ? wait_for(child).value_or(0) : step_in(journal, traps, child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : end_like(WTERMSIG(status));
}

}  // namespace

int run_guarded(TrapJournal& journal, const std::function<int()>& trace) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return trace();
  UniqueFd reading(ends[0]);
  UniqueFd writing(ends[1]);
  // Blocked before there is a child to pass them on to, so that none is lost.
  sigset_t passed_on = signals_passed_on();
  sigset_t before;
  sigprocmask(SIG_BLOCK, &passed_on, &before);
  pid_t self = getpid();
  pid_t child = fork();
  if (child <= 0) {
    sigprocmask(SIG_SETMASK, &before, nullptr);
    if (child == 0) {
      prctl(PR_SET_PDEATHSIG, SIGTERM);
      if (getppid() != self) std::_Exit(EXIT_FAILURE);
      // Who ends ttrace by its name (pkill, killall) is to reach the guardian.
      prctl(PR_SET_NAME, "tracer");
    }
    return trace();
  }
  writing.reset();
  // When memory runs out, this process is the one to kill: it is small, and the child lets go then.
  if (UniqueFd score(open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC)); score.valid()) {
    auto ignored = write(score.get(), "1000", 4);
    (void)ignored;
  }
  (void)std::signal(SIGCHLD, SIG_DFL);  // ignored, the child's status would be lost
  UniqueFd signals(signalfd(-1, &passed_on, SFD_CLOEXEC | SFD_NONBLOCK));
  return guard(journal, reading.get(), signals.get(), child);
}

}  // namespace ttrace
