// Times as dates.
#include <ctime>

#include "decode/custom/custom.h"

namespace ttrace::custom {

std::string_view date(Arena& arena, std::int64_t seconds, std::uint64_t fraction, int digits) {
  const std::uint64_t second = digits == 6 ? 1'000'000 : 1'000'000'000;
  const std::time_t time = seconds;
  std::tm parts{};
  if (fraction >= second || (time == 0 && fraction == 0) || localtime_r(&time, &parts) == nullptr) {
    return {};
  }
  std::array<char, 64> day{};
  std::array<char, 16> zone{};
  const std::size_t length = std::strftime(day.data(), day.size(), "%FT%T", &parts);
  const std::size_t zone_length = std::strftime(zone.data(), zone.size(), "%z", &parts);
  const std::string_view in_day(day.data(), length);
  const std::string_view in_zone(zone.data(), zone_length);
  if (fraction == 0) return format(arena, "{}{}", in_day, in_zone);
  return format(arena, "{}.{:0{}}{}", in_day, fraction, digits, in_zone);
}

Value clock_ticks(CallContext& context, const CustomInput& input) {
  constexpr std::uint64_t kPerSecond = 100;  // USER_HZ of every supported architecture
  Value value = Value::natural(input.value);
  if (input.value == 0) return value;
  value.comment =
      format(context.arena(), "{}.{:02} s", input.value / kPerSecond, input.value % kPerSecond);
  return value;
}

}  // namespace ttrace::custom
