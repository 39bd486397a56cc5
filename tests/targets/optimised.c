// Functions that only this file calls, and whose parameters and results are not all used: compilers
// leave some of those out. Traced with `-a 0 -e trace=none --funcs '^t_'`; what a line says must be
// what is expected here, or that it was optimised out. Usage: optimised EXPECTED.
#include "expect.h"

#define LOCAL static __attribute__((noinline))

static volatile int sink;

struct point {
  int x, y;
};

LOCAL int t_unused(int unused, int used, const struct point* unused_pointer) {
  sink = used;
  return used + 1;
}

LOCAL int t_constant(int constant, int n) {
  sink = constant + n;
  return n;
}

LOCAL int t_member(const struct point* p, int n) {
  sink = p->x + n;
  return 3;
}

LOCAL int t_ignored(int n, int changed) {
  changed = 5;
  sink = n + changed;
  return n * 2;
}

LOCAL long t_last(struct point p, int n) {
  sink = p.y;
  return n;
}

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  expect_into(argv[1]);
  struct point p = {argc, 7};
  sink = t_unused(11, argc, &p);
  expect("t_unused(unused=11, used=2, unused_pointer=&{x=2, y=7}) = 3");
  t_constant(42, argc + 1);
  expect("t_constant(constant=42, n=3) = 3");
  t_member(&p, argc);
  expect("t_member(p=&{x=2, y=7}, n=2) = 3");
  t_ignored(argc, 9);
  expect("t_ignored(n=2, changed=9) = 4");
  t_last(p, argc + 2);
  expect("t_last(p={x=2, y=7}, n=4) = 4");
  expect("+++ exited with 0 +++");
  return 0;
}
