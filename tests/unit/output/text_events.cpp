// What single events look like. Every line here was seen in strace's own output, numbers aside.
#include <fcntl.h>
#include <unistd.h>

#include <array>

#include "base/fd.h"
#include "text_harness.h"

using namespace ttrace;

TEST_CASE("a call and its result are one line, the result in column 40") {
  Session s;
  s.call("close", {Value::integer(3)}, returned(0));
  CHECK(s.out() == "close(3)                                = 0\n");
  s.enter_read();
  s.leave_read();
  CHECK(s.out() == "read(3, \"abc\", 3)                       = 3\n");
  s.call("getpid", {}, returned(7));
  CHECK(s.out() == "getpid()                                = 7\n");
}

TEST_CASE("a call that reaches the column is followed by one blank") {
  Session s;
  const auto line = [&](std::size_t width) {
    const std::string padding(width - 5, 'x');
    s.call("f", {Value::verbatim(padding + "yz")}, returned(0));
    return s.out();
  };
  CHECK(line(39) == "f(" + std::string(34, 'x') + "yz) = 0\n");
  CHECK(line(40) == "f(" + std::string(35, 'x') + "yz) = 0\n");
  CHECK(line(41) == "f(" + std::string(36, 'x') + "yz) = 0\n");
  CHECK(line(38) == "f(" + std::string(33, 'x') + "yz)  = 0\n");
}

TEST_CASE("the column can be chosen, and counts what stands before the call") {
  TextOptions options;
  options.result_column = 10;
  Session s(options);
  s.call("close", {Value::integer(3)}, returned(0));
  CHECK(s.out() == "close(3)  = 0\n");
  Session t;
  t.tracees = 2;
  t.call("write", {Value::integer(4), Value::string("abcdef", false), Value::natural(6)},
         returned(6));
  CHECK(t.out() == "[pid   100] write(4, \"abcdef\", 6)       = 6\n");
  options.result_column = 0;
  Session u(options);
  u.call("close", {Value::integer(3)}, returned(0));
  CHECK(u.out() == "close(3) = 0\n");
}

TEST_CASE("results of all kinds") {
  TextOptions options;
  options.result_column = 0;
  Session s(options);
  const auto result = [&](const SyscallResult& r) {
    s.call("f", {}, r);
    return s.out();
  };
  CHECK(result(failed(2, "ENOENT", "No such file or directory")) ==
        "f() = -1 ENOENT (No such file or directory)\n");
  CHECK(result(failed(999, "", "")) == "f() = -1 (errno 999)\n");
  CHECK(result(never_returned()) == "f() = ?\n");
  CHECK(result(succeeded(Value::hex(0x7f00))) == "f() = 0x7f00\n");
  SyscallResult restart = failed(512, "ERESTARTSYS", "To be restarted if SA_RESTART is set");
  restart.kind = SyscallResult::Kind::Restart;
  CHECK(result(restart) == "f() = ? ERESTARTSYS (To be restarted if SA_RESTART is set)\n");
}

