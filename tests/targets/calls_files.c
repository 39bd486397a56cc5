// Opening, what stat tells, directories, what changes files: with every command, every flag and
// valid structures.
//
//   calls-files [native|i386]
#include "calls.h"

static void opening(void) {
  const uint64_t kFlags[] = {0,        1,       2,        3,         0x40,     0x241,
                             0x8000,   0x10000, 0x80000,  0x410000,  0x400000, 0x410002,
                             0x101000, 0x1000,  0x100000, 0x4000000, 0x8000000};
  for (EACH(i, kFlags)) {
    CALL(3, open, text("name"), kFlags[i], 0644);
    CALL(3, openat, kHere, text("name"), kFlags[i], 04755);
    const uint64_t name = text("name"), how = here();
    u64(kFlags[i]);
    u64(0640);
    u64((uint64_t)1 << i);
    CALL(3, openat2, kHere, name, how, 24);
  }
  CALL(-ENOENT, creat, text("name"), 0177777);
  uint64_t name = text("name");
  uint64_t how = u64(0x1ffffffffffffffc);
  u64(0x1ffff);
  u64(0x3f);
  u64(0);
  u64(0);
  CALL(0, openat2, 5, name, how, 40);
  name = text("name");
  how = zeros(24);
  u64(7);
  CALL(0, openat2, 5, name, how, 32);
  name = text("name");
  how = zeros(24);
  CALL(0, openat2, 5, name, how, 23);
  name = text("name");
  CALL(0, openat2, 5, name, 0, 24);
  name = text("name");
  how = at_end(28);
  zeros(24);
  u32(9);
  CALL(0, openat2, 5, name, how, 32);
  name = text("name");
  how = at_end(20);
  CALL(0, openat2, 5, name, how, 24);
  for (uint64_t flags = 1; flags != 0x200; flags <<= 1)
    CALL(0, memfd_create, text("a name"), flags);
  static const uint64_t kHuge[] = {0x54000004, 0x78000004, 0x7c000004,
                                   0x04000000, 0xfc000000, 0x84000007};
  for (EACH(i, kHuge))
    CALL(0, memfd_create, text("a name"), kHuge[i]);
  char longest[300];
  memset(longest, 'x', 299);
  longest[299] = 0;
  CALL(0, memfd_create, text(longest), 0);
  CALL(0, userfaultfd, 0);
  CALL(0, userfaultfd, 0x80801);
  CALL(0, userfaultfd, 1);
  CALL(0, close_range, 3, kNone, 6);
  CALL(0, close_range, 3, 9, 8);
  CALL(0, dup3, 3, 4, 0x80000);
  CALL(0, dup, kNone);
  CALL(0, dup2, 3, 4);
  answer_begins();
  uint64_t at = u32(5);
  u32(6);
  answer_ends();
  CALL(0, pipe2, at, 0x80880);
  answer_begins();
  at = u32(5);
  u32(6);
  answer_ends();
  CALL(0, pipe, at);
  answer_begins();
  at = u32(5);
  answer_ends();
  CALL(-EFAULT, pipe, at);
  CALL(0, eventfd, 5);
  CALL(0, eventfd2, 5, 0x80801);
  CALL(0, close, 5);
}

static void statx_answer(void) {
  u32(0x1ffff);
  u32(4096);
  u64(0x702874);
  u32(2);
  u32(1000);
  u32(kNone);
  u16(0100644);
  u16(0);
  u64(77);
  u64(1234);
  u64(8);
  u64(0x702874);
  for (int i = 0; i < 4; ++i) {
    u64(1700000000 + (uint64_t)i);
    u32(5);
    u32(0);
  }
  for (int i = 0; i < 4; ++i)
    u32(8 + (uint64_t)i);
  u64(0x1234);
  for (int i = 0; i < 9; ++i)
    u32(512 + (uint64_t)i);
  zeros(76);
}

