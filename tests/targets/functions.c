// Functions in every position. Traced with `-a 0 -e trace=none --funcs '^t_' -o FILE`; built with
// and without optimisation, debug information, and PIE. Usage: functions EXPECTED MODE.
#include <dlfcn.h>
#include <limits.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/wait.h>

#include "expect.h"

// Keeps a value in a register that the compiler knows nothing about.
#define HIDE(value) __asm__ volatile("" : "+r"(value))

// --- recursion, tail calls, calls through a pointer ------------------------------------------

TRACED int t_factorial(int n) {
  if (n <= 1) return 1;
  int rest = t_factorial(n - 1);
  HIDE(rest);
  return n * rest;
}

TRACED int t_last(int n) {
  HIDE(n);
  return n * 2;
}

// At -O2 these are jumps: three functions return at once to one place.
TRACED int t_middle(int n) {
  HIDE(n);
  return t_last(n + 1);
}

TRACED int t_first(int n) {
  HIDE(n);
  return t_middle(n + 1);
}

TRACED bool t_odd(unsigned n);

TRACED bool t_even(unsigned n) {
  if (n == 0) return true;
  bool result = t_odd(n - 1);
  __asm__ volatile("");
  return result;
}

TRACED bool t_odd(unsigned n) {
  if (n == 0) return false;
  bool result = t_even(n - 1);
  __asm__ volatile("");
  return result;
}

TRACED void t_nothing(void) {
  __asm__ volatile("");
}

TRACED void t_holder(void) {
  t_nothing();
  t_nothing();
  __asm__ volatile("");
}

static void calls(void) {
  t_factorial(3);
  expect("t_factorial(n=3) {");
  expect("  t_factorial(n=2) {");
  expect("    t_factorial(n=1) = 1");
  expect("  } t_factorial = 2");
  expect("} t_factorial = 6");

  t_first(10);
  expect("t_first(n=10) {");
  expect("  t_middle(n=11) {");
  expect("    t_last(n=12) = 24");
  expect("  } t_middle = 24");
  expect("} t_first = 24");

  t_even(2);
  expect("t_even(n=2) {");
  expect("  t_odd(n=1) {");
  expect("    t_even(n=0) = true");
  expect("  } t_odd = true");
  expect("} t_even = true");

  t_holder();
  expect("t_holder() {");
  expect("  t_nothing()");
  expect("  t_nothing()");
  expect("} t_holder");

  int (*volatile pointer)(int) = t_last;
  for (int i = 0; i < 3; ++i) {
    pointer(i);
    expect("t_last(n=%d) = %d", i, 2 * i);
  }
}

static void deep(void) {
  enum { Depth = 1000 };
  int n = 0;
  for (int i = Depth; i >= 0; --i)
    n += i > 1;
  t_factorial(Depth);
  int values[Depth + 1];
  values[1] = 1;
  for (int i = 2; i <= Depth; ++i)
    values[i] = (int)((unsigned)values[i - 1] * (unsigned)i);
  for (int i = Depth; i > 1; --i)
    expect("%*st_factorial(n=%d) {", 2 * (Depth - i), "", i);
  expect("%*st_factorial(n=1) = 1", 2 * (Depth - 1), "");
  for (int i = 2; i <= Depth; ++i) {
    expect("%*s} t_factorial = %d", 2 * (Depth - i), "", values[i]);
  }
}

// --- types ------------------------------------------------------------------------------------

enum colour { RED, GREEN = 5, BLUE };
struct point {
  int x, y;
};
struct large {
  long a, b, c, d;
};

TRACED short t_integers(short a, unsigned short b, int c, unsigned d, long e, unsigned long f) {
  __asm__ volatile("");
  return (short)(a + (short)b + (short)c + (short)d + (short)e + (short)f);
}

TRACED long long t_wide(long long a, unsigned long long b) {
  __asm__ volatile("");
  return a + (long long)b;
}

