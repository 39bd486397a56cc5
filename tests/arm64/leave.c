/* leave STATUS: ends the machine at once; qemu exits with that status. It is asked by semihosting
 * (SYS_EXIT_EXTENDED), which needs -semihosting-config enable=on,userspace=on. */
#include <stdlib.h>
#include <unistd.h>

int main(int argc, char** argv) {
  enum { ExitExtended = 0x20, ApplicationExit = 0x20026 };
  unsigned long block[2] = {ApplicationExit, argc > 1 ? strtoul(argv[1], NULL, 0) : 0};
  sync();
  register unsigned long operation __asm__("x0") = ExitExtended;
  register void* argument __asm__("x1") = block;
  __asm__ volatile("hlt #0xf000" : "+r"(operation) : "r"(argument) : "memory");
  return 126; /* nobody listens */
}
