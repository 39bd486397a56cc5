#include "cli/summary_options.h"

#include <doctest/doctest.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "unit/cli/command_line.h"

using namespace ttrace;

namespace {

using enum SummaryColumn;
using Summary = Options::Summary;

Options good(const Args& args) {
  auto options = parse(args);
  std::string why = options ? "" : options.error().message();
  CHECK(why == "");
  return options ? *options : Options{};
}

std::string error(const Args& args) {
  auto options = parse(args);
  return options ? "no error" : options.error().message();
}

constexpr const char* kHint = "\nTry 'ttrace -h' for more information.";

std::int64_t overhead(const std::string& text) {
  return good({"-c", "-O", text, "ls"}).summary_style.overhead;
}

}  // namespace

TEST_CASE("counting instead of showing, or besides") {
  CHECK(good({"ls"}).summary == Summary::None);
  CHECK(good({"-c", "ls"}).summary == Summary::Only);
  CHECK(good({"-cc", "--summary-only", "ls"}).summary == Summary::Only);
  CHECK(good({"-C", "ls"}).summary == Summary::Also);
  CHECK(good({"--summary", "ls"}).summary == Summary::Also);
  const SummaryStyle style = good({"-c", "ls"}).summary_style;
  CHECK(style.columns == std::vector{TimePercent, TotalTime, AverageTime, Calls, Errors, Name});
  CHECK(style.sort == SummarySort::TotalTime);
  CHECK(style.overhead == 0);
  CHECK_FALSE(style.wall_clock);
  CHECK(good({"-cw", "ls"}).summary_style.wall_clock);
  CHECK(good({"-C", "--summary-wall-clock", "ls"}).summary_style.wall_clock);
}

TEST_CASE("every name of a column and of what the rows are sorted by") {
  struct Case {
    SummaryColumn column;
    SummarySort sort;
    std::vector<std::string> names;
  };
  const Case cases[] = {
      {TimePercent, SummarySort::TotalTime, {"time", "time-percent", "time_percent"}},
      {TotalTime, SummarySort::TotalTime, {"total-time", "total_time", "time-total", "time_total"}},
      {MinTime, SummarySort::MinTime, {"min-time", "min_time", "time-min", "time_min", "shortest"}},
      {MaxTime, SummarySort::MaxTime, {"max-time", "max_time", "time-max", "time_max", "longest"}},
      {AverageTime, SummarySort::AverageTime, {"avg-time", "avg_time", "time-avg", "time_avg"}},
      {Calls, SummarySort::Calls, {"calls", "count"}},
      {Errors, SummarySort::Errors, {"errors", "error"}},
      {Name, SummarySort::Name, {"name", "syscall", "syscall-name", "syscall_name"}},
  };
  for (const Case& one : cases) {
    for (const std::string& name : one.names) {
      CAPTURE(name);
      CHECK(good({"-c", "-S", name, "ls"}).summary_style.sort == one.sort);
      std::vector<SummaryColumn> columns = {one.column};
      if (one.column != Name) columns.push_back(Name);
      CHECK(good({"-c", "-U", name, "ls"}).summary_style.columns == columns);
    }
  }
  CHECK(good({"-c", "-S", "nothing", "ls"}).summary_style.sort == SummarySort::Nothing);
  CHECK(good({"-c", "--summary-sort-by=none", "ls"}).summary_style.sort == SummarySort::Nothing);
  CHECK(good({"-c", "--summary-columns=name,errors,calls", "ls"}).summary_style.columns ==
        std::vector{Name, Errors, Calls});
  CHECK(good({"-c", "-U", "calls", "-U", "errors", "ls"}).summary_style.columns ==
        std::vector{Errors, Name});
}

