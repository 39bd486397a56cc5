#include "output/writer.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>

#include "base/fd.h"

using namespace ttrace;

namespace {

/// A folder that is removed with everything in it.
class Folder {
 public:
  Folder() {
    std::string name = "/tmp/ttrace-writer-XXXXXX";
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() {
    const std::string command = "rm -rf " + path_;
    static_cast<void>(std::system(command.c_str()) == 0);
  }
  [[nodiscard]] std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

std::string contents(const std::string& path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), {}};
}

struct Pipe {
  UniqueFd output;
  UniqueFd input;
  Pipe() {
    int ends[2];
    REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
    output.reset(ends[0]);
    input.reset(ends[1]);
  }
};

/// As ttrace does, ignores SIGPIPE.
class IgnoreSigpipe {
 public:
  IgnoreSigpipe() : before_(std::signal(SIGPIPE, SIG_IGN)) {}
  IgnoreSigpipe(const IgnoreSigpipe&) = delete;
  IgnoreSigpipe& operator=(const IgnoreSigpipe&) = delete;
  ~IgnoreSigpipe() { std::signal(SIGPIPE, before_); }

 private:
  void (*before_)(int);
};

}  // namespace

TEST_CASE("a file writer buffers, and empties the file first") {
  const Folder folder;
  const std::string path = folder / "trace";
  std::ofstream(path) << "old\n";
  auto writer = make_file_writer(path, false);
  REQUIRE(writer);
  CHECK_FALSE((*writer)->immediate());
  CHECK(contents(path).empty());
  REQUIRE((*writer)->write(Tid{1}, "one\n"));
  CHECK(contents(path).empty());
  REQUIRE((*writer)->flush());
  CHECK(contents(path) == "one\n");
  REQUIRE((*writer)->write(Tid{2}, "two\n"));
  REQUIRE((*writer)->close());
  CHECK(contents(path) == "one\ntwo\n");
}

TEST_CASE("a file writer appends when told to, and heeds the umask") {
  const Folder folder;
  const std::string path = folder / "trace";
  const mode_t before = ::umask(027);
  for (const char* line : {"one\n", "two\n"}) {
    auto writer = make_file_writer(path, true);
    REQUIRE(writer);
    REQUIRE((*writer)->write(Tid{1}, line));
    REQUIRE((*writer)->close());
  }
  ::umask(before);
  CHECK(contents(path) == "one\ntwo\n");
  struct stat info {};
  REQUIRE(::stat(path.c_str(), &info) == 0);
  CHECK((info.st_mode & 07777) == 0640);
}

TEST_CASE("a file that cannot be opened is an error in strace's words") {
  const auto writer = make_file_writer("/nonexistent/trace", false);
  REQUIRE_FALSE(writer);
  CHECK(writer.error().code == ENOENT);
  CHECK(writer.error().what == "Can't fopen '/nonexistent/trace'");
}

TEST_CASE("a full device is reported once, and what follows is discarded") {
  auto writer = make_file_writer("/dev/full", false);
  REQUIRE(writer);
  REQUIRE((*writer)->write(Tid{1}, "x"));
  const auto flushed = (*writer)->flush();
  REQUIRE_FALSE(flushed);
  CHECK(flushed.error().code == ENOSPC);
  CHECK(flushed.error().what == "write to /dev/full");
  CHECK((*writer)->write(Tid{1}, std::string(200000, 'x')));
  CHECK((*writer)->close());
}

TEST_CASE("a full buffer is written without a flush") {
  const Folder folder;
  const std::string path = folder / "trace";
  auto writer = make_file_writer(path, false);
  REQUIRE(writer);
  const std::string line(1000, 'x');
  for (int i = 0; i < 66; ++i)
    REQUIRE((*writer)->write(Tid{1}, line));
  CHECK(contents(path).size() >= 64000);
}

TEST_CASE("a reader that went away is EPIPE") {
  const IgnoreSigpipe ignored;
  Pipe pipe;
  pipe.output.reset();
  auto writer = make_fd_writer(pipe.input.get());
  REQUIRE(writer->write(Tid{1}, "x"));
  const auto flushed = writer->flush();
  REQUIRE_FALSE(flushed);
  CHECK(flushed.error().code == EPIPE);
}

TEST_CASE("a descriptor writer leaves its descriptor open") {
  Pipe pipe;
  auto writer = make_fd_writer(pipe.input.get());
  CHECK_FALSE(writer->immediate());
  REQUIRE(writer->write(Tid{1}, "line\n"));
  REQUIRE(writer->close());
  writer.reset();
  CHECK(::fcntl(pipe.input.get(), F_GETFD) >= 0);
  char got[16];
  CHECK(::read(pipe.output.get(), got, sizeof got) == 5);
}

