#include "functions/go_times.h"

#include <fmt/format.h>

#include <ctime>

namespace ttrace {

namespace {

constexpr std::uint64_t kSecond = 1'000'000'000;

// `whole` and `rest` in units of 10^-digits, without zeros at the end.
std::string with_fraction(std::uint64_t whole, std::uint64_t rest, unsigned digits) {
  std::string text = fmt::format("{}", whole);
  if (rest == 0) return text;
  std::string fraction = fmt::format("{:0{}}", rest, digits);
  fraction.erase(fraction.find_last_not_of('0') + 1);
  return text + '.' + fraction;
}

}  // namespace

std::string go_duration_text(std::int64_t nanoseconds) {
  bool negative = nanoseconds < 0;
  auto n = static_cast<std::uint64_t>(nanoseconds);
  if (negative) n = ~n + 1;
  std::string text = negative ? "-" : "";
  if (n == 0) return "0s";
  if (n < 1'000) return text + fmt::format("{}ns", n);
  if (n < 1'000'000) return text + with_fraction(n / 1'000, n % 1'000, 3) + "µs";
  if (n < kSecond) return text + with_fraction(n / 1'000'000, n % 1'000'000, 6) + "ms";
  std::uint64_t seconds = n / kSecond;
  if (seconds >= 3600) text += fmt::format("{}h", seconds / 3600);
  if (seconds >= 60) text += fmt::format("{}m", seconds / 60 % 60);
  return text + with_fraction(seconds % 60, n % kSecond, 9) + "s";
}

std::optional<std::string> go_time_text(std::uint64_t wall, std::int64_t ext) {
  constexpr std::int64_t kYear1 = -62'135'596'800;    // 0001-01-01 in seconds since 1970
  constexpr std::int64_t kYear1885 = 59'453'308'800;  // 1885-01-01 in seconds since year 1
  constexpr std::uint64_t kNanoseconds = (1U << 30U) - 1;
  constexpr std::int64_t kYear10000 = 253'402'300'800;
  // With a monotonic clock: 33 bits of seconds since 1885; without, `ext` has them since year 1.
  std::int64_t seconds =
      (wall >> 63U) != 0 ? kYear1885 + static_cast<std::int64_t>(wall << 1U >> 31U) : ext;
  std::uint64_t nanoseconds = wall & kNanoseconds;
  if (seconds < 0 || seconds >= kYear10000 - kYear1 || nanoseconds >= kSecond) return std::nullopt;
  time_t since_1970 = seconds + kYear1;
  std::tm broken{};
  if (gmtime_r(&since_1970, &broken) == nullptr) return std::nullopt;
  std::string text = fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:", broken.tm_year + 1900,
                                 broken.tm_mon + 1, broken.tm_mday, broken.tm_hour, broken.tm_min);
  std::string rest = with_fraction(static_cast<std::uint64_t>(broken.tm_sec), nanoseconds, 9);
  if (broken.tm_sec < 10) text += '0';
  return text + rest + "Z";
}

}  // namespace ttrace