static void statuses(void) {
  static const uint64_t kModes[] = {0100644, 0040755, 0120777, 0020620, 0060660,
                                    0010600, 0140777, 0106755, 0};
  for (EACH(i, kModes)) {
    uint64_t at;
    if (narrow) {
      for (int old = 0; old < 2; ++old) {
        // The kernel's __old_kernel_stat, then its stat.
        uint64_t name = text("name");
        answer_begins();
        if (old) {
          at = u16(0x805);
          u16(77);
          u16(kModes[i]);
          u16(3);
          u16(1000);
          u16(65535);
          u16(0x501);
          u16(0);
          for (int n = 0; n < 4; ++n)
            u32(1234 + (uint64_t)n);
        } else {
          at = u32(0x805);
          u32(77);
          u16(kModes[i]);
          u16(3);
          u16(1000);
          u16(65535);
          u32(0x501);
          for (int n = 0; n < 11; ++n)
            u32(n < 3 ? 1234 + (uint64_t)n : n % 2 ? 1700000000 : 5);
        }
        answer_ends();
        if (old)
          CALL(0, oldstat, name, at);
        else
          CALL(0, stat, name, at);
      }
      answer_begins();
      at = u16(0x805);
      u16(77);
      u16(kModes[i]);
      zeros(26);
      answer_ends();
      CALL(0, oldfstat, 3, at);
      answer_begins();
      at = u64(0x805);
      u32(0);
      u32(76);
      u32(kModes[i]);
      u32(3);
      u32(1000);
      u32(1001);
      u64(0x501);
      u32(0);
      u64(0x123456789);
      u32(4096);
      u64(16);
      for (int n = 0; n < 3; ++n) {
        u32(1700000000);
        u32(n == 0 ? 0 : 999999999);
      }
      u64(0x100000001);
      answer_ends();
      CALL(0, fstat64, 3, at);
    } else {
      uint64_t name = text("name");
      answer_begins();
#if defined(__x86_64__)
      at = u64(0x805);
      u64(77);
      u64(3);
      u32(kModes[i]);
#else
      at = u64(0x805);
      u64(77);
      u32(kModes[i]);
      u32(3);
#endif
      u32(1000);
      u32(kNone);
#if defined(__x86_64__)
      u32(0);
      u64(0x501);
      u64(i == 1 ? (uint64_t)-1 : 0x123456789);
      u64(4096);
#else
      u64(0x501);
      u64(0);
      u64(i == 1 ? (uint64_t)-1 : 0x123456789);
      u32(4096);
      u32(0);
#endif
      u64(16);
      u64(1700000000);
      u64(5);
      u64((uint64_t)-1);
      u64(999999999);
      u64(0);
      u64(0);
      zeros(24);
      answer_ends();
      CALL(i == 8 ? -EACCES : 0, newfstatat, kHere, name, at, (uint64_t)0x100 << i);
    }
  }
  static const uint64_t kMasks[] = {0xfff,  0x7ff,  1,       0x800,   0x1000,  0x2000,
                                    0x4000, 0x8000, 0x10000, 0x20000, 0x40000, 0x17ff};
  for (EACH(i, kMasks)) {
    uint64_t name = text("name");
    answer_begins();
    const uint64_t at = here();
    statx_answer();
    answer_ends();
    memcpy(later + later_from, &kMasks[i], 4);
    CALL(0, statx, kHere, name, (uint64_t)0x800 << i % 5, kMasks[i], at);
  }
  static const uint64_t kAttributes[] = {4,      0x10,     0x20,     0x40,     0x800,   0x1000,
                                         0x2000, 0x100000, 0x200000, 0x400000, 0x800000};
  for (EACH(i, kAttributes)) {
    answer_begins();
    const uint64_t at = here();
    statx_answer();
    answer_ends();
    memcpy(later + later_from + 8, &kAttributes[i], 8);
    CALL(0, statx, 3, 0, 0x1000, 0x7ff, at);
  }
  for (int i = 0; i < 2; ++i) {
    uint64_t name = text("name");
    answer_begins();
    uint64_t at = here();
    word(i == 0 ? 0xef53 : 0x12345);
    for (int n = 0; n < 6; ++n)
      word(4096 + (uint64_t)n);
    u32(0x1234);
    u32(0x5678);
    word(255);
    word(4096);
    word(i == 0 ? 0x1020 : 0x342f);
    zeros(narrow ? 16 : 32);
    answer_ends();
    CALL(0, statfs, name, at);
    answer_begins();
    at = here();
    u32(i == 0 ? 0xef53 : 0x12345);
    u32(4096);
    for (int n = 0; n < 5; ++n)
      u64(4096 + (uint64_t)n);
    u32(0x1234);
    u32(0x5678);
    u32(255);
    u32(4096);
    u32(i == 0 ? 0x1020 : 0x342f);
    zeros(16);
    answer_ends();
    CALL(0, fstatfs64, 3, i == 0 ? 84 : 80, at);
    answer_begins();
    at = u32(1000);
    if (!narrow) u32(0);
    word(77);
    put("label\0", 6);
    put(i == 0 ? "pack\0\0" : "sixsix", 6);
    zeros(8);
    answer_ends();
    CALL(0, ustat, 0x12345, at);
  }
}

