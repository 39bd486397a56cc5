// Lines of function calls, and of what happens inside them.
#include <array>

#include "text_harness.h"

using namespace ttrace;

namespace {

TextOptions unpadded() {
  TextOptions options;
  options.result_column = 0;
  return options;
}
TextOptions whole() {
  TextOptions options = unpadded();
  options.whole_lines = true;
  return options;
}

}  // namespace

TEST_CASE("a function call with nothing inside is one line") {
  Session s(unpadded());
  s.enter_function("f", {Value::integer(1).named("x"), Value::integer(2)});
  CHECK(s.out().empty());
  s.leave_function("f", Value::integer(3));
  CHECK(s.out() == "f(x=1, 2) = 3\n");
}

TEST_CASE("a void function has no result") {
  Session s(unpadded());
  s.enter_function("f");
  s.leave_function("f");
  CHECK(s.out() == "f()\n");
}

TEST_CASE("what happens inside stands between braces, indented by two blanks a level") {
  Session s(unpadded());
  s.enter_function("load", {Value::string("a", false).named("path")});
  s.depth = 1;
  s.call("openat", {Value::integer(5)}, returned(3));
  s.enter_function("parse", {Value::integer(4).named("len")});
  s.leave_function("parse", Value::integer(1));
  s.enter_function("outer");
  s.depth = 2;
  s.enter_function("inner");
  s.depth = 3;
  s.enter_read();
  s.leave_read();
  s.depth = 2;
  s.leave_function("inner");
  s.depth = 1;
  s.leave_function("outer");
  CHECK(s.send(SignalDelivered{"SIGUSR1", Value::none()}));
  s.depth = 0;
  s.leave_function("load", Value::integer(0));
  CHECK(s.out() ==
        "load(path=\"a\") {\n"
        "  openat(5) = 3\n"
        "  parse(len=4) = 1\n"
        "  outer() {\n"
        "    inner() {\n"
        "      read(3, \"abc\", 3) = 3\n"
        "    } inner\n"
        "  } outer\n"
        "  --- SIGUSR1 ---\n"
        "} load = 0\n");
}

TEST_CASE("the object stands behind the name when it is given") {
  Session s(unpadded());
  CHECK(s.send(FunctionEntered{"malloc", "libc.so.6", {}}));
  CHECK(s.send(FunctionReturned{"malloc", "libc.so.6", Value::hex(0x10)}));
  CHECK(s.out() == "malloc@libc.so.6() = 0x10\n");
  CHECK(s.send(FunctionEntered{"malloc", "libc.so.6", {}}));
  s.depth = 1;
  CHECK(s.send(SignalDelivered{"SIGUSR1", Value::none()}));
  s.depth = 0;
  CHECK(s.send(FunctionReturned{"malloc", "libc.so.6", Value::hex(0x10)}));
  CHECK(s.out() == "malloc@libc.so.6() {\n  --- SIGUSR1 ---\n} malloc@libc.so.6 = 0x10\n");
}

TEST_CASE("arguments that may exist are an ellipsis") {
  Session s(unpadded());
  const std::array args{Value::integer(1)};
  CHECK(s.send(FunctionEntered{"f", "", args, true}));
  s.leave_function("f");
  CHECK(s.send(FunctionEntered{"f", "", {}, true}));
  s.leave_function("f");
  CHECK(s.out() == "f(1, ...)\nf(...)\n");
}

TEST_CASE("a frame that was skipped is unwound") {
  Session s(unpadded());
  s.enter_function("f");
  s.depth = 1;
  s.enter_function("g", {Value::integer(0).named("n")});
  CHECK(s.send(FunctionReturned{"g", "", Value::none(), CallEnd::Unwound}));
  s.depth = 0;
  CHECK(s.send(FunctionReturned{"f", "", Value::none(), CallEnd::Unwound}));
  CHECK(s.out() == "f() {\n  g(n=0) <unwound>\n} f <unwound>\n");
}

TEST_CASE("a call whose end nobody reports encloses nothing") {
  Session s(unpadded());
  const std::array args{Value::integer(1).named("n")};
  CHECK(s.send(FunctionEntered{"_start", "", args, true, {}, false}));
  s.enter_function("main");
  s.leave_function("main", Value::integer(0));
  CHECK(s.out() == "_start(n=1, ...) <no return>\nmain() = 0\n");
}

