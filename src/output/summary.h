// The table of counted calls that -c and -C end with.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "event/event.h"
#include "event/summary_style.h"

namespace ttrace {

/// The calls of one name.
struct CallCount {
  std::string name;
  std::uint64_t calls = 0;
  std::uint64_t errors = 0;
  Duration total = 0;
  Duration shortest = 0;
  Duration longest = 0;

  /// Counts one more call, which took `time` (nanoseconds).
  void add(Duration time, bool failed);
};

/// The table of `counts`, none of which has no calls, byte for byte as strace prints it: a heading
/// with `what` ("syscall") over the names, the rows as `style` sorts them (equal ones stay in their
/// order), a line for all of them. Empty when there are no counts.
std::string summary_table(std::span<const CallCount> counts, const SummaryStyle& style,
                          std::string_view what);

}  // namespace ttrace
