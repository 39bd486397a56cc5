// For programs that show tracers calls with any arguments and any results, none of which is carried
// out: a seccomp filter hands every call to a helper process, which fills memory and answers as the
// program wants. What is in registers and memory is the same in every run, so two tracers see
// exactly the same calls.
//
//   TARGET [native|i386] ...
//
// With TTRACE_TEST_SLOWNESS=10 or more in the environment, a few of the calls that there are very
// many of.
//
// i386's calls are made with int 0x80 from a 64-bit program (x86-64 only). A program that is
// compiled for 32 bits makes its own.
#pragma once

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "call_numbers.h"

#pragma GCC diagnostic ignored "-Wunused-function"  // no target needs all of this

enum { kSize = 1 << 16, kMarker = 0x600d };

// Below 4 GiB, so that 32-bit calls can name it. A page that cannot be read follows.
static unsigned char* const memory = (unsigned char*)0x20000000;
static const uint64_t kBad = 0x20000000 + kSize;
static const uint64_t kNone = (uint64_t)-1;
static const uint64_t kHere = (uint64_t)-100;  // AT_FDCWD
// A 64-bit argument takes two registers of 32 bits: the low half, the high half.
#define HALVES(value) (uint32_t)(value), (uint64_t)(value) >> 32
// The same behind an odd number of registers: ARM's begin with an even one.
#if defined(__arm__)
#define HALVES_AT_ODD(value) 0, HALVES(value)
#else
#define HALVES_AT_ODD(value) HALVES(value)
#endif
// All of a table: `for (EACH(i, table))`.
#define EACH(i, table)                 \
  size_t i = 0;                        \
  i < sizeof(table) / sizeof *(table); \
  ++i

static int narrow = sizeof(long) == 4;  // makes calls of 32 bits
static unsigned char later[kSize];      // what memory holds after the next call
static unsigned char* image;            // one of both: what is being written
static size_t cursor;                   // where the next value goes

// The helper sees these, too.
static volatile size_t later_from;
static volatile size_t later_to;
static volatile int64_t answer;  // of the next call: a result, or a negative errno
static volatile int listener = -1;

// --- what arguments point to --------------------------------------------------------------------

// Where something new begins. What follows is zero, until something is written.
static uint64_t here(void) {
  cursor = (cursor + 15) & ~(size_t)15;
  return (uintptr_t)memory + cursor;
}

static uint64_t put(const void* bytes, size_t size) {
  if (cursor + size > kSize) abort();
  memcpy(image + cursor, bytes, size);
  cursor += size;
  return (uintptr_t)memory + cursor - size;
}

#define PUTTER(name, type)             \
  static uint64_t name(uint64_t all) { \
    const type value = (type)all;      \
    return put(&value, sizeof value);  \
  }
PUTTER(u8, uint8_t)
PUTTER(u16, uint16_t)
PUTTER(u32, uint32_t)
PUTTER(u64, uint64_t)

static void align(size_t size) {
  cursor = (cursor + size - 1) / size * size;
}

// A long or a pointer, aligned as in a structure.
static uint64_t word(uint64_t value) {
  align(narrow ? 4 : 8);
  return narrow ? u32(value) : u64(value);
}

static uint64_t zeros(size_t size) {
  static const unsigned char none[4096];
  return put(none, size);
}

static uint64_t text(const char* string) {
  here();
  return put(string, strlen(string) + 1);
}

static uint64_t raw(size_t size, const char* bytes) {
  here();
  return put(bytes, size);
}
#define RAW(bytes) raw(sizeof(bytes) - 1, bytes)

static uint64_t words(size_t count, const uint64_t* values) {
  const uint64_t at = here();
  for (size_t i = 0; i < count; ++i)
    word(values[i]);
  return at;
}
#define WORDS(...) \
  words(sizeof((uint64_t[]){__VA_ARGS__}) / sizeof(uint64_t), (uint64_t[]){__VA_ARGS__})
#define INTS(...) \
  raw(sizeof((uint32_t[]){__VA_ARGS__}), (const char*)(const uint32_t[]){__VA_ARGS__})

static uint64_t size_since(uint64_t address) {
  return (uintptr_t)memory + cursor - address;
}

// The last `size` bytes before the page that cannot be read, which the next writes fill.
static uint64_t at_end(size_t size) {
  cursor = kSize - size;
  return (uintptr_t)memory + cursor;
}

