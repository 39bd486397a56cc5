// Several threads in one stream, and when text is shown.
#include "output/text_sink.h"

#include <array>

#include "text_harness.h"

using namespace ttrace;

namespace {

TextOptions whole() {
  TextOptions options;
  options.whole_lines = true;
  return options;
}
TextOptions separate() {
  TextOptions options;
  options.pids = TextOptions::Pids::Never;
  return options;
}

}  // namespace

TEST_CASE("another thread's event leaves a call unfinished, and it is resumed later") {
  Session s;
  s.tracees = 2;
  s.enter_read();
  s.tid = 200;
  s.enter("close", {Value::integer(7)}, true);
  s.tid = 100;
  s.leave_read();
  s.tid = 200;
  s.leave("close", 1, {}, failed(9, "EBADF", "Bad file descriptor"));
  CHECK(s.out() ==
        "[pid   100] read(3 <unfinished ...>\n"
        "[pid   200] close(7 <unfinished ...>\n"
        "[pid   100] <... read resumed>, \"abc\", 3) = 3\n"
        "[pid   200] <... close resumed>)        = -1 EBADF (Bad file descriptor)\n");
}

TEST_CASE("the prefix vanishes when one thread is left") {
  Session s;
  s.tracees = 2;
  s.enter("wait4", {Value::integer(-1)}, false);
  s.tid = 200;
  CHECK(s.send(Exited{0}));
  s.tid = 100;
  s.tracees = 1;
  s.leave("wait4", 1, {Value::address(Address(0)), Value::integer(0), Value::address(Address(0))},
          returned(200));
  CHECK(s.out() ==
        "[pid   100] wait4(-1 <unfinished ...>\n"
        "[pid   200] +++ exited with 0 +++\n"
        "<... wait4 resumed>, NULL, 0, NULL)     = 200\n");
}

TEST_CASE("a thread that is killed in an unfinished call") {
  Session s;
  s.tracees = 2;
  s.enter_read();
  s.tid = 200;
  s.call("kill", {Value::integer(100), Value::symbol("SIGKILL", 9)}, returned(0));
  s.tid = 100;
  CHECK(s.send(Killed{"SIGKILL"}));
  CHECK(s.out() ==
        "[pid   100] read(3 <unfinished ...>\n"
        "[pid   200] kill(100, SIGKILL)          = 0\n"
        "[pid   100] <... read resumed> <unfinished ...>) = ?\n"
        "[pid   100] +++ killed by SIGKILL +++\n");
}

TEST_CASE("a thread in an unfinished call is detached") {
  Session s;
  s.enter_read();
  s.tid = 200;
  s.enter("pause", {}, true);
  s.tid = 100;
  CHECK(s.send(Detached{}));
  s.tid = 200;
  CHECK(s.send(Detached{}));
  CHECK(s.out() ==
        "read(3 <unfinished ...>\n"
        "pause( <unfinished ...>\n"
        "<... read resumed> <detached ...>\n"
        "ttrace: Process 100 detached\n"
        "<... pause resumed> <detached ...>\n"
        "ttrace: Process 200 detached\n");
}

TEST_CASE("a thread executes a program in the place of its process's first") {
  Session s;
  s.tracees = 2;
  s.enter("pause", {}, true);
  s.tid = 200;
  s.enter("execve", {Value::string("/bin/true", false)}, true);
  s.tid = 100;
  s.leave("pause", 0, {}, never_returned());
  s.tracees = 1;
  CHECK(s.send(Superseded{Tid{200}}));
  s.leave("execve", 1, {}, returned(0));
  CHECK(s.out() ==
        "[pid   100] pause( <unfinished ...>\n"
        "[pid   200] execve(\"/bin/true\" <unfinished ...>\n"
        "[pid   100] <... pause resumed>)        = ?\n"
        "+++ superseded by execve in pid 200 +++\n"
        "<... execve resumed>)                   = 0\n");
  CHECK(s.written.ended == std::vector<int>{200});
}

TEST_CASE("whole lines: an exec that supersedes keeps its one line") {
  Session s(whole());
  s.tracees = 2;
  s.tid = 200;
  s.enter("execve", {Value::string("/bin/true", false)}, true);
  s.tid = 100;
  s.tracees = 1;
  CHECK(s.send(Superseded{Tid{200}}));
  s.leave("execve", 1, {}, returned(0));
  CHECK(s.out() ==
        "+++ superseded by execve in pid 200 +++\n"
        "[pid   200] execve(\"/bin/true\")         = 0\n");
}

TEST_CASE("separate files: an exec that supersedes changes files") {
  Session s(separate());
  s.tid = 200;
  s.enter("execve", {Value::string("/bin/true", false)}, true);
  s.tid = 100;
  CHECK(s.send(Superseded{Tid{200}}));
  s.leave("execve", 1, {}, returned(0));
  CHECK(s.written.of[200] == "execve(\"/bin/true\" <pid changed to 100 ...>\n");
  CHECK(s.written.of[100] ==
        "+++ superseded by execve in pid 200 +++\n"
        "<... execve resumed>)                   = 0\n");
  CHECK(s.written.ended == std::vector<int>{200});
}

TEST_CASE("separate files: threads do not break each other's calls") {
  Session s(separate());
  s.tracees = 2;
  s.enter_read();
  s.tid = 200;
  s.enter_read();
  s.tid = 100;
  s.leave_read();
  s.tid = 200;
  s.leave_read();
  CHECK(s.written.of[100] == "read(3, \"abc\", 3)                       = 3\n");
  CHECK(s.written.of[200] == s.written.of[100]);
}