TRACED bool t_flags(bool a, bool b, enum colour c) {
  __asm__ volatile("");
  return a != b && c != BLUE;
}

TRACED enum colour t_colour(enum colour c) {
  __asm__ volatile("");
  return c == RED ? GREEN : BLUE;
}

TRACED char t_char(char a) {
  __asm__ volatile("");
  return (char)(a + 1);
}

TRACED double t_reals(float a, double b, int c) {
  __asm__ volatile("");
  return (double)a + b + c;
}

TRACED float t_float(float a) {
  __asm__ volatile("");
  return a / 2;
}

TRACED const char* t_text(const char* a, char* b) {
  __asm__ volatile("");
  return b ? b : a;
}

TRACED void* t_pointers(void* a, const void* b) {
  __asm__ volatile("");
  return a ? a : (void*)b;
}

TRACED int t_many(int a, int b, int c, int d, int e, int f, int g, int h, int i, int j) {
  __asm__ volatile("");
  return a + b + c + d + e + f + g + h + i + j;
}

TRACED int t_point(struct point p, int n) {
  __asm__ volatile("");
  return p.x + p.y + n;
}

TRACED struct point t_make_point(int x) {
  __asm__ volatile("");
  return (struct point){x, -x};
}

TRACED long t_large(struct large l, int n) {
  __asm__ volatile("");
  return l.a + l.d + n;
}

TRACED struct large t_make_large(int n) {
  __asm__ volatile("");
  return (struct large){n, n + 1, n + 2, n + 3};
}

