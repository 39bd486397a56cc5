#include "output/line_prefix.h"

#include <fmt/format.h>
#include <array>
#include <ctime>

namespace ttrace {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

// The point and `digits` decimals, cut off rather than rounded; nothing for no digits.
void append_fraction(std::int64_t nanoseconds, unsigned digits, std::string& out) {
  if (digits == 0) return;
  // The leading 1 keeps the zeros.
  const fmt::format_int all(kSecond + nanoseconds);
  out += '.';
  out.append(all.data() + 1, digits);
}

struct Clock {
  bool unix_time;
  unsigned digits;
};
// By LineTime; what stands for None is not looked at.
constexpr std::array<Clock, 9> kClocks{{{false, 0},
                                        {false, 0},
                                        {false, 6},
                                        {true, 6},
                                        {false, 3},
                                        {false, 9},
                                        {true, 0},
                                        {true, 3},
                                        {true, 9}}};

std::string local_clock(std::int64_t seconds) {
  const auto time = static_cast<std::time_t>(seconds);
  std::tm parts{};
  ::localtime_r(&time, &parts);
  return fmt::format("{:02}:{:02}:{:02}", parts.tm_hour, parts.tm_min, parts.tm_sec);
}

}  // namespace

void append_padded(std::int64_t number, unsigned width, bool left, std::string& out) {
  const fmt::format_int digits(number);
  const std::size_t blanks = digits.size() < width ? width - digits.size() : 0;
  if (!left) out.append(blanks, ' ');
  out.append(digits.data(), digits.size());
  if (left) out.append(blanks, ' ');
}

void append_seconds(std::int64_t nanoseconds, unsigned width, unsigned digits, std::string& out) {
  // A clock that was set back must not print a sign in every field.
  if (nanoseconds < 0) nanoseconds = 0;
  append_padded(nanoseconds / kSecond, width, false, out);
  append_fraction(nanoseconds % kSecond, digits, out);
}

namespace {

void append_goroutine(std::uint64_t goroutine, std::string_view before, std::string& out) {
  if (goroutine == 0) return;
  out += before;
  const fmt::format_int digits(goroutine);
  out.append(digits.data(), digits.size());
}

}  // namespace

LinePrefix::LinePrefix(const TextOptions& options)
    : time_(options.time),
      pids_(options.pids),
      relative_(options.relative_time),
      relative_digits_(digits_of(options.relative_precision)) {}

void LinePrefix::append(const Event& event, std::string& out) {
  append_pid(event, out);
  append_time(event.time, out);
  if (relative_) append_relative(event.time, out);
}

void LinePrefix::append_pid(const Event& event, std::string& out) const {
  switch (pids_) {
    case TextOptions::Pids::WhenSeveral:
      // A Go program has several threads, and its goroutines move between them.
      if (event.tracees > 1 || event.goroutine != 0) {
        out += "[pid ";
        append_padded(event.tid.value, 5, false, out);
        append_goroutine(event.goroutine, " g ", out);
        out += "] ";
      }
      break;
    case TextOptions::Pids::Always:
      append_padded(event.tid.value, 5, true, out);
      append_goroutine(event.goroutine, "  g ", out);
      out += ' ';
      break;
    case TextOptions::Pids::Never:
      if (event.goroutine != 0) {
        append_goroutine(event.goroutine, "g ", out);
        out += ' ';
      }
      break;
  }
}

void LinePrefix::append_time(Timestamp time, std::string& out) {
  if (time_ == TextOptions::Time::None) return;
  const Clock& clock = kClocks.at(static_cast<std::size_t>(time_));
  const std::int64_t second = time / kSecond;
  if (clock.unix_time) {
    append_padded(second, 0, false, out);
  } else {
    if (second != clock_second_) {
      clock_ = local_clock(second);
      clock_second_ = second;
    }
    out += clock_;
  }
  append_fraction(time % kSecond, clock.digits, out);
  out += ' ';
}

void LinePrefix::append_relative(Timestamp time, std::string& out) {
  const std::int64_t passed = previous_ == 0 ? 0 : time - previous_;
  previous_ = time;
  if (time_ == TextOptions::Time::None) {
    append_seconds(passed, 6, relative_digits_, out);
    out += ' ';
  } else {
    out += "(+";
    append_seconds(passed, 6, relative_digits_, out);
    out += ") ";
  }
}

}  // namespace ttrace
