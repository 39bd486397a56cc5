#include "trace/rescue.h"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <ctime>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <variant>

#include "arch/machine.h"
#include "base/clock.h"
#include "os/attach.h"
#include "os/proc.h"
#include "os/process_memory.h"
#include "os/stop.h"
#include "os/stopped_tracee.h"

namespace ttrace {

namespace {

constexpr std::int64_t kPatience = 2'000'000'000;  // nanoseconds, for a thread that does not stop
constexpr long kPause = 50'000;                    // nanoseconds

void pause_shortly() {
  timespec pause{0, kPause};
  nanosleep(&pause, nullptr);
}

}  // namespace

/// One program and the traps in its text.
class Rescue::Patient {
 public:
  Patient(Pid pid, std::vector<PlantedTrap> traps)
      : pid_(pid), memory_(Tid{pid.value}), traps_(std::move(traps)) {}

  [[nodiscard]] const std::vector<PlantedTrap>& traps() const { return traps_; }
  /// False: a trap could not be taken out.
  bool restore_text();
  void save_threads();

 private:
  bool take_traps_out();
  static bool take_over(Tid tid);
  static std::optional<Stop> wait_for(Tid tid);
  void save(Tid tid);
  void straighten(StoppedTracee& stopped, Stop stop, int& signal);
  [[nodiscard]] const PlantedTrap* trap_at(Address at) const;
  [[nodiscard]] std::optional<DisplacedInstruction> leave_copy(Registers& regs);

