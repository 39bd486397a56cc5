// What a function tracer could get in the way of: functions before main and after its end, signal
// handlers on a stack of their own that jump away, faults that the program mends, all descriptors
// closed, vfork and posix_spawn, coroutines, callbacks, results of every kind. Prints checksums,
// then "calls NAME COUNT" for functions that count their own calls, for a trace to be compared
// with. Argument: how often.
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#define KEEP __attribute__((noinline, noclone))
#define FUNCTIONS(X) \
  X(before_main)     \
  X(handler)         \
  X(jumping_handler) \
  X(mending_handler) \
  X(down)            \
  X(touch)           \
  X(compare)         \
  X(sum_of)          \
  X(in_child)        \
  X(coroutine)       \
  X(even)            \
  X(odd)             \
  X(mixed)           \
  X(big)             \
  X(twice)           \
  X(in_thread)

#define NAME(name) name##_calls,
enum { FUNCTIONS(NAME) kFunctions };
#define TEXT(name) #name,
static const char* const names[] = {FUNCTIONS(TEXT)};
static long* counts;  // shared with child processes
#define COUNT(name) __atomic_add_fetch(&counts[name##_calls], 1, __ATOMIC_RELAXED)

static unsigned long sum;
static int times = 20;
static void mix(unsigned long value) {
  sum = sum * 6364136223846793005UL + value;
}
static void report(const char* what) {
  printf("%s %lu\n", what, sum);
}

__attribute__((constructor)) KEEP void before_main(void) {
  counts = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  COUNT(before_main);
}
// Behind every traced function: the counts are complete.
__attribute__((destructor)) KEEP void after_main(void) {
  for (int i = 0; i < kFunctions; ++i)
    printf("calls %s %ld\n", names[i], counts[i]);
  fflush(stdout);
}
KEEP void at_exit(void) {
  report("at exit");
}

// --- signals, jumps ---

static sigjmp_buf back;
static volatile sig_atomic_t handled;

KEEP void handler(int number) {
  COUNT(handler);
  handled += number;
  int saved = errno;
  if (number == SIGUSR1) raise(SIGUSR2);  // nested
  errno = saved;
}
KEEP void jumping_handler(int number) {
  COUNT(jumping_handler);
  siglongjmp(back, number);
}

KEEP int down(int depth, int jump) {
  COUNT(down);
  volatile char frame[64];
  frame[depth % 64] = (char)depth;
  if (depth == 0 && jump) siglongjmp(back, 7);
  if (depth == 0) return raise(SIGURG);
  return down(depth - 1, jump) + frame[depth % 64];
}

static void set_handler(int number, void (*function)(int), int flags) {
  struct sigaction action = {.sa_handler = function, .sa_flags = flags};
  sigaction(number, &action, NULL);
}

static void try_signals(void) {
  static char stack[65536];
  stack_t own = {.ss_sp = stack, .ss_size = sizeof stack};
  sigaltstack(&own, NULL);
  set_handler(SIGUSR1, handler, SA_ONSTACK | SA_RESTART);
  set_handler(SIGUSR2, handler, SA_ONSTACK);
  set_handler(SIGURG, jumping_handler, SA_ONSTACK);
  for (int i = 0; i < times; ++i) {
    raise(SIGUSR1);
    int got = sigsetjmp(back, 1);
    if (got == 0) down(i % 20, i % 2);
    mix((unsigned long)got);
  }
  mix((unsigned long)handled);
  report("signals");
}

// --- faults that the program mends ---

static char* page;
KEEP void mending_handler(int number, siginfo_t* info, void* context) {
  (void)number;
  (void)context;
  COUNT(mending_handler);
  if ((char*)info->si_addr != page + 8) _exit(99);
  mprotect(page, 4096, PROT_READ | PROT_WRITE);
}
// Its first instruction touches memory that may not be there.
KEEP long touch(volatile long* at) {
  *at += 5;
  COUNT(touch);
  return *at;
}

static void try_faults(void) {
  struct sigaction action = {.sa_sigaction = mending_handler, .sa_flags = SA_SIGINFO | SA_NODEFER};
  sigaction(SIGSEGV, &action, NULL);
  page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  for (int i = 0; i < times; ++i) {
    mprotect(page, 4096, PROT_NONE);
    mix((unsigned long)touch((volatile long*)(void*)(page + 8)));
  }
  report("faults");
}

// --- callbacks, results, arguments ---

KEEP int compare(const void* a, const void* b) {
  COUNT(compare);
  return *(const int*)a - *(const int*)b;
}
KEEP double sum_of(int count, ...) {
  COUNT(sum_of);
  va_list list;
  va_start(list, count);
  double all = 0;
  for (int i = 0; i < count; ++i)
    all += i % 2 ? va_arg(list, double) : va_arg(list, int);
  va_end(list);
  return all;
}
struct Big {
  long numbers[9];
};
KEEP struct Big big(struct Big given, int at) {
  COUNT(big);
  given.numbers[at % 9] *= 3;
  return given;
}
KEEP long double mixed(float a, long double b, int c, double d, long e, char f, short g, void* h,
                       long i, long j) {
  COUNT(mixed);
  return (long double)a + b + c + (long double)d + e + f + g + (h != NULL) + i * j;
}
KEEP int even(unsigned n);
KEEP int odd(unsigned n) {
  COUNT(odd);
  return n == 0 ? 0 : even(n - 1);
}
KEEP int even(unsigned n) {
  COUNT(even);
  return n == 0 ? 1 : odd(n - 1);
}