// All memory is zero again, and what is written next begins at its start.
static void fresh(void) {
  cursor = 0;
  memset(memory, 0, kSize);
}

// What is written from here on, at `address`, appears in memory when the next call is answered.
static size_t cursor_before;
static void answer_at(uint64_t address) {
  cursor_before = cursor;
  image = later;
  cursor = later_from = address - (uintptr_t)memory;
}

static void answer_begins(void) {
  answer_at(here());
}

static void answer_ends(void) {
  if (image == memory) return;
  later_to = cursor;
  image = memory;
  if (cursor < cursor_before) cursor = cursor_before;
}

// --- made-up values -----------------------------------------------------------------------------

static uint64_t draw_state;
static uint32_t draw(void) {
  draw_state = draw_state * 6364136223846793005u + 1442695040888963407u;
  return (uint32_t)(draw_state >> 33);
}

// A number such as structures hold: small ones, single bits, addresses.
static uint32_t made_up_field(void) {
  const uint32_t r = draw();
  switch (draw() % 10) {
    case 0:
    case 1:
    case 2:
      return 0;
    case 3:
    case 4:
      return r % 16;
    case 5:
      return r % 100;
    case 6:
      return 1u << (r % 32);
    case 7:
      return (uint32_t)(uintptr_t)memory + 0x4000 + (r % 0x1000 & ~7u);
    case 8:
      return 0xffffffff;
    default:
      return r;
  }
}

// Made-up fields at the start of memory; each second of them is mostly 0, so that two of them make
// a sensible number of 64 bits. Those of seed 0 are all zero.
static void fill_fields(uint64_t seed, size_t size) {
  draw_state = seed;
  for (size_t at = 0; at < size; at += 4) {
    uint32_t value = made_up_field();
    if (at % 8 != 0 && draw() % 4 != 0) value = 0;
    if (seed == 0) value = 0;
    memcpy(memory + at, &value, 4);
  }
}

// --- the call -----------------------------------------------------------------------------------

#if defined(__x86_64__)
static void enter(int64_t number, const uint64_t* a) {
  uint64_t result;
  if (narrow) {
    // The kernel takes the sixth argument out of ebp. Nothing is pushed: there may be a red zone.
    uint64_t sixth = a[5];
    __asm__ volatile("xchg %[sixth], %%rbp\n\tint $0x80\n\txchg %[sixth], %%rbp"
                     : "=a"(result), [sixth] "+r"(sixth)
                     : "0"(number), "b"(a[0]), "c"(a[1]), "d"(a[2]), "S"(a[3]), "D"(a[4])
                     : "memory", "r8", "r9", "r10", "r11");
    return;
  }
  register uint64_t r10 __asm__("r10") = a[3];
  register uint64_t r8 __asm__("r8") = a[4];
  register uint64_t r9 __asm__("r9") = a[5];
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "0"(number), "D"(a[0]), "S"(a[1]), "d"(a[2]), "r"(r10), "r"(r8), "r"(r9)
                   : "memory", "rcx", "r11");
}
#elif defined(__aarch64__)
static void enter(int64_t number, const uint64_t* a) {
  register int64_t x8 __asm__("x8") = number;
  register uint64_t x0 __asm__("x0") = a[0];
  register uint64_t x1 __asm__("x1") = a[1];
  register uint64_t x2 __asm__("x2") = a[2];
  register uint64_t x3 __asm__("x3") = a[3];
  register uint64_t x4 __asm__("x4") = a[4];
  register uint64_t x5 __asm__("x5") = a[5];
  __asm__ volatile("svc #0"
                   : "+r"(x0)
                   : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
                   : "memory");
}
#elif defined(__arm__)
static void enter(int64_t number, const uint64_t* a) {
  register uint32_t r7 __asm__("r7") = (uint32_t)number;
  register uint32_t r0 __asm__("r0") = (uint32_t)a[0];
  register uint32_t r1 __asm__("r1") = (uint32_t)a[1];
  register uint32_t r2 __asm__("r2") = (uint32_t)a[2];
  register uint32_t r3 __asm__("r3") = (uint32_t)a[3];
  register uint32_t r4 __asm__("r4") = (uint32_t)a[4];
  register uint32_t r5 __asm__("r5") = (uint32_t)a[5];
  __asm__ volatile("svc #0"
                   : "+r"(r0)
                   : "r"(r7), "r"(r1), "r"(r2), "r"(r3), "r"(r4), "r"(r5)
                   : "memory");
}
#endif

