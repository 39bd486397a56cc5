// Calls about memory, scheduling, processes, credentials and the system, with arguments that mean
// something and answers that a kernel could give (answered.h): each command, each flag.
#include "answered.h"

#include <errno.h>
#include <sys/uio.h>

// Numbers that this machine's headers may not have: they are the same on all architectures.
enum {
  kMemfdSecret = 447,
  kProcessMrelease = 448,
  kHomeNode = 450,
  kCachestat = 451,
  kShadowStack = 453,
  kLsmGet = 459,
  kLsmSet = 460,
  kLsmList = 461,
  kMseal = 462,
  kProcessMadvise = 440,
};

static uint32_t* const words = (uint32_t*)(0x20001000);
static uint64_t* const quads = (uint64_t*)(0x20001000);
static long* const longs = (long*)(0x20001000);

static void count_up(void) {
  for (uint32_t i = 0; i < kPage / 4; ++i)
    words[i] = i + 1;
}

static void clear(void) {
  memset(page, 0, kPage);
}

// Calls `number` with each bit of one argument set, then with none and all.
static void each_bit(long number, int argument, long a, long b, long c, long d, long e) {
  long w[7] = {number, a, b, c, d, e};
  for (int bit = 0; bit < 32; ++bit) {
    w[argument] = (long)(1UL << bit);
    answer_call(0, NULL, w);
  }
  w[argument] = 0;
  answer_call(0, NULL, w);
  w[argument] = -1;
  answer_call(-EINVAL, NULL, w);
}

// Calls `number` with one argument from `first` to `last`.
static void each_value(long number, int argument, long first, long last, long a, long b, long c,
                       long d) {
  long w[7] = {number, a, b, c, d};
  for (long value = first; value <= last; ++value) {
    w[argument] = value;
    answer_call(0, NULL, w);
  }
}

static void pages_in_core(void) {
  for (int i = 0; i < 64; ++i)
    page[i] = (unsigned char)(i * 3);
}

static void mappings(void) {
#ifdef SYS_mmap2
  enum { kMap = SYS_mmap2 };
  words[0] = 0x1000, words[1] = 4096, words[2] = 3, words[3] = 0x22, words[4] = 7,
  words[5] = 0x3000;
  CALL(0x7000, SYS_mmap, P(page));
  CALL(-ENOMEM, SYS_mmap, P(page));
  CALL(-EFAULT, SYS_mmap, P(page + kPage - 8));
  CALL(-EFAULT, SYS_mmap, 0);
#else
  enum { kMap = SYS_mmap };
#endif
  CALL(0, SYS_brk, 0);
  CALL(0x123000, SYS_brk, 0x123000);
  CALL(0, SYS_munmap, 0x1000, 4096);
  CALL(0, SYS_mprotect, 0x1000, 4096, 7);
  CALL(0x7000, kMap, 0, 4096, 3, 0x22, -1, 0);
  CALL(0x7000, kMap, 0, 4096, 3, 2 | 0x40000 | 21 << 26, 3, 0x1000);
  each_value(kMap, 4, 0, 15, 0, 4096, 0, 0);
  each_bit(kMap, 4, 0, 4096, 1, 0, 3);
  each_bit(kMap, 3, 0, 4096, 0, 2, 3);
  CALL(0x9000, SYS_mremap, 0x1000, 4096, 8192, 1, 0x9000);
  CALL(0x9000, SYS_mremap, 0x1000, 4096, 8192, 3, 0x9000);
  CALL(0x9000, SYS_mremap, 0x1000, 4096, 8192, 5, 0x9000);
  CALL(0, SYS_mremap, 0x1000, 4096, 8192, 8, 0x9000);
  CALL_FILL(0, pages_in_core, SYS_mincore, 0x1000, 5 * 4096 + 1, P(page));
  CALL(0, SYS_mincore, 0x1000, 50 * 4096, P(page));
  CALL(0, SYS_mincore, 0x1000, 50 * 4096, P(page + kPage - 6));
  CALL(-ENOMEM, SYS_mincore, 0x1000, 4096, P(page));
  each_value(SYS_madvise, 3, 0, 130, 0x1000, 4096, 0, 0);
  CALL(0, SYS_mlock, 0x1000, 4096);
  CALL(0, SYS_mlock2, 0x1000, 4096, 3);
  CALL(0, SYS_mlockall, 15);
  CALL(0, SYS_mlockall, 16);
  CALL(0, SYS_munlockall);
  CALL(0, SYS_msync, 0x1000, 4096, 15);
  CALL(0, SYS_remap_file_pages, 0x1000, 4096, 0, 4, 0x10002);
}

