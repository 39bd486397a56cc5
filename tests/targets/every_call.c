// Makes every syscall of one ABI with made-up arguments.
//
//   every-call [native|i386 [ERROR [SEED [ROUNDS [FIRST [LAST]]]]]]
//
// ERROR 0 lets the calls "succeed" with a result of 0; what the kernel would have filled in is then
// whatever memory held. The calls are those with numbers from FIRST to LAST.
#include "calls.h"

enum { kLast = 511 };

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
      return (uintptr_t)memory + kSize;  // cannot be read
    case 3:
      return (uintptr_t)memory + kSize - 1 - below(64);  // can be read in part
    case 4:
    case 5:
      return (uintptr_t)memory + (below(kSize - 512) & ~7u);
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

// What a program does not come back from, and restart_syscall, which tracers show as the call
// before.
#ifdef __x86_64__
// The last two are the kernel's uretprobe and uprobe, which kill who makes them elsewhere.
static const int kLeftOut[] = {SYS_exit, SYS_exit_group, SYS_rt_sigreturn, SYS_restart_syscall, 335,
                               336};
#else
// strace shows as many parts of sendmmsg's messages as memory says: with the values that are made
// up for this number, for minutes.
static const int kLeftOut[] = {SYS_exit, SYS_exit_group, SYS_rt_sigreturn, SYS_restart_syscall,
                               SYS_sendmmsg};
#endif
#ifdef __arm__
static const int kLeftOut32[] = {0, 1, 119, 173, 248};
#else
static const int kLeftOut32[] = {0, 1, 119, 173, 252};
#endif

static int left_out(int number) {
  for (EACH(i, kLeftOut))
    if (!narrow && kLeftOut[i] == number) return 1;
  for (EACH(i, kLeftOut32))
    if (narrow && kLeftOut32[i] == number) return 1;
  return 0;
}

int main(int argc, char** argv) {
  const int64_t result = argc > 2 ? -atoi(argv[2]) : 0;
  const uint64_t seed = argc > 3 ? (uint64_t)atoi(argv[3]) : 1;
  const int rounds = argc > 4 ? atoi(argv[4]) : 1;
  const int first = argc > 5 ? atoi(argv[5]) : 0;
  const int last = argc > 6 ? atoi(argv[6]) : argc > 5 ? first : kLast;
  begin_calls(argc, argv);
  for (int number = first; number <= last; ++number) {
    if (left_out(number)) continue;
    for (int round = 0; round < rounds; ++round) {
      // Of each call, so that one call can be looked at alone.
      draw_state = (seed << 32) + (uint64_t)number * 1000 + (uint64_t)round;
      fill();
      uint64_t a[6];
      for (int i = 0; i < 6; ++i)
        a[i] = made_up(0);
      // A variant's command is often a small number in the second register or the first.
      if (below(2) == 0) a[1] = below(48);
      if (below(4) == 0) a[0] = below(48);
      make_number(result, number, a);
    }
  }
  return end_calls();
}
