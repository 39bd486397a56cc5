// Buffered writing to a file descriptor.
#pragma once

#include <string>
#include <string_view>

#include "base/fd.h"
#include "base/result.h"
#include "output/writer.h"

namespace ttrace {

/// Collects text and writes it with as few calls as possible. Does not own its descriptor.
/// After a failure everything is discarded.
class BufferedFd {
 public:
  /// `destination` stands in errors: "write to DESTINATION". `give_up` is asked when a signal
  /// interrupts a write that a slow reader holds up: true ends it with EINTR.
  BufferedFd(int fd, std::string destination, GiveUp give_up)
      : fd_(fd), destination_(std::move(destination)), give_up_(give_up) {}

  /// Error: whatever write(2) reports, when the buffer was full.
  Result<> write(std::string_view text);
  /// Error: whatever write(2) reports.
  Result<> flush();
  /// Goes on with another descriptor; nothing may be buffered.
  void attach(int fd) { fd_ = fd; }

 private:
  int fd_;
  bool failed_ = false;
  std::string destination_;
  GiveUp give_up_;
  std::string buffer_;
};

}  // namespace ttrace