static void newer_memory(void) {
  longs[0] = 0x1000, longs[1] = 4096, longs[2] = 0x3000, longs[3] = 8192;
  each_value(kProcessMadvise, 4, 0, 27, 3, P(page), 2, 0);
  CALL(-EBADF, kProcessMadvise, -1, P(page), 2, 4, 1);
  CALL(0, kProcessMrelease, 3, 1);
  CALL(3, kMemfdSecret, 0x80000);
  CALL(3, kMemfdSecret, 0x80001);
  CALL(-EINVAL, kMemfdSecret, 1);
  CALL(0, kShadowStack, 0, 4096, 3);
  CALL(-EINVAL, kShadowStack, 0, 4096, 8);
  CALL(0, kMseal, 0x1000, 4096, 0);
  CALL(0, SYS_pkey_mprotect, 0x1000, 4096, 3, -1);
  CALL(5, SYS_pkey_alloc, 0, 0);
  CALL(5, SYS_pkey_alloc, 0, 7);
  CALL(-EINVAL, SYS_pkey_alloc, 1, 8);
  CALL(0, SYS_pkey_free, 5);
  for (int i = 0; i < 11; ++i)
    CALL(0, SYS_membarrier, i == 0 ? 0 : 1L << (i - 1), i < 3, 2);
  CALL(0x3ff, SYS_membarrier, 0, 0);
  CALL(-EINVAL, SYS_membarrier, 0x300, 2);
  quads[0] = 5, quads[1] = 6, quads[2] = 7, quads[3] = 8, quads[4] = 9, quads[5] = 10,
  quads[6] = 11;
  CALL(0, kCachestat, 3, P(page), P(page + 16), 1);
  CALL(-EBADF, kCachestat, -1, P(page), P(page + 16), 0);
  CALL(-EFAULT, kCachestat, 3, 0, 0, 0);
}

static void nodes(void) {
  clear();
  longs[0] = 5, longs[1] = 0x10;
  each_value(SYS_mbind, 3, 0, 8, 0x1000, 4096, 0, P(page));
  CALL(0, SYS_mbind, 0x1000, 4096, 0xe001, P(page), 130, 7);
  CALL(0, SYS_mbind, 0x1000, 4096, 0x10001, P(page), 70000, 8);
  CALL(0, SYS_mbind, 0x1000, 4096, 1, P(UNREADABLE), 64, 0);
  each_value(SYS_set_mempolicy, 1, 0, 7, 0, P(page), 66, 0);
  CALL(-EINVAL, SYS_set_mempolicy, -1, P(page), 1);
  CALL(0, SYS_set_mempolicy, 0, 0, 0);
  words[100] = 2;
  each_value(SYS_get_mempolicy, 5, 0, 8, P(words + 100), P(page), 130, 0x3000);
  CALL(0, SYS_get_mempolicy, 0, 0, 0, 0, 0);
  CALL(-EINVAL, SYS_get_mempolicy, P(words + 100), P(page), 130, 0, 1);
  CALL(0, kHomeNode, 0x1000, 4096, 3, 0);
  CALL(0, SYS_migrate_pages, 7, 64, P(page), P(page + 8));
  for (int i = 0; i < 8; ++i)
    longs[i] = 0x1000 * i, words[100 + i] = (uint32_t)i, words[200 + i] = (uint32_t)(i - 3);
  CALL(0, SYS_move_pages, 7, 8, P(page), P(words + 100), P(words + 200), 2);
  CALL(0, SYS_move_pages, 7, 40, P(page), 0, P(words + 200), 6);
  CALL(-ENODEV, SYS_move_pages, 7, 3, P(page), P(words + 100), P(words + 200), -1);
}

