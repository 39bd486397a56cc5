// A program that uses what a tracer's breakpoints are made of. Each part prints a line that is the
// same without a tracer.
//
//   own_traps int3     breakpoint instructions of its own, one of them a function's first
//   own_traps steps    the trap flag, over a call of a traced function: how many instructions
//   own_traps signals  SIGTRAP raised, sent and blocked while traced functions are called
//   own_traps text     sums of the bytes of two functions, of which one is traced
//   own_traps patch    a function whose operand is changed between two calls
//   own_traps share    prints its pid and waits, sharing its memory with a process of its own
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>
#include <ucontext.h>

#include "expect.h"

static volatile sig_atomic_t traps;
static volatile sig_atomic_t steps;

static void on_trap(int number, siginfo_t* info, void* context) {
  (void)number;
  (void)context;
  if (info->si_code == TRAP_TRACE)
    ++steps;
  else
    ++traps;
}

TRACED int leaf(int number) {
  return number + 1;
}

TRACED int other(int number) {
  __asm__ volatile("");
  return number * 3;
}

#if defined(__x86_64__) || defined(__i386__)
#define BREAKPOINT "int3\n"
#else
#define BREAKPOINT "brk #0\n"
#endif

// Its first instruction is a breakpoint already.
int trapped(int number);
__asm__(".text\n.globl trapped\n.type trapped, %function\ntrapped:\n" BREAKPOINT
#if defined(__x86_64__)
        "lea 2(%rdi), %eax\nret\n"
#elif defined(__i386__)
        "mov 4(%esp), %eax\nadd $2, %eax\nret\n"
#else
        "add w0, w0, #2\nret\n"
#endif
        ".size trapped, . - trapped\n");

static void int3(void) {
  int sum = 0;
  for (int i = 0; i < 100; ++i) {
#if defined(__x86_64__) || defined(__i386__)
    __asm__ volatile("int3" ::: "memory");
    __asm__ volatile(".byte 0xcd, 0x03" ::: "memory");  // its other encoding
    sum += trapped(i);
#endif
    sum += leaf(i);
  }
  printf("%d traps, sum %d\n", (int)traps, sum);
}

#if defined(__x86_64__)
static void set_trap_flag(void) {
  __asm__ volatile("pushf\n\torl $0x100, (%%rsp)\n\tpopf" ::: "memory", "cc");
}
static void clear_trap_flag(void) {
  __asm__ volatile("pushf\n\tandl $~0x100, (%%rsp)\n\tpopf" ::: "memory", "cc");
}
#else
static void set_trap_flag(void) {}
static void clear_trap_flag(void) {}
#endif

static void single_steps(void) {
  set_trap_flag();
  int sum = leaf(1) + other(2) + leaf(3);
  clear_trap_flag();
  printf("%d steps, %d traps, sum %d\n", (int)steps, (int)traps, sum);
}

static void signals(void) {
  int sum = 0;
  for (int i = 0; i < 50; ++i) {
    sum += leaf(i);
    raise(SIGTRAP);
    kill(getpid(), SIGTRAP);
  }
  printf("%d traps, sum %d\n", (int)traps, sum);
}

static unsigned sum_of(int (*function)(int)) {
  const volatile unsigned char* bytes = (const volatile unsigned char*)function;
  return bytes[0] + bytes[1] + bytes[2];
}

static void text(void) {
  printf("%d %u\n", leaf(1), sum_of(other));
  unsigned before = sum_of(leaf);
  // The tracer shows the text as it is in the file, whoever wrote it where.
  if (write(STDERR_FILENO, (const void*)leaf, 3) != 3) fail("write");
  printf("%s\n", before == sum_of(leaf) ? "steady" : "changing");
}

// Returns the number in its first instruction.
int patched(int unused);
#if defined(__x86_64__) || defined(__i386__)
__asm__(
    ".text\n.balign 4096\n.globl patched\n.type patched, %function\npatched:\n"
    "mov $5, %eax\nret\n.size patched, . - patched\n.balign 4096\n");
enum { kOperand = 1 };
#else
__asm__(
    ".text\n.balign 4096\n.globl patched\n.type patched, %function\npatched:\n"
    "ldr w0, 1f\nret\n1: .word 5\n.size patched, . - patched\n.balign 4096\n");
enum { kOperand = 8 };
#endif

static void patch(void) {
  long page = sysconf(_SC_PAGESIZE);
  char* text = (char*)patched;
  char* start = text - (unsigned long)text % (unsigned long)page;
  int before = patched(0);
  // As a loader does with a text relocation: not executable meanwhile.
  if (mprotect(start, (size_t)page, PROT_READ | PROT_WRITE) != 0) fail("mprotect");
  text[kOperand] = 7;
  if (mprotect(start, (size_t)page, PROT_READ | PROT_EXEC) != 0) fail("mprotect");
  __builtin___clear_cache(text, text + 16);
  printf("%d %d\n", before, patched(0));
}

static int sleep_on(void* unused) {
  (void)unused;
  while (pause() != 0) {
  }
  return 0;
}

static void share(void) {
  static char stack[16384] __attribute__((aligned(16)));
  pid_t sharer = clone(sleep_on, stack + sizeof(stack), CLONE_VM | SIGCHLD, NULL);
  if (sharer < 0) fail("clone");
  printf("%d %d\n", (int)getpid(), (int)sharer);
  fflush(stdout);
  for (;;) {
    leaf(1);
    usleep(1000);
  }
}

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  struct sigaction action = {.sa_sigaction = on_trap, .sa_flags = SA_SIGINFO};
  sigaction(SIGTRAP, &action, NULL);
  static const struct {
    const char* name;
    void (*run)(void);
  } parts[] = {{"int3", int3}, {"steps", single_steps}, {"signals", signals},
               {"text", text}, {"patch", patch},        {"share", share}};
  for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); ++i) {
    if (strcmp(parts[i].name, argv[1]) != 0) continue;
    parts[i].run();
    return 0;
  }
  return 2;
}
