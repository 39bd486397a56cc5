// System calls that are not carried out: a helper answers them with the result that was asked for,
// and fills in memory, as the kernel would. So every call can be made with any arguments and any
// result, and two tracers see exactly the same calls.
//
// The helper is a process of its own that shares memory and descriptors; a tracer that does not
// follow children does not see it.
#pragma once

#include <linux/audit.h>
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

// A page at a fixed address, below 4 GiB; the page before and the page behind cannot be read.
enum { kPage = 4096 };
static unsigned char* const page = (unsigned char*)0x20001000;
#define UNREADABLE ((void*)0x20002000)

// What the next call returns: -errno when it fails. `fill` is called while it is being made.
static volatile long answer_result;
static void (*volatile answer_fill)(void);
static volatile int answer_fd = -1;
static volatile int answer_ready;
static unsigned char answer_stack[65536] __attribute__((aligned(16)));

static int answer_calls(void* unused) {
  (void)unused;
  syscall(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  answer_ready = 1;
  while (answer_fd < 0)
    syscall(SYS_sched_yield);
  for (;;) {
    static struct seccomp_notif asked;
    memset(&asked, 0, sizeof asked);
    if (syscall(SYS_ioctl, answer_fd, SECCOMP_IOCTL_NOTIF_RECV, &asked) != 0) continue;
    if (answer_fill) answer_fill();
    const long result = answer_result;
    struct seccomp_notif_resp reply = {asked.id, 0, 0, 0};
    if (result < 0 && result >= -4095)
      reply.error = (int)result;
    else
      reply.val = result;
    syscall(SYS_ioctl, answer_fd, SECCOMP_IOCTL_NOTIF_SEND, &reply);
  }
  return 0;
}

// From here on all calls are answered, but exit_group. The last traced call that is carried out is
// prctl(PR_SET_SECCOMP, …), which fails: it marks where the comparison begins.
static void answer_begin(void) {
  struct sock_filter program[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_exit_group, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
  };
  struct sock_fprog all = {sizeof program / sizeof *program, program};
  void* const got = mmap(page, kPage, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
  const int child = got != page ? -1
                                : clone(answer_calls, answer_stack + sizeof answer_stack,
                                        CLONE_VM | CLONE_FILES | SIGCHLD, NULL);
  if (child < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
    perror("answer_begin");
    exit(1);
  }
  while (!answer_ready)
    sched_yield();
  const int fd =
      (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &all);
  if (fd < 0) {
    perror("seccomp");
    kill(child, SIGKILL);
    exit(1);
  }
  answer_fd = fd;
  syscall(SYS_prctl, PR_SET_SECCOMP, 0, 0, 0, 0);
}

// `words` are the call's number and its arguments. (syscall() is declared as a function that calls
// nothing of this program: the compiler must be told that memory is used.)
static inline void answer_call(long result, void (*fill)(void), const long* words) {
  answer_result = result;
  answer_fill = fill;
  __asm__ volatile("" ::: "memory");
  syscall(words[0], words[1], words[2], words[3], words[4], words[5], words[6]);
  __asm__ volatile("" ::: "memory");
}

// CALL(result, SYS_xxx, arguments...): a call that returns `result`; what is left out is 0.
#define CALL(result, ...) answer_call(result, NULL, (const long[7]){__VA_ARGS__})
// The same; `fill` runs between its beginning and its end.
#define CALL_FILL(result, fill, ...) answer_call(result, fill, (const long[7]){__VA_ARGS__})
// A pointer as an argument.
#define P(pointer) ((long)(pointer))
