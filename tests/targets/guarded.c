// A program without a C library, whose pages are guarded (arm64's BTI, where the processor has it):
// an indirect branch may lead to a landing pad only. The start files of most distributions say
// nothing of landing pads; with them the linker leaves the program unguarded. Ends with 0 when its
// sums are right.
#if defined(__aarch64__)
__asm__(
    ".globl _start\n_start: hint #34\n"  // bti c
    "ldr x0, [sp]\nbl run\nmov x8, #94\nsvc #0\n");
#elif defined(__x86_64__)
__asm__(
    ".globl _start\n_start: endbr64\n"
    "mov (%rsp), %rdi\ncall run\nmov %eax, %edi\nmov $231, %eax\nsyscall\n");
#endif

#if __has_attribute(noipa)
#define TRACED __attribute__((noipa))
#else
#define TRACED __attribute__((noinline))
#endif

TRACED int leaf(int n) {
  return n + 1;
}

TRACED int twice(int (*each)(int), int n) {
  return each(n) + each(n);
}

TRACED int choose(int n) {
  switch (n) {
    case 0:
      return leaf(10);
    case 1:
      return twice(leaf, 5);
    case 2:
      return leaf(30) * 2;
    case 3:
      return leaf(40) * 3;
    case 4:
      return twice(leaf, 7) + 1;
    default:
      return 0;
  }
}

int run(long argc);
int run(long argc) {
  int (*volatile chosen)(int) = choose;
  int sum = 0;
  for (int n = 0; n < 5; ++n)
    sum += chosen(n);
  return sum == 11 + 12 + 62 + 123 + 17 ? 0 : (int)argc;
}
