// Calls about files, with every command, every flag and valid structures, beside strace: see
// scripted_calls.h.
//
//   calls_files [i386]
#include "scripted_calls.h"

// The calls' numbers on x86-64, i386 and aarch64; -1: there is none.
#define CALLS(X)                       \
  X(_llseek, -1, 140, -1)              \
  X(_newselect, -1, 142, -1)           \
  X(chmod, 90, 15, -1)                 \
  X(chown, 92, 182, -1)                \
  X(chown32, -1, 212, -1)              \
  X(close, 3, 6, 57)                   \
  X(close_range, 436, 436, 436)        \
  X(copy_file_range, 326, 377, 285)    \
  X(creat, 85, 8, -1)                  \
  X(dup, 32, 41, 23)                   \
  X(dup2, 33, 63, -1)                  \
  X(dup3, 292, 330, 24)                \
  X(epoll_create, 213, 254, -1)        \
  X(epoll_create1, 291, 329, 20)       \
  X(epoll_ctl, 233, 255, 21)           \
  X(epoll_ctl_old, 214, -1, -1)        \
  X(epoll_pwait, 281, 319, 22)         \
  X(epoll_pwait2, 441, 441, 441)       \
  X(epoll_wait, 232, 256, -1)          \
  X(epoll_wait_old, 215, -1, -1)       \
  X(eventfd, 284, 323, -1)             \
  X(eventfd2, 290, 328, 19)            \
  X(fadvise64, 221, 250, 223)          \
  X(fadvise64_64, -1, 272, -1)         \
  X(fallocate, 285, 324, 47)           \
  X(fanotify_init, 300, 338, 262)      \
  X(fanotify_mark, 301, 339, 263)      \
  X(fchmodat2, 452, 452, 452)          \
  X(fchown, 93, 95, 55)                \
  X(fchown32, -1, 207, -1)             \
  X(fchownat, 260, 298, 54)            \
  X(fcntl, 72, 55, 25)                 \
  X(fcntl64, -1, 221, -1)              \
  X(file_getattr, 468, 468, 468)       \
  X(file_setattr, 469, 469, 469)       \
  X(flock, 73, 143, 32)                \
  X(fsconfig, 431, 431, 431)           \
  X(fsetxattr, 190, 228, 7)            \
  X(fsmount, 432, 432, 432)            \
  X(fsopen, 430, 430, 430)             \
  X(fspick, 433, 433, 433)             \
  X(fstat64, -1, 197, -1)              \
  X(fstatfs64, -1, 269, -1)            \
  X(ftruncate, 77, 93, 46)             \
  X(ftruncate64, -1, 194, -1)          \
  X(futimesat, 261, 299, -1)           \
  X(getcwd, 79, 183, 17)               \
  X(getdents, 78, 141, -1)             \
  X(getdents64, 217, 220, 61)          \
  X(getxattr, 191, 229, 8)             \
  X(getxattrat, 464, 464, 464)         \
  X(inotify_add_watch, 254, 292, 27)   \
  X(inotify_init, 253, 291, -1)        \
  X(inotify_init1, 294, 332, 26)       \
  X(inotify_rm_watch, 255, 293, 28)    \
  X(io_cancel, 210, 249, 3)            \
  X(io_destroy, 207, 246, 1)           \
  X(io_getevents, 208, 247, 4)         \
  X(io_pgetevents, 333, 385, 292)      \
  X(io_pgetevents_time64, -1, 416, -1) \
  X(io_setup, 206, 245, 0)             \
  X(io_submit, 209, 248, 2)            \
  X(lchown, 94, 16, -1)                \
  X(lchown32, -1, 198, -1)             \
  X(listmount, 458, 458, 458)          \
  X(listns, 470, 470, 470)             \
  X(listxattr, 194, 232, 11)           \
  X(listxattrat, 465, 465, 465)        \
  X(lookup_dcookie, 212, 253, 18)      \
  X(lseek, 8, 19, 62)                  \
  X(memfd_create, 319, 356, 279)       \
  X(mknod, 133, 14, -1)                \
  X(mknodat, 259, 297, 33)             \
  X(mount, 165, 21, 40)                \
  X(mount_setattr, 442, 442, 442)      \
  X(move_mount, 429, 429, 429)         \
  X(name_to_handle_at, 303, 341, 264)  \
  X(newfstatat, 262, -1, 79)           \
  X(oldfstat, -1, 28, -1)              \
  X(oldstat, -1, 18, -1)               \
  X(open, 2, 5, -1)                    \
  X(open_by_handle_at, 304, 342, 265)  \
  X(open_tree, 428, 428, 428)          \
  X(open_tree_attr, 467, 467, 467)     \
  X(openat, 257, 295, 56)              \
  X(openat2, 437, 437, 437)            \
  X(pipe, 22, 42, -1)                  \
  X(pipe2, 293, 331, 59)               \
  X(pivot_root, 155, 217, 41)          \
  X(poll, 7, 168, -1)                  \
  X(ppoll, 271, 309, 73)               \
  X(ppoll_time64, -1, 414, -1)         \
  X(pread64, 17, 180, 67)              \
  X(preadv, 295, 333, 69)              \
  X(preadv2, 327, 378, 286)            \
  X(pselect6, 270, 308, 72)            \
  X(pselect6_time64, -1, 413, -1)      \
  X(pwrite64, 18, 181, 68)             \
  X(pwritev, 296, 334, 70)             \
  X(pwritev2, 328, 379, 287)           \
  X(quotactl, 179, 131, 60)            \
  X(quotactl_fd, 443, 443, 443)        \
  X(read, 0, 3, 63)                    \
  X(readahead, 187, 225, 213)          \
  X(readdir, -1, 89, -1)               \
  X(readlink, 89, 85, -1)              \
  X(readv, 19, 145, 65)                \
  X(removexattr, 197, 235, 14)         \
  X(removexattrat, 466, 466, 466)      \
  X(select, 23, 82, -1)                \
  X(sendfile, 40, 187, 71)             \
  X(sendfile64, -1, 239, -1)           \
  X(setxattr, 188, 226, 5)             \
  X(setxattrat, 463, 463, 463)         \
  X(splice, 275, 313, 76)              \
  X(stat, 4, 106, -1)                  \
  X(statfs, 137, 99, 43)               \
  X(statmount, 457, 457, 457)          \
  X(statx, 332, 383, 291)              \
  X(swapoff, 168, 115, 225)            \
  X(swapon, 167, 87, 224)              \
  X(sync_file_range, 277, 314, 84)     \
  X(tee, 276, 315, 77)                 \
  X(truncate, 76, 92, 45)              \
  X(truncate64, -1, 193, -1)           \
  X(umount, -1, 22, -1)                \
  X(umount2, 166, 52, 39)              \
  X(userfaultfd, 323, 374, 282)        \
  X(ustat, 136, 62, -1)                \
  X(utime, 132, 30, -1)                \
  X(utimensat, 280, 320, 88)           \
  X(utimensat_time64, -1, 412, -1)     \
  X(utimes, 235, 271, -1)              \
  X(vmsplice, 278, 316, 75)            \
  X(write, 1, 4, 64)                   \
  X(writev, 20, 146, 66)

