// What stands before an event on its line: the thread, the time.
#pragma once

#include <string>

#include "event/event.h"
#include "output/text_sink.h"

namespace ttrace {

class LinePrefix {
 public:
  explicit LinePrefix(const TextOptions& options);

  /// Appends "[pid  1234 g 7] 12:34:56 " or whatever of it the options ask for.
  void append(const Event& event, std::string& out);

 private:
  void append_pid(const Event& event, std::string& out) const;
  void append_time(Timestamp time, std::string& out);
  void append_relative(Timestamp time, std::string& out);

  TextOptions::Time time_;
  TextOptions::Pids pids_;
  bool relative_;
  unsigned relative_digits_;
  Timestamp previous_ = 0;          // when the previous line began; 0: none did
  std::int64_t clock_second_ = -1;  // the second that clock_ shows
  std::string clock_;               // "12:34:56" in local time
};

/// Appends seconds with `digits` (0, 3, 6 or 9) decimals, the integral part at least `width` wide:
/// "     0.000012".
void append_seconds(std::int64_t nanoseconds, unsigned width, unsigned digits, std::string& out);

/// Appends the decimal digits of `number`, in a field at least `width` wide: blanks stand before
/// them, or behind them with `left`.
void append_padded(std::int64_t number, unsigned width, bool left, std::string& out);

}  // namespace ttrace
