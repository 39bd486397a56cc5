// The names of descriptors, and which calls are shown whole or not at all.
#include <cstdlib>
#include <ctime>
#include <map>
#include <string>

#include "unit/decode/call_text.h"

using namespace ttrace;
using namespace ttrace::test;
using namespace std::string_view_literals;

namespace {

constexpr std::uint64_t kAtFdcwd = static_cast<std::uint64_t>(-100);
constexpr Address kA{0x1000}, kB{0x2000}, kC{0x3000};

// Descriptors that are there because a test says so.
class FakeFdNames : public FdNames {
 public:
  std::map<int, FdName> open;
  std::vector<int> asked;
  int tid = 0;

  FdName name(Tid thread, int fd, Arena&) override {
    tid = thread.value;
    asked.push_back(fd);
    auto it = open.find(fd);
    return it == open.end() ? FdName{} : it->second;
  }
  std::string_view working_directory(Tid, Arena&) override { return "/here"; }
};

struct NamedCalls {
  FakeFdNames names;
  Calls calls{Abi::X86_64, {.fd_names = &names}};

  NamedCalls() {
    calls.pending.tid = Tid{77};
    names.open[3] = {.text = "/etc/passwd"};
    names.open[4] = {.text = "pipe:[9]"};
    names.open[5] = {.text = "/gone", .deleted = true};
  }
};

DecodeOptions only(std::string_view abbreviated, std::string_view dereferenced) {
  return {.abbreviated = *SyscallFilter::parse(abbreviated),
          .dereferenced = *SyscallFilter::parse(dereferenced)};
}

}  // namespace

TEST_CASE("arguments and results have the names of their descriptors") {
  NamedCalls t;
  CHECK(t.calls.enter("close", {3}) == "close(3</etc/passwd>");
  CHECK(t.names.tid == 77);
  t.names.open.erase(3);  // closed since
  CHECK(t.calls.exit(0) == "close(3</etc/passwd>) = 0");
  CHECK(t.calls.call("close", {3}, -9) == "close(3) = -1 EBADF (Bad file descriptor)");
  CHECK(t.calls.call("dup2", {4, 5}, 5) ==
        "dup2(4<pipe:[9]>, 5</gone>(deleted)) = 5</gone>(deleted)");
  CHECK(t.calls.call("dup2", {4, 8}, 8) == "dup2(4<pipe:[9]>, 8) = 8");
}

TEST_CASE("what is no descriptor is not looked up") {
  NamedCalls t;
  t.calls.call("close", {static_cast<std::uint64_t>(-1)}, -9);
  CHECK(t.calls.call("read", {3, 0x1000, 4}, 0) == "read(3</etc/passwd>, \"\", 4) = 0");
  CHECK(t.names.asked == std::vector{3});
}

TEST_CASE("a path is relative to a directory's descriptor or to the working directory") {
  NamedCalls t;
  t.calls.memory.map(kA, "x\0"sv);
  CHECK(t.calls.call("openat", {kAtFdcwd, 0x1000, 0}, 4) ==
        R"(openat(AT_FDCWD</here>, "x", O_RDONLY) = 4<pipe:[9]>)");
  CHECK(t.calls.call("openat", {3, 0x1000, 0}, -20) ==
        R"(openat(3</etc/passwd>, "x", O_RDONLY) = -1 ENOTDIR (Not a directory))");
}

TEST_CASE("descriptors in arrays, structures and sets") {
  NamedCalls t;
  Bytes polled;
  polled.u32(3).u16(1).u16(0).u32(0xffffffff).u16(1).u16(0).u32(9).u16(1).u16(1);
  t.calls.memory.map(kA, polled.view());
  CHECK(t.calls.call("poll", {0x1000, 3, 0}, 1) ==
        "poll([{fd=3</etc/passwd>, events=POLLIN}, {fd=-1}, {fd=9, events=POLLIN}], 3, 0) = 1 "
        "([{fd=9, revents=POLLIN}])");
  Bytes pair;
  pair.u32(4).u32(5);
  t.calls.memory.map(kB, pair.view());
  CHECK(t.calls.call("pipe2", {0x2000, 0}, 0) == "pipe2([4<pipe:[9]>, 5</gone>(deleted)], 0) = 0");
  Bytes set;
  set.u64(0x28);
  t.calls.memory.map(kC, set.view());
  CHECK(t.calls.call("select", {6, 0x3000, 0, 0, 0}, 2) ==
        "select(6, [3</etc/passwd> 5</gone>(deleted)], NULL, NULL, NULL) = 2 (in [3 5])");
}

