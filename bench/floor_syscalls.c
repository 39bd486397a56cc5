// The floor of a syscall tracer: stops a program at both ends of every syscall and lets it go on,
// asking nothing.
//
//   floor-syscalls PROGRAM ARGS...
#include "floor.h"

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  pid_t pid = start_tracee(argv + 1);
  long signal = 0;
  for (;;) {
    if (ptrace(PTRACE_SYSCALL, pid, NULL, signal) != 0) fail("PTRACE_SYSCALL");
    signal = wait_for_stop(pid, NULL);
    if ((signal & 0x7f) == SIGTRAP) signal = 0;
  }
}