static void directories(void) {
  answer_begins();
  uint64_t at = here();
  u64(5);
  u64(10);
  u16(24);
  u8(4);
  put("name\0", 5);
  u64(6);
  u64(20);
  u16(32);
  u8(8);
  put("longername", 11);
  zeros(2);
  answer_ends();
  CALL(56, getdents64, 3, at, 1000);
  answer_begins();
  at = here();
  word(5);
  word(10);
  u16(narrow ? 16 : 24);
  put("name", 4);
  zeros(1);
  u8(4);
  word(6);
  word(20);
  u16(narrow ? 20 : 32);
  put("longer", 7);
  zeros(narrow ? 2 : 6);
  u8(8);
  answer_ends();
  CALL(narrow ? 36 : 56, getdents, 3, at, kNone);
  answer_begins();
  at = word(5);
  word(10);
  u16(4);
  put("name", 5);
  answer_ends();
  CALL(1, readdir, 3, at, 1);
  CALL(0, readdir, 3, here(), 1);
  answer_begins();
  at = text("/work/directory/with/a/name/that/is/longer/than/thirty/two");
  answer_ends();
  CALL(59, getcwd, at, 4096);
  answer_begins();
  at = text("/work");
  answer_ends();
  CALL(4, getcwd, at, 4096);
  CALL(-ERANGE, getcwd, here(), 3);
  answer_begins();
  at = text("/target/of/link");
  answer_ends();
  CALL(7, readlink, text("link"), at, 100);
  answer_begins();
  at = text("/path/of/binary");
  answer_ends();
  CALL(10, lookup_dcookie, narrow ? 5 : 0x600000005, narrow ? 6 : at, narrow ? at : 100,
       narrow ? 100 : 0);
}

static void changing(void) {
  uint64_t at;
  CALL(0, chown, text("name"), 1000, kNone);
  CALL(0, chown, text("name"), 0x1ffff, 0xffff);
  CALL(0, lchown, text("name"), kNone, 0);
  CALL(0, fchown, 3, 65535, 65534);
  CALL(0, chown32, text("name"), 1000, kNone);
  CALL(0, lchown32, text("name"), 65535, 0x10000);
  CALL(0, fchown32, 3, kNone, 70000);
  CALL(0, fchownat, kHere, text("name"), 1, 2, 0x1100);
  CALL(0, fchmodat2, kHere, text("name"), 0644, 0x1100);
  CALL(0, fchmodat2, kHere, text("name"), 01777, 0x900);
  CALL(0, chmod, text("name"), 0107777);
  static const uint64_t kModes[] = {0100644, 0020644, 0060644, 0010644, 0140644, 0644,  0040755,
                                    0120777, 0026644, 0170644, 0030644, 0200644, 04755, 01777};
  for (EACH(i, kModes)) {
    CALL(0, mknod, text("name"), kModes[i], 0x12345678);
    CALL(0, mknodat, kHere, text("name"), kModes[i], 0x501);
  }
  static const uint64_t kTimes[][4] = {
      {1700000000, 0, 1700000001, 5},      {0, 0, 0, 0},
      {(uint64_t)-1, 0, 5, 999999999},     {0, 0x3fffffff, 0, 0x3ffffffe},
      {7, 0x3ffffffe, 8, 0x3fffffff},      {1, 1000000, 2, 1000000000},
      {0x7fffffff, 1, 0x7fffffff, 999999}, {3, (uint64_t)-1, 4, 0x3ffffffd}};
  for (EACH(i, kTimes)) {
    uint64_t name = text("name");
    at = here();
    for (int n = 0; n < 4; ++n)
      word(kTimes[i][n]);
    CALL(0, utimensat, kHere, name, at, 0x100);
    name = text("name");
    at = here();
    for (int n = 0; n < 4; ++n)
      u64(kTimes[i][n]);
    CALL(0, utimensat_time64, kHere, name, at, 0x100);
    name = text("name");
    at = here();
    for (int n = 0; n < 4; ++n)
      word(kTimes[i][n]);
    CALL(0, utimes, name, at);
    name = text("name");
    at = here();
    for (int n = 0; n < 4; ++n)
      word(kTimes[i][n]);
    CALL(0, futimesat, kHere, name, at);
    name = text("name");
    at = word(kTimes[i][0]);
    word(kTimes[i][2]);
    CALL(0, utime, name, at);
  }
  CALL(0, utimensat, 3, 0, 0, 0);
  CALL(0, utimensat_time64, 3, 0, 0, 0x1000);
  CALL(0, utimes, text("name"), 0);
  CALL(0, futimesat, 3, 0, 0);
  CALL(0, utime, text("name"), 0);
  at = at_end(narrow ? 12 : 24);
  CALL(0, utimensat, 3, 0, at, 0);
  at = at_end(narrow ? 4 : 8);
  CALL(0, utime, 0, at);
}

int main(int argc, char** argv) {
  begin_calls(argc, argv);
  PARTS(opening, statuses, directories, changing);
  return end_calls();
}
