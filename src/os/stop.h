// Why a tracee stopped, from the status that wait4 gives.
#pragma once

#include <csignal>
#include <variant>

namespace ttrace {

namespace stop {
/// Entry or exit of a syscall (SIGTRAP|0x80, with PTRACE_O_TRACESYSGOOD).
struct Syscall {};
/// A seccomp filter said SECCOMP_RET_TRACE.
struct Seccomp {};
/// A signal is about to be delivered.
struct Signal {
  int signal = 0;
};
/// The thread's group is stopped by a stopping signal.
struct Group {
  int signal = 0;
};
/// fork, vfork or clone made a child; PTRACE_GETEVENTMSG has its tid.
struct NewChild {
  enum class How { Fork, Vfork, Clone };
  How how = How::Fork;
};
/// A vfork child released its parent.
struct VforkDone {};
/// A program was executed; PTRACE_GETEVENTMSG has the tid that called execve.
struct Exec {};
/// PTRACE_INTERRUPT took effect, or a new child is at its beginning.
struct Interrupt {};
/// The thread is about to exit (PTRACE_O_TRACEEXIT).
struct AboutToExit {};
/// The thread ended by itself.
struct Exited {
  int status = 0;
};
/// The thread was killed.
struct Killed {
  int signal = 0;
  bool core_dumped = false;
};
/// Something this version of ttrace does not know; resumed without a signal.
struct Unknown {
  int raw = 0;
};
}  // namespace stop

using Stop = std::variant<stop::Syscall, stop::Seccomp, stop::Signal, stop::Group, stop::NewChild,
                          stop::VforkDone, stop::Exec, stop::Interrupt, stop::AboutToExit,
                          stop::Exited, stop::Killed, stop::Unknown>;

/// Decodes the wait status of a tracee attached with PTRACE_SEIZE and PTRACE_O_TRACESYSGOOD
/// (ptrace(2), "Stopped states"). Pure: any int is accepted.
Stop decode_wait_status(int status);

/// What the SIGTRAP of a signal-delivery-stop means: int3 gives SI_KERNEL, brk TRAP_BRKPT
/// (sigaction(2)).
inline bool is_breakpoint(const siginfo_t& info) {
  return info.si_signo == SIGTRAP && (info.si_code == SI_KERNEL || info.si_code == TRAP_BRKPT);
}

}  // namespace ttrace