enum Name {
#define NAME(name, x86_64, i386, aarch64) CALL_##name,
  CALLS(NAME)
};
static const int16_t kNumbers[][3] = {
#define ROW(name, x86_64, i386, aarch64) {x86_64, i386, aarch64},
    CALLS(ROW)};

static void call(enum Name name, const uint64_t* arguments) {
  make(kNumbers[name], arguments);
}
#define CALL(name, ...) call(CALL_##name, (const uint64_t[6]){__VA_ARGS__})
// What the next call returns.
#define RETURNS(value) (answer = (value))
// A 64-bit argument takes two registers of i386: the low half, the high half.
#define HALVES(value) (uint32_t)(value), (uint64_t)(value) >> 32
static const uint64_t kNone = (uint64_t)-1;
static const uint64_t kHere = (uint64_t)-100;  // AT_FDCWD

// One after the other: `for (int i = 0; EACH(kErrors, i); ++i)`.
#define EACH(i, table)                 \
  size_t i = 0;                        \
  i < sizeof(table) / sizeof *(table); \
  ++i

// --- reading and writing ------------------------------------------------------------------------

static uint64_t vectors(int count) {
  uint64_t bases[4];
  for (int i = 0; i < count; ++i)
    bases[i] =
        i == 2 ? 0 : text(i == 0 ? "first buffer" : "second, which is longer than the first");
  const uint64_t at = here();
  for (int i = 0; i < count; ++i) {
    word(bases[i]);
    word(i == 2 ? 0 : i == 0 ? 12 : 38);
  }
  return at;
}

static void reading(void) {
  static const int64_t kResults[] = {0, 5, 20, 50, -EINVAL, -EFAULT};
  for (EACH(i, kResults)) {
    uint64_t at = vectors(3);
    RETURNS(kResults[i]);
    CALL(readv, 3, at, 3);
    at = vectors(3);
    RETURNS(kResults[i]);
    CALL(writev, 3, at, 3);
    at = vectors(2);
    RETURNS(kResults[i]);
    CALL(preadv, 3, at, 2, 0x1234, i386 ? 5 : 0);
    at = vectors(2);
    RETURNS(kResults[i]);
    CALL(pwritev, 3, at, 2, (uint64_t)-1, (uint64_t)-1);
    at = vectors(2);
    RETURNS(kResults[i]);
    CALL(preadv2, 3, at, 2, (uint64_t)-1, (uint64_t)-1, (uint64_t)1 << i);
    at = vectors(2);
    RETURNS(kResults[i]);
    CALL(pwritev2, 3, at, 2, 7, 0, (uint64_t)0x10 << i);
    at = vectors(2);
    RETURNS(kResults[i]);
    CALL(vmsplice, 3, at, 2, 1 << i);
    answer_begins();
    at = text("what was read, which is longer than thirty-two bytes");
    answer_ends();
    RETURNS(kResults[i]);
    CALL(read, 3, at, 60);
    at = text("what is written");
    RETURNS(kResults[i]);
    CALL(write, 3, at, 15);
  }
  CALL(readv, 3, 0, 0);
  CALL(readv, 3, 0, 5);
  CALL(writev, 3, 0, 0);
  CALL(writev, 3, vectors(3), 0);
  CALL(readv, 3, vectors(3), 0);
  RETURNS(-EINVAL);
  CALL(readv, 3, vectors(3), 0);
  uint64_t at = here();
  for (int i = 0; i < 40; ++i) {
    word((uint64_t)memory);
    word((uint64_t)i);
  }
  CALL(writev, 3, at, 40);
  at = at_end(i386 ? 20 : 40);
  word((uint64_t)memory);
  word(3);
  word(kNone);
  word(3);
  CALL(writev, 3, at, 7);
  CALL(preadv, 3, 0, 0, 0, 0);
  CALL(preadv2, 3, 0, 0, 0, 0, 0);
  CALL(preadv2, 3, 0, 0, 0, 0, 0x1ff);
  CALL(preadv2, 3, 0, 0, 0, 0, 0x200);
  answer_begins();
  at = text("pread");
  answer_ends();
  RETURNS(5);
  CALL(pread64, 3, at, 100, 0x12345678, 9);
  CALL(pwrite64, 3, text("pwrite"), 6, (uint64_t)-3, (uint64_t)-1);
  for (int set = 0; set < 4; ++set) {
    const uint64_t in = u64(5), out = u64(77);
    answer_begins();
    u64(0);
    answer_ends();
    RETURNS(set == 3 ? -EINVAL : 10);
    CALL(splice, 3, set & 1 ? in : 0, 4, set & 2 ? out : 0, 0x10000, 1 << set);
  }
  RETURNS(10);
  CALL(tee, 3, 4, 0x1000, 0xf);
  CALL(tee, 3, 4, 0x1000, 0x10);
  for (int i = 0; i < 3; ++i) {
    uint64_t position = u64(3);
    answer_begins();
    cursor = 0;
    later_from = 0;
    u64(9);
    answer_ends();
    RETURNS(i == 1 ? -EIO : 6);
    CALL(sendfile, 3, 4, position, 100);
    position = u64(3);
    answer_begins();
    cursor = 0;
    later_from = 0;
    u64(9);
    answer_ends();
    RETURNS(i == 1 ? -EIO : 6);
    CALL(sendfile64, 3, 4, position, 100);
    position = u64(3);
    answer_begins();
    cursor = 0;
    later_from = 0;
    u64(9);
    answer_ends();
    RETURNS(i == 1 ? -EIO : 6);
    CALL(copy_file_range, 3, position, 4, i == 2 ? position : 0, 100, 7);
  }
  CALL(sendfile, 3, 4, 0, 100);
  CALL(copy_file_range, 3, 0, 4, 0, 100, 0);
}