static void types(void) {
  short sum = t_integers(-1, 65535, -2147483647 - 1, 4294967295u, -5, ULONG_MAX);
  expect("t_integers(a=-1, b=65535, c=-2147483648, d=4294967295, e=-5, f=%lu) = %d", ULONG_MAX,
         sum);
  t_wide(INT64_MIN, 7);
  expect("t_wide(a=-9223372036854775808, b=7) = -9223372036854775801");
  t_flags(true, false, GREEN);
  expect("t_flags(a=true, b=false, c=GREEN) = true");
  t_flags(true, true, BLUE);
  expect("t_flags(a=true, b=true, c=BLUE) = false");
  t_colour(RED);
  expect("t_colour(c=RED) = GREEN");
  t_char('A');
  expect("t_char(a=65 'A') = 66 'B'");
  t_reals(1.5F, -0.25, 2);
  expect("t_reals(a=1.5, b=-0.25, c=2) = 3.25");
  t_float(0.5F);
  expect("t_float(a=0.5) = 0.25");
  char text[] = "a \"text\"\n";
  t_text(at_guard_page(text, sizeof text), NULL);
  expect("t_text(a=\"a \\\"text\\\"\\n\", b=NULL) = \"a \\\"text\\\"\\n\"");
  static char long_text[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJ";
  t_text(NULL, long_text);
  expect("t_text(a=NULL, b=\"%.32s\"...) = \"%.32s\"...", long_text, long_text);
  t_pointers(NULL, text);
  expect("t_pointers(a=NULL, b=%p) = %p", (void*)text, (void*)text);
  t_many(1, -2, 3, -4, 5, -6, 7, -8, 9, -10);
  expect("t_many(a=1, b=-2, c=3, d=-4, e=5, f=-6, g=7, h=-8, i=9, j=-10) = -5");
  t_point((struct point){3, -4}, 5);
  expect("t_point(p={x=3, y=-4}, n=5) = 4");
  t_make_point(9);
  expect("t_make_point(x=9) = {x=9, y=-9}");
  t_large((struct large){1, 2, 3, 4}, 5);
  expect("t_large(l={a=1, b=2, c=3, d=4}, n=5) = 10");
  t_make_large(6);
  expect("t_make_large(n=6) = {a=6, b=7, c=8, d=9}");
}

// --- longjmp ----------------------------------------------------------------------------------

static jmp_buf place;
static volatile bool jump = true;

TRACED int t_jumping(int n) {
  if (n == 0 && jump) longjmp(place, 7);
  if (n == 0) return 0;
  int result = t_jumping(n - 1);
  HIDE(result);
  return result;
}

TRACED int t_landing(int n) {
  int value = setjmp(place);
  if (value == 0) t_jumping(n);
  t_nothing();
  return value;
}

static void jumps(void) {
  for (int i = 0; i < 2; ++i) {
    t_landing(2);
    expect("t_landing(n=2) {");
    expect("  t_jumping(n=2) {");
    expect("    t_jumping(n=1) {");
    expect("      t_jumping(n=0) <unwound>");
    expect("    } t_jumping <unwound>");
    expect("  } t_jumping <unwound>");
    expect("  t_nothing()");
    expect("} t_landing = 7");
  }
}

// --- threads ----------------------------------------------------------------------------------

enum { Threads = 8, CallsEach = 500 };
static int counted[Threads];

TRACED int t_work(int thread, int i) {
  ++counted[thread];
  __asm__ volatile("");
  return i;
}

static void* work(void* argument) {
  int thread = *(int*)argument;
  for (int i = 0; i < CallsEach; ++i)
    t_work(thread, i);
  return NULL;
}

// Expects its count of calls: "t_work THREAD COUNT" for every thread.
static void threads(void) {
  pthread_t ids[Threads];
  int numbers[Threads];
  for (int i = 0; i < Threads; ++i) {
    numbers[i] = i;
    if (pthread_create(&ids[i], NULL, work, &numbers[i]) != 0) fail("pthread_create");
  }
  for (int i = 0; i < Threads; ++i) {
    pthread_join(ids[i], NULL);
    expect("t_work %d %d", i, counted[i]);
  }
}

// --- fork and vfork ---------------------------------------------------------------------------

// The children call traced functions although nobody follows them (without -f): no trap may be
// left in a fork's memory, and none may hit an unwatched vfork child.
static void children(void) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGCHLD);
  sigprocmask(SIG_BLOCK, &set, NULL);
  t_last(1);
  expect("t_last(n=1) = 2");
  pid_t child = fork();
  if (child == 0) _exit(t_last(5) == 10 ? 0 : 1);
  int status;
  if (waitpid(child, &status, 0) != child || status != 0) fail("fork child");
  t_last(2);
  expect("t_last(n=2) = 4");
  child = vfork();
  if (child == 0) _exit(t_last(6) == 12 ? 0 : 1);
  if (waitpid(child, &status, 0) != child || status != 0) fail("vfork child");
  t_last(3);
  expect("t_last(n=3) = 6");
}

// --- an object opened later -------------------------------------------------------------------

static void plugin(const char* path) {
  for (int i = 0; i < 2; ++i) {
    void* object = dlopen(path, RTLD_NOW);
    if (!object) {
      fprintf(stderr, "%s\n", dlerror());
      exit(99);
    }
    int (*call)(int) = (int (*)(int))dlsym(object, "t_plugin");
    call(20 + i);
    expect("t_plugin@plugin.so(n=%d) = %d", 20 + i, 21 + i);
    dlclose(object);
  }
}

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  expect_into(argv[1]);
  const char* mode = argv[2];
  if (strcmp(mode, "calls") == 0) {
    calls();
  } else if (strcmp(mode, "deep") == 0) {
    deep();
  } else if (strcmp(mode, "types") == 0) {
    types();
  } else if (strcmp(mode, "jumps") == 0) {
    jumps();
  } else if (strcmp(mode, "threads") == 0) {
    threads();
  } else if (strcmp(mode, "children") == 0) {
    children();
  } else if (strcmp(mode, "plugin") == 0 && argc == 4) {
    plugin(argv[3]);
  } else {
    return 2;
  }
  expect("+++ exited with 0 +++");
  return 0;
}
