// Calls about memory, scheduling, processes, credentials and the system, with arguments that mean
// something and answers that a kernel could give: each command, each flag.
//
//   calls-system [native|i386]
#include "calls.h"

// Memory as numbers of 32 and 64 bits.
typedef uint32_t __attribute__((may_alias)) Int;
typedef uint64_t __attribute__((may_alias)) Quad;
static Int* const ints = (Int*)0x20000000;
static Quad* const quads = (Quad*)0x20000000;

static const uint64_t kAt = 0x20000000;

static void set_word(size_t index, uint64_t value) {
  memcpy(memory + index * (narrow ? 4 : 8), &value, narrow ? 4 : 8);
}

static void count_up(void) {
  for (uint32_t i = 0; i < 1024; ++i)
    ints[i] = i + 1;
}

// Makes `call` with each bit of one argument set, then with none and all.
static void each_bit(enum Call call, int argument, uint64_t a, uint64_t b, uint64_t c, uint64_t d,
                     uint64_t e) {
  uint64_t all[6] = {a, b, c, d, e};
  for (int bit = 0; bit < 32; ++bit) {
    all[argument - 1] = (uint64_t)1 << bit;
    make(0, call, all);
  }
  all[argument - 1] = 0;
  make(0, call, all);
  all[argument - 1] = kNone;
  make(-EINVAL, call, all);
}

// Makes `call` with one argument from `first` to `last`.
static void each_value(enum Call call, int argument, int64_t first, int64_t last, uint64_t a,
                       uint64_t b, uint64_t c, uint64_t d) {
  uint64_t all[6] = {a, b, c, d};
  for (int64_t value = first; value <= last; ++value) {
    all[argument - 1] = (uint64_t)value;
    make(0, call, all);
  }
}

static void mappings(void) {
  const enum Call map = narrow ? CALL_mmap2 : CALL_mmap;
  if (narrow) {
    ints[0] = 0x1000, ints[1] = 4096, ints[2] = 3, ints[3] = 0x22, ints[4] = 7, ints[5] = 0x3000;
    CALL(0x7000, mmap, kAt);
    CALL(-ENOMEM, mmap, kAt);
    CALL(-EFAULT, mmap, kBad - 8);
    CALL(-EFAULT, mmap, 0);
  }
  CALL(0, brk, 0);
  CALL(0x123000, brk, 0x123000);
  CALL(0, munmap, 0x1000, 4096);
  CALL(0, mprotect, 0x1000, 4096, 7);
  make(0x7000, map, (const uint64_t[6]){0, 4096, 3, 0x22, -1, 0});
  make(0x7000, map, (const uint64_t[6]){0, 4096, 3, 2 | 0x40000 | 21 << 26, 3, 0x1000});
  each_value(map, 4, 0, 15, 0, 4096, 0, 0);
  each_bit(map, 4, 0, 4096, 1, 0, 3);
  each_bit(map, 3, 0, 4096, 0, 2, 3);
  CALL(0x9000, mremap, 0x1000, 4096, 8192, 1, 0x9000);
  CALL(0x9000, mremap, 0x1000, 4096, 8192, 3, 0x9000);
  CALL(0x9000, mremap, 0x1000, 4096, 8192, 5, 0x9000);
  CALL(0, mremap, 0x1000, 4096, 8192, 8, 0x9000);
  answer_at(kAt);
  for (uint64_t i = 0; i < 64; ++i)
    u8(i * 3);
  CALL(0, mincore, 0x1000, 5 * 4096 + 1, kAt);
  CALL(0, mincore, 0x1000, 50 * 4096, kAt);
  CALL(0, mincore, 0x1000, 50 * 4096, kBad - 6);
  CALL(-ENOMEM, mincore, 0x1000, 4096, kAt);
  each_value(CALL_madvise, 3, 0, 130, 0x1000, 4096, 0, 0);
  CALL(0, mlock, 0x1000, 4096);
  CALL(0, mlock2, 0x1000, 4096, 3);
  CALL(0, mlockall, 15);
  CALL(0, mlockall, 16);
  CALL(0, munlockall);
  CALL(0, msync, 0x1000, 4096, 15);
  CALL(0, remap_file_pages, 0x1000, 4096, 0, 4, 0x10002);
}