TEST_CASE("descriptors that are passed on") {
  NamedCalls t;
  Bytes control;
  control.u64(24).u32(1).u32(1).u32(3).u32(4);
  Bytes header;
  header.u64(0).u64(0).u64(0).u64(0).u64(0x2000).u64(24).u64(0);
  t.calls.memory.map(kA, header.view());
  t.calls.memory.map(kB, control.view());
  CHECK(t.calls.call("sendmsg", {5, 0x1000, 0}, 0)
            .find("cmsg_type=SCM_RIGHTS, cmsg_data=[3</etc/passwd>, 4<pipe:[9]>]}]") !=
        std::string::npos);
}

TEST_CASE("a signalfd is called by its signals") {
  NamedCalls t;
  t.names.open[6] = {.signals = 0x201};
  CHECK(t.calls.call("close", {6}, 0) == "close(6<signalfd:[HUP USR1]>) = 0");
  t.names.open[6] = {.signals = ~std::uint64_t{1}};
  CHECK(t.calls.call("close", {6}, 0) == "close(6<signalfd:~[HUP]>) = 0");
  t.names.open[6] = {.signals = 0};
  CHECK(t.calls.call("close", {6}, 0) == "close(6<signalfd:[]>) = 0");
}

TEST_CASE("the descriptors of fcntl's commands") {
  NamedCalls t;
  CHECK(t.calls.call("fcntl", {3, 0, 5}, 4) == "fcntl(3</etc/passwd>, F_DUPFD, 5) = 4<pipe:[9]>");
  CHECK(t.calls.call("fcntl", {3, 1027, 5}, 4) ==
        "fcntl(3</etc/passwd>, F_DUPFD_QUERY, 5</gone>(deleted)) = 4");
}

TEST_CASE("only the chosen calls are shown whole") {
  Calls calls(Abi::X86_64, only("!execve", "all"));
  Bytes environment;
  environment.u64(0x2000).u64(0);
  calls.memory.map(kA, environment.view());
  calls.memory.map(kB, "A=b\0"sv);
  calls.memory.map(kC, "/x\0"sv);
  CHECK(calls.call("execve", {0x3000, 0, 0x1000}, 0) == R"(execve("/x", NULL, ["A=b"]) = 0)");
  Bytes entries;  // struct linux_dirent64
  entries.u64(7).u64(1).u16(24).text("\4.\0\0\0\0"sv);
  calls.memory.map(Address(0x4000), entries.view());
  CHECK(calls.call("getdents64", {3, 0x4000, 99}, 24) ==
        "getdents64(3, 0x4000 /* 1 entry */, 99) = 24");
}

TEST_CASE("times of a file that is shown whole are dates, too") {
  setenv("TZ", "UTC", 1);
  tzset();
  Calls calls(Abi::X86_64, only("none", "all"));
  Bytes stat;
  stat.u64(0).u64(0).u64(1).u32(0100644).zeros(4 + 4 + 4 + 8 + 8 + 8 + 8);
  stat.u64(0).u64(5).u64(static_cast<std::uint64_t>(-6)).u64(999999999).u64(0).u64(0).zeros(24);
  calls.memory.map(kA, stat.view());
  CHECK(calls.call("fstat", {3, 0x1000}, 0)
            .find("st_atime=0 /* 1970-01-01T00:00:00.000000005+0000 */, st_atime_nsec=5, "
                  "st_mtime=-6 /* 1969-12-31T23:59:54.999999999+0000 */, st_mtime_nsec=999999999, "
                  "st_ctime=0, st_ctime_nsec=0}") != std::string::npos);
}

TEST_CASE("structures are addresses in the calls that are not to be followed, text is not") {
  Calls calls(Abi::X86_64, only("all", "!nanosleep,wait4,pipe2,poll,getrandom"));
  Bytes time;
  time.u64(1).u64(2);
  calls.memory.map(kA, time.view());
  CHECK(calls.call("nanosleep", {0x1000, 0}, 0) == "nanosleep(0x1000, NULL) = 0");
  CHECK(calls.call("wait4", {5, 0x1000, 0, 0}, 5) == "wait4(5, 0x1000, 0, NULL) = 5");
  CHECK(calls.call("pipe2", {0x1000, 0}, 0) == "pipe2(0x1000, 0) = 0");
  // Nothing to follow: an empty array.
  CHECK(calls.call("poll", {0x1000, 0, 0}, 0) == "poll([], 0, 0) = 0 (Timeout)");
  CHECK(calls.call("poll", {0x1000, 1, 0}, 1) == "poll(0x1000, 1, 0) = 1");
  CHECK(calls.call("poll", {0x1000, 1, 0}, 0) == "poll(0x1000, 1, 0) = 0 (Timeout)");
  CHECK(calls.call("getrandom", {0x1000, 2, 0}, 2) == R"(getrandom("\x01\x00", 2, 0) = 2)");
  CHECK(calls.call("write", {1, 0x1000, 2}, 2) == R"(write(1, "\1\0", 2) = 2)");
}
