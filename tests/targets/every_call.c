// Makes every syscall of one ABI with made-up arguments, none of which is carried out: a seccomp
// filter answers all of them. What is in the registers and in memory depends on the arguments below
// only, so two tracers see exactly the same calls.
//
//   every_call native|i386 ERRNO SEED ROUNDS [FIRST [LAST]]
//
// ERRNO 0 lets the calls "succeed" with a result of 0; what the kernel would have filled in is then
// whatever memory held.
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { kPages = 4, kPage = 4096, kSize = kPages * kPage, kLast = 511, kMarker = 0x600d };

// Below 4 GiB, so that i386 calls can name it. A page that cannot be read follows.
static unsigned char* const memory = (unsigned char*)0x20000000;

static uint64_t state;

static uint32_t draw(void) {
  state = state * 6364136223846793005u + 1442695040888963407u;
  return (uint32_t)(state >> 33);
}

static uint32_t below(uint32_t end) {
  return draw() % end;
}

// Numbers that mean something to some call: sizes, flags, ioctl commands.
static const uint32_t kKnown[] = {
    0x5401,     0x5402,     0x5413,     0x541b,     0x5421,     0x5451,     0x80045430, 0x8912,
    0x8933,     0x1268,     0x80081272, 0x40049409, 0x2400,     0x80000,    0x80800,    0x241,
    0x8000,     0x10000,    0x1d200,    0x3d0f00,   0x700,      0x406,      0x407,      0x401,
    0x53564d41, 0x53564d41, 0x6e736673, 0x12345678, 0xfffffff6, 0xffffff9c, 0x80000000, 0x7fffffff,
    0x1000,     0x8a,       0x109,      0x189,      0x18a,      0x81,       0x4201,     0x4202,
    0x4204,     0x4206,     0x420e,     0x20000011, 0x29,       0x11d,      0x28701,    0x59616d61,
};

static uint64_t made_up(int for_memory) {
  switch (below(for_memory ? 12 : 10)) {
    case 0:
      return 0;
    case 1:
      return (uint64_t)-1;
    case 2:
      return (uint64_t)memory + kSize;  // cannot be read
    case 3:
      return (uint64_t)memory + kSize - 1 - below(64);  // can be read in part
    case 4:
    case 5:
      return (uint64_t)memory + (below(kSize - 512) & ~7u);
    case 6:
      return kKnown[below(sizeof kKnown / sizeof *kKnown)];
    case 7:
      return (uint64_t)1 << below(64);
    case 8:
      return below(8);
    case 9:
      return below(100);
    case 10:
      return 0x6867666564636261;  // a string, of which some end and some do not
    default:
      return 0x636261;
  }
}

static void fill(void) {
  for (size_t at = 0; at < kSize; at += 8) {
    uint64_t value = made_up(1);
    if (below(4) == 0) value = (uint32_t)value | (uint64_t)below(100) << 32;
    memcpy(memory + at, &value, sizeof value);
  }
}

#ifdef __x86_64__
static void make(int i386, uint32_t number, const uint64_t* a) {
  uint64_t result;
  if (i386) {
    // The kernel takes the sixth argument out of ebp.
    __asm__ volatile("push %%rbp\n\tmov %[sixth], %%rbp\n\tint $0x80\n\tpop %%rbp"
                     : "=a"(result)
                     : "0"((uint64_t)number), "b"(a[0]), "c"(a[1]), "d"(a[2]), "S"(a[3]),
                       "D"(a[4]), [sixth] "r"(a[5])
                     : "memory", "r8", "r9", "r11");
    return;
  }
  register uint64_t r10 __asm__("r10") = a[3];
  register uint64_t r8 __asm__("r8") = a[4];
  register uint64_t r9 __asm__("r9") = a[5];
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "0"((uint64_t)number), "D"(a[0]), "S"(a[1]), "d"(a[2]), "r"(r10), "r"(r8),
                     "r"(r9)
                   : "memory", "rcx", "r11");
}
// The last two are the kernel's uretprobe and uprobe, which kill who makes them elsewhere.
static const uint32_t kNoReturn[] = {SYS_exit, SYS_exit_group, SYS_rt_sigreturn, 335, 336};
static const uint32_t kNoReturn32[] = {1, 252, 119, 173};
#elif defined(__aarch64__)
static void make(int i386, uint32_t number, const uint64_t* a) {
  (void)i386;
  register uint64_t x8 __asm__("x8") = number;
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
static const uint32_t kNoReturn[] = {SYS_exit, SYS_exit_group, SYS_rt_sigreturn};
static const uint32_t kNoReturn32[] = {1, 248, 119, 173};
#endif

static int returns(int i386, uint32_t number) {
  const uint32_t* rows = i386 ? kNoReturn32 : kNoReturn;
  const size_t count = i386 ? sizeof kNoReturn32 / 4 : sizeof kNoReturn / 4;
  for (size_t i = 0; i < count; ++i)
    if (rows[i] == number) return 0;
  return 1;
}

// Answers every call with `error`, but exit_group(…, kMarker).
static void answer_all(int error) {
  struct sock_filter program[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[1])),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kMarker, 0, 3),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_exit_group, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (uint32_t)error),
  };
  struct sock_fprog all = {sizeof program / sizeof *program, program};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
      prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &all) != 0) {
    perror("seccomp");
    exit(1);
  }
}

int main(int argc, char** argv) {
  if (argc < 5) {
    fprintf(stderr, "usage: every_call native|i386 ERRNO SEED ROUNDS [FIRST [LAST]]\n");
    return 2;
  }
  const int i386 = strcmp(argv[1], "i386") == 0;
  const uint32_t seed = (uint32_t)atoi(argv[3]);
  const int rounds = atoi(argv[4]);
  const uint32_t first = argc > 5 ? (uint32_t)atoi(argv[5]) : 0;
  const uint32_t last = argc > 6 ? (uint32_t)atoi(argv[6]) : argc > 5 ? first : kLast;
  if (mmap(memory, kSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE,
           -1, 0) != memory) {
    perror("mmap");
    return 1;
  }
  answer_all(atoi(argv[2]));
  for (uint32_t number = first; number <= last; ++number) {
    if (!returns(i386, number)) continue;
    for (int round = 0; round < rounds; ++round) {
      // Of each call, so that one call can be looked at alone.
      state = ((uint64_t)seed << 32) + number * 1000u + (uint32_t)round;
      fill();
      uint64_t a[6];
      for (int i = 0; i < 6; ++i)
        a[i] = made_up(0);
      // A variant's command is often a small number in the second register or the first.
      if (below(2) == 0) a[1] = below(48);
      if (below(4) == 0) a[0] = below(48);
      if (i386) {
        for (int i = 0; i < 6; ++i)
          a[i] = (uint32_t)a[i];
      }
      make(i386, number, a);
    }
  }
  const uint64_t done[6] = {0, kMarker};
  make(0, SYS_exit_group, done);
  return 1;
}
