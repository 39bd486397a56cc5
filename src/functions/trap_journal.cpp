#include "functions/trap_journal.h"

#include <sys/mman.h>

#include <atomic>
#include <new>
#include <utility>

namespace ttrace {

namespace {
constexpr std::uint32_t kMostLines = 1U << 20;  // pages that are never written cost nothing
}

struct TrapJournal::Line {
  std::atomic<bool> used;  // written last, so that a line is whole or not there
  PlantedTrap trap;
};

struct TrapJournal::Table {
  std::atomic<std::int32_t> program;
  std::atomic<std::uint32_t> lines;  // from here on none was ever used
  Line line[kMostLines];
};

Result<std::unique_ptr<TrapJournal>> TrapJournal::make() {
  void* memory = mmap(nullptr, sizeof(Table), PROT_READ | PROT_WRITE,
                      MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) return os_error("allocate the table of breakpoints");
  // Zeroed pages are an empty table: a constructor would touch all of them.
  return std::unique_ptr<TrapJournal>(new TrapJournal(static_cast<Table*>(memory)));
}

TrapJournal::~TrapJournal() {
  munmap(table_, sizeof(Table));
}

TrapJournal::Entry TrapJournal::add(const PlantedTrap& trap) {
  std::uint32_t number = table_->lines.load();
  if (!free_.empty()) {
    number = free_.back();
    free_.pop_back();
  } else if (number < kMostLines) {
    table_->lines.store(number + 1);
  } else {
    return {};
  }
  Line& line = table_->line[number];
  line.trap = trap;
  line.used.store(true, std::memory_order_release);
  return Entry(this, number);
}

void TrapJournal::remove(std::uint32_t line) {
  table_->line[line].used.store(false, std::memory_order_release);
  free_.push_back(line);
}

std::vector<PlantedTrap> TrapJournal::traps() const {
  std::vector<PlantedTrap> traps;
  for (std::uint32_t i = 0; i < table_->lines.load(); ++i) {
    const Line& line = table_->line[i];
    if (line.used.load(std::memory_order_acquire)) traps.push_back(line.trap);
  }
  return traps;
}

void TrapJournal::set_program(Pid program) {
  table_->program.store(program.value);
}

Pid TrapJournal::program() const {
  return Pid{table_->program.load()};
}

TrapJournal::Entry::Entry(Entry&& other) noexcept
    : journal_(std::exchange(other.journal_, nullptr)), line_(other.line_) {}

TrapJournal::Entry& TrapJournal::Entry::operator=(Entry&& other) noexcept {
  if (this != &other) {
    if (journal_ != nullptr) journal_->remove(line_);
    journal_ = std::exchange(other.journal_, nullptr);
    line_ = other.line_;
  }
  return *this;
}

TrapJournal::Entry::~Entry() {
  if (journal_ != nullptr) journal_->remove(line_);
}

void TrapJournal::Entry::set_copy(Address copy) {
  if (journal_ != nullptr) journal_->table_->line[line_].trap.copy = copy;
}

}  // namespace ttrace
