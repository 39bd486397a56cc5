// Exceptions through every kind of frame. Traced with `-a 0 -e trace=none --funcs '^shop::' -o
// FILE`. Usage: unwinding EXPECTED.
#include <pthread.h>
#include <ucontext.h>

#include <stdexcept>

#include "expect.h"

namespace shop {

TRACED int note(int n) {
  __asm__ volatile("" : "+r"(n));
  return n;
}

TRACED void fail_at(int n) {
  if (n == 0) throw std::runtime_error("sold out");
  fail_at(n - 1);
  __asm__ volatile("");
}

}  // namespace shop

// Its cleanup calls traced functions, of which one throws and catches itself.
struct Guard {
  int n;
  ~Guard() {
    shop::note(n);
    try {
      shop::fail_at(0);
    } catch (const std::exception&) {
      shop::note(n + 1);
    }
  }
};

namespace shop {

TRACED void cleaning(int n) {
  Guard guard{n};
  fail_at(n);
  __asm__ volatile("");
}

TRACED void between(int n) {
  cleaning(n);
  __asm__ volatile("");
}

// Catches what it throws itself.
TRACED int own(int n) {
  try {
    if (n > 0) throw n;
  } catch (int caught) {
    n = note(caught);
  }
  return n;
}

// Catches inside a catch, and throws the first again.
TRACED void nested(int n) {
  try {
    fail_at(n);
  } catch (const std::exception&) {
    try {
      fail_at(0);
    } catch (...) {
      note(1);
    }
    note(2);
    throw;
  }
}

// Lets pass what it does not catch.
TRACED void other(int n) {
  try {
    fail_at(n);
  } catch (int) {
    note(99);
  }
}

TRACED void leaving(int n) {
  Guard guard{n};
  pthread_exit(nullptr);
}

}  // namespace shop

static void expect_cleaning(const char* indent) {
  expect("%sshop::cleaning(n=1) {", indent);
  expect("%s  shop::fail_at(n=1) {", indent);
  expect("%s    shop::fail_at(n=0) <unwound>", indent);
  expect("%s  } shop::fail_at <unwound>", indent);
}

static void expect_guard(const char* indent) {
  expect("%sshop::note(n=1) = 1", indent);
  expect("%sshop::fail_at(n=0) <unwound>", indent);
  expect("%sshop::note(n=2) = 2", indent);
}

static void cleanups() {
  for (int i = 0; i < 2; ++i) {
    try {
      shop::between(1);
    } catch (const std::exception&) {
      shop::note(3);
    }
    expect("shop::between(n=1) {");
    expect_cleaning("  ");
    expect_guard("    ");
    expect("  } shop::cleaning <unwound>");
    expect("} shop::between <unwound>");
    expect("shop::note(n=3) = 3");
  }
}

static void catches() {
  for (int i = 0; i < 2; ++i) {
    shop::own(4);
    expect("shop::own(n=4) {");
    expect("  shop::note(n=4) = 4");
    expect("} shop::own = 4");
  }
  try {
    shop::nested(0);
  } catch (...) {
  }
  shop::note(5);
  expect("shop::nested(n=0) {");
  expect("  shop::fail_at(n=0) <unwound>");
  expect("  shop::fail_at(n=0) <unwound>");
  expect("  shop::note(n=1) = 1");
  expect("  shop::note(n=2) = 2");
  expect("} shop::nested <unwound>");
  expect("shop::note(n=5) = 5");
  try {
    shop::other(0);
  } catch (...) {
    shop::note(6);
  }
  expect("shop::other(n=0) {");
  expect("  shop::fail_at(n=0) <unwound>");
  expect("} shop::other <unwound>");
  expect("shop::note(n=6) = 6");
}

static ucontext_t outside;
static ucontext_t inside;

static void catching_coroutine() {
  try {
    shop::fail_at(0);
  } catch (...) {
    shop::note(7);
  }
}

namespace shop {
TRACED void resuming(ucontext_t* context) {
  (void)context;
  swapcontext(&outside, &inside);
  note(8);
}
}  // namespace shop

// An exception on another stack ends nothing on this one, wherever that stack is.
static void elsewhere(char* stack, size_t size) {
  getcontext(&inside);
  inside.uc_stack.ss_sp = stack;
  inside.uc_stack.ss_size = size;
  inside.uc_link = &outside;
  makecontext(&inside, catching_coroutine, 0);
  shop::resuming(nullptr);
  expect("shop::resuming(context=NULL) {");
  expect("shop::fail_at(n=0) <unwound>");
  expect("shop::note(n=7) = 7");
  expect("  shop::note(n=8) = 8");
  expect("} shop::resuming");
}

static void* leave(void*) {
  shop::leaving(1);
  return nullptr;
}

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  expect_into(argv[1]);
  cleanups();
  catches();
  static char below[65536];
  elsewhere(below, sizeof below);
  char above[65536];
  elsewhere(above, sizeof above);

  expect("shop::leaving(n=1) {");
  expect_guard("  ");
  expect("} shop::leaving <unwound>");
  expect("+++ exited with 0 +++");
  pthread_t thread;
  if (pthread_create(&thread, nullptr, leave, nullptr) != 0) fail("pthread_create");
  pthread_join(thread, nullptr);
  expect("+++ exited with 0 +++");
  return 0;
}
