#include "os/spawn.h"

#include <doctest/doctest.h>

#include <cerrno>

using namespace ttrace;

TEST_CASE("a program is found as a shell finds it") {
  auto sh = find_program("sh");
  REQUIRE(sh);
  CHECK(sh->ends_with("/sh"));
  CHECK(find_program("/bin/sh").value() == "/bin/sh");
}

TEST_CASE("what is no program is refused with its reason") {
  CHECK(find_program("no-such-program-anywhere").error().message() ==
        "cannot find program 'no-such-program-anywhere' in PATH");
  CHECK(find_program("/no/such/program").error().message() ==
        "cannot run '/no/such/program': No such file or directory");
  CHECK(find_program("/etc/passwd").error().code == EACCES);
  CHECK(find_program("/tmp").error().code == EISDIR);
  CHECK(find_program("").error().code == ENOENT);
}

TEST_CASE("output_of gives a command's output, or nothing when it fails") {
  CHECK(output_of({"/bin/echo", "hello"}) == "hello\n");
  CHECK(output_of({"/bin/sh", "-c", "echo partial; exit 1"}).empty());
  CHECK(output_of({"/no/such/program"}).empty());
}
