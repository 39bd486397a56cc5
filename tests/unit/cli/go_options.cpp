#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "unit/cli/command_line.h"

using namespace ttrace;

namespace {

using Kind = Options::GoPackage::Kind;
using GoRuntime = Options::GoRuntime;

Options good(const Args& args) {
  auto options = parse(args);
  REQUIRE_MESSAGE(options, (options ? "" : options.error().message()));
  return *options;
}

// The first line of the message.
std::string error(const Args& args) {
  auto options = parse(args);
  const std::string text = options ? "no error" : options.error().message();
  return text.substr(0, text.find('\n'));
}

}  // namespace

TEST_CASE("--goroutine is a number, or several") {
  CHECK(good({"ls"}).goroutines.empty());
  CHECK(good({"--goroutine", "7", "ls"}).goroutines == std::vector<std::uint64_t>{7});
  CHECK(good({"--goroutine=1,5", "--goroutine=18446744073709551615", "ls"}).goroutines ==
        std::vector<std::uint64_t>{1, 5, 18446744073709551615U});
  for (const char* bad :
       {"", "0", "x", "-1", "1,", ",1", "1,,2", "1 ", "+1", "0x1", "18446744073709551616"}) {
    CAPTURE(bad);
    CHECK(error({std::string("--goroutine=") + bad, "ls"}) ==
          "invalid --goroutine argument: '" + std::string(bad) + "'");
  }
}

TEST_CASE("--go-runtime: hidden when functions are asked for, unless the user says so") {
  CHECK(good({"ls"}).go_runtime == GoRuntime::Show);
  CHECK(good({"--funcs=x", "ls"}).go_runtime == GoRuntime::Hide);
  CHECK(good({"--within=x", "ls"}).go_runtime == GoRuntime::Hide);
  CHECK(good({"--funcs=x", "--go-runtime=show", "ls"}).go_runtime == GoRuntime::Show);
  CHECK(good({"--go-runtime=hide", "ls"}).go_runtime == GoRuntime::Hide);
  CHECK(error({"--go-runtime=auto", "ls"}) == "invalid --go-runtime argument: 'auto'");
}

TEST_CASE("--go-build and --go-test name what to trace; operands are its arguments") {
  CHECK(good({"ls"}).go.kind == Kind::None);
  Options options = good({"--go-build", "./cmd", "--funcs=x", "--", "-a", "b"});
  CHECK(options.go.kind == Kind::Program);
  CHECK(options.go.package == "./cmd");
  CHECK(options.command == Args{"-a", "b"});
  options = good({"--go-test=."});
  CHECK(options.go.kind == Kind::Test);
  CHECK(options.command.empty());
  CHECK(error({"--go-build=.", "--go-test=."}) ==
        "--go-build and --go-test cannot be provided simultaneously");
  CHECK(error({"--go-build="}) == "invalid --go-build argument: ''");
  CHECK(error({"--go-test=-x"}) == "invalid --go-test argument: '-x'");
  CHECK(error({"--go-output=x"}) == "must have PROG [ARGS] or -p PID");
}

TEST_CASE("--go-flags are words, which may be quoted") {
  CHECK(good({"--go-build=.", "--go-flags= -tags x  -v "}).go.flags == Args{"-tags", "x", "-v"});
  CHECK(good({"--go-build=.", "--go-flags=-gcflags='all=-N -l'", "--go-flags=-race"}).go.flags ==
        Args{"-gcflags=all=-N -l", "-race"});
  CHECK(good({"--go-build=.", "--go-flags=\"it's\" ''"}).go.flags == Args{"it's", ""});
  CHECK(good({"--go-build=.", "--go-flags="}).go.flags.empty());
  CHECK(error({"--go-build=.", "--go-flags='x"}) == "invalid --go-flags argument: ''x'");
}

TEST_CASE("options that have nothing to act on are warned of") {
  CHECK(good({"--go-output=a", "--go-flags=-v", "ls"}).warnings ==
        Args{"--go-output has no effect without --go-build or --go-test",
             "--go-flags has no effect without --go-build or --go-test"});
  CHECK(good({"--go-build=.", "--go-output=a", "--go-flags=-v"}).warnings.empty());
  CHECK(
      good({"--stack-at=both", "--location", "ls"}).warnings ==
      Args{"--stack-at has no effect without --stack", "--location has no effect without --funcs"});
}

TEST_CASE("--stack-at") {
  CHECK(good({"ls"}).stack_at == Options::StackAt::Entry);
  CHECK(good({"--funcs=x", "--stack=3", "--stack-at=both", "ls"}).stack_at ==
        Options::StackAt::Both);
  CHECK(error({"--stack-at=never", "ls"}) == "invalid --stack-at argument: 'never'");
}
