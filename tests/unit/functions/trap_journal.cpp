#include "functions/trap_journal.h"

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <optional>
#include <utility>

using namespace ttrace;

namespace {

PlantedTrap trap_at(std::uint64_t address) {
  PlantedTrap trap;
  trap.pid = Pid{4711};
  trap.at = Address(address);
  trap.original[0] = std::byte{0x55};
  return trap;
}

std::vector<std::uint64_t> addresses(const TrapJournal& journal) {
  std::vector<std::uint64_t> found;
  for (const PlantedTrap& trap : journal.traps())
    found.push_back(trap.at.value());
  return found;
}

}  // namespace

TEST_CASE("a trap is in the journal for as long as its entry lives") {
  auto made = TrapJournal::make();
  REQUIRE(made.has_value());
  TrapJournal& journal = **made;
  CHECK(journal.traps().empty());
  auto first = journal.add(trap_at(0x1000));
  std::optional second(journal.add(trap_at(0x2000)));
  CHECK(addresses(journal) == std::vector<std::uint64_t>{0x1000, 0x2000});
  CHECK(journal.traps()[0].pid == Pid{4711});
  CHECK(journal.traps()[0].original[0] == std::byte{0x55});
  TrapJournal::Entry moved(std::move(first));
  CHECK(addresses(journal) == std::vector<std::uint64_t>{0x1000, 0x2000});
  second.reset();
  CHECK(addresses(journal) == std::vector<std::uint64_t>{0x1000});
  moved = journal.add(trap_at(0x3000));  // in the line that was given up; then the old one goes
  CHECK(addresses(journal) == std::vector<std::uint64_t>{0x3000});
  auto third = journal.add(trap_at(0x4000));
  CHECK(addresses(journal).size() == 2);
}

TEST_CASE("what one process writes, the other reads after its end") {
  auto made = TrapJournal::make();
  REQUIRE(made.has_value());
  TrapJournal& journal = **made;
  pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    auto entry = journal.add(trap_at(0x1000));
    entry.set_copy(Address(0x5000));
    journal.set_program(Pid{4712});
    _exit(0);  // as after SIGKILL: without a destructor
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  REQUIRE(journal.traps().size() == 1);
  CHECK(journal.traps()[0].at == Address(0x1000));
  CHECK(journal.traps()[0].copy == Address(0x5000));
  CHECK(journal.program() == Pid{4712});
}

TEST_CASE("a full journal takes no more, and goes on") {
  auto made = TrapJournal::make();
  REQUIRE(made.has_value());
  TrapJournal& journal = **made;
  constexpr std::size_t kRoom = 1U << 20;
  std::vector<TrapJournal::Entry> entries;
  for (std::size_t i = 0; i < kRoom + 2; ++i)
    entries.push_back(journal.add(trap_at(i + 1)));
  CHECK(journal.traps().size() == kRoom);
  entries.resize(1);
  CHECK(addresses(journal) == std::vector<std::uint64_t>{1});
}