static void positions(void) {
  for (int whence = 0; whence < 6; ++whence) {
    RETURNS(17);
    CALL(lseek, 3, (uint64_t)-5, (uint64_t)whence);
    answer_begins();
    const uint64_t at = u64(0x100000005);
    answer_ends();
    CALL(_llseek, 3, 1, 5, at, (uint64_t)whence);
  }
  RETURNS(-ESPIPE);
  CALL(_llseek, 3, kNone, kNone, here(), 0);
  if (i386) {
    CALL(truncate64, text("file"), HALVES(0x123456789abcdef));
    CALL(ftruncate64, 3, HALVES(-5));
    CALL(fallocate, 3, 3, HALVES(-1), HALVES(0x200000000));
    CALL(fadvise64, 3, HALVES(0x100000002), 10, 3);
    CALL(fadvise64_64, 3, HALVES(0x100000002), HALVES(-1), 6);
    CALL(sync_file_range, 3, HALVES(0x100000002), HALVES(-1), 7);
    CALL(readahead, 3, HALVES(0x100000002), 12);
  } else {
    for (uint64_t bit = 1; bit < 0x200; bit <<= 1)
      CALL(fallocate, 3, bit, (uint64_t)-1, 0x200000000);
    for (uint64_t advice = 0; advice < 8; ++advice)
      CALL(fadvise64, 3, 0x100000002, (uint64_t)-1, advice);
    for (uint64_t flags = 0; flags < 10; ++flags)
      CALL(sync_file_range, 3, 0x100000002, (uint64_t)-1, flags);
    CALL(readahead, 3, (uint64_t)-1, 12);
  }
  CALL(truncate, text("file"), (uint64_t)-1);
  CALL(ftruncate, 3, 0x80000000);
  for (uint64_t operation = 0; operation < 0x200; operation = operation == 0 ? 1 : operation << 1)
    CALL(flock, 3, operation);
  CALL(flock, 3, 6);
  CALL(flock, 3, 0xe0);
}

// --- names and what stat tells ------------------------------------------------------------------

static void opening(void) {
  const uint64_t kFlags[] = {0,        1,       2,        3,         0x40,     0x241,
                             0x8000,   0x10000, 0x80000,  0x410000,  0x400000, 0x410002,
                             0x101000, 0x1000,  0x100000, 0x4000000, 0x8000000};
  for (EACH(i, kFlags)) {
    RETURNS(3);
    CALL(open, text("name"), kFlags[i], 0644);
    RETURNS(3);
    CALL(openat, kHere, text("name"), kFlags[i], 04755);
    const uint64_t name = text("name"), how = here();
    u64(kFlags[i]);
    u64(0640);
    u64((uint64_t)1 << i);
    RETURNS(3);
    CALL(openat2, kHere, name, how, 24);
  }
  RETURNS(-ENOENT);
  CALL(creat, text("name"), 0177777);
  uint64_t name = text("name");
  uint64_t how = u64(0x1ffffffffffffffc);
  u64(0x1ffff);
  u64(0x3f);
  u64(0);
  u64(0);
  CALL(openat2, 5, name, how, 40);
  name = text("name");
  how = zeros(24);
  u64(7);
  CALL(openat2, 5, name, how, 32);
  name = text("name");
  how = zeros(24);
  CALL(openat2, 5, name, how, 23);
  name = text("name");
  CALL(openat2, 5, name, 0, 24);
  name = text("name");
  how = at_end(28);
  zeros(24);
  u32(9);
  CALL(openat2, 5, name, how, 32);
  name = text("name");
  how = at_end(20);
  CALL(openat2, 5, name, how, 24);
  for (uint64_t flags = 1; flags != 0x200; flags <<= 1)
    CALL(memfd_create, text("a name"), flags);
  static const uint64_t kHuge[] = {0x54000004, 0x78000004, 0x7c000004,
                                   0x04000000, 0xfc000000, 0x84000007};
  for (EACH(i, kHuge))
    CALL(memfd_create, text("a name"), kHuge[i]);
  char longest[300];
  memset(longest, 'x', 299);
  longest[299] = 0;
  CALL(memfd_create, text(longest), 0);
  CALL(userfaultfd, 0);
  CALL(userfaultfd, 0x80801);
  CALL(userfaultfd, 1);
  CALL(close_range, 3, kNone, 6);
  CALL(close_range, 3, 9, 8);
  CALL(dup3, 3, 4, 0x80000);
  CALL(dup, kNone);
  CALL(dup2, 3, 4);
  answer_begins();
  uint64_t at = u32(5);
  u32(6);
  answer_ends();
  CALL(pipe2, at, 0x80880);
  answer_begins();
  at = u32(5);
  u32(6);
  answer_ends();
  CALL(pipe, at);
  answer_begins();
  at = u32(5);
  answer_ends();
  RETURNS(-EFAULT);
  CALL(pipe, at);
  CALL(eventfd, 5);
  CALL(eventfd2, 5, 0x80801);
  CALL(close, 5);
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
    if (i386) {
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
          CALL(oldstat, name, at);
        else
          CALL(stat, name, at);
      }
      answer_begins();
      at = u16(0x805);
      u16(77);
      u16(kModes[i]);
      zeros(26);
      answer_ends();
      CALL(oldfstat, 3, at);
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
      CALL(fstat64, 3, at);
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
      if (i == 8) RETURNS(-EACCES);
      CALL(newfstatat, kHere, name, at, (uint64_t)0x100 << i);
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
    memcpy(later + (at - (uint64_t)memory), &kMasks[i], 4);
    CALL(statx, kHere, name, (uint64_t)0x800 << i % 5, kMasks[i], at);
  }
  static const uint64_t kAttributes[] = {4,      0x10,     0x20,     0x40,     0x800,   0x1000,
                                         0x2000, 0x100000, 0x200000, 0x400000, 0x800000};
  for (EACH(i, kAttributes)) {
    answer_begins();
    const uint64_t at = here();
    statx_answer();
    answer_ends();
    memcpy(later + (at - (uint64_t)memory) + 8, &kAttributes[i], 8);
    CALL(statx, 3, 0, 0x1000, 0x7ff, at);
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
    zeros(i386 ? 16 : 32);
    answer_ends();
    CALL(statfs, name, at);
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
    CALL(fstatfs64, 3, i == 0 ? 84 : 80, at);
    answer_begins();
    at = u32(1000);
    if (!i386) u32(0);
    word(77);
    put("label\0", 6);
    put(i == 0 ? "pack\0\0" : "sixsix", 6);
    zeros(8);
    answer_ends();
    CALL(ustat, 0x12345, at);
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
  RETURNS(56);
  CALL(getdents64, 3, at, 1000);
  answer_begins();
  at = here();
  word(5);
  word(10);
  u16(i386 ? 16 : 24);
  put("name", 4);
  zeros(1);
  u8(4);
  word(6);
  word(20);
  u16(i386 ? 20 : 32);
  put("longer", 7);
  zeros(i386 ? 2 : 6);
  u8(8);
  answer_ends();
  RETURNS(i386 ? 36 : 56);
  CALL(getdents, 3, at, kNone);
  answer_begins();
  at = word(5);
  word(10);
  u16(4);
  put("name", 5);
  answer_ends();
  RETURNS(1);
  CALL(readdir, 3, at, 1);
  RETURNS(0);
  CALL(readdir, 3, here(), 1);
  answer_begins();
  at = text("/work/directory/with/a/name/that/is/longer/than/thirty/two");
  answer_ends();
  RETURNS(59);
  CALL(getcwd, at, 4096);
  answer_begins();
  at = text("/work");
  answer_ends();
  RETURNS(4);
  CALL(getcwd, at, 4096);
  RETURNS(-ERANGE);
  CALL(getcwd, here(), 3);
  answer_begins();
  at = text("/target/of/link");
  answer_ends();
  RETURNS(7);
  CALL(readlink, text("link"), at, 100);
  answer_begins();
  at = text("/path/of/binary");
  answer_ends();
  RETURNS(10);
  CALL(lookup_dcookie, i386 ? 5 : 0x600000005, i386 ? 6 : at, i386 ? at : 100, i386 ? 100 : 0);
}

