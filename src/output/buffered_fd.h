// Buffered writing to a file descriptor.
#pragma once

#include <string>
#include <string_view>

#include "base/fd.h"
#include "base/result.h"

namespace ttrace {

/// Collects text and writes it with as few calls as possible. Does not own its descriptor.
/// After a failure everything is discarded.
class BufferedFd {
 public:
  /// `destination` stands in errors: "write to DESTINATION".
  BufferedFd(int fd, std::string destination) : fd_(fd), destination_(std::move(destination)) {}

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
  std::string buffer_;
};

}  // namespace ttrace