TEST_CASE("an overhead is a number of microseconds, or of what it says") {
  const std::pair<const char*, std::int64_t> cases[] = {
      {"0", 0},          {"-0", 0},    {"5", 5000},        {"+5", 5000},       {" 5", 5000},
      {"5us", 5000},     {"5ns", 5},   {"5ms", 5'000'000}, {"2s", 2000000000}, {"1.5", 1500},
      {".5ms", 500'000}, {"5.", 5000}, {"1e3", 1'000'000}, {"1E3ns", 1000},    {"1e-3s", 1'000'000},
  };
  for (const auto& [text, nanoseconds] : cases) {
    CAPTURE(text);
    CHECK(overhead(text) == nanoseconds);
  }
  CHECK(overhead("1e30") > 1'000'000'000'000'000'000);
  for (const char* text : {"", "x", "us", "-5", "-1ns", "5 ", "0x10", "nan", "inf", "5xs", "5S",
                           "5US", "1e400", "5e", "5s5"}) {
    CAPTURE(text);
    CHECK(error({"-c", "-O", text, "ls"}) ==
          "invalid -O argument: '" + std::string(text) + "'" + kHint);
  }
}

TEST_CASE("mistakes get strace's messages") {
  struct Case {
    Args args;
    std::string message;
  };
  const std::string either = "(-c/--summary-only or -C/--summary)";
  const std::string alone = "call summary column has been provided more than once: ";
  const Case cases[] = {
      {{"-c", "-C"}, "-c/--summary-only and -C/--summary are mutually exclusive"},
      {{"-C", "-c", "ls"}, "-c/--summary-only and -C/--summary are mutually exclusive"},
      {{"-w"}, "must have PROG [ARGS] or -p PID"},
      {{"-w", "-U", "calls", "ls"}, "-w/--summary-wall-clock must be given with " + either},
      {{"-U", "calls", "ls"}, "-U/--summary-columns must be given with " + either},
      {{"-c", "-ff", "-o", "x", "ls"},
       either + " and -ff/--output-separately are mutually exclusive"},
      {{"-C", "--output-separately", "ls"},
       either + " and -ff/--output-separately are mutually exclusive"},
      {{"-S", "bogus", "ls"}, "invalid sortby: 'bogus'"},
      {{"-c", "-S", "CALLS", "ls"}, "invalid sortby: 'CALLS'"},
      {{"-c", "-S", "", "ls"}, "invalid sortby: ''"},
      {{"-c", "-S", "calls,errors", "ls"}, "invalid sortby: 'calls,errors'"},
      {{"-U", "bogus", "ls"}, "unknown column name: 'bogus'"},
      {{"-c", "-U", "", "ls"}, "unknown column name: ''"},
      {{"-c", "-U", "calls,", "ls"}, "unknown column name: ''"},
      {{"-c", "-U", ",calls", "ls"}, "unknown column name: ''"},
      {{"-c", "-U", "calls,nothing", "ls"}, "unknown column name: 'nothing'"},
      {{"-c", "-U", "time,time", "ls"}, alone + "'time' (-U option residual: 'time')"},
      {{"-c", "-U", "name,calls,syscall,count", "ls"},
       alone + "'syscall' (-U option residual: 'syscall,count')"},
      {{"-c", "--summary-syscall-overhead=x", "ls"},
       "invalid --summary-syscall-overhead argument: 'x'"},
  };
  for (const Case& one : cases) {
    CAPTURE(one.message);
    CHECK(error(one.args) == one.message + kHint);
  }
}

TEST_CASE("options without effect are worth a warning") {
  CHECK(good({"-S", "calls", "-O", "3", "-A", "ls"}).warnings ==
        Args{"-S/--summary-sort-by has no effect without (-c/--summary-only or -C/--summary)",
             "-A/--output-append-mode has no effect without -o/--output"});
  CHECK(good({"-c", "-tt", "-T", "-r", "-A", "ls"}).warnings ==
        Args{"-r/--relative-timestamps has no effect with -c/--summary-only",
             "-t/--absolute-timestamps has no effect with -c/--summary-only",
             "-T/--syscall-times has no effect with -c/--summary-only",
             "-A/--output-append-mode has no effect without -o/--output"});
  CHECK(good({"-C", "-tt", "-T", "-r", "-w", "-S", "calls", "ls"}).warnings.empty());
}