static void scheduling(void) {
  clear();
  words[0] = 5;
  CALL(0, SYS_sched_setparam, 1, P(page));
  CALL(0, SYS_sched_getparam, 1, P(page));
  CALL(-ESRCH, SYS_sched_getparam, 1, P(page));
  each_value(SYS_sched_setscheduler, 2, -1, 8, 1, 0, P(page), 0);
  CALL(0, SYS_sched_setscheduler, 1, 0x40000001, P(page));
  CALL(0x40000002, SYS_sched_getscheduler, 1);
  CALL(0, SYS_sched_getscheduler, 1);
  CALL(77, SYS_sched_getscheduler, 1);
  each_value(SYS_sched_get_priority_max, 1, 0, 8, 0, 0, 0, 0);
  CALL(1, SYS_sched_get_priority_min, 1);
  longs[0] = 7, longs[1] = 8;
  CALL(0, SYS_sched_rr_get_interval, 3, P(page));
  CALL(0, SYS_sched_yield);
  static const uint32_t sizes[] = {0, 40, 48, 56, 64, 4096};
  for (int i = 0; i < 6; ++i) {
    count_up();
    words[0] = sizes[i], words[2] = 0x63, words[3] = 0;
    CALL(0, SYS_sched_setattr, 1, P(page), 0);
    CALL(-E2BIG, SYS_sched_setattr, 1, P(page), 0);
    CALL(0, SYS_sched_getattr, 1, P(page), 56, 0);
    CALL(0, SYS_sched_getattr, 1, P(page), 48, 1);
  }
  words[0] = 56;
  for (uint32_t flags = 1; flags < 0x200; flags *= 2) {
    words[2] = flags;
    CALL(0, SYS_sched_setattr, 1, P(page), 0);
  }
  CALL(-EINVAL, SYS_sched_setattr, 1, 0, 1);
  CALL(8, SYS_sched_getaffinity, 0, 128, P(page));
  CALL(-EINVAL, SYS_sched_getaffinity, 0, 1, P(page));
  CALL(0, SYS_sched_setaffinity, 0, 16, P(page));
  CALL(0, SYS_sched_setaffinity, 0, 200, P(page));
  CALL(0, SYS_sched_setaffinity, 0, 0, P(page));
  for (long i = 0; i < 5; ++i)
    CALL(0, SYS_ioprio_set, i, 7, i << 13 | (i + 1));
  CALL(2 << 13 | 4, SYS_ioprio_get, 1, 2);
  CALL(-ESRCH, SYS_ioprio_get, 1, 2);
  each_value(SYS_getpriority, 1, 0, 3, 0, 7, 0, 0);
  CALL(0, SYS_setpriority, 0, 7, -5);
#ifdef SYS_nice
  CALL(0, SYS_nice, -5);
#endif
}

static uint32_t status;
static void set_status(void) {
  words[0] = status;
}

static void waiting(void) {
  static const uint32_t statuses[] = {
      0,       0x100,   0x8b,    0xa5,    0x137f,   0x57f,    0x857f,   0x1057f, 0x2057f, 0x3057f,
      0x4057f, 0x5057f, 0x6057f, 0x7057f, 0x80057f, 0x80137f, 0x80147f, 0x9057f, 0xffff,  0x7f};
  clear();
  for (size_t i = 0; i < sizeof statuses / sizeof *statuses; ++i) {
    status = statuses[i];
    CALL_FILL(9, set_status, SYS_wait4, -1, P(page), 0, 0);
  }
  each_bit(SYS_wait4, 3, -1, 0, 0, 0, 0);
  for (int i = 0; i < 32; ++i)
    longs[i] = i;
  CALL(0, SYS_wait4, -1, P(page + 512), 1, P(page));
  CALL(9, SYS_wait4, -1, P(page + 512), 1, P(page));
  CALL(-ECHILD, SYS_wait4, -1, P(page), 1, P(page));
  each_value(SYS_waitid, 1, 0, 4, 0, 7, 0, 4);
  CALL(-ECHILD, SYS_waitid, 1, 7, P(page), 5, P(page));
#ifdef SYS_waitpid
  CALL_FILL(9, set_status, SYS_waitpid, -1, P(page), 1);
#endif
}