static void newer_memory(void) {
  set_word(0, 0x1000), set_word(1, 4096), set_word(2, 0x3000), set_word(3, 8192);
  each_value(CALL_process_madvise, 4, 0, 27, 3, kAt, 2, 0);
  CALL(-EBADF, process_madvise, kNone, kAt, 2, 4, 1);
  CALL(0, process_mrelease, 3, 1);
  CALL(3, memfd_secret, 0x80000);
  CALL(3, memfd_secret, 0x80001);
  CALL(-EINVAL, memfd_secret, 1);
  CALL(0, map_shadow_stack, 0, 4096, 3);
  CALL(-EINVAL, map_shadow_stack, 0, 4096, 8);
  CALL(0, mseal, 0x1000, 4096, 0);
  CALL(0, pkey_mprotect, 0x1000, 4096, 3, kNone);
  CALL(5, pkey_alloc, 0, 0);
  CALL(5, pkey_alloc, 0, 7);
  CALL(-EINVAL, pkey_alloc, 1, 8);
  CALL(0, pkey_free, 5);
  for (int i = 0; i < 11; ++i)
    CALL(0, membarrier, i == 0 ? 0 : 1UL << (i - 1), i < 3, 2);
  CALL(0x3ff, membarrier, 0, 0);
  CALL(-EINVAL, membarrier, 0x300, 2);
  quads[0] = 5, quads[1] = 6, quads[2] = 7, quads[3] = 8, quads[4] = 9, quads[5] = 10,
  quads[6] = 11;
  CALL(0, cachestat, 3, kAt, kAt + 16, 1);
  CALL(-EBADF, cachestat, kNone, kAt, kAt + 16, 0);
  CALL(-EFAULT, cachestat, 3, 0, 0, 0);
}

static void nodes(void) {
  fresh();
  set_word(0, 5), set_word(1, 0x10);
  each_value(CALL_mbind, 3, 0, 8, 0x1000, 4096, 0, kAt);
  CALL(0, mbind, 0x1000, 4096, 0xe001, kAt, 130, 7);
  CALL(0, mbind, 0x1000, 4096, 0x10001, kAt, 70000, 8);
  CALL(0, mbind, 0x1000, 4096, 1, kBad, 64, 0);
  each_value(CALL_set_mempolicy, 1, 0, 7, 0, kAt, 66, 0);
  CALL(-EINVAL, set_mempolicy, kNone, kAt, 1);
  CALL(0, set_mempolicy, 0, 0, 0);
  ints[100] = 2;
  each_value(CALL_get_mempolicy, 5, 0, 8, kAt + 400, kAt, 130, 0x3000);
  CALL(0, get_mempolicy, 0, 0, 0, 0, 0);
  CALL(-EINVAL, get_mempolicy, kAt + 400, kAt, 130, 0, 1);
  CALL(0, set_mempolicy_home_node, 0x1000, 4096, 3, 0);
  CALL(0, migrate_pages, 7, 64, kAt, kAt + 8);
  for (int i = 0; i < 8; ++i)
    set_word(i, 0x1000 * i), ints[100 + i] = (uint32_t)i, ints[200 + i] = (uint32_t)(i - 3);
  CALL(0, move_pages, 7, 8, kAt, kAt + 400, kAt + 800, 2);
  CALL(0, move_pages, 7, 40, kAt, 0, kAt + 800, 6);
  CALL(-ENODEV, move_pages, 7, 3, kAt, kAt + 400, kAt + 800, kNone);
}

