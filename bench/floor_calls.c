// The floor of a function tracer: sees both ends of every call of one function, through a trap at
// its entry and one where it returns. A hit costs one wait, two requests for the registers and one
// to go on; and one write where the instruction under the trap stores something.
//
//   floor-calls OUT ADDRESS PROGRAM ARGS...
//
// ADDRESS is the function's, hexadecimal, as the symbol table of a program that is not
// position-independent has it. The function must be called from one place. How many entries and
// returns were seen is written to OUT.
#include "floor.h"

#ifndef __x86_64__

int main(void) {
  fputs("x86-64 only\n", stderr);
  return 1;
}

#else

#include <stdint.h>
#include <string.h>
#include <sys/uio.h>
#include <sys/user.h>

typedef struct user_regs_struct Registers;
typedef unsigned long long Word;  // a register, as the kernel's header has it

// One trap: its address, what was there before it, and how often it was hit.
typedef struct {
  Word at;
  uint8_t code[8];
  unsigned long hits;
} Trap;

static const char* out_path;
static Trap entry;
static Trap back;

static void report(void) {
  FILE* out = fopen(out_path, "w");
  if (out == NULL) fail(out_path);
  fprintf(out, "%lu entries, %lu returns\n", entry.hits, back.hits);
  if (fclose(out) != 0) fail(out_path);
}

static Word peek(pid_t pid, Word at) {
  Word word = 0;
  struct iovec local = {&word, sizeof word};
  struct iovec remote = {(void*)at, sizeof word};
  if (process_vm_readv(pid, &local, 1, &remote, 1, 0) != sizeof word) fail("process_vm_readv");
  return word;
}

static void store(pid_t pid, Word to, Word value, size_t size) {
  struct iovec local = {&value, size};
  struct iovec remote = {(void*)to, size};
  if (process_vm_writev(pid, &local, 1, &remote, 1, 0) != (ssize_t)size) fail("process_vm_writev");
}

static void plant(pid_t pid, Trap* trap, Word at) {
  Word word = peek(pid, at);
  trap->at = at;
  memcpy(trap->code, &word, sizeof word);
  Word trapped = (word & ~(Word)0xff) | 0xcc;
  if (ptrace(PTRACE_POKETEXT, pid, at, trapped) != 0) fail("PTRACE_POKETEXT");
}

// A register by its number in an instruction.
static Word* numbered(Registers* regs, unsigned number) {
  Word* registers[8] = {&regs->rax, &regs->rcx, &regs->rdx, &regs->rbx,
                        &regs->rsp, &regs->rbp, &regs->rsi, &regs->rdi};
  return registers[number & 7];
}

// `add`, 32 bits wide, with the flags that it sets.
static void add(Registers* regs, Word* to, int8_t number) {
  uint32_t a = (uint32_t)*to;
  uint32_t b = (uint32_t)(int32_t)number;
  uint32_t sum = a + b;
  Word flags = regs->eflags & ~(Word)0x8d5;
  if (sum < a) flags |= 0x001;
  if (__builtin_parity(sum & 0xff) == 0) flags |= 0x004;
  flags |= (a ^ b ^ sum) & 0x010;
  if (sum == 0) flags |= 0x040;
  flags |= (sum >> 24) & 0x080;
  if (((a ^ sum) & (b ^ sum)) >> 31 != 0) flags |= 0x800;
  regs->eflags = flags;
  *to = sum;
}

// What compilers begin functions with, and what they put behind calls. Returns the instruction's
// length, 0 for one that is not known here.
static Word emulate(pid_t pid, Registers* regs, const uint8_t* code) {
  static const uint8_t endbr64[] = {0xf3, 0x0f, 0x1e, 0xfa};
  unsigned high = code[1] >> 3;
  int8_t last = (int8_t)code[2];
  if (memcmp(code, endbr64, sizeof endbr64) == 0) return sizeof endbr64;
  if (code[0] == 0x90) return 1;   // nop
  if ((code[0] & 0xf8) == 0x50) {  // push %reg
    Word value = *numbered(regs, code[0]);
    regs->rsp -= sizeof value;
    store(pid, regs->rsp, value, sizeof value);
    return 1;
  }
  if (code[0] == 0x89 && code[1] >= 0xc0) {  // mov %reg,%reg, 32 bits
    *numbered(regs, code[1]) = (uint32_t)*numbered(regs, high);
    return 2;
  }
  if (code[0] == 0x89 && (code[1] & 0xc7) == 0x45) {  // mov %reg,number(%rbp), 32 bits
    store(pid, regs->rbp + (Word)last, *numbered(regs, high), 4);
    return 3;
  }
  if (code[0] == 0x8d && code[1] >> 6 == 1 && (code[1] & 7) != 4) {  // lea number(%reg),%reg
    *numbered(regs, high) = (uint32_t)(*numbered(regs, code[1]) + (Word)last);
    return 3;
  }
  if (code[0] == 0x83 && (code[1] & 0xf8) == 0xc0) {  // add $number,%reg, 32 bits
    add(regs, numbered(regs, code[1]), last);
    return 3;
  }
  return 0;
}

static void on_trap(pid_t pid) {
  Registers regs;
  if (ptrace(PTRACE_GETREGS, pid, NULL, &regs) != 0) fail("PTRACE_GETREGS");
  Trap* trap = regs.rip - 1 == entry.at ? &entry : &back;
  if (regs.rip - 1 != trap->at) {
    fprintf(stderr, "a trap at %#llx, which is not ours\n", regs.rip - 1);
    exit(99);
  }
  if (trap == &entry && back.at == 0) plant(pid, &back, peek(pid, regs.rsp));
  ++trap->hits;
  Word length = emulate(pid, &regs, trap->code);
  if (length == 0) {
    fprintf(stderr, "the floor cannot emulate %02x %02x %02x\n", trap->code[0], trap->code[1],
            trap->code[2]);
    exit(99);
  }
  regs.rip = trap->at + length;
  if (ptrace(PTRACE_SETREGS, pid, NULL, &regs) != 0) fail("PTRACE_SETREGS");
}

int main(int argc, char** argv) {
  if (argc < 4) return 2;
  out_path = argv[1];
  pid_t pid = start_tracee(argv + 3);
  plant(pid, &entry, strtoull(argv[2], NULL, 16));
  long signal = 0;
  for (;;) {
    if (ptrace(PTRACE_CONT, pid, NULL, signal) != 0) fail("PTRACE_CONT");
    signal = wait_for_stop(pid, report);
    if (signal != SIGTRAP) continue;
    on_trap(pid);
    signal = 0;
  }
}

#endif
