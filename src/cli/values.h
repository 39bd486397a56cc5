// The forms that values of options have.
#pragma once

#include <strings.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "cli/option_table.h"

namespace ttrace {

/// "invalid -s argument: 'x'".
Error invalid_argument(const ParseState& state, const OptionUse& use);

/// strtol's idea of a number, as strace's: "+5" and " 5" are 5, "0x5" and "5 " are not. nullopt,
/// too: negative, or more than `greatest`.
std::optional<int> parse_number(std::string_view text, int greatest);

/// A time in nanoseconds: a decimal number, which may have a point, with s, ms, us or ns behind it
/// (none: us), as strace's -O takes it. nullopt: it is not.
std::optional<std::int64_t> parse_duration(std::string_view text);

inline bool same_word(std::string_view a, std::string_view b) {
  return a.size() == b.size() && strncasecmp(a.data(), b.data(), a.size()) == 0;
}

template <class T>
struct Word {
  std::string_view word;
  T value;
};

template <class T, std::size_t N>
std::optional<T> find_word(const Word<T> (&words)[N], std::string_view text) {
  for (const Word<T>& word : words) {
    if (same_word(word.word, text)) return word.value;
  }
  return std::nullopt;
}

}  // namespace ttrace
