// A library to preload into the tracer: makes it see what a virtual machine shows that loses DR6.
//
// Each tenth single-step that the kernel tells of is told as TRAP_BRKPT, as get_si_code of
// Linux 6.1 arch/x86/kernel/traps.c does when DR6 does not say that it was a step.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/ptrace.h>
#include <sys/types.h>

enum { kEach = 10 };

long ptrace(enum __ptrace_request request, ...) {
  static long (*real)(enum __ptrace_request, pid_t, void*, void*);
  static int steps;
  if (real == NULL) *(void**)&real = dlsym(RTLD_NEXT, "ptrace");
  va_list list;
  va_start(list, request);
  pid_t tid = va_arg(list, pid_t);
  void* address = va_arg(list, void*);
  void* data = va_arg(list, void*);
  va_end(list);
  long result = real(request, tid, address, data);
  if (result != 0 || request != PTRACE_GETSIGINFO) return result;
  siginfo_t* info = data;
  if (info->si_signo == SIGTRAP && info->si_code == TRAP_TRACE && ++steps % kEach == 0) {
    info->si_code = TRAP_BRKPT;
  }
  return result;
}