// A machine that is ten times slower makes a few of the calls that there are very many of: kAll of
// each, then one in kSparse, which is a prime so that loops around the calls show all of their
// values.
static int slow;
static int is_made(int number) {
  enum { kNumbersInUse = 1024, kAll = 40, kSparse = 17 };
  static int count[kNumbersInUse];
  if (!slow || number >= kNumbersInUse) return 1;
  return count[number]++ < kAll || count[number] % kSparse == 0;
}

// Makes a call that returns `result`, which may be a negative errno. -1 is the number of a call
// that the ABI does not have.
static void make_number(int64_t result, int number, const uint64_t* arguments) {
  uint64_t held[6];
  for (int i = 0; i < 6; ++i)
    held[i] = narrow ? (uint32_t)arguments[i] : arguments[i];
  answer_ends();
  answer = result;
  if (number >= 0 && is_made(number)) enter(number, held);
  later_from = later_to = 0;
  // Arguments may be used again by the next calls, but not for ever.
  here();
  if (cursor > kSize / 4 * 3) fresh();
}

static void make(int64_t result, enum Call call, const uint64_t* arguments) {
#if defined(__x86_64__)
  const int abi = narrow ? 1 : 0;
#elif defined(__arm__)
  const int abi = 3;
#else
  const int abi = 2;
#endif
  make_number(result, kNumbers[call][abi], arguments);
}

// CALL(result, name, arguments...): what is left out is 0.
#define CALL(result, name, ...) make(result, CALL_##name, (const uint64_t[6]){__VA_ARGS__})

// --- who answers --------------------------------------------------------------------------------

// False after the last one.
static int answer_one(void) {
  struct seccomp_notif request;
  struct seccomp_notif_resp response;
  memset(&request, 0, sizeof request);
  memset(&response, 0, sizeof response);
  if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &request) != 0) return errno == EINTR;
  const int last = request.data.nr == SYS_exit_group && request.data.args[1] == kMarker;
  response.id = request.id;
  if (last) {
    response.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
  } else {
    memcpy(memory + later_from, later + later_from, later_to - later_from);
    const int failed = answer < 0 && answer > -4096;
    response.error = failed ? (int)answer : 0;
    response.val = failed ? 0 : answer;
  }
  ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &response);
  return !last;
}

static int answer_all(void* unused) {
  (void)unused;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  while (listener < 0)
    sched_yield();
  while (answer_one())
    ;
  return 0;
}

// From here on every call is answered.
static void begin_calls(int argc, char** argv) {
  static unsigned char stack[1 << 16] __attribute__((aligned(16)));
  const char* slowness = getenv("TTRACE_TEST_SLOWNESS");
  slow = slowness != NULL && atoi(slowness) >= 10;
  struct sock_filter program[] = {BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF)};
  struct sock_fprog all = {1, program};
  if (mmap(memory, kSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE,
           -1, 0) != memory ||
      clone(answer_all, stack + sizeof stack, CLONE_VM | CLONE_FS | CLONE_FILES | SIGCHLD, NULL) <
          0 ||
      prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
    perror("calls.h");
    exit(1);
  }
  listener =
      (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &all);
  if (listener < 0) {
    perror("seccomp");
    exit(1);
  }
  image = memory;
  // Marks the beginning for who compares traces.
  answer = -EINVAL;
  const uint64_t marker[6] = {PR_SET_SECCOMP, SECCOMP_MODE_FILTER};
  enter(SYS_prctl, marker);
#if defined(__x86_64__)
  narrow = argc > 1 && strcmp(argv[1], "i386") == 0;
#else
  (void)argc, (void)argv;
#endif
}

// The end of main(): it does not return, but the compiler does not know.
static int end_calls(void) {
  const uint64_t done[6] = {0, kMarker};
#if defined(__x86_64__)
  narrow = 0;
#endif
  enter(SYS_exit_group, done);
  return 1;
}

// Calls each function; memory is fresh for each.
#define PARTS(...)                                          \
  do {                                                      \
    static void (*const functions[])(void) = {__VA_ARGS__}; \
    for (EACH(part, functions)) {                           \
      fresh();                                              \
      functions[part]();                                    \
    }                                                       \
  } while (0)
