// Calls with arguments that mean something, none of which is carried out: a seccomp filter answers
// them. What is in memory is the same in every run, so two tracers see the same calls.
#pragma once

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

enum { kPage = 4096, kMemory = 16 * kPage };

// Below 4 GiB, so that i386 calls can name it. The page that follows cannot be read.
static unsigned char* const memory = (unsigned char*)0x20000000;

static int made_for_i386;  // int 0x80 with i386's numbers, from a 64-bit program

static int64_t make(uint32_t number, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e,
                    uint64_t f) {
#ifdef __x86_64__
  int64_t result;
  if (made_for_i386) {
    // The kernel takes the sixth argument out of ebp.
    __asm__ volatile("push %%rbp\n\tmov %[sixth], %%rbp\n\tint $0x80\n\tpop %%rbp"
                     : "=a"(result)
                     : "0"((uint64_t)number), "b"((uint64_t)(uint32_t)a),
                       "c"((uint64_t)(uint32_t)b), "d"((uint64_t)(uint32_t)c),
                       "S"((uint64_t)(uint32_t)d),
                       "D"((uint64_t)(uint32_t)e), [sixth] "r"((uint64_t)(uint32_t)f)
                     : "memory", "r8", "r9", "r11");
    return (int32_t)result;
  }
#endif
  return syscall(number, a, b, c, d, e, f);
}

// Every call with a number of `numbers` is answered: with 0, or `error`.
static void answer(int error, const uint32_t* numbers, size_t count) {
  struct sock_filter program[64] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
  };
  size_t at = 1;
  for (size_t i = 0; i < count && at + 3 < 64; ++i) {
    program[at++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, numbers[i], 0, 1);
    program[at++] =
        (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (uint32_t)error);
  }
  program[at++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
  struct sock_fprog all = {(unsigned short)at, program};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
      prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &all) != 0) {
    perror("seccomp");
    exit(1);
  }
}

static void map_memory(void) {
  if (mmap(memory, kMemory, PROT_READ | PROT_WRITE,
           MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) != memory) {
    perror("mmap");
    exit(1);
  }
}

static uint64_t draw_state = 1;
static uint32_t draw(void) {
  draw_state = draw_state * 6364136223846793005u + 1442695040888963407u;
  return (uint32_t)(draw_state >> 33);
}

// A number such as programs pass: small ones, single bits, addresses; `wide` ones have 64 bits.
static uint32_t made_up(void) {
  const uint32_t r = draw();
  switch (draw() % 10) {
    case 0:
    case 1:
    case 2:
      return 0;
    case 3:
    case 4:
      return r % 16;
    case 5:
      return r % 100;
    case 6:
      return 1u << (r % 32);
    case 7:
      return (uint32_t)(uintptr_t)memory + 0x4000 + (r % 0x1000 & ~7u);
    case 8:
      return 0xffffffff;
    default:
      return r;
  }
}

// Words of 32 bits; each second of them is mostly 0, so that two of them make a sensible 64.
static void fill(uint64_t seed, size_t size) {
  draw_state = seed;
  for (size_t at = 0; at < size; at += 4) {
    uint32_t value = made_up();
    if (at % 8 != 0 && draw() % 4 != 0) value = 0;
    memcpy(memory + at, &value, 4);
  }
}
