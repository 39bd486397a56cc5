// What the descriptors of a program stand for.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/address.h"
#include "base/arena.h"

namespace ttrace {

/// Which descriptors are shown with what they stand for (-y, -yy, --decode-fds).
struct FdDetails {
  bool path = false;      // of a file; of anything else, what the kernel calls it: pipe:[123]
  bool socket = false;    // TCP:[127.0.0.1:1->127.0.0.1:2]
  bool device = false;    // the numbers of a device, behind its path: /dev/null<char 1:3>
  bool pidfd = false;     // pid:123
  bool signalfd = false;  // signalfd:[HUP USR1]
  bool eventfd = false;   // {eventfd-count=0x1, eventfd-id=7, eventfd-semaphore=0}
  bool operator==(const FdDetails&) const = default;
  [[nodiscard]] bool any() const { return *this != FdDetails{}; }
};

/// What one descriptor stands for.
struct FdName {
  std::string_view text;                 // printable as it is; empty when there is nothing to show
  bool deleted = false;                  // it was a file's path
  std::optional<std::uint64_t> signals;  // of a signalfd, instead of a text; bit 0 is signal 1
};

/// Names descriptors, those of a tracee or, in tests, made-up ones.
class FdNames {
 public:
  FdNames() = default;
  FdNames(const FdNames&) = delete;
  FdNames& operator=(const FdNames&) = delete;
  virtual ~FdNames() = default;

  /// What descriptor `fd` of a thread stands for now. Empty, too, when it is not open or the thread
  /// is gone. The text lives in `arena`.
  virtual FdName name(Tid tid, int fd, Arena& arena) = 0;
  /// Where a thread's relative paths begin: what AT_FDCWD stands for.
  virtual std::string_view working_directory(Tid tid, Arena& arena) = 0;
};

}  // namespace ttrace
