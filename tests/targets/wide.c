// Arguments of 64 bits and structures with such members, which machines of 32 bits pass and lay out
// each in its own way; calls and constants that only some machines have. Traced with
// `-e trace=!writev,exit_group -o FILE`, from the call personality(0xffffffff) on. Usage: wide
// EXPECTED.
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/personality.h>
#include <sys/stat.h>

#include "expect.h"

#define EBADF_TEXT "-1 EBADF (Bad file descriptor)"
#define ENOENT_TEXT "-1 ENOENT (No such file or directory)"

// What calls with 64-bit arguments are named.
#if defined(__i386__) || defined(__arm__)
#define WIDE(name) name "64"
#define LARGE "O_LARGEFILE|"
#else
#define WIDE(name) name
#define LARGE ""
#endif

static const long long kFar = 0x123456789abcdef;
static const long long kLong = 0x7fffffff00000001;

static void positions(void) {
  static char buffer[3] = "abc";
  (void)!pread(-1, buffer, 3, kFar);
  expect_call(EBADF_TEXT, "pread64(-1, %p, 3, %lld)", (void*)buffer, kFar);
  (void)!pwrite(-1, buffer, 3, kFar);
  expect_call(EBADF_TEXT, "pwrite64(-1, \"abc\", 3, %lld)", kFar);
  struct iovec part = {.iov_base = buffer, .iov_len = 3};
  (void)!preadv(-1, &part, 1, kFar);
  expect_call(EBADF_TEXT, "preadv(-1, [{iov_base=%p, iov_len=3}], 1, %lld)", (void*)buffer, kFar);
  (void)!truncate("/nonexistent/file", kFar);
  expect_call(ENOENT_TEXT, WIDE("truncate") "(\"/nonexistent/file\", %lld)", kFar);
  (void)!ftruncate(-1, kFar);
  expect_call(EBADF_TEXT, WIDE("ftruncate") "(-1, %lld)", kFar);
  (void)!fallocate(-1, 1, kFar, kLong);
  expect_call(EBADF_TEXT, "fallocate(-1, FALLOC_FL_KEEP_SIZE, %lld, %lld)", kFar, kLong);
  (void)!readahead(-1, kFar, 5);
  expect_call(EBADF_TEXT, "readahead(-1, %lld, 5)", kFar);
}

static void orders_of_arguments(void) {
  (void)!posix_fadvise(-1, kFar, kLong, POSIX_FADV_DONTNEED);
#if defined(__i386__) || defined(__arm__)
  expect_call(EBADF_TEXT, "fadvise64_64(-1, %lld, %lld, POSIX_FADV_DONTNEED)", kFar, kLong);
#else
  expect_call(EBADF_TEXT, "fadvise64(-1, %lld, %lld, POSIX_FADV_DONTNEED)", kFar, kLong);
#endif
  (void)!sync_file_range(-1, kFar, kLong, SYNC_FILE_RANGE_WRITE);
#if defined(__arm__)
  expect_call(EBADF_TEXT, "sync_file_range2(-1, SYNC_FILE_RANGE_WRITE, %lld, %lld)", kFar, kLong);
#else
  expect_call(EBADF_TEXT, "sync_file_range(-1, %lld, %lld, SYNC_FILE_RANGE_WRITE)", kFar, kLong);
#endif
}

static void structures(const char* name) {
  const int fd = open(name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0640);
  if (fd < 0) fail(name);
  char result[16];
  snprintf(result, sizeof result, "%d", fd);
  expect_call(result,
              "openat(AT_FDCWD, \"%s\", O_RDWR|O_CREAT|O_EXCL|" LARGE "O_NOFOLLOW|O_CLOEXEC, 0640)",
              name);
  if (ftruncate(fd, 0x123456789) != 0) fail("ftruncate");
  expect_call("0", WIDE("ftruncate") "(%d, 4886718345)", fd);
  static char status[256] __attribute__((aligned(8)));
#ifdef SYS_fstat64
  syscall(SYS_fstat64, fd, status);
#else
  syscall(SYS_fstat, fd, status);
#endif
  expect_call("0", WIDE("fstat") "(%d, {st_mode=S_IFREG|0640, st_size=4886718345, ...})", fd);
  struct flock lock = {.l_type = F_WRLCK, .l_start = 0x123456789, .l_len = 0x500000000};
  if (fcntl(fd, F_SETLK, &lock) != 0) fail("F_SETLK");
  expect_call("0",
              WIDE("fcntl") "(%d, " WIDE("F_SETLK") ", {l_type=F_WRLCK, l_whence=SEEK_SET, "
              "l_start=4886718345, l_len=21474836480})",
              fd);
  struct epoll_event event = {.events = EPOLLIN, .data.u64 = 0x123456789abcdef};
  epoll_ctl(-1, EPOLL_CTL_ADD, fd, &event);
  expect_call(EBADF_TEXT,
              "epoll_ctl(-1, EPOLL_CTL_ADD, %d, {events=EPOLLIN, data=0x123456789abcdef})", fd);
}

// What the kernel calls struct sigaction: its mask is words, not one number of 64 bits.
static void signal_action(void) {
  struct {
    unsigned long handler, flags, restorer;
    uint32_t mask[2];
  } action = {1, SA_RESTART, 0, {1u << (SIGINT - 1), 1}};
  syscall(SYS_rt_sigaction, SIGUSR1, &action, NULL, 8);
  expect_call(
      "0",
      "rt_sigaction(SIGUSR1, {sa_handler=SIG_IGN, sa_mask=[INT RT_1], sa_flags=SA_RESTART}, "
      "NULL, 8)");
}

static void constants(void) {
  (void)!open("/nonexistent", O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  expect_call(ENOENT_TEXT,
              "openat(AT_FDCWD, \"/nonexistent\", O_RDONLY|" LARGE "O_NOFOLLOW|O_DIRECTORY)");
  (void)!open("/nonexistent", O_RDONLY | O_DIRECT);
  expect_call(ENOENT_TEXT,
              "openat(AT_FDCWD, \"/nonexistent\", O_RDONLY|O_DIRECT"
              "%s)",
              LARGE[0] ? "|O_LARGEFILE" : "");
}

// ARM's private calls have numbers of their own.
static void private_calls(void) {
#if defined(__arm__)
  static char code[64];
  syscall(0xf0002, code, code + 64, 0);
  expect_call("0", "cacheflush(%p, %p, 0)", (void*)code, (void*)(code + 64));
#endif
}

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  expect_into(argv[1]);
  personality(0xffffffff);
  positions();
  orders_of_arguments();
  structures("wide.file");
  signal_action();
  constants();
  private_calls();
  expect("+++ exited with 0 +++");
  _exit(0);
}
