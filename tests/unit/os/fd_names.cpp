#include "os/fd_names.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>

#include "base/fd.h"

using namespace ttrace;

namespace {

constexpr FdDetails kAll{true, true, true, true, true, true};

struct Named {
  Arena arena;
  ProcFdNames names;
  explicit Named(FdDetails details) : names(details) {}

  FdName operator()(int fd) { return names.name(Tid{getpid()}, fd, arena); }
  std::string text(int fd) { return std::string((*this)(fd).text); }
};

// A directory that goes away with what is in it.
struct Folder {
  std::string path = "/tmp/ttrace-fd-names-XXXXXX";
  Folder() { REQUIRE(mkdtemp(path.data()) != nullptr); }
  ~Folder() { std::filesystem::remove_all(path); }
  [[nodiscard]] UniqueFd file(const std::string& name) const {
    UniqueFd fd(open((path + "/" + name).c_str(), O_RDWR | O_CREAT, 0600));
    REQUIRE(fd.valid());
    return fd;
  }
  void remove(const std::string& name) const { REQUIRE(unlink((path + "/" + name).c_str()) == 0); }
};

}  // namespace

TEST_CASE("files have paths; a name may look like that of a deleted one") {
  Folder folder;
  Named named({.path = true});
  const UniqueFd plain = folder.file("plain");
  CHECK(named.text(plain.get()) == folder.path + "/plain");
  CHECK_FALSE(named(plain.get()).deleted);
  const UniqueFd confusing = folder.file("plain (deleted)");
  CHECK(named.text(confusing.get()) == folder.path + "/plain (deleted)");
  CHECK_FALSE(named(confusing.get()).deleted);
  folder.remove("plain");
  CHECK(named.text(plain.get()) == folder.path + "/plain");
  CHECK(named(plain.get()).deleted);
  folder.remove("plain (deleted)");
  CHECK(named.text(confusing.get()) == folder.path + "/plain (deleted)");
  CHECK(named(confusing.get()).deleted);
}

TEST_CASE("a file that was deleted under one of its two names is deleted") {
  Folder folder;
  Named named({.path = true});
  const UniqueFd fd = folder.file("a");
  REQUIRE(link((folder.path + "/a").c_str(), (folder.path + "/b").c_str()) == 0);
  folder.remove("a");
  CHECK(named(fd.get()).deleted);
}

TEST_CASE("a path cannot be taken for anything else") {
  CHECK(escaped_path("/a>b<c\"d\\e\nf\x01g\xff") == R"(/a\76b\74c\"d\\e\nf\1g\377)");
  CHECK(escaped_path("/<7") == R"(/\0747)");
}

TEST_CASE("each kind of detail is shown only when it was asked for") {
  const UniqueFd null(open("/dev/null", O_RDONLY));
  const UniqueFd event(eventfd(5, 0));
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  const UniqueFd reading(ends[0]);
  const UniqueFd writing(ends[1]);
  Named paths({.path = true});
  CHECK(paths.text(null.get()) == "/dev/null");
  CHECK(paths.text(event.get()) == "anon_inode:[eventfd]");
  CHECK(paths.text(reading.get()).starts_with("pipe:["));
  CHECK(paths.text(reading.get()) == paths.text(writing.get()));
  Named devices({.device = true});
  CHECK(devices.text(null.get()) == "/dev/null<char 1:3>");
  CHECK(devices.text(event.get()).empty());
  CHECK(devices.text(reading.get()).empty());
  Named events({.eventfd = true});
  CHECK(events.text(event.get()).starts_with("{eventfd-count=0x5"));
  CHECK(events.text(null.get()).empty());
  CHECK(events.names.working_directory(Tid{getpid()}, events.arena).empty());
}

TEST_CASE("a signalfd has its signals") {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGHUP);
  sigaddset(&signals, SIGUSR1);
  const UniqueFd fd(signalfd(-1, &signals, 0));
  Named named(kAll);
  CHECK(named(fd.get()).signals == std::uint64_t{0x201});
  Named paths({.path = true});
  CHECK_FALSE(paths(fd.get()).signals);
  CHECK(paths.text(fd.get()) == "anon_inode:[signalfd]");
}

TEST_CASE("a socket is named by its protocol and its addresses") {
  const UniqueFd fd(::socket(AF_INET, SOCK_STREAM, 0));
  Named named(kAll);
  CHECK(named.text(fd.get()).starts_with("TCP:["));
  CHECK(named.text(fd.get()).find('.') == std::string::npos);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  REQUIRE(bind(fd.get(), reinterpret_cast<sockaddr*>(&address), size) == 0);
  REQUIRE(listen(fd.get(), 1) == 0);
  REQUIRE(getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address), &size) == 0);
  CHECK(named.text(fd.get()) == "TCP:[127.0.0.1:" + std::to_string(ntohs(address.sin_port)) + "]");
}

TEST_CASE("what is not open, or nobody's, has no name") {
  Named named(kAll);
  CHECK(named.text(12345).empty());
  CHECK(named.names.name(Tid{-1}, 0, named.arena).text.empty());
  CHECK(named.names.working_directory(Tid{-1}, named.arena).empty());
}

TEST_CASE("numbers are found in the lines of fdinfo, and nowhere else") {
  constexpr std::string_view kInfo = "pos:\t0\nPid:\t12\nsigmask:\t0000000000000201\nNSpid:\t9\n";
  CHECK(fdinfo_number(kInfo, "Pid", 10) == 12U);
  CHECK(fdinfo_number(kInfo, "pid", 10) == std::nullopt);
  CHECK(fdinfo_number(kInfo, "sigmask", 16) == 0x201U);
  CHECK(fdinfo_number("Pid:\t-1\n", "Pid", 10) == std::nullopt);
  CHECK(fdinfo_number("Pid:\t1x\n", "Pid", 10) == std::nullopt);
  CHECK(fdinfo_number("Pid:", "Pid", 10) == std::nullopt);
  CHECK(fdinfo_number("Pid", "Pid", 10) == std::nullopt);
  CHECK(fdinfo_number("", "Pid", 10) == std::nullopt);
}

TEST_CASE("names out of fdinfo") {
  CHECK(pidfd_name("Pid:\t7\nNSpid:\t7\n") == "pid:7");
  CHECK(pidfd_name("Pid:\t-1\n").empty());
  CHECK(pidfd_name("Pid:\t0\n").empty());
  CHECK(eventfd_name("eventfd-count:               1f\neventfd-id: 3\neventfd-semaphore: 1\n") ==
        "{eventfd-count=0x1f, eventfd-id=3, eventfd-semaphore=1}");
  CHECK(eventfd_name("eventfd-count: 0\n") == "{eventfd-count=0}");
  CHECK(eventfd_name("pos: 0\n").empty());
}

TEST_CASE("the links of sockets are told from all others") {
  CHECK(socket_inode("socket:[123]") == 123U);
  CHECK(socket_inode("socket:[123") == std::nullopt);
  CHECK(socket_inode("socket:[]") == std::nullopt);
  CHECK(socket_inode("socket:[12]x") == std::nullopt);
  CHECK(socket_inode("pipe:[123]") == std::nullopt);
}
