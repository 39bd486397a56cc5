#include "os/proc.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <algorithm>

using namespace ttrace;

TEST_CASE("a maps file is parsed field by field; nonsense is left out") {
  auto maps = parse_maps(
      "555555554000-555555556000 r--p 00000000 fe:01 1234                       /usr/bin/a b\n"
      "555555556000-55555555a000 r-xp 00002000 fe:01 1234                       /usr/bin/a b\n"
      "7ffff7fc1000-7ffff7fc3000 rw-s 00000000 00:00 0 \n"
      "nonsense\n"
      "7ffe0000-\n"
      "ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  [vsyscall]\n");
  REQUIRE(maps.size() == 4);
  CHECK(maps[0].start == Address(0x555555554000));
  CHECK(maps[0].readable);
  CHECK_FALSE(maps[0].executable);
  CHECK(maps[0].path == "/usr/bin/a b");
  CHECK(maps[1].executable);
  CHECK(maps[1].offset.value == 0x2000);
  CHECK(maps[1].inode == 1234);
  CHECK(maps[1].device == (std::uint64_t{0xfe} << 32 | 1));
  CHECK(maps[2].writable);
  CHECK(maps[2].path.empty());
  CHECK(maps[3].path == "[vsyscall]");
  CHECK(maps[3].end == Address(0xffffffffff601000));
}

TEST_CASE("our own status, tasks, maps and auxiliary vector") {
  auto status = read_status(Tid{getpid()});
  REQUIRE(status);
  CHECK(status->tgid.value == getpid());
  CHECK(status->parent.value == getppid());
  CHECK(status->state == 'R');
  CHECK(status->uid[1] == geteuid());
  auto tasks = read_tasks(Pid{getpid()});
  CHECK(std::ranges::find(tasks, Tid{getpid()}) != tasks.end());
  auto maps = read_maps(Tid{getpid()});
  auto here = reinterpret_cast<std::uint64_t>(&read_maps);
  CHECK(std::ranges::any_of(maps, [&](const Mapping& m) {
    return m.executable && m.start.value() <= here && here < m.end.value();
  }));
}

TEST_CASE("a process that does not exist has nothing") {
  constexpr int kNoSuch = 0x7ffffff0;
  CHECK_FALSE(read_status(Tid{kNoSuch}));
  CHECK(read_maps(Tid{kNoSuch}).empty());
  CHECK(read_tasks(Pid{kNoSuch}).empty());
}
