// Threads that make children in every way there is, all at once, until SIGTERM. Every child calls
// functions and ends with a status of its own kind; the program ends with 0 when all children did.
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

#include "expect.h"

extern char** environ;

static volatile sig_atomic_t ending;
static volatile int wrong;

static void end(int signal) {
  (void)signal;
  ending = 1;
}

TRACED int leaf(int number) {
  return number + 1;
}

TRACED int nest(int levels) {
  if (levels == 0) return leaf(0);
  int below = nest(levels - 1);
  __asm__ volatile("");
  return below + 1;
}

static void check(const char* how, pid_t child, int expected) {
  if (child < 0) fail(how);
  int status = 0;
  while (waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) fail("waitpid");
  }
  if (!WIFEXITED(status) || WEXITSTATUS(status) != expected) {
    wrong = 1;
    fprintf(stderr, "%s: status %#x, not exit %d\n", how, status, expected);
  }
  leaf(1);
}

static void by_fork(void) {
  pid_t child = fork();
  if (child == 0) {
    int sum = 0;
    for (int i = 0; i < 20; ++i)
      sum += nest(2) - leaf(0);
    _exit(sum);
  }
  check("fork", child, 40);
}

static void by_vfork(void) {
  pid_t child = vfork();
  if (child == 0) _exit(nest(leaf(3)));
  check("vfork", child, 5);
}

static void by_posix_spawn(void) {
  pid_t child;
  char* argv[] = {"sh", "-c", "exit 7", NULL};
  errno = posix_spawn(&child, "/bin/sh", NULL, NULL, argv, environ);
  if (errno != 0) fail("posix_spawn");
  check("posix_spawn", child, 7);
}

static int in_shared_memory(void* unused) {
  (void)unused;
  usleep(200);
  return nest(8);
}

static void by_clone(void) {
  static char stack[65536] __attribute__((aligned(16)));
  check("clone", clone(in_shared_memory, stack + sizeof(stack), CLONE_VM | SIGCHLD, NULL), 9);
}

// Flags that keep the kernel from telling a tracer of the child.
static void by_untraced_clone(void) {
  long child = syscall(SYS_clone, CLONE_UNTRACED | SIGCHLD, 0, 0, 0, 0);
  if (child == 0) _exit(nest(10));
  check("clone(CLONE_UNTRACED)", (pid_t)child, 11);
}

static void by_untraced_clone3(void) {
  struct {
    unsigned long long flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls;
  } arguments = {.flags = CLONE_UNTRACED, .exit_signal = SIGCHLD};
  long child = syscall(SYS_clone3, &arguments, sizeof(arguments));
  if (child == 0) _exit(nest(12));
  check("clone3(CLONE_UNTRACED)", (pid_t)child, 13);
  if (arguments.flags != CLONE_UNTRACED) fail("clone3 changed its argument");
}

static void no_child(void) {
  nest(5);
  usleep(50);
}

static void* repeat(void* function) {
  while (!ending)
    ((void (*)(void))function)();
  return NULL;
}

int main(void) {
  signal(SIGTERM, end);
  void (*const ways[])(void) = {by_fork,           by_vfork,           by_posix_spawn, by_clone,
                                by_untraced_clone, by_untraced_clone3, no_child};
  enum { kWays = sizeof(ways) / sizeof(*ways) };
  pthread_t threads[kWays];
  for (int i = 0; i < kWays; ++i)
    if (pthread_create(&threads[i], NULL, repeat, (void*)ways[i]) != 0) fail("pthread_create");
  for (int i = 0; i < kWays; ++i)
    pthread_join(threads[i], NULL);
  return wrong;
}
