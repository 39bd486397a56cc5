// What the rows of the option table share with the parser that calls them.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "cli/options.h"

namespace ttrace {

/// One use of an option.
struct OptionUse {
  std::string_view spelled;               // "-s", "--string-limit"
  std::optional<std::string_view> value;  // absent for a flag, and for "[SET]" that was left out
  [[nodiscard]] bool is_short() const { return spelled.size() == 2; }
};

/// Options so far, and what is needed only until all of them are known.
struct ParseState {
  enum class Clock : unsigned char { None, TimeOfDay, Unix };

  Options options;
  Clock clock = Clock::None;  // --absolute-timestamps: later uses add to earlier ones
  Options::Precision clock_precision = Options::Precision::Seconds;
  unsigned letter_t = 0;              // times -t was given
  unsigned letter_f = 0;              // times -f was given
  unsigned letter_q = 0;              // times -q was given
  unsigned letter_y = 0;              // times -y was given
  bool long_timestamps = false;       // --absolute-timestamps
  bool long_follow = false;           // --follow-forks
  bool long_separately = false;       // --output-separately
  bool long_quiet = false;            // --quiet
  bool long_decode_fds = false;       // --decode-fds
  unsigned letter_k = 0;              // times -k was given
  bool long_stack_trace = false;      // --stack-trace
  bool list_functions = false;        // --list-funcs
  bool version = false;               // -V: it waits until the rest is known to be right
  unsigned status_letters = 0;        // times -z and -Z were given
  bool summary_sort = false;          // -S
  bool summary_columns = false;       // -U
  std::optional<std::string> output;  // -o as typed
};

/// `text` with strace's pointer to the help as a second line.
Error usage_error(const Options& options, const std::string& text);

}  // namespace ttrace
