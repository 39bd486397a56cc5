#include "output/writer.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "output/buffered_fd.h"

namespace ttrace {
namespace {

std::string describe(int fd) {
  switch (fd) {
    case STDOUT_FILENO:
      return "standard output";
    case STDERR_FILENO:
      return "standard error";
    default:
      return "descriptor " + std::to_string(fd);
  }
}

/// Everything to one descriptor, which it may own.
class FdWriter final : public Writer {
 public:
  FdWriter(int fd, std::string destination, GiveUp give_up)
      : out_(fd, std::move(destination), give_up), immediate_(::isatty(fd) == 1) {}
  FdWriter(UniqueFd fd, std::string destination, GiveUp give_up)
      : owned_(std::move(fd)),
        out_(owned_.get(), std::move(destination), give_up),
        immediate_(::isatty(owned_.get()) == 1) {}

  Result<> write(Tid, std::string_view text) override { return out_.write(text); }
  Result<> flush() override { return out_.flush(); }
  [[nodiscard]] bool immediate() const override { return immediate_; }
  Result<> close() override {
    auto flushed = out_.flush();
    owned_.reset();
    return flushed;
  }

 private:
  UniqueFd owned_;
  BufferedFd out_;
  bool immediate_;
};

class LentWriter final : public Writer {
 public:
  explicit LentWriter(Writer& owner) : owner_(owner) {}

  Result<> write(Tid tid, std::string_view text) override { return owner_.write(tid, text); }
  Result<> flush() override { return owner_.flush(); }
  Result<> thread_ended(Tid tid) override { return owner_.thread_ended(tid); }
  [[nodiscard]] bool immediate() const override { return owner_.immediate(); }
  Result<> close() override { return owner_.flush(); }

 private:
  Writer& owner_;
};

}  // namespace

std::unique_ptr<Writer> lend(Writer& owner) {
  return std::make_unique<LentWriter>(owner);
}

Destination destination_of(int fd) {
  if (::isatty(fd) == 1) return Destination::Terminal;
  struct stat info {};
  if (::fstat(fd, &info) == 0 && (S_ISFIFO(info.st_mode) || S_ISSOCK(info.st_mode))) {
    return Destination::Pipe;
  }
  return Destination::File;
}

std::unique_ptr<Writer> make_fd_writer(int fd, GiveUp give_up) {
  return std::make_unique<FdWriter>(fd, describe(fd), give_up);
}

Result<std::unique_ptr<Writer>> make_file_writer(const std::string& path, bool append,
                                                 GiveUp give_up) {
  const int flags = O_WRONLY | O_CREAT | O_CLOEXEC | (append ? O_APPEND : O_TRUNC);
  UniqueFd fd(::open(path.c_str(), flags, 0666));
  if (!fd.valid()) return os_error("Can't fopen '" + path + "'");
  return std::make_unique<FdWriter>(std::move(fd), path, give_up);
}

}  // namespace ttrace