TEST_CASE("durations follow functions too") {
  TextOptions options = unpadded();
  options.durations = true;
  Session s(options);
  s.enter_function("f");
  CHECK(s.send(FunctionReturned{"f", "", Value::integer(1), CallEnd::Returned, 12'000}));
  s.enter_function("g");
  CHECK(s.send(FunctionReturned{"g", "", Value::none(), CallEnd::Returned, 1'000'000'000}));
  CHECK(s.out() == "f() = 1 <0.000012>\ng() <1.000000>\n");
}

TEST_CASE("results of functions are padded when a column is asked for") {
  TextOptions options;
  options.result_column = 12;
  Session s(options);
  s.enter_function("f");
  s.leave_function("f", Value::integer(1));
  s.enter_function("g");
  s.leave_function("g");
  CHECK(s.out() == "f()         = 1\ng()\n");
}

TEST_CASE("the thread and the time stand before the indentation") {
  Session s(unpadded());
  s.tracees = 2;
  s.depth = 2;
  s.call("getpid", {}, returned(1));
  CHECK(s.out() == "[pid   100]     getpid() = 1\n");
}

TEST_CASE("functions that are open when the thread ends stay open") {
  Session s(unpadded());
  s.enter_function("f", {Value::integer(1)});
  s.depth = 1;
  CHECK(s.send(Exited{0}));
  CHECK(s.out() == "f(1) {\n+++ exited with 0 +++\n");
  s.depth = 0;
  s.enter_function("f", {Value::integer(1)});
  CHECK(s.finish());
  CHECK(s.out() == "f(1) {\n");
}

TEST_CASE("a thread that ends quietly shows its open function nevertheless") {
  TextOptions options = unpadded();
  options.silence = {.attach = true, .exit = true};
  Session s(options);
  s.enter_function("f");
  CHECK(s.send(Exited{0}));
  CHECK(s.out() == "f() {\n");
}

TEST_CASE("another thread's event goes before a line that nobody has seen") {
  Session s(unpadded());
  s.tracees = 2;
  s.enter_function("f");
  s.tid = 200;
  s.call("getpid", {}, returned(1));
  s.tid = 100;
  s.leave_function("f", Value::integer(2));
  CHECK(s.out() == "[pid   200] getpid() = 1\n[pid   100] f() = 2\n");
}

TEST_CASE("a function's entry does not break another thread's call until it is shown") {
  Session s(unpadded());
  s.enter_read();
  s.tid = 200;
  s.enter_function("f");
  s.tid = 100;
  s.leave_read();
  s.enter_read();
  s.tid = 200;
  s.leave_function("f");
  s.tid = 100;
  s.leave_read();
  CHECK(s.out() ==
        "read(3, \"abc\", 3) = 3\n"
        "read(3 <unfinished ...>\n"
        "f()\n"
        "<... read resumed>, \"abc\", 3) = 3\n");
}

TEST_CASE("on a terminal a function's beginning is seen, and another thread's event opens it") {
  Session s(unpadded(), true);
  s.enter_function("f");
  CHECK(s.seen() == "f()");
  s.leave_function("f", Value::integer(2));
  CHECK(s.seen() == "f() = 2\n");
  s.enter_function("f");
  s.tid = 200;
  s.call("getpid", {}, returned(1));
  s.tid = 100;
  s.leave_function("f", Value::integer(2));
  s.out();
  CHECK(s.seen() == "f() = 2\nf() {\ngetpid() = 1\n} f = 2\n");
}

TEST_CASE("a function that lasts is shown after a second") {
  for (const bool whole_lines : {false, true}) {
    Session s(whole_lines ? whole() : unpadded());
    s.enter_function("f", {Value::integer(1).named("x")});
    CHECK(s.wants_idle_at() == s.time + 1'000'000'000);
    s.time += 999'999'999;
    s.idle();
    CHECK(s.seen().empty());
    s.time += 1;
    s.idle();
    CHECK(s.seen() == "f(x=1) {\n");
    CHECK(s.wants_idle_at() == 0);
    s.leave_function("f", Value::integer(2));
    CHECK(s.finish());
    CHECK(s.seen() == "f(x=1) {\n} f = 2\n");
  }
}

TEST_CASE("whole lines: a function's entry is one as soon as something happens inside") {
  Session s(whole());
  s.enter_function("f");
  s.tid = 200;
  s.call("getpid", {}, returned(1));
  CHECK(s.out() == "getpid() = 1\n");
  s.tid = 100;
  s.depth = 1;
  s.enter_read();
  CHECK(s.out() == "f() {\n");
  s.tid = 200;
  s.depth = 0;
  s.call("getpid", {}, returned(1));
  s.tid = 100;
  s.depth = 1;
  s.leave_read();
  s.depth = 0;
  s.leave_function("f");
  CHECK(s.out() == "getpid() = 1\n  read(3, \"abc\", 3) = 3\n} f\n");
}

TEST_CASE("a name from a program cannot break a line") {
  Session s(unpadded());
  s.enter_function("f\n\x1b[m");
  s.leave_function("f");
  CHECK(s.out() == "f\\012\\033[m()\n");
}

TEST_CASE("where functions are, and where they return") {
  Session s(unpadded());
  FunctionEntered entered{"f", "", {}};
  entered.place = {"app.c", 12};
  FunctionReturned left{"f", "", Value::integer(3)};
  left.place = {"main\n.c", 40};
  CHECK(s.send(entered));
  CHECK(s.send(left));
  CHECK(s.out() == "f() at app.c:12 = 3 at main\\012.c:40\n");
  CHECK(s.send(entered));
  s.depth = 1;
  s.call("getpid", {}, returned(5));
  s.depth = 0;
  left.duration = 1'000;
  CHECK(s.send(left));
  CHECK(s.out() == "f() at app.c:12 {\n  getpid() = 5\n} f = 3 at main\\012.c:40\n");
}

TEST_CASE("who called, at the return") {
  Session s(unpadded());
  const std::array frames{StackFrame{.function = "main", .file = "app.c", .line = 7}};
  FunctionEntered entered{"f", "", {}};
  entered.stack.frames = frames;
  FunctionReturned left{"f", "", Value::none()};
  left.stack.frames = frames;
  CHECK(s.send(entered));
  CHECK(s.send(left));
  CHECK(s.out() == "f()\n > main+0x0[0x0] app.c:7\n > main+0x0[0x0] app.c:7\n");
}
