// Errors as values. Functions that can fail return Result<T>; only main() turns an Error into a
// message and an exit status.
#pragma once

#include <cerrno>
#include <string>
#include <tl/expected.hpp>
#include <utility>

namespace ttrace {

/// What failed and why. `code` is an errno value, or 0 when the failure is not the kernel's.
/// `what` says what was tried ("open /tmp/x"), or the whole message when `code` is 0.
struct Error {
  int code = 0;
  std::string what;

  /// True when the thread or process no longer exists (ESRCH): its death will be reported by wait,
  /// so the caller drops what it was doing and reports nothing.
  [[nodiscard]] bool gone() const { return code == ESRCH; }
  /// One line without a trailing newline: "open /tmp/x: No such file or directory".
  [[nodiscard]] std::string message() const;
};

/// A value of type T, or the Error that prevented it.
template <class T = void>
class [[nodiscard]] Result : public tl::expected<T, Error> {
  using Base = tl::expected<T, Error>;

 public:
  using Base::Base;
  // NOLINTNEXTLINE(google-explicit-constructor): an Error converts, so that `return error;` reads
  // well.
  Result(Error error) : Base(tl::unexpect, std::move(error)) {}
};

/// The current errno with a description of what was tried.
Error os_error(std::string what);

}  // namespace ttrace
