// Calls that end in unusual ways, on unusual stacks. Traced with `-a 0 -e trace=none --funcs '^t_'
// -o FILE`; signals' lines are not expected. Usage: pairing EXPECTED MODE.
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/wait.h>
#include <ucontext.h>

#include "expect.h"

#define HIDE(value) __asm__ volatile("" : "+r"(value))

TRACED int t_leaf(int n) {
  HIDE(n);
  return n;
}

// --- every way to jump ------------------------------------------------------------------------

// What _FORTIFY_SOURCE makes of longjmp.
extern void __longjmp_chk(struct __jmp_buf_tag env[1], int value) __attribute__((noreturn));

static sigjmp_buf place;
enum Jump { Longjmp, UnderscoreLongjmp, Siglongjmp, LongjmpChk, Jumps };

TRACED int t_jump(enum Jump how, int n) {
  if (n > 0) {
    int result = t_jump(how, n - 1);
    HIDE(result);
    return result;
  }
  switch (how) {
    case Longjmp:
      longjmp(place, 7);
    case UnderscoreLongjmp:
      _longjmp(place, 7);
    case Siglongjmp:
      siglongjmp(place, 7);
    default:
      __longjmp_chk(place, 7);
  }
}

TRACED int t_land(enum Jump how) {
  if (sigsetjmp(place, how == Siglongjmp) == 0) t_jump(how, 1);
  t_leaf(1);
  return 5;
}

static void jumps(void) {
  static const char* const names[] = {"Longjmp", "UnderscoreLongjmp", "Siglongjmp", "LongjmpChk"};
  for (enum Jump how = Longjmp; how < Jumps; ++how) {
    t_land(how);
    expect("t_land(how=%s) {", names[how]);
    expect("  t_jump(how=%s, n=1) {", names[how]);
    expect("    t_jump(how=%s, n=0) <unwound>", names[how]);
    expect("  } t_jump <unwound>");
    expect("  t_leaf(n=1) = 1");
    expect("} t_land = 5");
  }
}

// --- signal handlers --------------------------------------------------------------------------

static volatile bool jumping;

TRACED void t_handler(int signal) {
  t_leaf(signal);
  if (jumping) siglongjmp(place, 1);
}

// Not traced, but what it calls is.
static void plain_handler(int signal) {
  t_leaf(signal);
  __asm__ volatile("");
}

static void handle(int signal, void (*handler)(int), int flags) {
  struct sigaction action = {.sa_handler = handler, .sa_flags = flags};
  if (sigaction(signal, &action, NULL) != 0) fail("sigaction");
}

TRACED int t_interrupted(int n) {
  if (n > 0) {
    int result = t_interrupted(n - 1);
    HIDE(result);
    return result;
  }
  t_leaf(1);
  raise(SIGUSR1);
  t_leaf(2);
  raise(SIGUSR2);
  return 3;
}

static void expect_interrupted(void) {
  expect("t_interrupted(n=1) {");
  expect("  t_interrupted(n=0) {");
  expect("    t_leaf(n=1) = 1");
  expect("    t_handler(signal=%d) {", SIGUSR1);
  expect("      t_leaf(n=%d) = %d", SIGUSR1, SIGUSR1);
}

static void handlers(int flags) {
  handle(SIGUSR1, t_handler, flags);
  handle(SIGUSR2, plain_handler, flags);
  jumping = false;
  for (int i = 0; i < 2; ++i) {
    t_interrupted(1);
    expect_interrupted();
    expect("    } t_handler");
    expect("    t_leaf(n=2) = 2");
    expect("    t_leaf(n=%d) = %d", SIGUSR2, SIGUSR2);
    expect("  } t_interrupted = 3");
    expect("} t_interrupted = 3");
  }
  jumping = true;
  for (int i = 0; i < 2; ++i) {
    if (sigsetjmp(place, 1) == 0) t_interrupted(1);
    t_leaf(4);
    expect_interrupted();
    expect("    } t_handler <unwound>");
    expect("  } t_interrupted <unwound>");
    expect("} t_interrupted <unwound>");
    expect("t_leaf(n=4) = 4");
  }
}

static void use_signal_stack(void* memory, size_t size) {
  stack_t stack = {.ss_sp = memory, .ss_size = size};
  if (sigaltstack(&stack, NULL) != 0) fail("sigaltstack");
}

