// Waiting for tracees, and being woken by signals and time.
#pragma once

#include <cstdint>
#include <optional>

#include "base/address.h"
#include "base/result.h"

namespace ttrace {

/// One status that wait4 reported.
struct WaitStatus {
  Tid tid;
  int status = 0;
  std::int64_t system_time = 0;  // of its process, when asked for: nanoseconds in the kernel so far
};

/// ttrace's own signals (SIGINT, SIGTERM, SIGHUP, SIGQUIT ask it to let go) and its timer. There is
/// one at most, because signal dispositions belong to the process.
class WakeUps {
 public:
  /// Installs handlers; SIGHUP stays ignored if it was when ttrace started (nohup).
  /// SIGPIPE is ignored: a reader that goes away is seen as EPIPE.
  WakeUps();
  ~WakeUps();
  WakeUps(const WakeUps&) = delete;
  WakeUps& operator=(const WakeUps&) = delete;

  /// The first ending signal that arrived; 0 for none.
  [[nodiscard]] static int ending_signal();
  /// For a child before execve: what ttrace was started with ignored is ignored again, where ttrace
  /// has a use of its own for it; the rest becomes the default by itself. Async-signal-safe.
  static void restore_for_child();
  /// Makes a blocking wait return at `time` (nanoseconds, CLOCK_REALTIME) at the latest; 0: never.
  void wake_at(std::int64_t time);
  /// Gives up the handlers: from now on SIGTERM and SIGHUP end ttrace, while SIGINT and SIGQUIT,
  /// which a terminal sends to the traced program too, are ignored.
  static void stop_listening();

 private:
  std::int64_t armed_ = 0;
};

/// Ends this process by `signal`, without a core file of its own: for a status that says what ended
/// another. Returns what a shell would call that, when the signal does not end it.
int end_like(int signal);

/// Waits for any tracee or child (wait4 with __WALL). nullopt: nothing has happened (`block`
/// false), a wake-up came (`block` true). Error ECHILD: there is nothing left to wait for.
/// `measure`: the status comes with the system time of its process.
Result<std::optional<WaitStatus>> wait_any(bool block, bool measure = false);

}  // namespace ttrace