TEST_CASE("notes follow the result in parentheses") {
  TextOptions options;
  options.result_column = 0;
  options.durations = true;
  Session s(options);
  const std::array left{Value::verbatim("[3]").named("in"),
                        Value::verbatim("{tv_sec=1, tv_usec=0}").named("left")};
  SyscallResult result = returned(1);
  result.notes = left;
  s.call("select", {}, result, 11'000);
  CHECK(s.out() == "select() = 1 (in [3], left {tv_sec=1, tv_usec=0}) <0.000011>\n");
  const std::array timeout{Value::verbatim("Timeout")};
  result = returned(0);
  result.notes = timeout;
  s.call("poll", {}, result, 12'000'123'456);
  CHECK(s.out() == "poll() = 0 (Timeout) <12.000123>\n");
}

TEST_CASE("a duration that was not measured is not printed, nor one that was not asked for") {
  TextOptions options;
  options.result_column = 0;
  options.durations = true;
  Session s(options);
  s.call("exit_group", {Value::integer(0)}, never_returned());
  CHECK(s.out() == "exit_group(0) = ?\n");
  options.durations = false;
  Session t(options);
  t.call("getpid", {}, returned(1), 1000);
  CHECK(t.out() == "getpid() = 1\n");
}

TEST_CASE("a comma that announced an argument goes when none comes") {
  TextOptions options;
  options.result_column = 0;
  Session s(options);
  s.enter("openat", {Value::integer(3)}, false);
  s.leave("openat", 1, {}, returned(4));
  CHECK(s.out() == "openat(3) = 4\n");
}

TEST_CASE("signals and stops") {
  Session s;
  const std::array fields{Value::symbol("SIGCHLD", 17).named("si_signo")};
  CHECK(s.send(SignalDelivered{"SIGCHLD", Value::list(Value::Kind::Struct, fields)}));
  CHECK(s.out() == "--- SIGCHLD {si_signo=SIGCHLD} ---\n");
  CHECK(s.send(SignalDelivered{"SIGKILL", Value::none()}));
  CHECK(s.out() == "--- SIGKILL ---\n");
  CHECK(s.send(GroupStopped{"SIGSTOP"}));
  CHECK(s.out() == "--- stopped by SIGSTOP ---\n");
}

TEST_CASE("ends of threads") {
  Session s;
  s.call("exit_group", {Value::integer(3)}, never_returned());
  CHECK(s.send(Exited{3}));
  CHECK(s.out() == "exit_group(3)                           = ?\n+++ exited with 3 +++\n");
  CHECK(s.send(Killed{"SIGKILL"}));
  CHECK(s.out() == "+++ killed by SIGKILL +++\n");
  CHECK(s.send(Killed{"SIGSEGV", true}));
  CHECK(s.out() == "+++ killed by SIGSEGV (core dumped) +++\n");
  CHECK(s.written.ended == std::vector<int>{100, 100, 100});
}

TEST_CASE("a call whose thread is killed has no result") {
  Session s;
  s.enter("pause", {}, true);
  CHECK(s.send(Killed{"SIGKILL"}));
  CHECK(s.out() == "pause()                                 = ?\n+++ killed by SIGKILL +++\n");
  s.enter_read();
  CHECK(s.send(Exited{0}));
  CHECK(s.out() == "read(3 <unfinished ...>)                = ?\n+++ exited with 0 +++\n");
}

TEST_CASE("a call that was abandoned lacks what the kernel would have filled in") {
  Session s;
  s.enter_read();
  s.leave("read", 1, {}, never_returned());
  CHECK(s.out() == "read(3 <unfinished ...>)                = ?\n");
  s.enter_read();
  s.leave("read", 1, {Value::address(Address(0x1000)), Value::natural(3)}, never_returned());
  CHECK(s.out() == "read(3, 0x1000, 3)                      = ?\n");
}

TEST_CASE("quiet levels") {
  TextOptions options;
  const auto lines = [&](unsigned quiet) {
    options.silence = {quiet >= 1, quiet >= 1, quiet >= 2, quiet >= 3, quiet >= 3};
    Session s(options);
    CHECK(s.send(Attached{}));
    CHECK(s.send(Superseded{Tid{101}}));
    CHECK(s.send(Exited{0}));
    CHECK(s.send(Killed{"SIGKILL"}));
    CHECK(s.send(Detached{}));
    CHECK(s.send(Notice{"note"}));
    return s.out();
  };
  const std::string superseded = "+++ superseded by execve in pid 101 +++\n";
  const std::string exited = "+++ exited with 0 +++\n";
  const std::string rest = "+++ killed by SIGKILL +++\n";
  const std::string note = "ttrace: note\n";
  CHECK(lines(0) == "ttrace: Process 100 attached\n" + superseded + exited + rest +
                        "ttrace: Process 100 detached\n" + note);
  CHECK(lines(1) == superseded + exited + rest + note);
  CHECK(lines(2) == superseded + rest + note);
  CHECK(lines(3) == rest + note);
}

TEST_CASE("messages begin with the program's name") {
  TextOptions options;
  options.program = "/usr/bin/tt";
  Session s(options);
  CHECK(s.send(Notice{"something"}));
  CHECK(s.out() == "/usr/bin/tt: something\n");
}

TEST_CASE("messages go to standard error when the trace goes elsewhere") {
  int ends[2];
  REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
  const UniqueFd output(ends[0]);
  UniqueFd input(ends[1]);
  const UniqueFd standard_error(::dup(STDERR_FILENO));
  TextOptions options;
  options.diagnostics_in_line = false;
  Session s(options);
  s.enter("pause", {}, true);
  ::dup2(input.get(), STDERR_FILENO);
  const bool sent = s.send(Attached{}) && s.send(Detached{}) && s.send(Notice{"x"});
  ::dup2(standard_error.get(), STDERR_FILENO);
  input.reset();
  CHECK(sent);
  char text[200];
  const ssize_t length = ::read(output.get(), text, sizeof text);
  REQUIRE(length > 0);
  CHECK(std::string(text, static_cast<std::size_t>(length)) ==
        "ttrace: Process 100 attached\nttrace: Process 100 detached\nttrace: x\n");
  CHECK(s.out() == "pause( <detached ...>\n");
}

TEST_CASE("a call that is open at the detach") {
  TextOptions options;
  options.silence.attach = true;
  Session s(options);
  s.enter("pause", {}, true);
  CHECK(s.send(Detached{}));
  CHECK(s.out() == "pause( <detached ...>\n");
  s.enter_read();
  CHECK(s.send(Detached{}));
  CHECK(s.out() == "read(3 <detached ...>\n");
  CHECK(s.send(Detached{}));
  CHECK(s.out().empty());
}

TEST_CASE("a trace that nothing more can be written to says so") {
  Session s;
  s.written.fail = EPIPE;
  s.enter_read();
  const auto written = s.send(SyscallReturned{"read", 1, {}, returned(0), -1});
  REQUIRE_FALSE(written);
  CHECK(written.error().code == EPIPE);
}
