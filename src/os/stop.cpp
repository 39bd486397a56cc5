#include "os/stop.h"

#include <sys/ptrace.h>
#include <sys/wait.h>

#include <csignal>

namespace ttrace {

namespace {

constexpr int kSyscallStop = SIGTRAP | 0x80;

Stop decode_event(int event, int signal, int status) {
  switch (event) {
    case PTRACE_EVENT_FORK:
      return stop::NewChild{stop::NewChild::How::Fork};
    case PTRACE_EVENT_VFORK:
      return stop::NewChild{stop::NewChild::How::Vfork};
    case PTRACE_EVENT_CLONE:
      return stop::NewChild{stop::NewChild::How::Clone};
    case PTRACE_EVENT_VFORK_DONE:
      return stop::VforkDone{};
    case PTRACE_EVENT_EXEC:
      return stop::Exec{};
    case PTRACE_EVENT_EXIT:
      return stop::AboutToExit{};
    case PTRACE_EVENT_SECCOMP:
      return stop::Seccomp{};
    case PTRACE_EVENT_STOP:
      if (signal == SIGSTOP || signal == SIGTSTP || signal == SIGTTIN || signal == SIGTTOU) {
        return stop::Group{signal};
      }
      return stop::Interrupt{};
    default:
      return stop::Unknown{status};
  }
}

}  // namespace

Stop decode_wait_status(int status) {
  if (WIFEXITED(status)) return stop::Exited{WEXITSTATUS(status)};
  if (WIFSIGNALED(status)) return stop::Killed{WTERMSIG(status), WCOREDUMP(status) != 0};
  if (!WIFSTOPPED(status)) return stop::Unknown{status};
  // The kernel's status has 16 significant bits and the event above them.
  int event = status >> 16;
  int signal = WSTOPSIG(status);
  if (event != 0) return decode_event(event, signal, status);
  if (signal == kSyscallStop) return stop::Syscall{};
  return stop::Signal{signal};
}

}  // namespace ttrace