  Pid pid_;
  ProcessMemory memory_;
  std::vector<PlantedTrap> traps_;
};

bool Rescue::Patient::restore_text() {
  if (take_traps_out()) return true;
  // A process may go on without its first thread, which then has no memory.
  for (Tid tid : read_tasks(pid_)) {
    if (!has_memory(tid)) continue;
    memory_.set_tid(tid);
    return take_traps_out();
  }
  return true;  // it has ended
}

// False, too, when none of its memory can be read; parts may be unmapped since.
bool Rescue::Patient::take_traps_out() {
  bool clean = true;
  bool readable = false;
  for (const PlantedTrap& trap : traps_) {
    std::array<std::byte, DisplacedInstruction::kMaxLength> bytes{};
    auto now = std::span(bytes).first(trap_instruction(trap.machine).size());
    if (memory_.read(trap.at, now) != now.size()) continue;
    readable = true;
    if (!is_trap(trap.machine, now)) continue;
    auto written = memory_.write(trap.at, std::span(trap.original).first(now.size()));
    clean = clean && written;
  }
  return clean && readable;
}

// The dead tracer's threads are free once the kernel has got to that.
bool Rescue::Patient::take_over(Tid tid) {
  std::int64_t begin = monotonic_now();
  while (monotonic_now() - begin < kPatience) {
    if (seize(tid, {false})) return true;
    auto status = read_status(tid);
    if (!status || status->ended() || status->tracer.value == 0) return false;
    pause_shortly();
  }
  return false;
}

std::optional<Stop> Rescue::Patient::wait_for(Tid tid) {
  std::int64_t begin = monotonic_now();
  while (monotonic_now() - begin < kPatience) {
    int status = 0;
    pid_t got = waitpid(tid.value, &status, __WALL | WNOHANG);
    if (got > 0) return decode_wait_status(status);
    if (got < 0) return std::nullopt;
    pause_shortly();
  }
  return std::nullopt;
}

void Rescue::Patient::save_threads() {
  std::set<Tid> seen;
  for (bool found = true; found;) {
    found = false;
    for (Tid tid : read_tasks(pid_)) {
      if (!seen.insert(tid).second) continue;
      found = true;
      if (take_over(tid)) save(tid);
    }
  }
}

void Rescue::Patient::save(Tid tid) {
  if (!interrupt(tid)) return;
  for (;;) {
    auto stop = wait_for(tid);
    // One that sleeps on is let go of when this process ends.
    if (!stop || std::holds_alternative<stop::Exited>(*stop) ||
        std::holds_alternative<stop::Killed>(*stop)) {
      return;
    }
    StoppedTracee stopped(tid);
    if (stopped.hides_trap(*stop)) {
      auto ignored = std::move(stopped).resume(Resume::Continue);
      (void)ignored;
      continue;
    }
    int signal = 0;
    straighten(stopped, *stop, signal);
    auto ignored = std::move(stopped).detach(signal);
    (void)ignored;
    return;
  }
}

// As if it had never been traced: `signal` is what it gets when it is let go of.
void Rescue::Patient::straighten(StoppedTracee& stopped, Stop stop, int& signal) {
  auto regs = stopped.registers();
  if (!regs) return;
  auto left = leave_copy(*regs);
  bool changed = left.has_value();
  if (const auto* delivered = std::get_if<stop::Signal>(&stop)) {
    signal = delivered->signal;
    auto info = stopped.siginfo();
    const PlantedTrap* trap = trap_at(regs->pc() - trap_pc_offset(regs->machine()));
    if (info && left && left->ends_step(*info)) {
      signal = 0;
    } else if (info && is_breakpoint(*info) && trap != nullptr) {
      regs->set_pc(trap->at);
      changed = true;
      signal = 0;
    }
  }
  if (!changed) return;
  auto ignored = stopped.set_registers(*regs);
  (void)ignored;
}

const PlantedTrap* Rescue::Patient::trap_at(Address at) const {
  auto it = std::ranges::find(traps_, at, &PlantedTrap::at);
  return it == traps_.end() ? nullptr : &*it;
}

// A thread that was executing a copy goes back to the instruction's own address, or behind it.
// Returns that instruction.
std::optional<DisplacedInstruction> Rescue::Patient::leave_copy(Registers& regs) {
  for (const PlantedTrap& trap : traps_) {
    if (trap.copy.null() || regs.pc() < trap.copy) continue;
    auto instruction = DisplacedInstruction::decode(trap.machine, trap.at, trap.original);
    if (!instruction || regs.pc() - trap.copy > instruction->length()) continue;
    // The place may hold another instruction's copy since.
    auto copy = instruction->copy_for(trap.copy);
    std::vector<std::byte> now(copy ? copy->size() : 0);
    if (!copy || memory_.read(trap.copy, now) != now.size() || now != *copy) continue;
    if (!instruction->finish_copy(regs, memory_, trap.copy)) regs.set_pc(trap.at);
    return *instruction;
  }
  return std::nullopt;
}

Rescue::Rescue(const std::vector<PlantedTrap>& traps) {
  std::map<Pid, std::vector<PlantedTrap>> by_process;
  for (const PlantedTrap& trap : traps)
    by_process[trap.pid].push_back(trap);
  for (auto& [pid, own] : by_process)
    patients_[pid] = std::make_unique<Patient>(pid, std::move(own));
}

Rescue::~Rescue() = default;

bool Rescue::restore_text() {
  bool clean = true;
  for (const auto& [pid, patient] : patients_)
    clean = patient->restore_text() && clean;
  return add_children() && clean;
}

// A child that was born a moment ago has its parent's traps before anybody could note it.
bool Rescue::add_children() {
  bool clean = true;
  for (Pid pid : read_processes()) {
    auto status = read_status(Tid{pid.value});
    if (!status || patients_.contains(pid)) continue;
    auto parent = patients_.find(status->parent);
    if (parent == patients_.end()) continue;
    auto child = std::make_unique<Patient>(pid, parent->second->traps());
    clean = child->restore_text() && clean;
    patients_[pid] = std::move(child);
  }
  return clean;
}

void Rescue::save_threads() {
  for (const auto& [pid, patient] : patients_)
    patient->save_threads();
}

}  // namespace ttrace
