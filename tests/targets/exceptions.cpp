// Exceptions thrown through traced frames. Traced with `-a 0 -e trace=none --funcs '^shop::' -o
// FILE`. Usage: exceptions EXPECTED.
#include <stdexcept>
#include <string>

#include "expect.h"

namespace shop {

TRACED int fail_at(int n) {
  if (n == 0) throw std::runtime_error("sold out");
  int result = fail_at(n - 1);
  __asm__ volatile("" : "+r"(result));
  return result + 1;
}

TRACED int after(int n) {
  __asm__ volatile("" : "+r"(n));
  return n + 1;
}

struct Till {
  TRACED static int open(int n) {
    int result = fail_at(n);
    __asm__ volatile("" : "+r"(result));
    return result;
  }
};

// Catches, and calls on: new frames lie where the dead ones were.
TRACED int catching(int n) {
  int result;
  try {
    result = Till::open(n);
  } catch (const std::exception&) {
    result = after(n);
  }
  __asm__ volatile("" : "+r"(result));
  return result;
}

TRACED int rethrowing(int n) {
  int result;
  try {
    result = fail_at(n);
  } catch (...) {
    after(40);
    throw;
  }
  __asm__ volatile("" : "+r"(result));
  return result;
}

template <class T>
TRACED T twice(T value) {
  __asm__ volatile("");
  return value + value;
}

}  // namespace shop

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  expect_into(argv[1]);

  for (int i = 0; i < 2; ++i) {
    shop::catching(1);
    expect("shop::catching(n=1) {");
    expect("  shop::Till::open(n=1) {");
    expect("    shop::fail_at(n=1) {");
    expect("      shop::fail_at(n=0) <unwound>");
    expect("    } shop::fail_at <unwound>");
    expect("  } shop::Till::open <unwound>");
    expect("  shop::after(n=1) = 2");
    expect("} shop::catching = 2");
  }

  try {
    shop::rethrowing(0);
  } catch (const std::exception&) {
    shop::after(50);
  }
  expect("shop::rethrowing(n=0) {");
  expect("  shop::fail_at(n=0) <unwound>");
  expect("  shop::after(n=40) = 41");
  expect("} shop::rethrowing <unwound>");
  expect("shop::after(n=50) = 51");

  shop::twice(21);
  expect("shop::twice<int>(value=21) = 42");
  expect("+++ exited with 0 +++");
  return 0;
}
