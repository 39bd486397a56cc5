#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <unordered_map>

#include "output/buffered_fd.h"
#include "output/writer.h"

namespace ttrace {
namespace {

class SeparateWriter final : public Writer {
 public:
  SeparateWriter(std::string path, bool append) : path_(std::move(path)), append_(append) {}

  Result<> write(Tid tid, std::string_view text) override {
    auto file = opened(tid);
    if (!file) return file.error();
    return file.value()->out.write(text);
  }

  Result<> flush() override {
    Result<> first;
    for (auto& [tid, file] : files_) {
      if (!file.fd.valid()) continue;
      auto flushed = file.out.flush();
      if (!flushed && first) first = std::move(flushed);
    }
    return first;
  }

  Result<> thread_ended(Tid tid) override {
    const auto found = files_.find(tid.value);
    if (found == files_.end() || !found->second.fd.valid()) return {};
    return shut(found->second);
  }

  [[nodiscard]] bool immediate() const override { return false; }

  Result<> close() override { return shut_all(); }

 private:
  struct File {
    UniqueFd fd;  // none: written before, to be continued
    BufferedFd out;
  };

  Result<File*> opened(Tid tid) {
    const auto found = files_.find(tid.value);
    if (found != files_.end() && found->second.fd.valid()) return &found->second;
    const std::string name = path_ + "." + std::to_string(tid.value);
    const bool again = found != files_.end();
    const int flags = O_WRONLY | O_CREAT | O_CLOEXEC | (append_ || again ? O_APPEND : O_TRUNC);
    UniqueFd fd(::open(name.c_str(), flags, 0666));
    if (!fd.valid() && (errno == EMFILE || errno == ENFILE)) {
      auto shut = shut_all();
      if (!shut) return shut.error();
      fd.reset(::open(name.c_str(), flags, 0666));
    }
    if (!fd.valid()) return os_error("Can't fopen '" + name + "'");
    File& file = again ? found->second
                       : files_.emplace(tid.value, File{UniqueFd(), BufferedFd(-1, name, nullptr)})
                             .first->second;
    file.out.attach(fd.get());
    file.fd = std::move(fd);
    return &file;
  }

  static Result<> shut(File& file) {
    auto flushed = file.out.flush();
    file.fd.reset();
    return flushed;
  }

  Result<> shut_all() {
    Result<> first;
    for (auto& [tid, file] : files_) {
      if (!file.fd.valid()) continue;
      auto done = shut(file);
      if (!done && first) first = std::move(done);
    }
    return first;
  }

  std::string path_;
  bool append_;
  std::unordered_map<int, File> files_;
};

}  // namespace

Result<std::unique_ptr<Writer>> make_separate_writer(const std::string& path, bool append) {
  const auto slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  if (::faccessat(AT_FDCWD, folder.c_str(), W_OK | X_OK, AT_EACCESS) != 0) {
    return os_error("Can't fopen '" + path + "'");
  }
  return std::make_unique<SeparateWriter>(path, append);
}

}  // namespace ttrace