// The signal stack lies once above the stack in use (a variable of the caller), once below it.
static void handlers_elsewhere(void) {
  static char below[65536];
  use_signal_stack(below, sizeof below);
  handlers(SA_ONSTACK);
  char above[65536];
  use_signal_stack(above, sizeof above);
  handlers(SA_ONSTACK);
}

static void* handlers_of_a_thread(void* unused) {
  handlers_elsewhere();
  return unused;
}

static void in_a_thread(void* (*work)(void*)) {
  pthread_t thread;
  if (pthread_create(&thread, NULL, work, NULL) != 0) fail("pthread_create");
  pthread_join(thread, NULL);
}

// --- coroutines -------------------------------------------------------------------------------

static ucontext_t scheduler;
static ucontext_t coroutines[2];
static int current;

static void yield(void) {
  swapcontext(&coroutines[current], &scheduler);
}

static void resume(int which) {
  current = which;
  swapcontext(&scheduler, &coroutines[which]);
}

TRACED int t_step(int which, int n) {
  if (n > 0) {
    int result = t_step(which, n - 1);
    HIDE(result);
    return result + 1;
  }
  yield();
  return 10 * which;
}

static void coroutine(int which) {
  t_step(which, 1);
  yield();
  t_step(which, 0);
  yield();
}

static void make(int which, char* stack, size_t size) {
  getcontext(&coroutines[which]);
  coroutines[which].uc_stack.ss_sp = stack;
  coroutines[which].uc_stack.ss_size = size;
  coroutines[which].uc_link = &scheduler;
  makecontext(&coroutines[which], (void (*)(void))coroutine, 1, which);
}

TRACED void t_schedule(int which) {
  resume(which);
  t_leaf(which);
}

static void expect_schedule(int which, const char* first, const char* second) {
  expect("t_schedule(which=%d) {", which);
  if (first != NULL) expect("%s", first);
  if (second != NULL) expect("%s", second);
  expect("  t_leaf(n=%d) = %d", which, which);
  expect("} t_schedule");
}

enum { StackSize = 65536 };

static void interleave(char* first, char* second) {
  make(0, first, StackSize);
  make(1, second, StackSize);
  for (int i = 0; i < 4; ++i) {
    t_schedule(0);
    t_schedule(1);
  }
  expect_schedule(0, "t_step(which=0, n=1) {", "  t_step(which=0, n=0) {");
  expect_schedule(1, "t_step(which=1, n=1) {", "  t_step(which=1, n=0) {");
  expect_schedule(0, "  } t_step = 0", "} t_step = 1");
  expect_schedule(1, "  } t_step = 10", "} t_step = 11");
  expect_schedule(0, "t_step(which=0, n=0) {", NULL);
  expect_schedule(1, "t_step(which=1, n=0) {", NULL);
  expect_schedule(0, "} t_step = 0", NULL);
  expect_schedule(1, "} t_step = 10", NULL);
}

static void swapped(void) {
  static char stacks[2][StackSize];
  interleave(stacks[0], stacks[1]);
  interleave(stacks[1], stacks[0]);
  char near[2][StackSize];
  interleave(near[0], near[1]);
  interleave(near[1], near[0]);
}

// Coroutines that nobody finishes, all on the same stack.
static void recycled(void) {
  static char stack[StackSize];
  for (int i = 0; i < 40; ++i) {
    make(0, stack, StackSize);
    if (i > 0) {
      expect("  } t_step <unwound>");
      expect("} t_step <unwound>");
    }
    t_schedule(0);
    expect_schedule(0, "t_step(which=0, n=1) {", "  t_step(which=0, n=0) {");
  }
}

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  expect_into(argv[1]);
  const char* mode = argv[2];
  if (strcmp(mode, "jumps") == 0) {
    jumps();
  } else if (strcmp(mode, "handlers") == 0) {
    handlers(0);
  } else if (strcmp(mode, "signal-stack") == 0) {
    handlers_elsewhere();
  } else if (strcmp(mode, "signal-stack-thread") == 0) {
    in_a_thread(handlers_of_a_thread);
  } else if (strcmp(mode, "swapped") == 0) {
    swapped();
  } else if (strcmp(mode, "recycled") == 0) {
    recycled();
  } else {
    return 2;
  }
  expect("+++ exited with 0 +++");
  return 0;
}
