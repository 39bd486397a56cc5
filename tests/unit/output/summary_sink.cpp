#include "output/summary_sink.h"

#include <doctest/doctest.h>

#include <memory>
#include <string>

#include "output/text_sink.h"
#include "text_harness.h"

using namespace ttrace;

namespace {

// A summary over a text sink, as main makes it.
class Counting {
 public:
  explicit Counting(bool only, SummaryStyle style = calls_and_errors()) {
    std::unique_ptr<Writer> writer = std::make_unique<CapturingWriter>(written, false);
    TextOptions text;
    text.whole_lines = true;
    auto lines = make_text_sink(text, lend(*writer));
    sink_ = make_summary_sink(std::move(style), only, std::move(writer), std::move(lines));
  }

  static SummaryStyle calls_and_errors() {
    SummaryStyle style;
    style.columns = {SummaryColumn::Calls, SummaryColumn::Errors, SummaryColumn::Name};
    style.sort = SummarySort::Nothing;
    return style;
  }

  template <class What>
  void send(What what) {
    Event event;
    event.time = 1'000'000'000;
    event.pid = Pid{7};
    event.tid = Tid{7};
    event.what = what;
    CHECK(sink_->on(event));
  }

  struct Times {
    Duration wall;
    Duration system;
  };
  void call(std::string_view name, std::optional<std::uint64_t> number, const SyscallResult& result,
            Times times = {0, 0}, unsigned bits = 8 * sizeof(void*)) {
    send(SyscallEntered{name, {}, true});
    SyscallReturned event{name, 0, {}, result, times.wall};
    event.system_time = times.system;
    event.number = number;
    event.bits = bits;
    send(event);
  }

  std::string finish() {
    CHECK(sink_->finish());
    CHECK(written.closed);
    return written.all;
  }

  Written written;

 private:
  std::unique_ptr<Sink> sink_;
};

const SyscallResult kGood = returned(0);
const SyscallResult kBad = failed(2, "ENOENT", "No such file or directory");

std::string total_time(bool wall_clock, Duration overhead) {
  SummaryStyle style;
  style.columns = {SummaryColumn::TotalTime, SummaryColumn::MinTime, SummaryColumn::Name};
  style.wall_clock = wall_clock;
  style.overhead = overhead;
  Counting counting(true, style);
  counting.call("read", 0, kGood, {30'000, 2000});
  counting.call("read", 0, kGood, {50'000, 9000});
  std::string text = counting.finish();
  return text.substr(text.rfind("-\n") + 2);
}

}  // namespace

TEST_CASE("calls are counted by number, those without a name behind in the order of their coming") {
  Counting counting(true);
  counting.call("syscall_0x5dc", std::nullopt, kBad);
  counting.call("openat", 257, kBad);
  counting.call("syscall_0x3e7", std::nullopt, kBad);
  counting.call("read", 0, kGood);
  counting.call("openat", 257, kGood);
  SyscallResult restart;
  restart.kind = SyscallResult::Kind::Restart;
  counting.call("read", 0, restart);
  CHECK(counting.finish() ==
        "    calls    errors syscall\n"
        "--------- --------- ----------------\n"
        "        2         1 read\n"
        "        2         1 openat\n"
        "        1         1 syscall_0x5dc\n"
        "        1         1 syscall_0x3e7\n"
        "--------- --------- ----------------\n"
        "        6         4 total\n");
}

TEST_CASE("a table for each word size, and one for functions") {
  Counting counting(true);
  counting.call("close", 6, kBad, {0, 0}, 32);
  counting.call("read", 0, kGood);
  counting.send(FunctionEntered{"parse", "", {}});
  counting.send(FunctionReturned{"parse", "", Value::none(), CallEnd::Returned, 5});
  counting.send(FunctionEntered{"malloc", "libc.so.6", {}});
  counting.send(FunctionReturned{"malloc", "libc.so.6", Value::none(), CallEnd::Unwound, 5});
  counting.send(FunctionEntered{"parse", "", {}});
  counting.send(FunctionReturned{"parse", "", Value::none(), CallEnd::Unwound, 5});
  counting.send(FunctionEntered{"never", "", {}});
  CHECK(counting.finish() ==
        "    calls    errors syscall\n"
        "--------- --------- ----------------\n"
        "        1           read\n"
        "--------- --------- ----------------\n"
        "        1           total\n"
        "System call usage summary for 32 bit mode:\n"
        "    calls    errors syscall\n"
        "--------- --------- ----------------\n"
        "        1         1 close\n"
        "--------- --------- ----------------\n"
        "        1         1 total\n"
        "Function call usage summary:\n"
        "    calls    errors function\n"
        "--------- --------- -----------------\n"
        "        2           parse\n"
        "        1           malloc@libc.so.6\n"
        "--------- --------- -----------------\n"
        "        3           total\n");
}

TEST_CASE("which time is counted") {
  CHECK(total_time(false, 0) == "   0.000011 0.000002 total\n");
  CHECK(total_time(true, 0) == "   0.000080 0.000030 total\n");
  // The overhead is taken off each call, of which less than nothing cannot remain.
  CHECK(total_time(false, 3000) == "   0.000006 0.000000 total\n");
  CHECK(total_time(true, 10'000) == "   0.000060 0.000020 total\n");
}

TEST_CASE("with -c only messages stand before the table, with -C everything does") {
  for (bool only : {true, false}) {
    Counting counting(only);
    counting.send(Attached{});
    counting.call("getpid", 39, kGood);
    counting.send(SignalDelivered{"SIGUSR1", Value::none()});
    counting.send(ModeChanged{32});
    counting.send(Notice{"something"});
    counting.send(Exited{0});
    const std::string text = counting.finish();
    CAPTURE(text);
    const std::string first = only ? ""
                                   : "getpid()                                = 0\n"
                                     "--- SIGUSR1 ---\n";
    const std::string last = only ? "" : "+++ exited with 0 +++\n";
    CHECK(text == "ttrace: Process 7 attached\n" + first +
                      "[ Process PID=7 runs in 32 bit mode. ]\n"
                      "ttrace: something\n" +
                      last +
                      "    calls    errors syscall\n"
                      "--------- --------- ----------------\n"
                      "        1           getpid\n"
                      "--------- --------- ----------------\n"
                      "        1           total\n");
  }
}

TEST_CASE("a call that never returns is not counted, and nothing counted is no table") {
  Counting counting(true);
  counting.send(SyscallEntered{"exit_group", {}, true});
  counting.send(Exited{0});
  CHECK(counting.finish().empty());
}

TEST_CASE("a table that cannot be written is an error") {
  Written written;
  std::unique_ptr<Writer> writer = std::make_unique<CapturingWriter>(written, false);
  auto lines = make_text_sink({}, lend(*writer));
  auto sink = make_summary_sink({}, true, std::move(writer), std::move(lines));
  written.fail = ENOSPC;
  auto finished = sink->finish();
  REQUIRE(!finished);
  CHECK(finished.error().code == ENOSPC);
  CHECK(written.closed);
}
