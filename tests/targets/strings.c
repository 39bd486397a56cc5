// Strings and buffers in every position: whole, cut, escaped, at the end of readable memory and
// beyond. Traced with `-e trace=chdir,read,write -o FILE`. Usage: strings EXPECTED.
#include "expect.h"

#define ENOENT_TEXT "-1 ENOENT (No such file or directory)"
#define EFAULT_TEXT "-1 EFAULT (Bad address)"
#define EBADF_TEXT "-1 EBADF (Bad file descriptor)"

// Made at run time: the compiler knows of NULL that these calls want none.
static char* volatile null_pointer;

static void paths(void) {
  static const char path[] = "/nonexistent/at-the-guard-page";
  (void)!chdir(at_guard_page(path, sizeof path));
  expect_call(ENOENT_TEXT, "chdir(\"%s\")", path);

  char* unterminated = at_guard_page(path, sizeof path - 1);
  (void)!chdir(unterminated);
  expect_call(EFAULT_TEXT, "chdir(%p)", (void*)unterminated);

  (void)!chdir(null_pointer);
  expect_call(EFAULT_TEXT, "chdir(NULL)");

  (void)!chdir((const char*)1);
  expect_call(EFAULT_TEXT, "chdir(0x1)");

  (void)!chdir("");
  expect_call(ENOENT_TEXT, "chdir(\"\")");

  // Paths are never cut at -s.
  char long_path[201] = "/";
  memset(long_path + 1, 'p', 199);
  (void)!chdir(at_guard_page(long_path, sizeof long_path));
  expect_call(ENOENT_TEXT, "chdir(\"%s\")", long_path);

  // Crosses from one page into the next.
  static char pages[3 * 4096] __attribute__((aligned(4096)));
  char* crossing = pages + 4096 - 8;
  strcpy(crossing, "/nonexistent/across");
  (void)!chdir(crossing);
  expect_call(ENOENT_TEXT, "chdir(\"%s\")", crossing);
}

static void buffers(void) {
  static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJ";
  (void)!write(-1, at_guard_page(letters, 31), 31);
  expect_call(EBADF_TEXT, "write(-1, \"%.31s\", 31)", letters);
  (void)!write(-1, at_guard_page(letters, 32), 32);
  expect_call(EBADF_TEXT, "write(-1, \"%.32s\", 32)", letters);
  (void)!write(-1, at_guard_page(letters, 33), 33);
  expect_call(EBADF_TEXT, "write(-1, \"%.32s\"..., 33)", letters);

  (void)!write(-1, at_guard_page(letters, 0), 0);
  expect_call(EBADF_TEXT, "write(-1, \"\", 0)");

  char* half = at_guard_page(letters, 4);
  (void)!write(-1, half, 8);
  expect_call(EBADF_TEXT, "write(-1, %p, 8)", (void*)half);

  // Of a long buffer, only what is shown has to be readable, and one byte more.
  char* shown = at_guard_page(letters, 33);
  (void)!write(-1, shown, 4096);
  expect_call(EBADF_TEXT, "write(-1, \"%.32s\"..., 4096)", letters);

  (void)!write(-1, null_pointer, 3);
  expect_call(EBADF_TEXT, "write(-1, NULL, 3)");
}

static void escapes(void) {
  static const unsigned char controls[] = {'\a', '\b', '\f', '\n', '\r', '\t',
                                           '\v', 27,   127,  128,  255};
  (void)!write(-1, at_guard_page(controls, sizeof controls), sizeof controls);
  expect_call(EBADF_TEXT, "write(-1, \"\\7\\10\\f\\n\\r\\t\\v\\33\\177\\200\\377\", 11)");

  // An octal escape in front of a digit needs all its three digits.
  static const char digits[] = {0, '1', 1, '7', 2, '8', 3, 'a', 0};
  (void)!write(-1, at_guard_page(digits, sizeof digits), sizeof digits);
  expect_call(EBADF_TEXT, "write(-1, \"\\0001\\0017\\28\\3a\\0\", 9)");

  static const char quotes[] = "say \"\\\" it's";
  (void)!write(-1, quotes, sizeof quotes - 1);
  expect_call(EBADF_TEXT, "write(-1, \"say \\\"\\\\\\\" it's\", 12)");
}

static void results(void) {
  int ends[2];
  if (pipe(ends) != 0) fail("pipe");
  (void)!write(ends[1], "in\0out", 6);
  expect_call("6", "write(%d, \"in\\0out\", 6)", ends[1]);
  char* buffer = at_guard_page("....", 4);
  (void)!read(ends[0], buffer, 4);
  expect_call("4", "read(%d, \"in\\0o\", 4)", ends[0]);
  char rest[64];
  (void)!read(ends[0], rest, sizeof rest);
  expect_call("2", "read(%d, \"ut\", 64)", ends[0]);
  close(ends[1]);
  (void)!read(ends[0], rest, sizeof rest);
  expect_call("0", "read(%d, \"\", 64)", ends[0]);
  (void)!read(-1, rest, 5);
  expect_call(EBADF_TEXT, "read(-1, %p, 5)", (void*)rest);
}

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  expect_into(argv[1]);
  paths();
  buffers();
  escapes();
  results();
  expect("+++ exited with 0 +++");
  return 0;
}
