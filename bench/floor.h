// What the floors share: starting a program under ptrace. A floor is the least that a tracer can do
// in order to see what it is to see; what ttrace costs is measured against it.
#pragma once

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

static inline void fail(const char* what) {
  perror(what);
  exit(99);
}

// Returns at the next stop of the program, with the signal that stopped it. At its end, does not
// return but calls `end`, if there is one, and exits with the program's status.
static inline int wait_for_stop(pid_t pid, void (*end)(void)) {
  int status = 0;
  if (wait4(pid, &status, __WALL, NULL) != pid) fail("wait4");
  if (WIFSTOPPED(status)) return WSTOPSIG(status);
  if (end != NULL) end();
  exit(WIFEXITED(status) ? WEXITSTATUS(status) : 99);
}

// Starts a program. It is stopped behind its execve when this returns. A syscall stop's signal is
// SIGTRAP | 0x80.
static inline pid_t start_tracee(char** argv) {
  int go[2];
  if (pipe(go) != 0) fail("pipe");
  pid_t pid = fork();
  if (pid < 0) fail("fork");
  if (pid == 0) {
    char byte = 0;
    close(go[1]);
    if (read(go[0], &byte, 1) != 1) _exit(99);
    close(go[0]);
    execv(argv[0], argv);
    _exit(99);
  }
  long options = PTRACE_O_TRACEEXEC | PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL;
  if (ptrace(PTRACE_SEIZE, pid, NULL, options) != 0) fail("PTRACE_SEIZE");
  if (write(go[1], "", 1) != 1) fail("write");
  close(go[0]);
  close(go[1]);
  wait_for_stop(pid, NULL);
  return pid;
}
