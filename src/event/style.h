// How lines are written, as the user asks for it: what the command line and the outputs share.
#pragma once

#include <cstdint>

namespace ttrace {

/// The clock at the start of a line, and its digits.
enum class LineTime : std::uint8_t {
  None,
  Seconds,
  Microseconds,
  UnixMicroseconds,
  Milliseconds,
  Nanoseconds,
  UnixSeconds,
  UnixMilliseconds,
  UnixNanoseconds,
};

/// Digits after the point of a time: 0, 3, 6, 9.
enum class Precision : std::uint8_t { Seconds, Milliseconds, Microseconds, Nanoseconds };
constexpr unsigned digits_of(Precision precision) {
  return 3 * static_cast<unsigned>(precision);
}

/// Messages that -q and --quiet silence.
struct Silence {
  bool attach = false;           // "Process 5 attached", "Process 5 detached"
  bool personality = false;      // a program that changes between 64 and 32 bits
  bool exit = false;             // "+++ exited with 0 +++"
  bool path_resolution = false;  // a path that had to be resolved
  bool thread_execve = false;    // a thread that execs and takes over its leader's id
  bool operator==(const Silence&) const = default;
};

/// Which calls are shown, by how they end (-e status=).
struct Statuses {
  bool successful = true;
  bool failed = true;
  bool unfinished = true;   // it never returned: its thread ended
  bool unavailable = true;  // it returned, but nobody knows what; ttrace always knows
  bool detached = true;     // the thread was let go before
  bool operator==(const Statuses&) const = default;
};

}  // namespace ttrace