static void try_values(void) {
  struct Big one = {{1, 2, 3, 4, 5, 6, 7, 8, 9}};
  for (int i = 0; i < times; ++i) {
    int numbers[] = {5, 3, 9, 1, 7, i, 2, 8};
    qsort(numbers, 8, sizeof *numbers, compare);
    for (int n = 0; n < 8; ++n)
      mix((unsigned long)numbers[n]);
    mix((unsigned long)sum_of(4, i, 2.5, 3, 4.5));
    one = big(one, i);
    mix((unsigned long)one.numbers[i % 9]);
    mix((unsigned long)mixed(1.5F, 2.5L, i, 3.5, 4, 5, 6, &one, 7, 8));
    mix((unsigned long)even((unsigned)i));
    void* frames[16];
    mix((unsigned long)backtrace(frames, 16));
  }
  report("values");
}

// Position-independent whatever the options: a copy of it works anywhere. Alone on its page,
// almost.
KEEP __attribute__((aligned(4096))) long twice(long n) {
  return n * 2;
}

// The page with twice() is mapped a second time.
static void try_second_mapping(void) {
  extern const char __executable_start[];
  uintptr_t offset = (uintptr_t)twice - (uintptr_t)__executable_start;
  int file = open("/proc/self/exe", O_RDONLY);
  char* copy =
      mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, file, (off_t)(offset & ~4095UL));
  close(file);
  long (*other)(long);
  char* at = copy + offset % 4096;
  memcpy(&other, &at, sizeof other);
  for (int i = 0; i < times; ++i) {
    counts[twice_calls] += 2;
    mix((unsigned long)(other(i) + twice(i)));
  }
  munmap(copy, 4096);
  report("second mapping");
}

// --- child processes, threads, coroutines ---

KEEP int in_child(int n) {
  COUNT(in_child);
  return n % 50;
}

static void try_children(void) {
  char* arguments[] = {"sh", "-c", "exit 3", NULL};
  for (volatile int i = 0; i < times / 4 + 1; ++i) {
    int status = 0;
    pid_t child = fork();
    if (child == 0) _exit(in_child(i));
    waitpid(child, &status, 0);
    mix((unsigned long)status);
    child = vfork();
    if (child == 0) {
      execv("/bin/sh", arguments);
      _exit(98);
    }
    waitpid(child, &status, 0);
    mix((unsigned long)status);
    if (posix_spawn(&child, "/bin/sh", NULL, NULL, arguments, NULL) != 0) abort();
    waitpid(child, &status, 0);
    mix((unsigned long)status);
    mix((unsigned long)system("exit 4"));
    char line[16] = "";
    FILE* pipe = popen("echo 12", "r");
    if (pipe == NULL || fgets(line, sizeof line, pipe) == NULL) abort();
    mix((unsigned long)(atoi(line) + pclose(pipe)));
  }
  report("children");
}

KEEP void* in_thread(void* number) {
  COUNT(in_thread);
  return (void*)((intptr_t)number * 2);
}
static void try_threads(void) {
  for (int i = 0; i < times; ++i) {
    pthread_t threads[4];
    for (intptr_t n = 0; n < 4; ++n)
      pthread_create(&threads[n], NULL, in_thread, (void*)(n + i));
    for (int n = 0; n < 4; ++n) {
      void* result = NULL;
      pthread_join(threads[n], &result);
      mix((unsigned long)(intptr_t)result);
    }
  }
  report("threads");
}

static ucontext_t main_context, other_context;
KEEP void coroutine(void) {
  COUNT(coroutine);
  for (int i = 0; i < 3; ++i) {
    mix((unsigned long)even((unsigned)i));
    swapcontext(&other_context, &main_context);
  }
}
static void try_coroutines(void) {
  static char stack[65536];
  for (volatile int i = 0; i < times; ++i) {
    getcontext(&other_context);
    other_context.uc_stack = (stack_t){.ss_sp = stack, .ss_size = sizeof stack};
    other_context.uc_link = &main_context;
    makecontext(&other_context, coroutine, 0);
    for (int n = 0; n < 4; ++n)
      swapcontext(&main_context, &other_context);
  }
  report("coroutines");
}

int main(int argc, char** argv) {
  if (argc > 1) times = atoi(argv[1]);
  atexit(at_exit);
  // Nobody's descriptor may be there, and none that is needed may go.
  for (int fd = 3; fd < 64; ++fd)
    close(fd);
  mix((unsigned long)open("/dev/null", O_RDONLY));
  syscall(SYS_close_range, 3U, ~0U, 0U);
  try_signals();
  try_faults();
  try_values();
  try_second_mapping();
  fflush(stdout);
  try_children();
  try_threads();
  try_coroutines();
  return (int)(sum % 100);
}
