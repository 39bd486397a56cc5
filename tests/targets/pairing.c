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

// A call further down than any before: frames that ended above it would seem to be around it.
__attribute__((noinline)) static void leaf_far_down(int n) {
  char room[16384];
  __asm__ volatile("" : : "r"(room) : "memory");
  t_leaf(n);
  __asm__ volatile("" : : "r"(room) : "memory");
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
  leaf_far_down(1);
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
    leaf_far_down(4);
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

// Switches stacks as coroutine libraries do, without the C library. `save` gets the stack pointer.
#ifdef __x86_64__
enum { SavedWords = 7, ReturnAddress = 6 };
void switch_to(void** save, void* to);
__asm__(
    ".text\n.type switch_to, @function\nswitch_to:\n"
    "push %rbp\npush %rbx\npush %r12\npush %r13\npush %r14\npush %r15\n"
    "mov %rsp, (%rdi)\nmov %rsi, %rsp\n"
    "pop %r15\npop %r14\npop %r13\npop %r12\npop %rbx\npop %rbp\nret\n"
    ".size switch_to, . - switch_to\n");
#elif defined(__aarch64__)
enum { SavedWords = 20, ReturnAddress = 1 };
void switch_to(void** save, void* to);
__asm__(
    ".text\n.type switch_to, @function\nswitch_to:\n"
    "stp x29, x30, [sp, #-160]!\n"
    "stp x19, x20, [sp, #16]\nstp x21, x22, [sp, #32]\nstp x23, x24, [sp, #48]\n"
    "stp x25, x26, [sp, #64]\nstp x27, x28, [sp, #80]\n"
    "stp d8, d9, [sp, #96]\nstp d10, d11, [sp, #112]\nstp d12, d13, [sp, #128]\n"
    "stp d14, d15, [sp, #144]\n"
    "mov x2, sp\nstr x2, [x0]\nmov sp, x1\n"
    "ldp x19, x20, [sp, #16]\nldp x21, x22, [sp, #32]\nldp x23, x24, [sp, #48]\n"
    "ldp x25, x26, [sp, #64]\nldp x27, x28, [sp, #80]\n"
    "ldp d8, d9, [sp, #96]\nldp d10, d11, [sp, #112]\nldp d12, d13, [sp, #128]\n"
    "ldp d14, d15, [sp, #144]\n"
    "ldp x29, x30, [sp], #160\nret\n"
    ".size switch_to, . - switch_to\n");
#else
enum { SavedWords = 1, ReturnAddress = 0 };
static void switch_to(void** save, void* to) {
  (void)save, (void)to;
  exit(77);
}
#endif

static bool by_hand;
static void* scheduler_at;
static void* coroutine_at[2];

static void yield(void) {
  if (by_hand) {
    switch_to(&coroutine_at[current], scheduler_at);
    return;
  }
  swapcontext(&coroutines[current], &scheduler);
}

static void resume(int which) {
  current = which;
  if (by_hand) {
    switch_to(&scheduler_at, coroutine_at[which]);
    return;
  }
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

static void coroutine_by_hand(void) {
  coroutine(current);
  yield();
}

static void make_by_hand(int which, char* stack, size_t size) {
  // As at the function's first instruction: on x86 a word above an address that 16 divides.
  const uintptr_t end = ((uintptr_t)stack + size) & ~(uintptr_t)15;
  void** saved = (void**)end - SavedWords - (SavedWords % 2);
  memset(saved, 0, SavedWords * sizeof(void*));
  saved[ReturnAddress] = (void*)coroutine_by_hand;
  coroutine_at[which] = saved;
}

static void make(int which, char* stack, size_t size) {
  if (by_hand) {
    make_by_hand(which, stack, size);
    return;
  }
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

static char* map(size_t size) {
  char* got =
      mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
  if (got == MAP_FAILED) fail("mmap");
  return got;
}

// Each stack between pages that cannot be touched.
static void by_hand_apart(void) {
  enum { Page = 4096 };
  by_hand = true;
  char* all = map(2 * StackSize + 3 * Page);
  for (int i = 0; i < 3; ++i) {
    if (mprotect(all + i * (StackSize + Page), Page, PROT_NONE) != 0) fail("mprotect");
  }
  interleave(all + Page, all + StackSize + 2 * Page);
  interleave(all + StackSize + 2 * Page, all + Page);
}

// Two stacks in one mapping, which only the program can tell from one.
static void by_hand_together(void) {
  by_hand = true;
  char* all = map(2 * StackSize);
  interleave(all, all + StackSize);
  interleave(all + StackSize, all);
}

// Coroutines that nobody finishes, all on the same stack. What was open there ends when the stack
// is said to be a new one, or else when something new lies there.
static void recycled(char* stack) {
  for (int i = 0; i < 40; ++i) {
    make(0, stack, StackSize);
    if (i > 0 && by_hand) expect("t_schedule(which=0) {");
    if (i > 0) {
      expect("  } t_step <unwound>");
      expect("} t_step <unwound>");
    }
    t_schedule(0);
    if (i == 0 || !by_hand) expect("t_schedule(which=0) {");
    expect("t_step(which=0, n=1) {");
    expect("  t_step(which=0, n=0) {");
    expect("  t_leaf(n=0) = 0");
    expect("} t_schedule");
  }
}

static void recycled_by_hand(void) {
  by_hand = true;
  recycled(map(StackSize));
}

static void recycled_by_name(void) {
  static char stack[StackSize];
  recycled(stack);
}

// --- threads that end inside ------------------------------------------------------------------

static void cleanup(void* n) {
  t_leaf((int)(intptr_t)n);
  __asm__ volatile("");
}

TRACED int t_inner(bool wait) {
  t_leaf(1);
  if (!wait) pthread_exit(NULL);
  pthread_cancel(pthread_self());
  for (;;)
    pause();
}

TRACED int t_outer(bool wait) {
  volatile int result = 0;
  pthread_cleanup_push(cleanup, (void*)2);
  result = t_inner(wait);
  pthread_cleanup_pop(0);
  return result;
}

TRACED void t_around(bool wait) {
  t_outer(wait);
  __asm__ volatile("");
}

static void* end_inside(void* unused) {
  static volatile bool wait;
  const char* name = wait ? "true" : "false";
  expect("t_around(wait=%s) {", name);
  expect("  t_outer(wait=%s) {", name);
  expect("    t_inner(wait=%s) {", name);
  expect("      t_leaf(n=1) = 1");
  expect("    } t_inner <unwound>");
  expect("    t_leaf(n=2) = 2");
  expect("  } t_outer <unwound>");
  expect("} t_around <unwound>");
  bool now = wait;
  wait = true;
  t_around(now);
  return unused;
}

static void forced(void) {
  in_a_thread(end_inside);
  in_a_thread(end_inside);
}

// --- processes that end inside ----------------------------------------------------------------

enum Ending { Exit, UnderscoreExit, Kill, Execute };

static char** arguments;

static void run_nothing(void) {
  execl("/proc/self/exe", "pairing", arguments[1], "nothing", NULL);
  fail("execl");
}

TRACED int t_ending(enum Ending how) {
  t_leaf(1);
  switch (how) {
    case Exit:
      exit(3);
    case UnderscoreExit:
      _exit(4);
    case Kill:
      raise(SIGKILL);
      break;
    case Execute:
      run_nothing();
  }
  return 0;
}

static void ending(enum Ending how, const char* name, const char* end) {
  expect("t_ending(how=%s) {", name);
  expect("  t_leaf(n=1) = 1");
  if (how != Execute) expect("%s", end);
  t_ending(how);
}

static pthread_barrier_t both_inside;

TRACED void t_waiting(void) {
  t_leaf(1);
  pthread_barrier_wait(&both_inside);
  for (;;)
    pause();
}

static void* end_all(void* unused) {
  pthread_barrier_wait(&both_inside);
  t_ending(UnderscoreExit);
  return unused;
}

static void ended_by_other(void) {
  long id = syscall(SYS_gettid);
  expect("%ld t_waiting() {", id);
  expect("%ld   t_leaf(n=1) = 1", id);
  expect("%ld +++ exited with 4 +++", id);
  pthread_barrier_init(&both_inside, NULL, 2);
  pthread_t thread;
  if (pthread_create(&thread, NULL, end_all, NULL) != 0) fail("pthread_create");
  t_waiting();
}

TRACED int t_forking(void) {
  pid_t child = fork();
  t_leaf(child == 0 ? 1 : 2);
  return child == 0 ? 3 : 4;
}

TRACED int t_vforking(void) {
  pid_t child = vfork();
  if (child == 0) {
    t_leaf(5);
    run_nothing();
  }
  waitpid(child, NULL, 0);
  t_leaf(6);
  return 6;
}

static void forks(void) {
  // Its line would come in between.
  sigset_t child_ended;
  sigemptyset(&child_ended);
  sigaddset(&child_ended, SIGCHLD);
  sigprocmask(SIG_BLOCK, &child_ended, NULL);
  long id = getpid();
  int got = t_forking();
  if (got == 3) {
    long child = getpid();
    expect("%ld   t_leaf(n=1) = 1", child);
    expect("%ld } t_forking = 3", child);
    expect("%ld +++ exited with 0 +++", child);
    _exit(0);
  }
  wait(NULL);
  expect("%ld t_forking() {", id);
  expect("%ld   t_leaf(n=2) = 2", id);
  expect("%ld } t_forking = 4", id);
  expect("%ld t_vforking() {", id);
  t_vforking();
  expect("%ld   t_leaf(n=6) = 6", id);
  expect("%ld } t_vforking = 6", id);
  expect("%ld +++ exited with 0 +++", id);
  exit(0);
}

// --- modes ------------------------------------------------------------------------------------

static void plain_handlers(void) {
  handlers(0);
}

static void in_thread(void) {
  in_a_thread(handlers_of_a_thread);
}

static void by_exit(void) {
  ending(Exit, "Exit", "+++ exited with 3 +++");
}

static void by_underscore_exit(void) {
  ending(UnderscoreExit, "UnderscoreExit", "+++ exited with 4 +++");
}

static void by_kill(void) {
  ending(Kill, "Kill", "+++ killed by SIGKILL +++");
}

static void by_exec(void) {
  ending(Execute, "Execute", "");
}

static void nothing(void) {
  t_leaf(9);
  expect("t_leaf(n=9) = 9");
}

static const struct {
  const char* name;
  void (*run)(void);
} modes[] = {
    {"jumps", jumps},
    {"handlers", plain_handlers},
    {"signal-stack", handlers_elsewhere},
    {"signal-stack-thread", in_thread},
    {"swapped", swapped},
    {"by-hand-apart", by_hand_apart},
    {"by-hand-together", by_hand_together},
    {"recycled", recycled_by_name},
    {"recycled-by-hand", recycled_by_hand},
    {"forced", forced},
    {"exit", by_exit},
    {"_exit", by_underscore_exit},
    {"kill", by_kill},
    {"exec", by_exec},
    {"ended-by-other", ended_by_other},
    {"forks", forks},
    {"nothing", nothing},
};

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  arguments = argv;
  expect_into(argv[1]);
  for (size_t i = 0; i < sizeof modes / sizeof *modes; ++i) {
    if (strcmp(argv[2], modes[i].name) != 0) continue;
    modes[i].run();
    expect("+++ exited with 0 +++");
    return 0;
  }
  return 2;
}
