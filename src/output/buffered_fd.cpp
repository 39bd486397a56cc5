#include "output/buffered_fd.h"

#include <poll.h>
#include <unistd.h>

#include <cerrno>

namespace ttrace {
namespace {

// As large as a pipe's buffer: a reader that lags takes it whole.
constexpr std::size_t kBufferSize = 64 * 1024;

}  // namespace

Result<> BufferedFd::write(std::string_view text) {
  if (failed_) return {};
  buffer_ += text;
  if (buffer_.size() < kBufferSize) return {};
  return flush();
}

Result<> BufferedFd::flush() {
  std::string_view rest = buffer_;
  while (!rest.empty()) {
    const ssize_t written = ::write(fd_, rest.data(), rest.size());
    if (written >= 0) {
      rest.remove_prefix(static_cast<std::size_t>(written));
      continue;
    }
    bool interrupted = errno == EINTR;
    if (errno == EAGAIN) {
      // Whoever shares stderr with us made it non-blocking.
      pollfd ready{fd_, POLLOUT, 0};
      interrupted = ::poll(&ready, 1, -1) < 0 && errno == EINTR;
      if (!interrupted) continue;
    }
    if (interrupted && (give_up_ == nullptr || !give_up_())) continue;
    failed_ = true;
    Error error = os_error("write to " + destination_);
    buffer_.clear();
    return error;
  }
  buffer_.clear();
  return {};
}

}  // namespace ttrace