static void new_processes(void) {
  clear();
  each_bit(SYS_unshare, 1, 0, 0, 0, 0, 0);
  each_bit(SYS_setns, 2, 3, 0, 0, 0, 0);
  for (int bit = 0; bit < 64; ++bit) {
    quads[0] = 1ULL << bit, quads[1] = (uintptr_t)(page + 1000), quads[2] = 2, quads[3] = 3;
    quads[4] = 17, quads[5] = 0x5000, quads[6] = 0x6000, quads[7] = 7, quads[10] = 3;
    CALL(77, SYS_clone3, P(page), 88);
  }
  clear();
  quads[4] = 17, quads[8] = (uintptr_t)(page + 800), quads[9] = 2;
  words[200] = 5, words[201] = 6;
  CALL(-EPERM, SYS_clone3, P(page), 80);
  quads[9] = 40;
  CALL(-EINVAL, SYS_clone3, P(page), 80);
  quads[8] = 0;
  CALL(-EINVAL, SYS_clone3, P(page), 64);
  CALL(-EINVAL, SYS_clone3, P(page), 63);
  CALL(7, SYS_clone, 0x100000 | 17, 1, P(words + 300), P(words + 301), P(words + 302));
  CALL(7, SYS_clone, 0x1301000, 1, P(words + 300), P(words + 301), P(words + 302));
  CALL(7, SYS_clone, 0x80000 | 17, 1, 0, P(words + 304), P(words + 304));
  each_value(SYS_personality, 1, 0, 0x13, 0, 0, 0, 0);
  each_bit(SYS_personality, 1, 0, 0, 0, 0, 0);
  CALL(0x40008, SYS_personality, 0xffffffff);
  each_value(SYS_kcmp, 3, 0, 8, 1, 2, 0, 3);
  words[0] = 5, words[1] = 6, words[2] = 7;
  CALL(0, SYS_kcmp, 1, 2, 7, 3, P(page));
  struct iovec* const vectors = (struct iovec*)(page + 64);
  vectors[0].iov_base = page, vectors[0].iov_len = 5;
  vectors[1].iov_base = page + 8, vectors[1].iov_len = 3;
  CALL(6, SYS_process_vm_readv, 7, P(vectors), 2, P(vectors), 1, 0);
  CALL(-ESRCH, SYS_process_vm_readv, 7, P(vectors), 2, P(vectors), 1, 0);
  CALL(6, SYS_process_vm_writev, 7, P(vectors), 2, P(vectors), 1, 0);
}

static void credentials(void) {
  count_up();
  static const uint32_t versions[] = {0x19980330, 0x20071026, 0x20080522, 7};
  for (int i = 0; i < 4; ++i) {
    words[0] = versions[i], words[1] = 5;
    words[10] = 0xffffffff, words[11] = 1, words[12] = 0x21, words[13] = 3, words[14] = 0,
    words[15] = ~0U;
    CALL(0, SYS_capget, P(page), P(words + 10));
    CALL(-EINVAL, SYS_capget, P(page), P(words + 10));
    CALL(0, SYS_capset, P(page), P(words + 10));
    CALL(0, SYS_capget, P(page), 0);
  }
  CALL(0, SYS_setuid, -1);
  CALL(1000, SYS_setfsuid, 7);
  CALL(0, SYS_setresuid, -1, 5, 0);
  CALL(0, SYS_getresuid, P(page), P(words + 1), P(words + 15));
  CALL(3, SYS_getgroups, 10, P(page));
  CALL(3, SYS_getgroups, 0, 0);
  CALL(40, SYS_getgroups, 65536, P(page));
  CALL(-EINVAL, SYS_getgroups, -1, P(page));
  CALL(0, SYS_setgroups, 3, P(page));
  CALL(0, SYS_setgroups, 0, 0);
  CALL(-EINVAL, SYS_setgroups, 70000, P(page));
#ifdef SYS_setgroups32
  CALL(0, SYS_setgroups32, 3, P(page));
  CALL(3, SYS_getgroups32, 10, P(page));
  CALL(-1, SYS_setresuid32, -1, 5, 0);
#endif
  longs[0] = -1, longs[1] = 2048;
  each_value(SYS_setrlimit, 1, 0, 16, 0, P(page), 0, 0);
  CALL(0, SYS_getrlimit, 7, P(page));
  CALL(0, SYS_prlimit64, 0, 3, P(page), 0);
  CALL(0, SYS_prlimit64, 7, 3, 0, P(page));
  static const uint32_t actions[] = {0x80000000, 0,          0x30000,    0x50000, 0x7fc00000,
                                     0x7ff00000, 0x7ffc0000, 0x7fff0000, 5};
  for (int i = 0; i < 9; ++i) {
    words[0] = actions[i];
    CALL(0, SYS_seccomp, 2, 0, P(page));
  }
  CALL(0, SYS_seccomp, 0, 0, 0);
  each_bit(SYS_seccomp, 2, 1, 0, P(page), 0, 0);
  CALL(0, SYS_seccomp, 3, 0, P(page));
  CALL(-EINVAL, SYS_seccomp, 4, 1, P(page));
}