static void scheduling(void) {
  fresh();
  ints[0] = 5;
  CALL(0, sched_setparam, 1, kAt);
  CALL(0, sched_getparam, 1, kAt);
  CALL(-ESRCH, sched_getparam, 1, kAt);
  each_value(CALL_sched_setscheduler, 2, -1, 8, 1, 0, kAt, 0);
  CALL(0, sched_setscheduler, 1, 0x40000001, kAt);
  CALL(0x40000002, sched_getscheduler, 1);
  CALL(0, sched_getscheduler, 1);
  CALL(77, sched_getscheduler, 1);
  each_value(CALL_sched_get_priority_max, 1, 0, 8, 0, 0, 0, 0);
  CALL(1, sched_get_priority_min, 1);
  set_word(0, 7), set_word(1, 8);
  CALL(0, sched_rr_get_interval, 3, kAt);
  CALL(0, sched_yield);
  static const uint32_t sizes[] = {0, 40, 48, 56, 64, 4096};
  for (int i = 0; i < 6; ++i) {
    count_up();
    ints[0] = sizes[i], ints[2] = 0x63, ints[3] = 0;
    CALL(0, sched_setattr, 1, kAt, 0);
    CALL(-E2BIG, sched_setattr, 1, kAt, 0);
    CALL(0, sched_getattr, 1, kAt, 56, 0);
    CALL(0, sched_getattr, 1, kAt, 48, 1);
  }
  ints[0] = 56;
  for (uint32_t flags = 1; flags < 0x200; flags *= 2) {
    ints[2] = flags;
    CALL(0, sched_setattr, 1, kAt, 0);
  }
  CALL(-EINVAL, sched_setattr, 1, 0, 1);
  CALL(8, sched_getaffinity, 0, 128, kAt);
  CALL(-EINVAL, sched_getaffinity, 0, 1, kAt);
  CALL(0, sched_setaffinity, 0, 16, kAt);
  CALL(0, sched_setaffinity, 0, 200, kAt);
  CALL(0, sched_setaffinity, 0, 0, kAt);
  for (uint64_t i = 0; i < 5; ++i)
    CALL(0, ioprio_set, i, 7, i << 13 | (i + 1));
  CALL(2 << 13 | 4, ioprio_get, 1, 2);
  CALL(-ESRCH, ioprio_get, 1, 2);
  each_value(CALL_getpriority, 1, 0, 3, 0, 7, 0, 0);
  CALL(0, setpriority, 0, 7, (uint64_t)-5);
  CALL(0, nice, (uint64_t)-5);
}

static void waiting(void) {
  static const uint32_t statuses[] = {
      0,       0x100,   0x8b,    0xa5,    0x137f,   0x57f,    0x857f,   0x1057f, 0x2057f, 0x3057f,
      0x4057f, 0x5057f, 0x6057f, 0x7057f, 0x80057f, 0x80137f, 0x80147f, 0x9057f, 0xffff,  0x7f};
  fresh();
  for (size_t i = 0; i < sizeof statuses / sizeof *statuses; ++i) {
    answer_at(kAt);
    u32(statuses[i]);
    CALL(9, wait4, kNone, kAt, 0, 0);
  }
  each_bit(CALL_wait4, 3, -1, 0, 0, 0, 0);
  for (int i = 0; i < 32; ++i)
    set_word(i, i);
  CALL(0, wait4, kNone, kAt + 512, 1, kAt);
  CALL(9, wait4, kNone, kAt + 512, 1, kAt);
  CALL(-ECHILD, wait4, kNone, kAt, 1, kAt);
  each_value(CALL_waitid, 1, 0, 4, 0, 7, 0, 4);
  CALL(-ECHILD, waitid, 1, 7, kAt, 5, kAt);
  answer_at(kAt);
  u32(0x7f);
  CALL(9, waitpid, kNone, kAt, 1);
}