static void attributes(void) {
  static const uint64_t kFlags[] = {0, 1, 2, 3, 4};
  for (EACH(i, kFlags)) {
    uint64_t path = text("path"), name = text("user.name"), value = text("a value");
    CALL(setxattr, path, name, value, 7, kFlags[i]);
    path = text("path"), name = text("user.name"), value = text("a value");
    CALL(fsetxattr, 3, name, value, 8, kFlags[i]);
    path = text("path"), name = text("user.name"), value = text("a value");
    uint64_t arguments = u64(value);
    u32(i == 3 ? 0 : 7);
    u32(kFlags[i]);
    u64(i == 4 ? 5 : 0);
    CALL(setxattrat, kHere, path, i == 2 ? 0x1100 : 0, name, arguments, i == 4 ? 24 : 16);
    path = text("path"), name = text("user.name"), value = room(50);
    arguments = u64(value);
    u32(i < 3 ? 100 : 0);
    u32(kFlags[i]);
    const size_t back = cursor;
    answer_begins();
    later_from = value - (uint64_t)memory;
    cursor = later_from;
    text("what it holds, longer than 32 bytes for once");
    memcpy(later + back - 16, memory + back - 16, 16);
    cursor = back;
    answer_ends();
    RETURNS(i == 2 ? -ENODATA : 40);
    CALL(getxattrat, kHere, path, i == 2 ? 0x1100 : 0, name, arguments, i == 1 ? 12 : 16);
    path = text("path"), name = text("user.name");
    answer_begins();
    value = text("a value");
    answer_ends();
    RETURNS(i == 2 ? -ENODATA : i == 3 ? 0 : 7);
    CALL(getxattr, path, name, value, i == 4 ? 0 : 100);
    path = text("path");
    answer_begins();
    value = here();
    put("user.one\0user.two", 18);
    answer_ends();
    RETURNS(i == 2 ? -ENODATA : i == 3 ? 0 : 18);
    CALL(listxattr, path, value, i == 4 ? 0 : 100);
    path = text("path");
    answer_begins();
    value = here();
    put("user.one\0user.two", 18);
    answer_ends();
    RETURNS(i == 2 ? -ENODATA : i == 3 ? 0 : 18);
    CALL(listxattrat, kHere, path, 0x100, value, i == 4 ? 0 : 100);
  }
  static const char kLong[] = "abcdefghijklmnopqrstuvwxyz0123456789";
  static const uint64_t kLengths[] = {30, 31, 32, 33, 34};
  for (EACH(i, kLengths)) {
    for (int ends = 0; ends < 2; ++ends) {
      uint64_t value = here();
      put(kLong, kLengths[i]);
      if (ends) u8(0);
      CALL(fsetxattr, 3, 0, value, kLengths[i] + (uint64_t)ends, 0);
      value = here();
      put(kLong, kLengths[i]);
      u8(0);
      put(kLong, 20);
      RETURNS((int64_t)kLengths[i] + ends * 20);
      CALL(getxattr, 0, 0, value, 100);
      value = here();
      put(kLong, kLengths[i]);
      u8(0);
      put(kLong, 20);
      RETURNS((int64_t)kLengths[i] + ends * 20);
      CALL(listxattr, 0, value, 100);
    }
  }
  CALL(fsetxattr, 3, 0, text(kLong), 65536, 0);
  CALL(fsetxattr, 3, 0, text(kLong), 65537, 0);
  CALL(fsetxattr, 3, 0, text(kLong), 0x1000000, 0);
  uint64_t path = text("path"), name = text("user.name");
  CALL(removexattrat, kHere, path, 0x1100, name);
  path = text("path"), name = text("user.name");
  CALL(removexattr, path, name);
  path = text("path"), name = text("user.name");
  CALL(setxattrat, 5, path, 0, name, 0, 16);
  path = text("path"), name = text("user.name");
  CALL(setxattrat, 5, path, 0, name, here(), 12);
  for (uint64_t bit = 1; bit != 0x100000000; bit <<= 1) {
    path = text("path");
    answer_begins();
    const uint64_t at = u64(bit);
    for (uint64_t i = 0; i < 4; ++i)
      u32(10 + i);
    u64(9);
    answer_ends();
    if (bit == 2) RETURNS(-EPERM);
    CALL(file_getattr, kHere, path, at,
         bit < 16            ? 24
         : bit < 32          ? 32
         : bit == 0x80000000 ? 16
                             : 24,
         0x1000);
    if (bit >= 16 && bit < 0x800000) continue;
    path = text("path");
    const uint64_t in = u64(bit);
    for (uint64_t i = 0; i < 4; ++i)
      u32(10 + i);
    u64(bit == 1 ? 0 : 9);
    CALL(file_setattr, kHere, path, in, bit < 4 ? 32 : bit < 8 ? 23 : 24, 0x100);
  }
}

static void changing(void) {
  uint64_t at;
  CALL(chown, text("name"), 1000, kNone);
  CALL(chown, text("name"), 0x1ffff, 0xffff);
  CALL(lchown, text("name"), kNone, 0);
  CALL(fchown, 3, 65535, 65534);
  CALL(chown32, text("name"), 1000, kNone);
  CALL(lchown32, text("name"), 65535, 0x10000);
  CALL(fchown32, 3, kNone, 70000);
  CALL(fchownat, kHere, text("name"), 1, 2, 0x1100);
  CALL(fchmodat2, kHere, text("name"), 0644, 0x1100);
  CALL(fchmodat2, kHere, text("name"), 01777, 0x900);
  CALL(chmod, text("name"), 0107777);
  static const uint64_t kModes[] = {0100644, 0020644, 0060644, 0010644, 0140644, 0644,  0040755,
                                    0120777, 0026644, 0170644, 0030644, 0200644, 04755, 01777};
  for (EACH(i, kModes)) {
    CALL(mknod, text("name"), kModes[i], 0x12345678);
    CALL(mknodat, kHere, text("name"), kModes[i], 0x501);
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
    CALL(utimensat, kHere, name, at, 0x100);
    name = text("name");
    at = here();
    for (int n = 0; n < 4; ++n)
      u64(kTimes[i][n]);
    CALL(utimensat_time64, kHere, name, at, 0x100);
    name = text("name");
    at = here();
    for (int n = 0; n < 4; ++n)
      word(kTimes[i][n]);
    CALL(utimes, name, at);
    name = text("name");
    at = here();
    for (int n = 0; n < 4; ++n)
      word(kTimes[i][n]);
    CALL(futimesat, kHere, name, at);
    name = text("name");
    at = word(kTimes[i][0]);
    word(kTimes[i][2]);
    CALL(utime, name, at);
  }
  CALL(utimensat, 3, 0, 0, 0);
  CALL(utimensat_time64, 3, 0, 0, 0x1000);
  CALL(utimes, text("name"), 0);
  CALL(futimesat, 3, 0, 0);
  CALL(utime, text("name"), 0);
  at = at_end(i386 ? 12 : 24);
  CALL(utimensat, 3, 0, at, 0);
  at = at_end(i386 ? 4 : 8);
  CALL(utime, 0, at);
}

