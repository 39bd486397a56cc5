// A folder for files that nobody is to find afterwards.
#pragma once

#include <sys/types.h>

#include <memory>
#include <string>

#include "base/result.h"

namespace ttrace {

/// Owned by the process that makes it; a child that outlives that one inherits it.
class TemporaryFolder {
 public:
  /// Makes a folder below $TMPDIR, or /tmp, that only this user can enter. Error: mkdtemp(3)'s,
  /// with the path.
  static Result<std::unique_ptr<TemporaryFolder>> make();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() { remove(); }

  [[nodiscard]] const std::string& path() const { return path_; }  // absolute
  /// Removes the folder with the files in it; another time, nothing. In a child of the process that
  /// made it, nothing, too, as long as that one lives.
  void remove();

 private:
  explicit TemporaryFolder(std::string path);
  std::string path_;
  pid_t owner_;
};

}  // namespace ttrace
