// How calls are summed up (-c, -C), as the user asks for it: what the command line and the outputs
// share.
#pragma once

#include <cstdint>
#include <vector>

namespace ttrace {

/// A column of the summary, and what its rows are sorted by.
enum class SummaryColumn : std::uint8_t {
  TimePercent,
  TotalTime,
  MinTime,
  MaxTime,
  AverageTime,
  Calls,
  Errors,
  Name,
};

enum class SummarySort : std::uint8_t {
  TotalTime,
  MinTime,
  MaxTime,
  AverageTime,
  Calls,
  Errors,
  Name,
  Nothing,
};

struct SummaryStyle {
  using enum SummaryColumn;
  std::vector<SummaryColumn> columns = {TimePercent, TotalTime, AverageTime, Calls, Errors, Name};
  SummarySort sort = SummarySort::TotalTime;
  bool wall_clock = false;    // -w: from entry to return; otherwise the system time spent
  std::int64_t overhead = 0;  // -O: nanoseconds, taken off every syscall's time
};

}  // namespace ttrace
