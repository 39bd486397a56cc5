// Starting the program to trace.
#pragma once

#include <string>
#include <vector>

#include "base/address.h"
#include "base/fd.h"
#include "base/result.h"

namespace ttrace {

/// Finds a program as execvp would: as it stands when it has a slash, otherwise in PATH. Errors:
/// not found, a directory, not executable.
Result<std::string> find_program(const std::string& name);

/// What a command writes to its standard output (at most 1 MiB of it); empty when it cannot be run
/// or fails. Its standard input is empty, its messages are thrown away.
std::string output_of(const std::vector<std::string>& command);

/// A child that waits before it executes its program, so that it can be attached to first.
class SpawnedProgram {
 public:
  /// Forks. The child has ttrace's standard descriptors, environment and folder, default signal
  /// dispositions as ttrace itself got them, and waits for start(). `guardian`: another process
  /// that may attach to it (Yama allows ancestors only), 0 for none. `folder`: where it is to run
  /// instead; empty: in ttrace's. Error: fork or pipe failed.
  static Result<SpawnedProgram> make(const std::string& path,
                                     const std::vector<std::string>& command, Pid guardian = {},
                                     const std::string& folder = {});

  [[nodiscard]] Tid tid() const { return tid_; }
  /// Lets the child go on to execve.
  Result<> start();
  /// After the child ended without executing its program: the errno of execve, or of entering its
  /// folder; 0 when execve
  /// succeeded.
  [[nodiscard]] int exec_errno();

 private:
  SpawnedProgram(Tid tid, UniqueFd go, UniqueFd report)
      : tid_(tid), go_(std::move(go)), report_(std::move(report)) {}
  Tid tid_;
  UniqueFd go_;
  UniqueFd report_;
};

}  // namespace ttrace
