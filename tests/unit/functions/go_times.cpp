#include "functions/go_times.h"

#include <doctest/doctest.h>

#include <limits>

using namespace ttrace;

// What the same values print in a Go program.
TEST_CASE("durations as Go writes them") {
  CHECK(go_duration_text(0) == "0s");
  CHECK(go_duration_text(1) == "1ns");
  CHECK(go_duration_text(1'100) == "1.1µs");
  CHECK(go_duration_text(2'200'000) == "2.2ms");
  CHECK(go_duration_text(3'300'000'000) == "3.3s");
  CHECK(go_duration_text(4LL * 60'000'000'000 + 5'001'000'000) == "4m5.001s");
  CHECK(go_duration_text(5LL * 3'600'000'000'000) == "5h0m0s");
  CHECK(go_duration_text(-1'500'000'000) == "-1.5s");
  CHECK(go_duration_text(std::numeric_limits<std::int64_t>::min()) == "-2562047h47m16.854775808s");
}

TEST_CASE("times with and without a monotonic clock; what is no time") {
  CHECK(go_time_text(0, 0) == "0001-01-01T00:00:00Z");
  CHECK(go_time_text(500'000'000, 63'930'997'114) == "2026-11-23T02:18:34.5Z");
  constexpr std::uint64_t kMonotonic = std::uint64_t{1} << 63U;
  constexpr std::uint64_t kSince1885 = 63'930'997'114 - 59'453'308'800;
  CHECK(go_time_text(kMonotonic | kSince1885 << 30U | 5, 7) == "2026-11-23T02:18:34.000000005Z");
  CHECK_FALSE(go_time_text(0, -1));
  CHECK_FALSE(go_time_text(0, std::numeric_limits<std::int64_t>::max()));
  CHECK_FALSE(go_time_text((1U << 30U) - 1, 0));  // more than 999,999,999 nanoseconds
}