static void prctl_command(long command, const long* values, int count) {
  for (int i = 0; i < count; ++i) {
    CALL(0, SYS_prctl, command, values[i], values[i], 5, 6);
    CALL(values[i], SYS_prctl, command, values[i], 4, 5, 6);
  }
}

static void prctl_commands(void) {
  static const long known[] = {0x59616d61, 0x41555856, 0x53564d41};
  static const long values[] = {0, 1, 2, 3, 4, 5, 8, 15, 16, 31, 0x55, 0x3f8, 0x10000, 0x60000};
  enum { kValues = sizeof values / sizeof *values };
  for (long command = 0; command < 83; ++command) {
    if (command == 52) {  // strace shows what a call before left behind with what it does not know
      prctl_command(command, values, 3);
      continue;
    }
    strcpy((char*)page, "hello, this is a name");
    CALL(0, SYS_prctl, command, P(page), 2, 3, P(page));
    CALL(-EINVAL, SYS_prctl, command, P(page), P(page), 2, 3);
    prctl_command(command, values, kValues);
  }
  for (int i = 0; i < 3; ++i)
    prctl_command(known[i], values, kValues);
  CALL(0, SYS_prctl, 0x53564d41, 0, 0x1000, 4096, P(page));
  CALL(0, SYS_prctl, 0x59616d61, -1);
}

static void ptrace_requests(void) {
  struct iovec* const vector = (struct iovec*)page;
  for (long request = 0; request < 36; ++request) {
    count_up();
    CALL(0, SYS_ptrace, request, 7, 16, P(page));
    CALL(-ESRCH, SYS_ptrace, request, 7, 0, 19);
  }
  for (long request = 0x4200; request < 0x4213; ++request) {
    if (request == 0x4202 || request == 0x4203) continue;  // siginfo: see calls of signals
    CALL(-ESRCH, SYS_ptrace, request, 7, 1, 2);
    CALL(0, SYS_ptrace, request, 7, 8, P(page));
  }
  for (long offset = 0; offset < 1000; offset += 4)
    CALL(-EIO, SYS_ptrace, 3, 7, offset, 0);
  each_bit(SYS_ptrace, 4, 0x4206, 7, 0, 0, 0);
  for (long set = 1; set < 3; ++set) {
    count_up();
    vector->iov_base = page + 256;
    static const size_t sizes[] = {0, 20, 24, 68, 108, 216, 512};
    for (int i = 0; i < 7; ++i) {
      vector->iov_len = sizes[i];
      CALL(0, SYS_ptrace, 0x4204, 7, set, P(page));
      CALL(-ESRCH, SYS_ptrace, 0x4204, 7, set, P(page));
      CALL(0, SYS_ptrace, 0x4205, 7, set, P(page));
    }
  }
  quads[0] = 7, quads[1] = 3;
  CALL(16, SYS_ptrace, 0x420d, 7, 16, P(page));
  CALL(8, SYS_ptrace, 0x420a, 7, 8, P(page));
  for (unsigned char op = 0; op < 5; ++op) {
    count_up();
    page[0] = op, page[1] = page[2] = page[3] = 0, words[1] = 0xc000003e;
    quads[3] = (uint64_t)-EINVAL, page[32] = 1;
    for (long size = 0; size <= 88; size += 8)
      CALL(size, SYS_ptrace, 0x420e, 7, 88, P(page));
    CALL(33, SYS_ptrace, 0x420e, 7, 88, P(page));
    CALL(0, SYS_ptrace, 0x4212, 7, 88, P(page));
  }
}

