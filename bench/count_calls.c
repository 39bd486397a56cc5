// Counts what a tracer asks of the kernel: preloaded, it stands in front of libc's ptrace(),
// wait4() and the calls that read and write another process's memory.
//
//   LD_PRELOAD=libcount-calls.so COUNT_PROGRAM=/path/to/tracer COUNT_FILE=... tracer ...
//
// COUNT_FILE holds kCounters numbers of 64 bits, zero at first. It is mapped and shared: however
// many processes the tracer is and however they end, it is their sum. Whoever else inherits the
// environment (the traced program) is left alone: only the program that COUNT_PROGRAM names is
// counted.
//
// The counters are those of run.py's table: ptrace's requests 0..31, its requests from 0x4200 on in
// 32..63, then what is listed here.
#undef _FILE_OFFSET_BITS  // or pread() would be another name of pread64()

#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

enum { kNewRequests = 32, kReadv = 64, kWritev, kPread, kPwrite, kWait, kPoll, kCounters };

static uint64_t* counters;  // null: this process is not counted

__attribute__((constructor)) static void begin(void) {
  const char* program = getenv("COUNT_PROGRAM");
  const char* path = getenv("COUNT_FILE");
  char self[4096];
  ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
  if (program == NULL || path == NULL || length < 0) return;
  self[length] = '\0';
  if (strcmp(self, program) != 0) return;
  int fd = open(path, O_RDWR | O_CLOEXEC);
  if (fd < 0) return;
  void* map = mmap(NULL, kCounters * sizeof *counters, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  close(fd);
  if (map != MAP_FAILED) counters = map;
}

static void count(unsigned which) {
  if (counters != NULL) __atomic_add_fetch(&counters[which], 1, __ATOMIC_RELAXED);
}

// A read or write of a descriptor counts only if that is another process's memory.
static void count_if_memory(unsigned which, int fd) {
  char link[64];
  char target[64];
  if (counters == NULL) return;
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, target, sizeof target - 1);
  if (length < 0) return;
  target[length] = '\0';
  if (strncmp(target, "/proc/", 6) == 0 && strcmp(strrchr(target, '/'), "/mem") == 0) count(which);
}

static void count_wait(int options) {
  count((options & WNOHANG) != 0 ? kPoll : kWait);
}

// libc's own function of that name.
#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

// sys/ptrace.h is not included: its declaration takes an enum, whose type C++ and C do not share.
long ptrace(int request, ...);

long ptrace(int request, ...) {
  va_list args;
  va_start(args, request);
  pid_t pid = va_arg(args, pid_t);
  void* address = va_arg(args, void*);
  void* data = va_arg(args, void*);
  va_end(args);
  unsigned number = (unsigned)request;
  if (number < kNewRequests) count(number);
  if (number >= 0x4200 && number < 0x4200 + kNewRequests) count(number - 0x4200 + kNewRequests);
  return REAL(ptrace)(request, pid, address, data);
}

ssize_t process_vm_readv(pid_t pid, const struct iovec* local, unsigned long local_count,
                         const struct iovec* remote, unsigned long remote_count,
                         unsigned long flags) {
  count(kReadv);
  return REAL(process_vm_readv)(pid, local, local_count, remote, remote_count, flags);
}

ssize_t process_vm_writev(pid_t pid, const struct iovec* local, unsigned long local_count,
                          const struct iovec* remote, unsigned long remote_count,
                          unsigned long flags) {
  count(kWritev);
  return REAL(process_vm_writev)(pid, local, local_count, remote, remote_count, flags);
}

ssize_t pread(int fd, void* to, size_t size, off_t from) {
  count_if_memory(kPread, fd);
  return REAL(pread)(fd, to, size, from);
}

ssize_t pread64(int fd, void* to, size_t size, off64_t from) {
  count_if_memory(kPread, fd);
  return REAL(pread64)(fd, to, size, from);
}

ssize_t pwrite(int fd, const void* from, size_t size, off_t to) {
  count_if_memory(kPwrite, fd);
  return REAL(pwrite)(fd, from, size, to);
}

ssize_t pwrite64(int fd, const void* from, size_t size, off64_t to) {
  count_if_memory(kPwrite, fd);
  return REAL(pwrite64)(fd, from, size, to);
}

pid_t wait4(pid_t pid, int* status, int options, struct rusage* usage) {
  count_wait(options);
  return REAL(wait4)(pid, status, options, usage);
}

pid_t waitpid(pid_t pid, int* status, int options) {
  count_wait(options);
  return REAL(waitpid)(pid, status, options);
}

int waitid(idtype_t type, id_t id, siginfo_t* info, int options) {
  count_wait(options);
  return REAL(waitid)(type, id, info, options);
}
