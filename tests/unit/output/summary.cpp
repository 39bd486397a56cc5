// The tables here were printed by strace 7.2, whose clock was made to give these times.
#include "output/summary.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace ttrace;

namespace {

using enum SummaryColumn;

CallCount calls(std::string name, const std::vector<Duration>& times, std::uint64_t errors = 0) {
  CallCount count;
  count.name = std::move(name);
  for (Duration time : times)
    count.add(time, count.errors < errors);
  return count;
}

// By number, then in the order of their coming, as a table begins.
std::vector<CallCount> sample() {
  return {
      calls("read", {2500}, 1),
      calls("write", {1500}, 1),
      calls("close", {3000}, 1),
      calls("getpid", {499, 1}),
      calls("execve", {1'000'000}),
      calls("syscall_0x5dc", {500}, 1),
      calls("syscall_0x3e7", {501}, 1),
      calls("syscall_0xffffffffffffffff", {12'345'678'901}, 1),
      calls("syscall_0x1e8480", {123'456'789'012}, 1),
      calls("syscall_0x5db", {999'999'999}, 1),
  };
}

SummaryStyle columns(std::vector<SummaryColumn> wanted) {
  SummaryStyle style;
  style.columns = std::move(wanted);
  return style;
}

std::string table(const SummaryStyle& style) {
  return summary_table(sample(), style, "syscall");
}

// The names of the rows, in order.
std::string order(SummarySort sort, const std::vector<CallCount>& counts) {
  SummaryStyle style = columns({Name});
  style.sort = sort;
  std::string text = summary_table(counts, style, "syscall");
  std::string names;
  for (std::size_t i = 0, end = 0; i < text.size(); i = end + 1) {
    end = text.find('\n', i);
    const std::string line = text.substr(i, end - i);
    if (line != "syscall" && line != "total" && line[0] != '-') names += line + " ";
  }
  return names;
}

}  // namespace

TEST_CASE("all columns") {
  CHECK(table(columns(
            {TimePercent, TotalTime, MinTime, MaxTime, AverageTime, Calls, Errors, Name})) ==
        R"(% time     seconds   shortest    longest  usecs/call     calls    errors syscall
------ ----------- ---------- ---------- ----------- --------- --------- ---------------------------
 90.24  123.456789 123.456789 123.456789   123456789         1         1 syscall_0x1e8480
  9.02   12.345679  12.345679  12.345679    12345678         1         1 syscall_0xffffffffffffffff
  0.73    1.000000   1.000000   1.000000      999999         1         1 syscall_0x5db
  0.00    0.001000   0.001000   0.001000        1000         1           execve
  0.00    0.000003   0.000003   0.000003           3         1         1 close
  0.00    0.000003   0.000003   0.000003           2         1         1 read
  0.00    0.000002   0.000002   0.000002           1         1         1 write
  0.00    0.000001   0.000001   0.000001           0         1         1 syscall_0x3e7
  0.00    0.000000   0.000000   0.000000           0         2           getpid
  0.00    0.000000   0.000000   0.000000           0         1         1 syscall_0x5dc
------ ----------- ---------- ---------- ----------- --------- --------- ---------------------------
100.00  136.803476   0.000000 123.456789    12436679        11         8 total
)");
}

TEST_CASE("names that are not in the last column are padded") {
  CHECK(table(columns({Name, MinTime, MaxTime, TotalTime})) ==
        R"(syscall                       shortest    longest     seconds
--------------------------- ---------- ---------- -----------
syscall_0x1e8480            123.456789 123.456789  123.456789
syscall_0xffffffffffffffff   12.345679  12.345679   12.345679
syscall_0x5db                 1.000000   1.000000    1.000000
execve                        0.001000   0.001000    0.001000
close                         0.000003   0.000003    0.000003
read                          0.000003   0.000003    0.000003
write                         0.000002   0.000002    0.000002
syscall_0x3e7                 0.000001   0.000001    0.000001
getpid                        0.000000   0.000000    0.000000
syscall_0x5dc                 0.000000   0.000000    0.000000
--------------------------- ---------- ---------- -----------
total                         0.000000 123.456789  136.803476
)");
}

TEST_CASE("wide numbers make their columns wider") {
  const std::vector<CallCount> counts = {calls("getpid", {1'000'000'000, 123'456'000'000}),
                                         calls("execve", {120'000'000'000'000}),
                                         calls("sched_getscheduler", {123'456'000'000})};
  CHECK(summary_table(
            counts,
            columns({TimePercent, TotalTime, MinTime, MaxTime, AverageTime, Calls, Errors, Name}),
            "syscall") ==
        R"(% time       seconds      shortest       longest   usecs/call     calls    errors syscall
------ ------------- ------------- ------------- ------------ --------- --------- -------------------
 99.79 120000.000000 120000.000000 120000.000000 120000000000         1           execve
  0.10    124.456000      1.000000    123.456000     62228000         2           getpid
  0.10    123.456000    123.456000    123.456000    123456000         1           sched_getscheduler
------ ------------- ------------- ------------- ------------ --------- --------- -------------------
100.00 120247.912000      1.000000 120000.000000  30061978000         4           total
)");
}

TEST_CASE("no time and no errors") {
  CHECK(summary_table(std::vector<CallCount>{calls("close", {0, 0}), calls("openat", {0, 0})}, {},
                      "syscall") ==
        R"(% time     seconds  usecs/call     calls    errors syscall
------ ----------- ----------- --------- --------- ----------------
  0.00    0.000000           0         2           close
  0.00    0.000000           0         2           openat
------ ----------- ----------- --------- --------- ----------------
100.00    0.000000           0         4           total
)");
}

TEST_CASE("an empty cell of the last column is blank, not nothing") {
  CHECK(summary_table(std::vector<CallCount>{calls("brk", {0})}, columns({Name, Calls, Errors}),
                      "syscall") ==
        "syscall              calls    errors\n"
        "---------------- --------- ---------\n"
        "brk                      1          \n"
        "---------------- --------- ---------\n"
        "total                    1          \n");
}

TEST_CASE("a name of sixteen characters makes its column wider") {
  auto rule = [](const std::string& name) {
    std::string text =
        summary_table(std::vector<CallCount>{calls(name, {0})}, columns({Name}), "syscall");
    text.erase(0, text.find('\n') + 1);
    return text.find('\n');
  };
  CHECK(rule("clock_nanosleep") == 16);
  CHECK(rule("inotify_rm_watch") == 17);
  CHECK(rule("sched_getscheduler") == 19);
}

TEST_CASE("nothing was counted") {
  CHECK(summary_table({}, {}, "syscall").empty());
}

TEST_CASE("sorting") {
  const std::vector<CallCount> counts = {
      calls("b", {5, 5, 5}, 1),
      calls("a", {1, 20}),
      calls("d", {9}, 1),
      calls("c", {6, 6}, 2),
  };
  CHECK(order(SummarySort::TotalTime, counts) == "a b c d ");
  CHECK(order(SummarySort::MinTime, counts) == "d c b a ");
  CHECK(order(SummarySort::MaxTime, counts) == "a d c b ");
  CHECK(order(SummarySort::AverageTime, counts) == "a d c b ");
  CHECK(order(SummarySort::Calls, counts) == "b a c d ");
  CHECK(order(SummarySort::Errors, counts) == "c b d a ");
  CHECK(order(SummarySort::Name, counts) == "a b c d ");
  CHECK(order(SummarySort::Nothing, counts) == "b a d c ");
}

TEST_CASE("equal rows stay in their order") {
  const std::vector<CallCount> counts = {calls("z", {1}), calls("y", {2}), calls("x", {1}),
                                         calls("w", {2})};
  CHECK(order(SummarySort::TotalTime, counts) == "y w z x ");
  CHECK(order(SummarySort::Calls, counts) == "z y x w ");
}
