// Many calls, timed: what bench/ traces. Usage: loop SYSCALLS FUNCTIONS
//
// Prints the nanoseconds that one syscall and one function call took.
#include <time.h>

#include "expect.h"

TRACED int t_step(int n) {
  __asm__ volatile("");
  return n + 1;
}

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  int syscalls = atoi(argv[1]);
  int functions = atoi(argv[2]);

  double start = now();
  for (int i = 0; i < syscalls; ++i)
    syscall(SYS_getppid);
  double middle = now();
  int value = 0;
  for (int i = 0; i < functions; ++i)
    value = t_step(value);
  double end = now();

  if (value != functions) return 1;
  printf("%.1f %.1f\n", syscalls > 0 ? (middle - start) / syscalls : 0,
         functions > 0 ? (end - middle) / functions : 0);
  return 0;
}
