// What the targets share. A target is a small program that gets traced and that knows what its
// trace must look like: it writes the expected lines, with its own pids and addresses in them, to
// the file that its first argument names. So nothing has to be normalised before comparing.
//
// The lines are written with writev and with nothing else: a test never asks for writev.
#pragma once

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

// Neither inlined nor cloned nor analysed by its callers, at any optimisation: it can be traced.
#if defined(__has_attribute)
#if __has_attribute(noipa)
#define TRACED __attribute__((noipa))
#endif
#endif
#ifndef TRACED
#define TRACED __attribute__((noinline))
#endif

static int expect_fd = -1;

static inline void fail(const char* what) {
  perror(what);
  exit(99);
}

// Opens the file of expected lines. It keeps its descriptor over an execve.
static inline void expect_into(const char* path) {
  expect_fd = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);
  if (expect_fd < 0) fail(path);
}

static inline void expect_raw(const char* text, size_t size) {
  struct iovec part = {.iov_base = (void*)text, .iov_len = size};
  if (writev(expect_fd, &part, 1) != (ssize_t)size) fail("writev");
}

// Expects a line; the newline is added here.
__attribute__((format(printf, 1, 2))) static inline void expect(const char* format, ...) {
  char line[8192];
  va_list args;
  va_start(args, format);
  int size = vsnprintf(line, sizeof line - 1, format, args);
  va_end(args);
  line[size] = '\n';
  expect_raw(line, (size_t)size + 1);
}

// Expects `call`, padded as a line without any prefix is, and its result.
__attribute__((format(printf, 2, 3))) static inline void expect_call(const char* result,
                                                                     const char* format, ...) {
  char call[4096];
  va_list args;
  va_start(args, format);
  vsnprintf(call, sizeof call, format, args);
  va_end(args);
  expect("%-39s = %s", call, result);
}

// Expects a line of this thread as `-f -o FILE -a 0` writes it: behind its id.
__attribute__((format(printf, 1, 2))) static inline void expect_mine(const char* format, ...) {
  char line[4096];
  va_list args;
  va_start(args, format);
  vsnprintf(line, sizeof line, format, args);
  va_end(args);
  expect("%-5ld %s", syscall(SYS_gettid), line);
}

// A copy of `size` bytes whose last byte is followed by memory that cannot be read.
static inline char* at_guard_page(const void* bytes, size_t size) {
  size_t page = (size_t)sysconf(_SC_PAGESIZE);
  size_t pages = size / page + 1;
  char* map = (char*)mmap(NULL, (pages + 1) * page, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (map == MAP_FAILED) fail("mmap");
  char* guard = map + pages * page;
  if (mprotect(guard, page, PROT_NONE) != 0) fail("mprotect");
  return size > 0 ? (char*)memcpy(guard - size, bytes, size) : guard;
}
