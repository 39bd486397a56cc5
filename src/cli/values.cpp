#include "cli/values.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <string>

namespace ttrace {

namespace {

struct Unit {
  std::string_view name;
  double nanoseconds;
};

// Numbers that strtod takes and strace does not have other characters: "0x5", "inf", "nan".
bool is_decimal(std::string_view text) {
  return text.find_first_not_of(" \t0123456789+-.eE") == std::string_view::npos;
}

}  // namespace

Error invalid_argument(const ParseState& state, const OptionUse& use) {
  return usage_error(state.options,
                     fmt::format("invalid {} argument: '{}'", use.spelled, use.value.value_or("")));
}

std::optional<int> parse_number(std::string_view text, int greatest) {
  std::string copy(text);
  char* end = nullptr;
  errno = 0;
  long number = std::strtol(copy.c_str(), &end, 10);
  if (copy.empty() || end != copy.c_str() + copy.size() || errno != 0) return std::nullopt;
  if (number < 0 || number > greatest) return std::nullopt;
  return int(number);
}

std::optional<std::int64_t> parse_duration(std::string_view text) {
  constexpr double kUs = 1e3;
  constexpr double kLongest = 9e18;  // nanoseconds: more than any call lasts
  constexpr Unit kUnits[] = {{"", kUs}, {"s", 1e9}, {"ms", 1e6}, {"us", kUs}, {"ns", 1}};
  const std::string copy(text);
  char* end = nullptr;
  errno = 0;
  const double number = std::strtod(copy.c_str(), &end);
  const auto length = static_cast<std::size_t>(end - copy.c_str());
  const auto* found = std::ranges::find(kUnits, text.substr(length), &Unit::name);
  if (length == 0 || errno != 0 || !(number >= 0) || found == std::end(kUnits) ||
      !is_decimal(text.substr(0, length))) {
    return std::nullopt;
  }
  return std::int64_t(std::min(number * found->nanoseconds, kLongest));
}

}  // namespace ttrace
