// Lines of goroutines, which change threads, and of threads, which change goroutines.
#include "text_harness.h"

using namespace ttrace;

namespace {

struct GoSession : Session {
  explicit GoSession(TextOptions options = {}, bool immediate = false)
      : Session(unpadded(std::move(options)), immediate) {
    pid = 100;
    tracees = 2;
  }
  static TextOptions unpadded(TextOptions options) {
    options.result_column = 0;
    return options;
  }
  void on(int thread, std::uint64_t number, unsigned level = 0) {
    tid = thread;
    goroutine = number;
    depth = level;
  }
};

TextOptions with(TextOptions::Pids pids, bool whole = false) {
  TextOptions options;
  options.pids = pids;
  options.whole_lines = whole;
  return options;
}

}  // namespace

TEST_CASE("a goroutine's call goes on on another thread") {
  GoSession s;
  s.on(100, 7);
  s.enter_function("main.f");
  s.on(101, 7);
  s.leave_function("main.f", Value::integer(1));
  CHECK(s.out() == "[pid   100 g 7] main.f() = 1\n");
  s.on(100, 7);
  s.enter_function("main.f");
  s.on(101, 7, 1);
  s.call("getpid", {}, returned(5));
  s.on(102, 7);
  s.leave_function("main.f", Value::integer(2));
  CHECK(s.out() ==
        "[pid   100 g 7] main.f() {\n"
        "[pid   101 g 7]   getpid() = 5\n"
        "[pid   102 g 7] } main.f = 2\n");
}

TEST_CASE("what a thread does for another goroutine is not inside of the first one's call") {
  GoSession s;
  s.on(100, 7);
  s.enter_function("main.f");
  s.on(100, 8);
  s.enter_function("main.g");
  s.leave_function("main.g");
  s.on(100, 0);
  s.call("futex", {}, returned(0));
  s.on(101, 7);
  s.leave_function("main.f");
  CHECK(s.out() ==
        "[pid   100 g 8] main.g()\n"
        "[pid   100] futex() = 0\n"
        "[pid   100 g 7] main.f()\n");
}

TEST_CASE("goroutines of two processes with the same number are two") {
  GoSession s;
  s.on(100, 1);
  s.enter_function("main.f");
  s.pid = 200;
  s.on(200, 1);
  s.enter_function("main.g");
  s.leave_function("main.g");
  s.pid = 100;
  s.on(100, 1);
  s.leave_function("main.f");
  CHECK(s.out() == "[pid   200 g 1] main.g()\n[pid   100 g 1] main.f()\n");
}

TEST_CASE("a goroutine's syscall is interrupted and resumed") {
  GoSession s;
  s.on(100, 7, 1);
  s.enter_read();
  s.on(101, 8, 0);
  s.call("getpid", {}, returned(5));
  s.on(100, 7, 1);
  s.leave_read();
  CHECK(s.out() ==
        "[pid   100 g 7]   read(3 <unfinished ...>\n"
        "[pid   101 g 8] getpid() = 5\n"
        "[pid   100 g 7]   <... read resumed>, \"abc\", 3) = 3\n");
}

TEST_CASE("a syscall is its thread's: whoever the thread executes when it ends") {
  GoSession s;
  s.on(100, 7);
  s.enter("execve", {Value::integer(1)}, true);
  s.on(100, 0);
  s.leave("execve", 1, {}, returned(0));
  CHECK(s.out() == "[pid   100 g 7] execve(1) = 0\n");
  s.on(100, 7);
  s.enter_read();
  CHECK(s.send(Exited{3}));
  CHECK(s.out() ==
        "[pid   100 g 7] read(3 <unfinished ...>) = ?\n"
        "[pid   100] +++ exited with 3 +++\n");
}

TEST_CASE("a goroutine's syscall ends with its thread: execve in another thread") {
  GoSession s;
  s.on(101, 7);
  s.enter("execve", {Value::integer(1)}, true);
  s.on(100, 0);
  CHECK(s.send(Superseded{Tid{101}}));
  s.leave("execve", 1, {}, returned(0));
  CHECK(s.out() ==
        "[pid   101 g 7] execve(1 <pid changed to 100 ...>\n"
        "[pid   100] +++ superseded by execve in pid 101 +++\n"
        "[pid   100] <... execve resumed>) = 0\n");
}

TEST_CASE("when a process ends, what its goroutines are in was begun") {
  GoSession s;
  s.on(100, 7);
  s.enter_function("main.f");
  s.on(101, 8);
  s.enter_function("main.g");
  s.on(101, 0);
  CHECK(s.send(Exited{0}));
  s.on(100, 0);
  CHECK(s.send(Exited{0}));
  CHECK(s.out() ==
        "[pid   101 g 8] main.g() {\n"
        "[pid   101] +++ exited with 0 +++\n"
        "[pid   100 g 7] main.f() {\n"
        "[pid   100] +++ exited with 0 +++\n");
}

TEST_CASE("with a file for each thread, a call that moves is in both") {
  GoSession s(with(TextOptions::Pids::Never));
  s.on(100, 7);
  s.enter_function("main.f");
  s.on(101, 7);
  s.leave_function("main.f", Value::integer(1));
  s.enter_function("main.g");
  s.leave_function("main.g");
  CHECK(s.written.of[100] == "g 7 main.f() {\n");
  CHECK(s.written.of[101] == "g 7 } main.f = 1\ng 7 main.g()\n");
}

TEST_CASE("on a terminal, the other goroutine ends the line that is seen") {
  GoSession s({}, true);
  s.on(100, 7);
  s.enter_function("main.f");
  CHECK(s.out() == "[pid   100 g 7] main.f()");
  s.on(100, 8);
  s.enter_function("main.g");
  CHECK(s.out() == " {\n[pid   100 g 8] main.g()");
  s.on(101, 7);
  s.leave_function("main.f");
  CHECK(s.out() == " {\n[pid   101 g 7] } main.f\n");
}

TEST_CASE("goroutines without number do not stay in memory, and what is open is kept") {
  GoSession s(with(TextOptions::Pids::Always));
  s.on(100, 1);
  s.enter_function("main.f");
  for (std::uint64_t i = 2; i < 5000; ++i) {
    s.on(101, i);
    s.enter_function("g");
    s.leave_function("g");
  }
  s.out();
  s.on(101, 1);
  s.leave_function("main.f");
  CHECK(s.out() == "100    g 1 main.f()\n");
}