static void new_processes(void) {
  fresh();
  each_bit(CALL_unshare, 1, 0, 0, 0, 0, 0);
  each_bit(CALL_setns, 2, 3, 0, 0, 0, 0);
  for (int bit = 0; bit < 64; ++bit) {
    quads[0] = 1ULL << bit, quads[1] = kAt + 1000, quads[2] = 2, quads[3] = 3;
    quads[4] = 17, quads[5] = 0x5000, quads[6] = 0x6000, quads[7] = 7, quads[10] = 3;
    CALL(77, clone3, kAt, 88);
  }
  fresh();
  quads[4] = 17, quads[8] = kAt + 800, quads[9] = 2;
  ints[200] = 5, ints[201] = 6;
  CALL(-EPERM, clone3, kAt, 80);
  quads[9] = 40;
  CALL(-EINVAL, clone3, kAt, 80);
  quads[8] = 0;
  CALL(-EINVAL, clone3, kAt, 64);
  CALL(-EINVAL, clone3, kAt, 63);
  CALL(7, clone, 0x100000 | 17, 1, kAt + 1200, kAt + 1204, kAt + 1208);
  CALL(7, clone, 0x1301000, 1, kAt + 1200, kAt + 1204, kAt + 1208);
  CALL(7, clone, 0x80000 | 17, 1, 0, kAt + 1216, kAt + 1216);
  each_value(CALL_personality, 1, 0, 0x13, 0, 0, 0, 0);
  each_bit(CALL_personality, 1, 0, 0, 0, 0, 0);
  CALL(0x40008, personality, 0xffffffff);
  each_value(CALL_kcmp, 3, 0, 8, 1, 2, 0, 3);
  ints[0] = 5, ints[1] = 6, ints[2] = 7;
  CALL(0, kcmp, 1, 2, 7, 3, kAt);
  fresh();
  INTS(5, 6, 7);
  const uint64_t vectors = WORDS(kAt, 5, kAt + 8, 3);
  CALL(6, process_vm_readv, 7, vectors, 2, vectors, 1, 0);
  CALL(-ESRCH, process_vm_readv, 7, vectors, 2, vectors, 1, 0);
  CALL(6, process_vm_writev, 7, vectors, 2, vectors, 1, 0);
}

static void credentials(void) {
  count_up();
  static const uint32_t versions[] = {0x19980330, 0x20071026, 0x20080522, 7};
  for (int i = 0; i < 4; ++i) {
    ints[0] = versions[i], ints[1] = 5;
    ints[10] = 0xffffffff, ints[11] = 1, ints[12] = 0x21, ints[13] = 3, ints[14] = 0,
    ints[15] = ~0U;
    CALL(0, capget, kAt, kAt + 40);
    CALL(-EINVAL, capget, kAt, kAt + 40);
    CALL(0, capset, kAt, kAt + 40);
    CALL(0, capget, kAt, 0);
  }
  CALL(0, setuid, kNone);
  CALL(1000, setfsuid, 7);
  CALL(0, setresuid, kNone, 5, 0);
  CALL(0, getresuid, kAt, kAt + 4, kAt + 60);
  CALL(3, getgroups, 10, kAt);
  CALL(3, getgroups, 0, 0);
  CALL(40, getgroups, 65536, kAt);
  CALL(-EINVAL, getgroups, kNone, kAt);
  CALL(0, setgroups, 3, kAt);
  CALL(0, setgroups, 0, 0);
  CALL(-EINVAL, setgroups, 70000, kAt);
  CALL(0, setgroups32, 3, kAt);
  CALL(3, getgroups32, 10, kAt);
  CALL(-EPERM, setresuid32, kNone, 5, 0);
  set_word(0, -1), set_word(1, 2048);
  each_value(CALL_setrlimit, 1, 0, 16, 0, kAt, 0, 0);
  CALL(0, getrlimit, 7, kAt);
  CALL(0, prlimit64, 0, 3, kAt, 0);
  CALL(0, prlimit64, 7, 3, 0, kAt);
  static const uint32_t actions[] = {0x80000000, 0,          0x30000,    0x50000, 0x7fc00000,
                                     0x7ff00000, 0x7ffc0000, 0x7fff0000, 5};
  for (int i = 0; i < 9; ++i) {
    ints[0] = actions[i];
    CALL(0, seccomp, 2, 0, kAt);
  }
  CALL(0, seccomp, 0, 0, 0);
  each_bit(CALL_seccomp, 2, 1, 0, kAt, 0, 0);
  CALL(0, seccomp, 3, 0, kAt);
  CALL(-EINVAL, seccomp, 4, 1, kAt);
}