TEST_CASE("a message goes before a line that nobody has seen, and ends one that was seen") {
  Session s;
  s.enter("clone", {Value::integer(0).named("flags")}, false);
  s.tid = 200;
  CHECK(s.send(Attached{}));
  s.tid = 100;
  s.leave("clone", 1, {Value::integer(1)}, returned(200));
  CHECK(s.out() ==
        "ttrace: Process 200 attached\n"
        "clone(0, 1)                             = 200\n");
  Session t({}, true);
  t.enter("clone", {Value::integer(0)}, false);
  t.tid = 200;
  CHECK(t.send(Attached{}));
  t.tid = 100;
  t.leave("clone", 1, {Value::integer(1)}, returned(200));
  CHECK(t.out() ==
        "clone(0 <unfinished ...>\n"
        "ttrace: Process 200 attached\n"
        "<... clone resumed>, 1)                 = 200\n");
}

TEST_CASE("on a terminal a call's beginning is seen before it ends") {
  Session s({}, true);
  s.enter_read();
  CHECK(s.seen() == "read(3");
  s.leave_read();
  CHECK(s.seen() == "read(3, \"abc\", 3)                       = 3\n");
}

TEST_CASE("elsewhere text is shown 50 ms after it came, begun calls included") {
  Session s;
  CHECK(s.wants_idle_at() == 0);
  const Timestamp first = s.time;
  s.call("getpid", {}, returned(1));
  s.time += 10'000'000;
  s.enter_read();
  CHECK(s.wants_idle_at() == first + 50'000'000);
  s.time = first + 49'999'999;
  s.idle();
  CHECK(s.seen().empty());
  s.time = first + 50'000'000;
  s.idle();
  CHECK(s.seen() == "getpid()                                = 1\nread(3");
  CHECK(s.wants_idle_at() == 0);
  s.leave_read();
  CHECK(s.wants_idle_at() == s.time + 50'000'000);
  CHECK(s.finish());
  CHECK(s.seen() ==
        "getpid()                                = 1\n"
        "read(3, \"abc\", 3)                       = 3\n");
}

TEST_CASE("a begun call is shown in separate files as well") {
  Session s(separate());
  s.enter_read();
  s.tid = 200;
  s.enter("pause", {}, true);
  s.time += 50'000'000;
  s.idle();
  CHECK(s.written.of[100] == "read(3");
  CHECK(s.written.of[200] == "pause(");
  CHECK(s.written.visible == s.written.all.size());
}

TEST_CASE("a clock that is set back does not hide the trace") {
  Session s;
  s.call("getpid", {}, returned(1));
  s.time -= 3'600'000'000'000;
  s.idle();
  CHECK(s.seen() == "getpid()                                = 1\n");
}

TEST_CASE("whole lines: calls of several threads are not broken") {
  Session s(whole());
  s.tracees = 2;
  s.enter_read();
  s.tid = 200;
  s.enter_read();
  s.leave_read();
  s.tid = 100;
  s.leave_read();
  CHECK(s.out() ==
        "[pid   200] read(3, \"abc\", 3)           = 3\n"
        "[pid   100] read(3, \"abc\", 3)           = 3\n");
}

TEST_CASE("whole lines: a call that is open for a second is shown, oldest first, and resumed") {
  Session s(whole());
  const Timestamp first = s.time;
  s.enter_read();
  s.tid = 200;
  s.time += 300'000'000;
  s.enter("pause", {}, true);
  s.tid = 300;
  s.time += 300'000'000;
  s.enter("wait4", {Value::integer(-1)}, false);
  CHECK(s.wants_idle_at() == first + 1'000'000'000);
  s.time = first + 100'000'000;
  s.idle();
  CHECK(s.out().empty());
  s.time = first + 1'000'000'000;
  s.idle();
  CHECK(s.seen() == "read(3 <unfinished ...>\n");
  CHECK(s.wants_idle_at() == first + 1'300'000'000);
  s.time = first + 2'000'000'000;
  s.idle();
  CHECK(s.seen() ==
        "read(3 <unfinished ...>\n"
        "pause( <unfinished ...>\n"
        "wait4(-1 <unfinished ...>\n");
  CHECK(s.wants_idle_at() == 0);
  s.out();
  s.tid = 100;
  s.leave_read();
  CHECK(s.out() == "<... read resumed>, \"abc\", 3)           = 3\n");
}

TEST_CASE("whole lines: a terminal too sees only whole ones") {
  Session s(whole(), true);
  s.enter_read();
  CHECK(s.seen().empty());
  s.leave_read();
  CHECK(s.seen() == "read(3, \"abc\", 3)                       = 3\n");
}

TEST_CASE("what is open at the end is shown, oldest first") {
  for (const bool whole_lines : {false, true}) {
    TextOptions options;
    options.whole_lines = whole_lines;
    Session s(options);
    s.enter_read();
    s.tid = 200;
    s.time += 1;
    s.enter("pause", {}, true);
    CHECK(s.finish());
    CHECK(s.seen() == "read(3 <unfinished ...>\npause( <unfinished ...>\n");
    CHECK(s.written.closed);
  }
}

TEST_CASE("a return without an entry is a resumed call") {
  Session s;
  s.leave_read();
  CHECK(s.out() == "<... read resumed>\"abc\", 3)             = 3\n");
}
