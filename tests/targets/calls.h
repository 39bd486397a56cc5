// For programs that show tracers calls with given arguments and results, none of which is carried
// out: a seccomp filter hands them to a thread that is not traced, which answers them.
//
// Everything that the arguments point to is written anew at fixed addresses below 4 GiB, so that
// two tracers see the same and i386 calls can name it. A page that cannot be read follows.
#pragma once

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
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

enum { kPage = 4096, kSize = 64 * kPage, kMarker = 0x600d };

static unsigned char* const memory = (unsigned char*)0x20000000;
static const uint64_t kBad = 0x20000000 + kSize;  // cannot be read
static int i386;                                  // makes i386's calls
static uint64_t here = 0x20000000;                // where the next value goes
static volatile int64_t answer;                   // of the next call

// --- what arguments point to ------------------------------------------------------------------

// Begins something new; returns its address.
static inline uint64_t begin(void) {
  here = (here + 15) / 16 * 16;
  if (here > 0x20000000 + kSize - 8 * kPage) here = 0x20000000;
  memset((void*)here, 0, 4 * kPage);
  return here;
}
// A number of `size` bytes, aligned as in a structure.
static inline void put(size_t size, uint64_t value) {
  const size_t alignment = i386 && size > 4 ? 4 : size;
  here = (here + alignment - 1) / alignment * alignment;
  memcpy((void*)here, &value, size);
  here += size;
}
// A long or a pointer.
static inline void put_word(uint64_t value) {
  put(i386 ? 4 : 8, value);
}
static inline void put_bytes(const void* bytes, size_t size) {
  memcpy((void*)here, bytes, size);
  here += size;
}
static inline uint64_t text(const char* string) {
  const uint64_t at = begin();
  put_bytes(string, strlen(string) + 1);
  return at;
}
static inline uint64_t words(size_t count, const uint64_t* values) {
  const uint64_t at = begin();
  for (size_t i = 0; i < count; ++i)
    put_word(values[i]);
  return at;
}
static inline uint64_t ints(size_t count, const uint32_t* values) {
  const uint64_t at = begin();
  for (size_t i = 0; i < count; ++i)
    put(4, values[i]);
  return at;
}
#define WORDS(...) \
  words(sizeof((uint64_t[]){__VA_ARGS__}) / sizeof(uint64_t), (uint64_t[]){__VA_ARGS__})
#define INTS(...) \
  ints(sizeof((uint32_t[]){__VA_ARGS__}) / sizeof(uint32_t), (uint32_t[]){__VA_ARGS__})

// --- calls ------------------------------------------------------------------------------------

// Makes a call that returns `result`, which may be a negative errno. A number of -1: the ABI has
// no such call.
static inline void make(int native, int other, int64_t result, const uint64_t* a) {
  const int number = i386 ? other : native;
  if (number < 0) return;
  answer = result;
  if (i386) {
    uint64_t ignored;
    // The kernel takes the sixth argument out of ebp.
    __asm__ volatile("push %%rbp\n\tmov %[sixth], %%rbp\n\tint $0x80\n\tpop %%rbp"
                     : "=a"(ignored)
                     : "0"((uint64_t)number), "b"(a[0]), "c"(a[1]), "d"(a[2]), "S"(a[3]),
                       "D"(a[4]), [sixth] "r"(a[5])
                     : "memory", "r8", "r9", "r11");
    return;
  }
  syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}
// CALL(native number, i386's, result, arguments...)
#define CALL(native, other, result, ...) make(native, other, result, (uint64_t[6]){__VA_ARGS__})

static int listener;

static void* answer_calls(void* unused) {
  (void)unused;
  for (;;) {
    struct seccomp_notif request;
    memset(&request, 0, sizeof request);
    if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &request) != 0) continue;
    struct seccomp_notif_resp response = {.id = request.id};
    if (answer < 0) {
      response.error = (int)answer;
    } else {
      response.val = answer;
    }
    ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &response);
  }
  return NULL;
}

static volatile int ready;
static void* wait_for_listener(void* unused) {
  while (!ready) {
  }
  return answer_calls(unused);
}

// From here on nothing is carried out but exit_group(…, kMarker).
static inline void begin_answering(int argc, char** argv) {
  i386 = argc > 1 && strcmp(argv[1], "i386") == 0;
  if (mmap(memory, kSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE,
           -1, 0) != memory) {
    perror("mmap");
    exit(1);
  }
  struct sock_filter program[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[1])),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kMarker, 0, 3),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_exit_group, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
  };
  struct sock_fprog all = {sizeof program / sizeof *program, program};
  pthread_t thread;
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
      pthread_create(&thread, NULL, wait_for_listener, NULL) != 0) {
    perror("begin_answering");
    exit(1);
  }
  listener =
      (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &all);
  if (listener < 0) {
    perror("seccomp");
    exit(1);
  }
  ready = 1;
}

static inline void end_answering(void) {
  syscall(SYS_exit_group, 0, kMarker);
}