static void prctl_command(uint64_t command, const uint64_t* values, int count) {
  for (int i = 0; i < count; ++i) {
    CALL(0, prctl, command, values[i], values[i], 5, 6);
    CALL((int64_t)values[i], prctl, command, values[i], 4, 5, 6);
  }
}

static void prctl_commands(void) {
  static const uint64_t known[] = {0x59616d61, 0x41555856, 0x53564d41};
  static const uint64_t values[] = {0, 1, 2, 3, 4, 5, 8, 15, 16, 31, 0x55, 0x3f8, 0x10000, 0x60000};
  enum { kValues = sizeof values / sizeof *values };
  for (uint64_t command = 0; command < 83; ++command) {
    if (command == 52) {  // strace shows what a call before left behind with what it does not know
      prctl_command(command, values, 3);
      continue;
    }
    strcpy((char*)memory, "hello, this is a name");
    CALL(0, prctl, command, kAt, 2, 3, kAt);
    CALL(-EINVAL, prctl, command, kAt, kAt, 2, 3);
    prctl_command(command, values, kValues);
  }
  for (int i = 0; i < 3; ++i)
    prctl_command(known[i], values, kValues);
  CALL(0, prctl, 0x53564d41, 0, 0x1000, 4096, kAt);
  CALL(0, prctl, 0x59616d61, kNone);
}

static void ptrace_requests(void) {
  for (uint64_t request = 0; request < 36; ++request) {
    count_up();
    CALL(0, ptrace, request, 7, 16, kAt);
    CALL(-ESRCH, ptrace, request, 7, 0, 19);
  }
  for (uint64_t request = 0x4200; request < 0x4213; ++request) {
    if (request == 0x4202 || request == 0x4203) continue;  // siginfo: see calls of signals
    CALL(-ESRCH, ptrace, request, 7, 1, 2);
    CALL(0, ptrace, request, 7, 8, kAt);
  }
  for (uint64_t offset = 0; offset < 1000; offset += 4)
    CALL(-EIO, ptrace, 3, 7, offset, 0);
  each_bit(CALL_ptrace, 4, 0x4206, 7, 0, 0, 0);
  for (uint64_t set = 1; set < 3; ++set) {
    count_up();
    set_word(0, kAt + 256);
    static const size_t sizes[] = {0, 20, 24, 68, 108, 216, 512};
    for (int i = 0; i < 7; ++i) {
      set_word(1, sizes[i]);
      CALL(0, ptrace, 0x4204, 7, set, kAt);
      CALL(-ESRCH, ptrace, 0x4204, 7, set, kAt);
      CALL(0, ptrace, 0x4205, 7, set, kAt);
    }
  }
  quads[0] = 7, quads[1] = 3;
  CALL(16, ptrace, 0x420d, 7, 16, kAt);
  CALL(8, ptrace, 0x420a, 7, 8, kAt);
  for (unsigned char op = 0; op < 5; ++op) {
    count_up();
    memory[0] = op, memory[1] = memory[2] = memory[3] = 0, ints[1] = 0xc000003e;
    quads[3] = (uint64_t)-EINVAL, memory[32] = 1;
    for (uint64_t size = 0; size <= 88; size += 8)
      CALL((int64_t)size, ptrace, 0x420e, 7, 88, kAt);
    CALL(33, ptrace, 0x420e, 7, 88, kAt);
    CALL(0, ptrace, 0x4212, 7, 88, kAt);
  }
}

