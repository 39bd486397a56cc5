// The two clocks that are read, in nanoseconds.
#pragma once

#include <cstdint>
#include <ctime>

namespace ttrace {

inline std::int64_t read_clock(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

/// The wall clock: nanoseconds since the epoch.
inline std::int64_t realtime_now() {
  return read_clock(CLOCK_REALTIME);
}
/// A clock that never jumps, for durations.
inline std::int64_t monotonic_now() {
  return read_clock(CLOCK_MONOTONIC);
}

}  // namespace ttrace
