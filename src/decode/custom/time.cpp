// Times as dates, clock ticks, the state of the clock.
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

Value ticks_value(Arena& arena, std::uint64_t ticks) {
  constexpr std::uint64_t kPerSecond = 100;  // USER_HZ of every supported architecture
  Value value = Value::natural(ticks);
  if (ticks != 0) {
    value.comment = format(arena, "{}.{:02} s", ticks / kPerSecond, ticks % kPerSecond);
  }
  return value;
}

Value clock_ticks(CallContext& context, const CustomInput& input) {
  const auto ticks = static_cast<std::uint64_t>(sign_extend(input.value, context.word()));
  return ticks_value(context.arena(), ticks);
}

Value time_value(CallContext& context, const CustomInput& input) {
  const std::int64_t seconds = sign_extend(input.value, context.word());
  Value value = Value::integer(seconds);
  value.comment = date(context.arena(), seconds, 0);
  return value;
}

Value time_note(CallContext& context, const CustomInput& input) {
  const auto text = date(context.arena(), sign_extend(input.value, context.word()), 0);
  return text.empty() ? Value::none() : Value::verbatim(text);
}

Value clock_state_note(CallContext& context, const CustomInput& input) {
  // As strace: only where the structure could be shown.
  const Value* const first = context.decoded(0);
  const Value* const last = context.decoded(1) != nullptr ? context.decoded(1) : first;
  if (last == nullptr || last->kind != Value::Kind::Struct) return Value::none();
  const Value state = context.symbol(known::set::clock_state, input.value);
  return state.kind == Value::Kind::Symbol ? state : Value::none();
}

}  // namespace ttrace::custom