static uint64_t handle(uint64_t bytes) {
  const uint64_t at = here();
  u32(bytes);
  u32(0x81);
  put("handlehandle", 12);
  return at;
}

static void handles(void) {
  static const uint64_t kFlags[] = {0, 1, 2, 0x200, 0x400, 0x1000, 0x100};
  for (EACH(i, kFlags)) {
    uint64_t name = text("name"), in = handle(i == 3 ? 0 : i == 4 ? 200 : 12);
    const size_t from = in - (uint64_t)memory;
    answer_begins();
    later_from = from;
    const uint64_t after = handle(i == 1 ? 8 : 12);
    memcpy(later + from, later + (after - (uint64_t)memory), 20);
    const uint64_t id = u64(0x500000019);
    answer_ends();
    RETURNS(i == 2 ? -ENOENT : i == 3 ? -EOVERFLOW : 0);
    CALL(name_to_handle_at, kHere, name, in, id, kFlags[i]);
  }
  CALL(name_to_handle_at, kHere, text("name"), 0, 0, 0);
  RETURNS(5);
  CALL(open_by_handle_at, 3, handle(12), 0x80000);
  RETURNS(-ESTALE);
  CALL(open_by_handle_at, 3, handle(0), 0);
  CALL(open_by_handle_at, 3, handle(129), 2);
  CALL(open_by_handle_at, 3, handle(128), 2);
  CALL(open_by_handle_at, 3, 0, 2);
  CALL(open_by_handle_at, kHere, handle(12), 0x40);
  uint64_t at = at_end(8);
  u32(8);
  u32(1);
  CALL(open_by_handle_at, 3, at, 0);
}

// --- fcntl --------------------------------------------------------------------------------------

static uint64_t lock(uint64_t type, int wide) {
  const uint64_t at = here();
  u16(type);
  u16(1);
  if (!i386) u32(0);
  if (wide)
    u64((uint64_t)-5), u64(0x100000000);
  else
    word((uint64_t)-5), word(100);
  u32(4711);
  return at;
}

static void commands_of_fcntl(enum Name name) {
  static const uint64_t kArguments[] = {0, 1, 5, 0x800, 0x80000001};
  for (uint64_t command = 0; command < 48; ++command) {
    const int locks = (command >= 5 && command <= 7) || (command >= 12 && command <= 14) ||
                      (command >= 36 && command <= 38);
    if (locks) {
      static const uint64_t kTypes[] = {0, 1, 2, 4, 8, 32, 64, 0xffff};
      for (EACH(i, kTypes)) {
        const uint64_t at = lock(kTypes[i], command > 7);
        const size_t end = cursor;
        answer_begins();
        later_from = 0;
        cursor = 0;
        lock(2, command > 7);
        cursor = end;
        answer_ends();
        if (i == 2) RETURNS(-EAGAIN);
        call(name, (const uint64_t[6]){3, command, at});
      }
      call(name, (const uint64_t[6]){3, command, 0});
      continue;
    }
    if (command == 15 || command == 16) {
      for (uint64_t i = 0; i < 4; ++i) {
        uint64_t at;
        if (command == 16) answer_begins();
        at = u32(i);
        u32(4711);
        call(name, (const uint64_t[6]){3, command, at});
      }
    }
    if (command == 17) {
      answer_begins();
      const uint64_t at = u32(1000);
      u32(kNone);
      call(name, (const uint64_t[6]){3, command, at});
    }
    for (EACH(i, kArguments)) {
      RETURNS(i < 4 ? (int64_t)kArguments[i] : -EINVAL);
      call(name, (const uint64_t[6]){3, command, kArguments[i]});
    }
  }
  for (uint64_t command = 0x400; command < 0x412; ++command) {
    if (command >= 0x40b && command <= 0x410) {
      for (uint64_t i = 0; i < 8; ++i) {
        const int gets = command == 0x40b || command == 0x40d || command == 0x40f;
        if (gets) answer_begins();
        uint64_t at = 0;
        if (command >= 0x40f) {
          at = u32(0);
          u16(i);
          u16(0);
          u32(0);
        } else {
          at = u64(i);
        }
        if (i == 6) RETURNS(-EINVAL);
        call(name, (const uint64_t[6]){3, command, at});
      }
    }
    for (uint64_t i = 0; i < 10; ++i) {
      const uint64_t value = i == 0 ? 0 : (uint64_t)1 << (i - 1);
      RETURNS((int64_t)value);
      call(name, (const uint64_t[6]){3, command, value});
    }
    RETURNS(-EBADF);
    call(name, (const uint64_t[6]){3, command, 0x80000001});
  }
  RETURNS(0x8002);
  call(name, (const uint64_t[6]){3, 3, 0});
  RETURNS(-5);
  call(name, (const uint64_t[6]){3, 9, 0});
  RETURNS(1);
  call(name, (const uint64_t[6]){3, 0x406, 10});
}

// --- waiting ------------------------------------------------------------------------------------

static uint64_t polls(int after) {
  static const uint64_t kEvents[] = {1,      2,      4,    0x40,  0x8,    0x10, 0x20,
                                     0x2000, 0x8000, 0x80, 0x400, 0x1000, 0x5};
  const uint64_t at = here();
  for (EACH(i, kEvents)) {
    u32(i == 3 ? kNone : i);
    u16(kEvents[i]);
    u16(after && i % 3 == 0 ? kEvents[i] : 0);
  }
  return at;
}

