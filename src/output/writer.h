// Where lines go: stderr, a file, a pipe to a command, or a file for each thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/address.h"
#include "base/result.h"

namespace ttrace {

/// A destination of text. Buffers; flush() makes everything written so far visible.
///
/// The first failure is reported by the call that meets it, with what = "write to DESTINATION";
/// what is written afterwards is discarded without another report. SIGPIPE must be ignored by the
/// caller's process, or a reader that goes away kills it before EPIPE can be reported.
class Writer {
 public:
  Writer() = default;
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;
  virtual ~Writer() = default;

  /// Queues text that belongs to thread `tid` (which decides the file under -ff).
  /// Errors: EPIPE (the reader went away), ENOSPC and whatever else write(2) reports.
  virtual Result<> write(Tid tid, std::string_view text) = 0;
  virtual Result<> flush() = 0;
  /// Nothing more will be written for `tid`, unless the kernel gives the number to a new thread.
  virtual Result<> thread_ended(Tid tid) {
    static_cast<void>(tid);
    return {};
  }
  /// True when each write should be seen at once: a terminal.
  [[nodiscard]] virtual bool immediate() const = 0;
  /// Flushes and closes; for a command, waits until it ended.
  virtual Result<> close() = 0;
};

/// Writes to what `owner` writes to, and outlives it not. close() leaves the destination open.
std::unique_ptr<Writer> lend(Writer& owner);

/// What a destination is, which decides --whole-lines=auto.
enum class Destination : std::uint8_t { Terminal, Pipe, File };
Destination destination_of(int fd);

/// Asked when a signal interrupts a write that a slow reader holds up: true makes it fail with
/// EINTR instead of trying on.
using GiveUp = bool (*)();

/// Writes to an open descriptor (stderr, stdout), which it does not close.
std::unique_ptr<Writer> make_fd_writer(int fd, GiveUp give_up = nullptr);
/// Creates the file with mode 0666 less the umask, and empties it unless `append` (-A).
/// Error: the file cannot be opened ("Can't fopen 'PATH'").
Result<std::unique_ptr<Writer>> make_file_writer(const std::string& path, bool append,
                                                 GiveUp give_up = nullptr);
/// Runs `command` with /bin/sh and writes to its standard input. The command is not a tracee, and
/// ignores SIGINT, so that a ^C that ends the tracing leaves it its last input; its SIGPIPE is as
/// usual and its signal mask empty. Its descriptor 0 apart, it inherits what is not close-on-exec.
/// close() waits for it, and does not mind when a wait for any child took its status before.
/// Error: no pipe or no process can be made. A missing /bin/sh is seen as EPIPE.
Result<std::unique_ptr<Writer>> make_command_writer(const std::string& command,
                                                    GiveUp give_up = nullptr);
/// -ff: PATH.TID for each thread, opened at its first line; a thread's file is closed by
/// thread_ended(). When descriptors run out, files are closed and later opened again; a number used
/// by a second thread continues its file. Error at creation: PATH's folder cannot be written.
Result<std::unique_ptr<Writer>> make_separate_writer(const std::string& path, bool append);

}  // namespace ttrace
