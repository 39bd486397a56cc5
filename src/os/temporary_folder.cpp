#include "os/temporary_folder.h"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <system_error>
#include <utility>

namespace ttrace {

TemporaryFolder::TemporaryFolder(std::string path) : path_(std::move(path)), owner_(getpid()) {}

Result<std::unique_ptr<TemporaryFolder>> TemporaryFolder::make() {
  const char* chosen = std::getenv("TMPDIR");  // NOLINT(concurrency-mt-unsafe): one thread
  std::error_code error;
  auto parent =
      std::filesystem::absolute(chosen != nullptr && *chosen != '\0' ? chosen : "/tmp", error);
  if (error) return Error{error.value(), "cannot find the folder for temporary files"};
  std::string path = (parent / "ttrace-XXXXXX").string();
  if (mkdtemp(path.data()) == nullptr)
    return os_error("cannot make a folder in " + parent.string());
  return std::unique_ptr<TemporaryFolder>(new TemporaryFolder(std::move(path)));
}

void TemporaryFolder::remove() {
  const bool mine = getpid() == owner_ || getppid() != owner_;
  if (path_.empty() || !mine) return;
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
  path_.clear();
}

}  // namespace ttrace