static void polling(void) {
  static const int64_t kResults[] = {0, 4, -EINTR, -EINVAL};
  static const enum Name kNames[] = {CALL_poll, CALL_ppoll, CALL_ppoll_time64};
  for (EACH(i, kResults)) {
    for (EACH(n, kNames)) {
      const uint64_t at = polls(0);
      uint64_t third = 1000, mask = 0;
      if (n != 0) {
        third = here();
        if (n == 2)
          u64(5), u64(100);
        else
          word(5), word(100);
        mask = u64(0x4002);
      }
      const size_t end = cursor;
      answer_begins();
      later_from = 0;
      cursor = 0;
      polls(1);
      if (n != 0) {
        here();
        if (n == 2)
          u64(3), u64(99);
        else
          word(3), word(99);
        u64(0x4002);
      }
      cursor = end;
      answer_ends();
      RETURNS(kResults[i]);
      call(kNames[n], (const uint64_t[6]){at, 13, third, mask, 8});
    }
  }
  CALL(poll, 0, 0, kNone);
  RETURNS(1);
  CALL(poll, 0, 1, 0);
  CALL(ppoll, 0, 0, 0, 0, 0);
  uint64_t at = at_end(20);
  zeros(20);
  CALL(poll, at, 4, 5);
  at = zeros(40 * 8);
  CALL(poll, at, 40, 5);
  at = here();
  for (int i = 0; i < 40; ++i)
    u32((uint64_t)i), u16(1), u16(0);
  answer_begins();
  later_from = 0;
  cursor = 0;
  for (int i = 0; i < 40; ++i)
    u32((uint64_t)i), u16(1), u16(1);
  answer_ends();
  RETURNS(40);
  CALL(poll, at, 40, 5);
}

static void selecting(void) {
  static const int64_t kResults[] = {0, 3, -EINTR, -EINVAL};
  static const enum Name kNames[] = {CALL_select, CALL__newselect, CALL_pselect6,
                                     CALL_pselect6_time64};
  for (EACH(i, kResults)) {
    for (EACH(n, kNames)) {
      uint64_t sets[3], timeout = 0, mask = 0;
      size_t end = 0;
      for (int round = 0; round < 2; ++round) {
        if (round == 1) {
          answer_begins();
          later_from = 0;
          cursor = 0;
        }
        for (int set = 0; set < 3; ++set) {
          sets[set] = u64(round == 0 ? (uint64_t)0x8000000f << set : (uint64_t)set << 1);
          u64(1);
        }
        timeout = here();
        if (n == 3)
          u64(5), u64(100);
        else
          word(5), word(round == 0 ? 100 : 99);
        const uint64_t signals = u64(0x4002);
        here();
        mask = word(signals);
        word(8);
        if (round == 0) end = cursor;
      }
      cursor = end;
      answer_ends();
      RETURNS(kResults[i]);
      if (n == 0 && i386) {
        const uint64_t all = here();
        u32(65);
        for (int set = 0; set < 3; ++set)
          u32(sets[set]);
        u32(timeout);
        if (i == 1) RETURNS(5);
        CALL(select, all);
        continue;
      }
      call(kNames[n], (const uint64_t[6]){65, sets[0], i == 1 ? 0 : sets[1], sets[2], timeout,
                                          n > 1 ? mask : 0});
    }
  }
  CALL(_newselect, 0, 0, 0, 0, 0);
  CALL(pselect6, kNone, 0, here(), 0, 0, 0);
  CALL(pselect6, 5, 0, zeros(8), 0, 0, zeros(16));
  static const uint64_t kCounts[] = {0,    1,       64,         1024,       1025,        4096,
                                     5000, 0x80000, 0x7fffffff, 0x80000000, (uint64_t)-1};
  for (EACH(i, kCounts)) {
    const uint64_t set = u64(0x8000000000000005);
    cursor = 4096 / 8 - 8;
    u64(0x8000000000000000);
    cursor = 5000 / 8;
    u8(7);
    CALL(pselect6, kCounts[i], set, 0, set + 8, 0, 0);
    CALL(_newselect, kCounts[i], set, here(), 0, 0);
  }
  CALL(pselect6, 5, at_end(4), at_end(1), at_end(8), 0, 0);
}

static void epolls(void) {
  for (uint64_t operation = 0; operation < 5; ++operation) {
    const uint64_t at = u32(1);
#if !defined(__x86_64__)
    u32(0);
#endif
    u64(0x1122334455667788);
    CALL(epoll_ctl, 3, operation, 4, at);
  }
  for (uint64_t bit = 1; bit != 0x100000000; bit <<= 1) {
    const uint64_t at = u32(bit);
#if !defined(__x86_64__)
    u32(0);
#endif
    u64(5);
    CALL(epoll_ctl, 3, 1, 4, at);
  }
  CALL(epoll_ctl, 3, 1, 4, 0);
  CALL(epoll_ctl_old, 3, 1, 4, 0);
  CALL(epoll_wait_old, 3, 1, 4, 0);
  CALL(epoll_create1, 0x80000);
  CALL(epoll_create1, 1);
  CALL(epoll_create, 5);
  static const int64_t kResults[] = {0, 2, -EINTR};
  static const enum Name kNames[] = {CALL_epoll_wait, CALL_epoll_pwait, CALL_epoll_pwait2};
  for (EACH(i, kResults)) {
    for (EACH(n, kNames)) {
      uint64_t timeout = 100;
      if (n == 2) {
        timeout = u64(5);
        u64(7);
      }
      const uint64_t mask = u64(0x4002);
      answer_begins();
      const uint64_t at = u32(1);
#if !defined(__x86_64__)
      u32(0);
#endif
      u64(0x1122334455667788);
      u32(0x80002011);
#if !defined(__x86_64__)
      u32(0);
#endif
      u64(4);
      answer_ends();
      RETURNS(kResults[i]);
      call(kNames[n], (const uint64_t[6]){3, at, 10, timeout, mask, 8});
    }
  }
  CALL(epoll_pwait2, 3, here(), 10, 0, 0, 8);
}

static void notifications(void) {
  for (uint64_t bit = 1; bit != 0x100000000; bit <<= 1) {
    CALL(inotify_add_watch, 3, text("name"), bit);
    CALL(fanotify_init, bit, 0);
    if (i386)
      CALL(fanotify_mark, 3, bit, HALVES(bit), kHere, text("name"));
    else
      CALL(fanotify_mark, 3, bit, bit, kHere, text("name"));
  }
  CALL(inotify_add_watch, 3, text("name"), 0xfff);
  CALL(inotify_init1, 0x80800);
  CALL(inotify_init);
  CALL(inotify_rm_watch, 3, 5);
  for (uint64_t class = 0; class < 4; ++class)
    CALL(fanotify_init, class << 2 | 3, 0x80802);
  CALL(fanotify_init, 0x7fff, 0x8000);
  for (uint64_t type = 0; type < 4; ++type) {
    const uint64_t flags = 1 | (type & 1) << 4 | (type & 2) << 7;
    if (i386)
      CALL(fanotify_mark, 3, flags, HALVES(0x4800003b), 5, 0);
    else
      CALL(fanotify_mark, 3, flags, 0x4800003b, 5, 0);
  }
  if (!i386) {
    CALL(fanotify_mark, 3, 0x80, 0, kNone, 0);
    CALL(fanotify_mark, 3, 2, 0x7fffffffff, (uint64_t)-2, text("name"));
  }
}