static void the_system(void) {
  static const long commands[] = {0,          0x1234567,  0x4321fedc, 0x45584543, 0x89abcdef,
                                  0xcdef0123, 0xd000fce2, 0xa1b2c3d4, 1};
  strcpy((char*)page, "hello");
  for (int i = 0; i < 9; ++i)
    CALL(0, SYS_reboot, 0xfee1dead, i < 7 ? 672274793 : 85072278, commands[i], P(page));
  for (long i = 0; i < 12; ++i)
    CALL(3, SYS_syslog, i, P(page), 7);
  CALL(-EPERM, SYS_syslog, 3, P(page), 7);
  CALL(0, SYS_sethostname, P(page), 2);
  CALL(0, SYS_setdomainname, P(page), 64);
  CALL(-EINVAL, SYS_setdomainname, P(page), 65);
  CALL(0, SYS_acct, P(page));
  CALL(0, SYS_acct, 0);
  CALL(0, SYS_init_module, P(page), 7, P(page));
  CALL(0, SYS_finit_module, 3, P(page), 7);
  CALL(0, SYS_delete_module, P(page), 0xa00);
  CALL(0, SYS_vhangup);
  words[0] = 3, words[1] = 4;
  CALL(0, SYS_getcpu, P(page), P(words + 1), 0);
  for (int i = 0; i < 16; ++i)
    longs[i] = i * 16;
  CALL(0, SYS_kexec_load, 0x1000, 2, P(page), 0x3e0003);
  CALL(0, SYS_kexec_load, 0x1000, 17, P(page), 0xf0000);
  each_bit(SYS_kexec_load, 4, 1, 0, 0, 0, 0);
#ifdef SYS_kexec_file_load
  CALL(0, SYS_kexec_file_load, 3, 4, 6, P("option"), 0x3f);
#endif
#ifdef SYS_modify_ldt
  count_up();
  CALL(0, SYS_modify_ldt, 1, P(page), 16);
  CALL(32, SYS_modify_ldt, 0, P(page), 32);
  CALL(0, SYS_set_thread_area, P(page));
  CALL(0, SYS_get_thread_area, P(page));
  CALL(-EINVAL, SYS_get_thread_area, P(page));
  CALL(0, SYS_ioperm, 1, 2, 3);
  CALL(0, SYS_iopl, 3);
#endif
#ifdef SYS_nfsservctl
  CALL(-ENOSYS, SYS_nfsservctl, 1, 2, 3);
#endif
#ifdef SYS_ulimit
  CALL(-ENOSYS, SYS_ulimit, 1, 2, 3);
  CALL(-ENOSYS, SYS_profil, 1, 2, 3, 4, 5, 6);
#endif
}

static void two_contexts(void) {
  clear();
  quads[0] = 101, quads[1] = 3, quads[2] = 40, quads[3] = 5, quads[5] = 104, quads[7] = 48,
  quads[8] = 13;
  memcpy(page + 32, "hello", 6);
  memcpy(page + 72, "unconfined\n\0x", 13);
  words[256] = 88;
}

static void lsm_ids(void) {
  for (uint64_t i = 0; i < 17; ++i)
    quads[i] = 98 + i;
  words[256] = 136;
}

static void security_modules(void) {
  words[256] = 100;
  for (long attribute = 99; attribute < 107; ++attribute)
    CALL(-EINVAL, kLsmGet, attribute, 0, P(words + 256), attribute - 99);
  CALL_FILL(2, two_contexts, kLsmGet, 100, P(page), P(words + 256), 0);
  CALL_FILL(1, two_contexts, kLsmGet, 100, P(page), P(words + 256), 1);
  CALL(0, kLsmSet, 101, P(page), 40, 0);
  CALL(0, kLsmSet, 101, P(page), 34, 0);
  CALL(-EINVAL, kLsmSet, 101, P(page), 31, 0);
  CALL_FILL(17, lsm_ids, kLsmList, P(page), P(words + 256), 0);
  CALL(-E2BIG, kLsmList, P(page), P(words + 256), 0);
}

int main(void) {
  answer_begin();
  mappings();
  newer_memory();
  nodes();
  scheduling();
  waiting();
  new_processes();
  credentials();
  prctl_commands();
  ptrace_requests();
  the_system();
  security_modules();
  syscall(SYS_exit_group, 0);
  return 1;
}