TEST_CASE("a full non-blocking pipe is waited for, and short writes are completed") {
  Pipe pipe;
  REQUIRE(::fcntl(pipe.input.get(), F_SETFL, O_NONBLOCK) == 0);
  const std::string text(300000, 'x');
  std::size_t got = 0;
  std::thread reader([&] {
    char bytes[4096];
    ssize_t n = 0;
    while ((n = ::read(pipe.output.get(), bytes, sizeof bytes)) > 0) {
      got += static_cast<std::size_t>(n);
    }
  });
  auto writer = make_fd_writer(pipe.input.get());
  CHECK(writer->write(Tid{1}, text));
  CHECK(writer->close());
  pipe.input.reset();
  reader.join();
  CHECK(got == text.size());
}

TEST_CASE("destinations are told apart") {
  Pipe pipe;
  CHECK(destination_of(pipe.input.get()) == Destination::Pipe);
  const UniqueFd null(::open("/dev/null", O_WRONLY | O_CLOEXEC));
  CHECK(destination_of(null.get()) == Destination::File);
  const UniqueFd terminal(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
  REQUIRE(terminal.valid());
  CHECK(destination_of(terminal.get()) == Destination::Terminal);
  CHECK(make_fd_writer(terminal.get())->immediate());
}

TEST_CASE("a command gets the text, and close waits for its end") {
  const Folder folder;
  auto writer =
      make_command_writer("cat > " + (folder / "out") + "; echo end >> " + (folder / "out"));
  REQUIRE(writer);
  REQUIRE((*writer)->write(Tid{1}, "line\n"));
  REQUIRE((*writer)->close());
  CHECK(contents(folder / "out") == "line\nend\n");
}

TEST_CASE("a command ignores SIGINT, has the usual SIGPIPE and no blocked signals") {
  const IgnoreSigpipe ignored;
  const Folder folder;
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  auto writer =
      make_command_writer("grep -E '^Sig(Blk|Ign)' /proc/self/status > " + (folder / "out"));
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  REQUIRE(writer);
  REQUIRE((*writer)->close());
  unsigned long long blocked = 1;
  unsigned long long ignoring = 0;
  REQUIRE(std::sscanf(contents(folder / "out").c_str(), "SigBlk:%llx SigIgn:%llx", &blocked,
                      &ignoring) == 2);
  CHECK(blocked == 0);
  CHECK((ignoring & (1ULL << (SIGINT - 1))) != 0);
  CHECK((ignoring & (1ULL << (SIGPIPE - 1))) == 0);
}

TEST_CASE("a command that ends early is EPIPE, and close does not mind that it was reaped") {
  const IgnoreSigpipe ignored;
  auto writer = make_command_writer("exit 0");
  REQUIRE(writer);
  REQUIRE(::waitpid(-1, nullptr, 0) > 0);
  REQUIRE((*writer)->write(Tid{1}, "x"));
  const auto flushed = (*writer)->flush();
  REQUIRE_FALSE(flushed);
  CHECK(flushed.error().code == EPIPE);
  CHECK(flushed.error().what == "write to |exit 0");
  CHECK((*writer)->close());
}

TEST_CASE("with separate files each thread has its own") {
  const Folder folder;
  auto writer = make_separate_writer(folder / "t", false);
  REQUIRE(writer);
  REQUIRE((*writer)->write(Tid{7}, "seven\n"));
  REQUIRE((*writer)->write(Tid{8}, "eight\n"));
  REQUIRE((*writer)->thread_ended(Tid{7}));
  CHECK(contents(folder / "t.7") == "seven\n");
  CHECK(contents(folder / "t.8").empty());
  REQUIRE((*writer)->flush());
  CHECK(contents(folder / "t.8") == "eight\n");
  REQUIRE((*writer)->write(Tid{7}, "again\n"));
  REQUIRE((*writer)->thread_ended(Tid{9}));
  REQUIRE((*writer)->close());
  CHECK_MESSAGE(contents(folder / "t.7") == "seven\nagain\n", "a reused number continues its file");
}

TEST_CASE("separate files replace what was there, or append") {
  const Folder folder;
  for (const bool append : {false, true, false}) {
    auto writer = make_separate_writer(folder / "t", append);
    REQUIRE(writer);
    REQUIRE((*writer)->write(Tid{7}, append ? "more\n" : "first\n"));
    REQUIRE((*writer)->close());
    CHECK(contents(folder / "t.7") == (append ? "first\nmore\n" : "first\n"));
  }
}

TEST_CASE("separate files outnumber the descriptors that a process may have") {
  const Folder folder;
  rlimit before{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
  const rlimit few{32, before.rlim_max};
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &few) == 0);
  auto writer = make_separate_writer(folder / "t", false);
  REQUIRE(writer);
  bool all = true;
  for (int round = 0; round < 2; ++round) {
    for (int tid = 1; tid <= 100; ++tid)
      all = all && (*writer)->write(Tid{tid}, "x\n");
  }
  all = all && (*writer)->close();
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &before) == 0);
  CHECK(all);
  for (int tid = 1; tid <= 100; ++tid) {
    CHECK(contents(folder / ("t." + std::to_string(tid))) == "x\nx\n");
  }
}

TEST_CASE("separate files need a folder") {
  const auto writer = make_separate_writer("/nonexistent/t", false);
  REQUIRE_FALSE(writer);
  CHECK(writer.error().code == ENOENT);
}
