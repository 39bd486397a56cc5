#include "output/line_prefix.h"

#include <doctest/doctest.h>

#include <cstdlib>
#include <ctime>
#include <string>
#include <tuple>

using namespace ttrace;

namespace {

constexpr Timestamp kNoon = 1'700'000'000'012'345'678;  // 2023-11-14 22:13:20.012345678 UTC

std::string prefix(LinePrefix& prefix, Timestamp time, unsigned tracees = 1, int tid = 1234) {
  Event event;
  event.time = time;
  event.tid = Tid{tid};
  event.tracees = tracees;
  std::string out;
  prefix.append(event, out);
  return out;
}

TextOptions with_time(TextOptions::Time time, bool relative = false) {
  TextOptions options;
  options.time = time;
  options.relative_time = relative;
  return options;
}

/// Local time is UTC, or five and a half hours ahead of it.
class Zone {
 public:
  explicit Zone(const char* name) {
    ::setenv("TZ", name, 1);
    ::tzset();
  }
  Zone(const Zone&) = delete;
  Zone& operator=(const Zone&) = delete;
  ~Zone() {
    ::unsetenv("TZ");
    ::tzset();
  }
};

}  // namespace

TEST_CASE("nothing stands before a lone thread's events") {
  LinePrefix line{TextOptions{}};
  CHECK(prefix(line, kNoon).empty());
}

TEST_CASE("several threads are told apart") {
  LinePrefix line{TextOptions{}};
  CHECK(prefix(line, kNoon, 2) == "[pid  1234] ");
  CHECK(prefix(line, kNoon, 2, 123456) == "[pid 123456] ");
  CHECK_MESSAGE(prefix(line, kNoon, 1).empty(), "the others have ended");
}

TEST_CASE("in a common file every line has the thread's number") {
  TextOptions options;
  options.pids = TextOptions::Pids::Always;
  LinePrefix line(options);
  CHECK(prefix(line, kNoon) == "1234  ");
  CHECK(prefix(line, kNoon, 1, 123456) == "123456 ");
}

TEST_CASE("in a thread's own file no line has its number") {
  TextOptions options;
  options.pids = TextOptions::Pids::Never;
  LinePrefix line(options);
  CHECK(prefix(line, kNoon, 2).empty());
}

TEST_CASE("times are local, or seconds since the epoch") {
  const Zone zone("UTC0");
  LinePrefix seconds(with_time(TextOptions::Time::Seconds));
  CHECK(prefix(seconds, kNoon) == "22:13:20 ");
  CHECK(prefix(seconds, kNoon + 1'000'000'000) == "22:13:21 ");
  LinePrefix micro(with_time(TextOptions::Time::Microseconds));
  CHECK(prefix(micro, kNoon) == "22:13:20.012345 ");
  LinePrefix unix_time(with_time(TextOptions::Time::UnixMicroseconds));
  CHECK(prefix(unix_time, kNoon) == "1700000000.012345 ");
}

TEST_CASE("local time heeds the zone") {
  const Zone zone("IST-5:30");
  LinePrefix seconds(with_time(TextOptions::Time::Seconds));
  CHECK(prefix(seconds, kNoon) == "03:43:20 ");
}

TEST_CASE("relative times count from the line before") {
  LinePrefix line(with_time(TextOptions::Time::None, true));
  CHECK(prefix(line, kNoon) == "     0.000000 ");
  CHECK(prefix(line, kNoon + 12'345) == "     0.000012 ");
  CHECK(prefix(line, kNoon + 12'345 + 123'000'000'000) == "   123.000000 ");
  CHECK_MESSAGE(prefix(line, kNoon) == "     0.000000 ", "the clock was set back");
}

TEST_CASE("relative times stand in parentheses behind absolute ones") {
  const Zone zone("UTC0");
  LinePrefix line(with_time(TextOptions::Time::Microseconds, true));
  CHECK(prefix(line, kNoon) == "22:13:20.012345 (+     0.000000) ");
  CHECK(prefix(line, kNoon + 54'000) == "22:13:20.012399 (+     0.000054) ");
}

TEST_CASE("the thread stands before the time") {
  const Zone zone("UTC0");
  LinePrefix line(with_time(TextOptions::Time::Seconds));
  CHECK(prefix(line, kNoon, 2) == "[pid  1234] 22:13:20 ");
}

TEST_CASE("a goroutine follows the pid, in each form that a prefix has") {
  Event event;
  event.tid = Tid{4711};
  event.goroutine = 7;
  for (const auto& [pids, several, expected] :
       {std::tuple{TextOptions::Pids::WhenSeveral, 2U, "[pid  4711 g 7] "},
        std::tuple{TextOptions::Pids::WhenSeveral, 1U, "[pid  4711 g 7] "},
        std::tuple{TextOptions::Pids::Always, 1U, "4711   g 7 "},
        std::tuple{TextOptions::Pids::Never, 1U, "g 7 "}}) {
    TextOptions options;
    options.pids = pids;
    LinePrefix line(options);
    event.tracees = several;
    std::string out;
    line.append(event, out);
    CHECK(out == expected);
  }
}
