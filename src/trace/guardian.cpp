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
#include <string>
#include <vector>

#include "base/fd.h"
#include "decode/decoder.h"
#include "os/wait.h"
#include "trace/rescue.h"

namespace ttrace {

namespace {

constexpr std::array<int, 6> kPassedOn{SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGCONT};

sigset_t signals_passed_on() {
  sigset_t set;
  sigemptyset(&set);
  for (int signal : kPassedOn)
    sigaddset(&set, signal);
  return set;
}

/// The process that guards, once there is a child to guard.
class Guardian {
 public:
  Guardian(const Guarded& guarded, int end_of_child, int signals, pid_t child)
      : guarded_(guarded), end_of_child_(end_of_child), signals_(signals), child_(child) {}

  /// Returns the status to end with.
  int guard();

 private:
  void pass_on() const;
  void wait_for_end();
  int step_in(const std::vector<PlantedTrap>& traps);
  static int wait_for(pid_t child);
  static void wait_for_program(Pid program);

  const Guarded& guarded_;
  int end_of_child_;  // readable when the child ends
  int signals_;
  pid_t child_;
};

void Guardian::pass_on() const {
  signalfd_siginfo info{};
  while (read(signals_, &info, sizeof(info)) == static_cast<ssize_t>(sizeof(info))) {
    const int signal = static_cast<int>(info.ssi_signo);
    // What a terminal sends to its whole foreground job, a child in that job gets itself; a hangup
    // goes to the session's leader alone.
    const bool by_terminal = info.ssi_code > 0 && signal != SIGHUP;
    if (signal == SIGTSTP) {
      // A program that was there before goes on, and so does its tracing: stopped, it would wait.
      if (!guarded_.apart && !by_terminal) kill(child_, SIGSTOP);
      (void)std::raise(SIGSTOP);
    } else if (guarded_.apart || !by_terminal) {
      kill(child_, signal);
    }
  }
}

// Returns as soon as the child has closed its end of the pipe, as it does while it ends, before
// the kernel lets its tracees run on.
void Guardian::wait_for_end() {
  for (;;) {
    std::array<pollfd, 2> polled{{{end_of_child_, POLLIN, 0}, {signals_, POLLIN, 0}}};
    if (poll(polled.data(), polled.size(), -1) < 0) continue;
    if (polled[1].revents != 0) pass_on();
    if (polled[0].revents != 0) return;
  }
}

// How a child ended; as a failure, when it is none of ours.
int Guardian::wait_for(pid_t child) {
  int status = 0;
  while (waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) return W_EXITCODE(EXIT_FAILURE, 0);
  }
  return status;
}

// The program that the child started is not our child: its status is lost, but no prompt is to come
// back under it.
void Guardian::wait_for_program(Pid program) {
  if (program.value == 0) return;
  UniqueFd fd(static_cast<int>(syscall(SYS_pidfd_open, program.value, 0)));
  pollfd polled{fd.get(), POLLIN, 0};
  while (fd.valid() && poll(&polled, 1, -1) < 0 && errno == EINTR) {
  }
}

// For a child that was killed. Returns its status.
int Guardian::step_in(const std::vector<PlantedTrap>& traps) {
  Rescue rescue(traps);
  const bool clean = rescue.restore_text();
  // In a process of its own, whose end lets go of threads that could not be stopped.
  pid_t rescuer = fork();
  if (rescuer == 0) {
    rescue.save_threads();
    std::_Exit(EXIT_SUCCESS);
  }
  if (rescuer > 0) wait_for(rescuer);
  const int status = wait_for(child_);
  std::string line = guarded_.name + ": the tracing process was killed";
  if (WIFSIGNALED(status)) line.append(" by ").append(signal_name(WTERMSIG(status)));
  line += clean ? "; the breakpoints were removed\n" : "; breakpoints are left in the program\n";
  (void)std::fputs(line.c_str(), stderr);
  // From here on this process only waits, and whoever wants may end it.
  WakeUps::stop_listening();
  sigset_t passed_on = signals_passed_on();
  sigprocmask(SIG_UNBLOCK, &passed_on, nullptr);
  wait_for_program(guarded_.journal.program());
  return status;
}

int Guardian::guard() {
  wait_for_end();
  // One that ended as it should has left no trap.
  auto traps = guarded_.journal.traps();
  const int status = traps.empty() ? wait_for(child_) : step_in(traps);
  guarded_.at_end();
  return WIFEXITED(status) ? WEXITSTATUS(status) : end_like(WTERMSIG(status));
}

// In the child, which goes on as ttrace.
void become_tracer(pid_t guardian, bool apart) {
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (getppid() != guardian) std::_Exit(EXIT_FAILURE);
  // Who ends ttrace by its name (pkill, killall) is to reach the guardian.
  prctl(PR_SET_NAME, "tracer");
  if (!apart) return;
  setpgid(0, 0);
  (void)std::signal(SIGTTOU, SIG_IGN);  // it may still write to the terminal
}

}  // namespace

int run_guarded(const Guarded& guarded, const std::function<int()>& trace) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return trace();
  UniqueFd reading(ends[0]);
  UniqueFd writing(ends[1]);
  sigset_t passed_on = signals_passed_on();
  UniqueFd signals(signalfd(-1, &passed_on, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!signals.valid()) return trace();
  // Blocked before there is a child to pass them on to, so that none is lost.
  sigset_t before;
  sigprocmask(SIG_BLOCK, &passed_on, &before);
  // Ignored, the child's status would be lost.
  auto* sigchld = std::signal(SIGCHLD, SIG_DFL);
  pid_t self = getpid();
  pid_t child = fork();
  if (child <= 0) {
    (void)std::signal(SIGCHLD, sigchld);
    sigprocmask(SIG_SETMASK, &before, nullptr);
    if (child == 0) become_tracer(self, guarded.apart);
    reading.reset();
    signals.reset();
    return trace();
  }
  writing.reset();
  (void)std::signal(SIGPIPE, SIG_IGN);
  return Guardian(guarded, reading.get(), signals.get(), child).guard();
}

}  // namespace ttrace
