/* Functions to be chosen from: called directly, through pointers, in tail calls, from handlers, in
 * threads; fast ones and slow ones; one that has no code. The test knows the trace. */
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PLAIN __attribute__((noinline, noclone))
#define KEEP __asm__ volatile("" ::: "memory")

static int t_leaf(int n);
static int (*volatile through)(int) = t_leaf;
static int failed;

static PLAIN int t_leaf(int n) {
  KEEP;
  return n + 1;
}

static PLAIN int t_middle(int n) {
  int result = t_leaf(n) * 2;
  KEEP;
  return result;
}

static PLAIN int t_pointed(int n) {
  int result = t_middle(n) + 1;
  KEEP;
  return result;
}

static PLAIN int t_tail(int n) {
  KEEP;
  return t_leaf(n + 10);
}

static PLAIN int t_jumped(int n) {
  KEEP;
  return through(n);
}

__attribute__((cold)) static PLAIN void t_rare(int n) {
  failed = n;
  KEEP;
}

static PLAIN int t_root(int n) {
  int a = t_leaf(n);
  through = t_pointed;
  int b = through(a);
  through = t_leaf;
  int c = t_tail(b);
  int d = t_jumped(c);
  if (__builtin_expect(n == 1, 0)) t_rare(n);
  if (getppid() < 0) return -1;
  return d;
}

static PLAIN int t_again(int n) {
  int result = n == 0 ? 0 : t_again(n - 1) + 1;
  KEEP;
  return result;
}

static inline __attribute__((always_inline)) int t_inlined(int n) {
  return n * 3;
}

static PLAIN int t_inside(int n) {
  getppid();
  KEEP;
  return n;
}

static PLAIN int t_with_calls(int n) {
  geteuid();
  int result = t_inside(n);
  geteuid();
  return result;
}

static PLAIN void t_fast(void) {
  KEEP;
}

static PLAIN void t_slow(void) {
  t_fast();
  usleep(400000);
  t_fast();
}

static PLAIN void t_around(void) {
  t_fast();
  t_slow();
  t_fast();
}

static PLAIN void t_handler_part(void) {
  KEEP;
}

static void handler(int number) {
  (void)number;
  t_handler_part();
  KEEP;
}

static PLAIN void t_interrupted(void) {
  raise(SIGUSR1);
  KEEP;
}

static void* in_thread(void* unused) {
  (void)unused;
  geteuid();
  t_with_calls(2);
  geteuid();
  return NULL;
}

static jmp_buf jump;

static PLAIN void t_jumps(void) {
  getppid();
  longjmp(jump, 1);
}

int main(int argc, char** argv) {
  const char* mode = argc > 1 ? argv[1] : "";
  if (strcmp(mode, "calls") == 0) {
    t_leaf(0);
    t_root(1);
    t_middle(5);
  } else if (strcmp(mode, "recursion") == 0) {
    t_again(3);
  } else if (strcmp(mode, "within") == 0) {
    geteuid();
    t_with_calls(t_inlined(1));
    getppid();
    if (setjmp(jump) == 0) t_jumps();
    geteuid();
  } else if (strcmp(mode, "thread") == 0) {
    pthread_t thread;
    pthread_create(&thread, NULL, in_thread, NULL);
    pthread_join(thread, NULL);
  } else if (strcmp(mode, "slow") == 0) {
    t_fast();
    t_around();
    getppid();
  } else if (strcmp(mode, "signal") == 0) {
    signal(SIGUSR1, handler);
    t_interrupted();
  }
  return failed == 7;
}