// --- asynchronous I/O ---------------------------------------------------------------------------

static uint64_t control_block(uint64_t opcode, uint64_t flags, uint64_t buffer, uint64_t size) {
  const uint64_t at = here();
  u64(0x1122334455667788);
  u32(7);
  u32(opcode == 1 ? 0x12 : 0);
  u16(opcode);
  u16(flags & 2 ? 0x4007 : 0);
  u32(3);
  u64(buffer);
  u64(size);
  u64((uint64_t)-4096);
  u64(0);
  u32(flags);
  u32(9);
  return at;
}

static void asynchronous(void) {
  answer_begins();
  uint64_t at = word(0x7f0000001000);
  answer_ends();
  CALL(io_setup, 128, at);
  RETURNS(-EAGAIN);
  CALL(io_setup, kNone, word(0));
  CALL(io_destroy, 0x1000);
  for (uint64_t opcode = 0; opcode < 11; ++opcode) {
    for (uint64_t flags = 0; flags < 5; ++flags) {
      uint64_t buffer = text("a buffer that is written or read, longer than thirty-two bytes"),
               size = 50;
      if (opcode == 7 || opcode == 8) buffer = vectors(2), size = 2;
      if (opcode == 5) buffer = 0x2015, size = 0;
      const uint64_t block = control_block(opcode, flags, buffer, size);
      at = word(block);
      word(0);
      word(0x123);
      RETURNS(opcode == 3 ? -EINVAL : 1);
      CALL(io_submit, 0x1000, flags == 0 ? 3 : 1, at);
    }
    uint64_t buffer = text("a buffer");
    const uint64_t block = control_block(opcode, 1, buffer, 8);
    answer_begins();
    at = u64(1);
    u64(block);
    u64((uint64_t)-125);
    u64(0);
    answer_ends();
    RETURNS(opcode == 2 ? -EINVAL : 0);
    CALL(io_cancel, 0x1000, block, at);
  }
  CALL(io_submit, 0x1000, 0, 0);
  CALL(io_submit, 0x1000, 0, here());
  CALL(io_submit, 0x1000, (uint64_t)-1, here());
  at = zeros(40 * 8);
  CALL(io_submit, 0x1000, 40, at);
  CALL(io_cancel, 0x1000, 0, 0);
  static const int64_t kResults[] = {0, 2, -EINTR};
  static const enum Name kNames[] = {CALL_io_getevents, CALL_io_pgetevents,
                                     CALL_io_pgetevents_time64};
  for (EACH(i, kResults)) {
    for (EACH(n, kNames)) {
      const uint64_t timeout = here();
      if (n == 2)
        u64(5), u64(6);
      else
        word(5), word(6);
      const uint64_t signals = u64(0x4002), mask = word(signals);
      word(8);
      answer_begins();
      at = here();
      for (uint64_t event = 0; event < 8; ++event)
        u64(event % 4 == 3 ? 0 : (uint64_t)-2 + 2 * event);
      answer_ends();
      RETURNS(kResults[i]);
      call(kNames[n], (const uint64_t[6]){0x1000, 1, 10, at, timeout, n == 0 ? 0 : mask});
    }
  }
  CALL(io_getevents, 0x1000, (uint64_t)-1, 5, 0, 0);
  CALL(io_pgetevents, 0x1000, 1, 5, 0, 0, 0);
}

// --- mounts -------------------------------------------------------------------------------------

static void mounting(void) {
  for (uint64_t bit = 1; bit != 0x100000000; bit <<= 1) {
    const uint64_t source = text("source"), target = text("target"), type = text("ext4"),
                   data = text("data=ordered");
    CALL(mount, source, target, type, bit, data);
    CALL(umount2, text("target"), bit);
  }
  static const uint64_t kFlags[] = {0, 0xc0ed0001, 0xc0ed0000, 0x1021, 0x6000, 0x44000, 0xc0ed1000};
  for (EACH(i, kFlags)) {
    const uint64_t source = text("source"), target = text("target"), type = text("ext4"),
                   data = text("data=ordered");
    CALL(mount, source, target, type, kFlags[i], data);
  }
  CALL(mount, 0, 0, 0, 0, 0);
  CALL(umount, text("target"));
  uint64_t a = text("new"), b = text("old");
  CALL(pivot_root, a, b);
  static const uint64_t kSwap[] = {0, 0x8000, 0x7fff, 0x8005, 0x10000, 0x20000, 0x40000, 0x78005};
  for (EACH(i, kSwap))
    CALL(swapon, text("/swap"), kSwap[i]);
  CALL(swapoff, text("/swap"));
  for (uint64_t bit = 1; bit < 0x1000000; bit <<= 1) {
    CALL(open_tree, kHere, text("name"), bit);
    a = text("from"), b = text("to");
    CALL(move_mount, kHere, a, 5, b, bit);
    CALL(fsmount, 3, bit, bit);
    CALL(fspick, kHere, text("name"), bit);
    if (bit < 8) CALL(fsopen, text("ext4"), bit);
  }
  CALL(open_tree, kHere, text("name"), 0x88001);
  CALL(fsmount, 3, 1, 0x3000ff);
  CALL(fsmount, 3, 0, 0x30);
  for (uint64_t command = 0; command < 10; ++command) {
    for (int i = 0; i < 4; ++i) {
      a = text("key"), b = text("value");
      CALL(fsconfig, 3, command, i == 1 ? 0 : a, i == 2 ? 0 : b, i == 3 ? kHere : 5);
    }
  }
  static const uint64_t kPropagation[] = {0, 0x20000, 0x40000, 0x80000, 0x100000, 0x1};
  for (EACH(i, kPropagation)) {
    for (int size = 24; size <= 48; size += 8) {
      a = text("name"), b = u64(0x3f);
      u64((uint64_t)0x10 << i);
      u64(kPropagation[i]);
      u64(i == 2 ? (uint64_t)-1 : 7);
      u64(0);
      u64(i == 1 ? 5 : 0);
      CALL(mount_setattr, kHere, a, 0x9000 | (uint64_t)1 << i, b, (uint64_t)size);
    }
    a = text("name"), b = u64(0x100001);
    u64(0x30);
    u64(kPropagation[i]);
    u64(5);
    CALL(open_tree_attr, kHere, a, 0x8001, b, 32);
  }
  CALL(mount_setattr, 3, 0, 0, 0, 32);
  CALL(mount_setattr, 3, 0, 0, 0, 0);
}

