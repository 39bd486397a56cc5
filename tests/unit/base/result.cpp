#include "base/result.h"

#include <doctest/doctest.h>

using namespace ttrace;

TEST_CASE("an Error's message ends in the kernel's words when it has a number") {
  CHECK(Error{ENOENT, "open x"}.message() == "open x: No such file or directory");
  CHECK(Error{0, "just words"}.message() == "just words");
  CHECK(Error{ESRCH, ""}.gone());
  CHECK_FALSE(Error{EPERM, ""}.gone());
}

TEST_CASE("a Result holds a value or an Error") {
  auto half = [](int n) -> Result<int> {
    if (n % 2 != 0) return Error{EINVAL, "odd"};
    return n / 2;
  };
  CHECK(half(4).value() == 2);
  CHECK(half(3).error().code == EINVAL);
}
