// Calls with meaningful arguments and chosen answers, none of which is carried out: a seccomp
// filter hands every call to a helper process, which fills memory and answers as the target wants.
// Two tracers so see exactly the same calls, natively and as i386 (x86-64 only).
//
// The target builds its arguments with u32(…), text(…) and the like, at addresses that depend on
// nothing but the order of calls; what is written after answer_begins() appears in memory when the
// call is answered.
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

enum { kSize = 1 << 16, kMarker = 0x600d };

// Below 4 GiB, so that i386 calls can name it. A page that cannot be read follows.
static unsigned char* const memory = (unsigned char*)0x20000000;
static unsigned char later[kSize];  // what memory holds after the call
static unsigned char* image;        // one of both: where the arguments are written
static size_t cursor;
// The helper sees them, too.
static volatile size_t later_from;
static volatile size_t later_to;
static volatile int64_t answer;  // a result, or a negative errno
static volatile int listener = -1;
static int i386;

// --- arguments ----------------------------------------------------------------------------------

static __attribute__((unused)) uint64_t here(void) {
  cursor = (cursor + 15) & ~(size_t)15;
  return (uint64_t)memory + cursor;
}

static void put(const void* bytes, size_t size) {
  if (cursor + size > kSize) abort();
  memcpy(image + cursor, bytes, size);
  cursor += size;
}

#define PUTTER(name, type)                                     \
  static __attribute__((unused)) uint64_t name(uint64_t all) { \
    const uint64_t at = (uint64_t)memory + cursor;             \
    const type value = (type)all;                              \
    put(&value, sizeof value);                                 \
    return at;                                                 \
  }
PUTTER(u8, uint8_t)
PUTTER(u16, uint16_t)
PUTTER(u32, uint32_t)
PUTTER(u64, uint64_t)

static __attribute__((unused)) uint64_t word(uint64_t value) {
  return i386 ? u32(value) : u64(value);
}

// `size` bytes that look like nothing.
static __attribute__((unused)) uint64_t room(size_t size) {
  const uint64_t at = here();
  for (size_t i = 0; i < size; ++i)
    u8(0xa0 + i % 16);
  return at;
}

static __attribute__((unused)) uint64_t zeros(size_t size) {
  const uint64_t at = (uint64_t)memory + cursor;
  for (size_t i = 0; i < size; ++i)
    u8(0);
  return at;
}

static __attribute__((unused)) uint64_t text(const char* string) {
  const uint64_t at = here();
  put(string, strlen(string) + 1);
  return at;
}

// The last `size` bytes before the page that cannot be read, which the next writes fill.
static __attribute__((unused)) uint64_t at_end(size_t size) {
  cursor = kSize - size;
  return (uint64_t)memory + cursor;
}

static __attribute__((unused)) void answer_begins(void) {
  cursor = (cursor + 15) & ~(size_t)15;
  image = later;
  later_from = cursor;
}

static __attribute__((unused)) void answer_ends(void) {
  later_to = cursor;
  image = memory;
}

// --- the call -----------------------------------------------------------------------------------

static void start(void) {
  cursor = later_from = later_to = 0;
  image = memory;
  answer = 0;
  memset(memory, 0, kSize);
}

#if defined(__x86_64__)
static void enter(int64_t number, const uint64_t* a) {
  uint64_t result;
  if (i386) {
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
#endif

// Numbers are those of x86-64, i386 and aarch64; -1 where the call does not exist, which is left
// out.
static __attribute__((unused)) void make(const int16_t* numbers, const uint64_t* arguments) {
#if defined(__x86_64__)
  const int number = numbers[i386 ? 1 : 0];
#else
  const int number = numbers[2];
#endif
  uint64_t held[6];
  for (int i = 0; i < 6; ++i)
    held[i] = i386 ? (uint32_t)arguments[i] : arguments[i];
  if (image != memory) answer_ends();
  if (number >= 0) enter(number, held);
  start();
}

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

// Makes memory and, from here on, has every call answered.
static __attribute__((unused)) void begin_answers(void) {
  static unsigned char stack[1 << 16] __attribute__((aligned(16)));
  struct sock_filter program[] = {BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF)};
  struct sock_fprog all = {1, program};
  if (mmap(memory, kSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE,
           -1, 0) != memory ||
      clone(answer_all, stack + sizeof stack, CLONE_VM | CLONE_FS | CLONE_FILES | SIGCHLD, NULL) <
          0 ||
      prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
    perror("scripted_calls.h");
    exit(1);
  }
  listener =
      (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &all);
  if (listener < 0) {
    perror("seccomp");
    exit(1);
  }
  start();
  // Marks the beginning for who compares traces.
  prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, NULL);
}

static __attribute__((unused)) int end_answers(void) {
  const uint64_t done[6] = {0, kMarker};
  i386 = 0;
  enter(SYS_exit_group, done);
  return 1;
}