static uint64_t mount_request(uint64_t size, uint64_t fd, uint64_t parameter) {
  const uint64_t at = u32(size);
  u32(fd);
  u64(0x100000001);
  u64(parameter);
  u64(0x200000002);
  u64(fd);
  return at;
}

static void statmount_answer(uint64_t mask, uint64_t size) {
  u32(size);
  u32(0);
  u64(mask);
  u32(8);
  u32(1);
  u64(0xef53);
  u32(0x2000011);
  u32(5);
  u64(0x100000001);
  u64(0x100000002);
  u32(21);
  u32(1);
  u64(0x200005);
  u64(0x100000);
  u64(0x300000003);
  u64(0x400000004);
  u64(0x500000005);
  u32(10);
  u32(16);
  u64(0x600000006);
  u32(22);
  u32(29);
  u32(2);
  u32(36);
  u32(1);
  u32(46);
  u64(0x7fff);
  u32(2);
  u32(52);
  u32(1);
  u32(60);
  zeros(43 * 8);
  put("rw,a\0ext4\0/root\0/mnt\0fuse..\0source\0one=1\0two\0label\0a 1 2\0b 3\0g 5 6\0", 70);
}

static void mount_information(void) {
  for (uint64_t bit = 1; bit < 0x10000; bit <<= 1) {
    const uint64_t request = mount_request(bit == 1 ? 24 : 32, bit == 2 ? 5 : 0, bit);
    answer_begins();
    const uint64_t at = here();
    statmount_answer(bit, 512 + 70);
    answer_ends();
    if (bit == 4) RETURNS(-EOVERFLOW);
    CALL(statmount, request, at, 4096, bit == 2 ? 1 : 0);
  }
  for (int i = 0; i < 4; ++i) {
    const uint64_t request = mount_request(i == 3 ? 40 : 32, 0, 0x7fff);
    answer_begins();
    const uint64_t at = here();
    statmount_answer(0x7fff, i == 2 ? 100 : 512 + 70);
    answer_ends();
    CALL(statmount, request, at, i == 1 ? 512 : 4096, 0);
  }
  for (uint64_t size = 16; size <= 40; size += 8) {
    const uint64_t request = mount_request(size, size == 24 ? 5 : 0, 9);
    answer_begins();
    const uint64_t at = u64(0x100000001);
    u64(2);
    u64(0x300000003);
    answer_ends();
    RETURNS(size == 40 ? -EINVAL : 3);
    CALL(listmount, request, at, 10, size == 24 ? 1 : 0);
  }
  CALL(listmount, 0, 0, 0, 3);
  CALL(statmount, 0, 0, 0, 3);
  uint64_t request = mount_request(32, 0, 0);
  memset(memory + 8, 0xff, 8);
  CALL(listmount, request, here(), 10, 0);
  for (uint64_t size = 16; size <= 40; size += 8) {
    request = u32(size);
    u32(size == 24);
    u64(size == 24 ? 1 : 0x100000001);
    u32(size == 32 ? 0x20000 : 0x7e020080);
    u32(size == 24);
    u64(size == 32 ? (uint64_t)-1 : 7);
    u64(size == 40);
    answer_begins();
    const uint64_t at = u64(0x100000001);
    u64(2);
    answer_ends();
    RETURNS(size == 40 ? -EINVAL : 2);
    CALL(listns, request, at, 10, size == 24 ? 1 : 0);
  }
  for (uint64_t id = 0; id < 10; ++id) {
    request = u32(32);
    u32(0);
    u64(id);
    u32(0);
    u32(0);
    u64(id);
    RETURNS(0);
    CALL(listns, request, here(), 0, 0);
  }
}

static void quotas(void) {
  static const uint64_t kCommands[] = {0x800001, 0x800002, 0x800003, 0x800004, 0x800005, 0x800006,
                                       0x800007, 0x800008, 0x800009, 0x80000a, 0x5801,   0x5802,
                                       0x5803,   0x5804,   0x5805,   0x5806,   0x5807,   0x5808,
                                       0x5809,   0x580a,   0x100};
  for (EACH(i, kCommands)) {
    for (uint64_t type = 0; type < 4; ++type) {
      for (int by_fd = 0; by_fd < 2; ++by_fd) {
        const uint64_t special = text("/dev/sda1");
        const uint64_t command = kCommands[i];
        const int sets = command == 0x800006 || command == 0x800008 || command == 0x5804;
        const int flags = command == 0x5801 || command == 0x5802 || command == 0x5806;
        if (!sets && !flags && command != 0x800002) answer_begins();
        uint64_t at = here();
        if (command == 0x800002)
          text("/aquota.user");
        else if (flags || command == 0x800004)
          u32(type + 1);
        else if (command == 0x800005 || command == 0x800006)
          u64(604800), u64(86400), u32(0x10001), u32((uint64_t)1 << type);
        else if (command >= 0x800007 && command <= 0x800009) {
          for (uint64_t n = 0; n < 8; ++n)
            u64(100 + n);
          u32((uint64_t)0x15 << type);
          u32(1000);
        } else if (command == 0x5805 || command == 0x5808) {
          u8(1);
          u8(0);
          u16(0x15 << type);
          u32(77);
          for (uint64_t n = 0; n < 40; ++n)
            u32(n);
        } else {
          u8(1);
          u8((uint64_t)1 << type);
          u16((uint64_t)0x8421 >> type);
          u32(1000);
          for (uint64_t n = 0; n < 6; ++n)
            u64(100 + n);
          for (uint64_t n = 0; n < 20; ++n)
            u32((n + 1) * 0x10001);
        }
        const uint64_t id = flags ? at : type == 2 && command == 0x800002 ? 4 : 1000 + type;
        if (type == 3) RETURNS(-ESRCH);
        const uint64_t code = command << 8 | type;
        if (by_fd)
          CALL(quotactl_fd, 3, code, id, at);
        else
          CALL(quotactl, code, special, id, at);
      }
    }
  }
  CALL(quotactl, 0x80000100, 0, 0, 0);
  for (uint64_t format = 0; format < 7; ++format)
    CALL(quotactl, 0x80000200, 0, format, text("/quota"));
}

int main(int argc, char** argv) {
  const int want_i386 = argc > 1 && strcmp(argv[1], "i386") == 0;
  begin_answers();
  i386 = want_i386;
  reading();
  positions();
  opening();
  statuses();
  directories();
  attributes();
  changing();
  handles();
  commands_of_fcntl(CALL_fcntl);
  if (i386) commands_of_fcntl(CALL_fcntl64);
  polling();
  selecting();
  epolls();
  notifications();
  asynchronous();
  mounting();
  mount_information();
  quotas();
  return end_answers();
}