static void the_system(void) {
  static const uint64_t commands[] = {0,          0x1234567,  0x4321fedc, 0x45584543, 0x89abcdef,
                                      0xcdef0123, 0xd000fce2, 0xa1b2c3d4, 1};
  strcpy((char*)memory, "hello");
  for (int i = 0; i < 9; ++i)
    CALL(0, reboot, 0xfee1dead, i < 7 ? 672274793 : 85072278, commands[i], kAt);
  for (uint64_t i = 0; i < 12; ++i)
    CALL(3, syslog, i, kAt, 7);
  CALL(-EPERM, syslog, 3, kAt, 7);
  CALL(0, sethostname, kAt, 2);
  CALL(0, setdomainname, kAt, 64);
  CALL(-EINVAL, setdomainname, kAt, 65);
  CALL(0, acct, kAt);
  CALL(0, acct, 0);
  CALL(0, init_module, kAt, 7, kAt);
  CALL(0, finit_module, 3, kAt, 7);
  CALL(0, delete_module, kAt, 0xa00);
  CALL(0, vhangup);
  ints[0] = 3, ints[1] = 4;
  CALL(0, getcpu, kAt, kAt + 4, 0);
  for (int i = 0; i < 16; ++i)
    set_word(i, i * 16);
  CALL(0, kexec_load, 0x1000, 2, kAt, 0x3e0003);
  CALL(0, kexec_load, 0x1000, 17, kAt, 0xf0000);
  each_bit(CALL_kexec_load, 4, 1, 0, 0, 0, 0);
  CALL(0, kexec_file_load, 3, 4, 6, text("option"), 0x3f);
  count_up();
  CALL(0, modify_ldt, 1, kAt, 16);
  CALL(32, modify_ldt, 0, kAt, 32);
  CALL(0, set_thread_area, kAt);
  CALL(0, get_thread_area, kAt);
  CALL(-EINVAL, get_thread_area, kAt);
  CALL(0, ioperm, 1, 2, 3);
  CALL(0, iopl, 3);
  CALL(-ENOSYS, nfsservctl, 1, 2, 3);
  CALL(-ENOSYS, ulimit, 1, 2, 3);
  CALL(-ENOSYS, profil, 1, 2, 3, 4, 5, 6);
}

static void security_modules(void) {
  const uint64_t size = kAt + 1024;
  ints[256] = 100;
  for (uint64_t attribute = 99; attribute < 107; ++attribute)
    CALL(-EINVAL, lsm_get_self_attr, attribute, 0, size, attribute - 99);
  for (uint64_t flags = 0; flags < 2; ++flags) {
    // Two contexts.
    answer_at(kAt);
    u64(101), u64(3), u64(40), u64(5);
    put("hello\0\0", 8);
    u64(104), u64(0), u64(48), u64(13);
    put("unconfined\n\0x", 13);
    zeros(1024 - 85);
    u32(88);
    CALL(flags == 0 ? 2 : 1, lsm_get_self_attr, 100, kAt, size, flags);
  }
  CALL(0, lsm_set_self_attr, 101, kAt, 40, 0);
  CALL(0, lsm_set_self_attr, 101, kAt, 34, 0);
  CALL(-EINVAL, lsm_set_self_attr, 101, kAt, 31, 0);
  answer_at(kAt);
  for (uint64_t i = 0; i < 17; ++i)
    u64(98 + i);
  zeros(1024 - 17 * 8);
  u32(136);
  CALL(17, lsm_list_modules, kAt, size, 0);
  CALL(-E2BIG, lsm_list_modules, kAt, size, 0);
}

// ARM's own: breakpoint, cacheflush, usr26, usr32, set_tls, get_tls, and what is none.
static void private_calls(void) {
#if defined(__arm__)
  for (int number = 0xf0001; number <= 0xf0007; ++number) {
    make_number(0, number, (const uint64_t[6]){0x1000, 0x2000, number & 1});
    make_number(-ENOSYS, number, (const uint64_t[6]){kAt, kNone});
  }
#endif
}

int main(int argc, char** argv) {
  begin_calls(argc, argv);
  PARTS(mappings, newer_memory, nodes, scheduling, waiting, new_processes, credentials,
        prctl_commands, ptrace_requests, the_system, security_modules, private_calls);
  return end_calls();
}
