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

/// One program and the traps in its text.
class Patient {
 public:
  Patient(Pid pid, std::vector<PlantedTrap> traps)
      : pid_(pid), memory_(living_thread(pid)), traps_(std::move(traps)) {}

  /// False: a trap could not be taken out.
  bool restore_text();
  void save_threads();

 private:
  static Tid living_thread(Pid pid);
  static bool take_over(Tid tid);
  static std::optional<Stop> wait_for(Tid tid);
  void save(Tid tid);
  void straighten(StoppedTracee& stopped, Stop stop, int& signal);
  [[nodiscard]] const PlantedTrap* trap_at(Address at) const;
  [[nodiscard]] bool leave_copy(Registers& regs);

  Pid pid_;
  ProcessMemory memory_;
  std::vector<PlantedTrap> traps_;
};

// A process may go on without its first thread, which then has no memory.
Tid Patient::living_thread(Pid pid) {
  for (Tid tid : read_tasks(pid)) {
    if (has_memory(tid)) return tid;
  }
  return Tid{pid.value};
}

bool Patient::restore_text() {
  bool clean = true;
  bool readable = false;  // some of it: parts may be unmapped since
  for (const PlantedTrap& trap : traps_) {
    std::array<std::byte, DisplacedInstruction::kMaxLength> bytes{};
    auto now = std::span(bytes).first(trap_instruction(trap.machine).size());
    if (memory_.read(trap.at, now) != now.size()) continue;
    readable = true;
    if (!is_trap(trap.machine, now)) continue;
    auto written = memory_.write(trap.at, std::span(trap.original).first(now.size()));
    clean = clean && written;
  }
  return (clean && readable) || !has_memory(memory_.tid());
}

// The dead tracer's threads are free once the kernel has got to that.
bool Patient::take_over(Tid tid) {
  std::int64_t begin = monotonic_now();
  while (monotonic_now() - begin < kPatience) {
    if (seize(tid, {false})) return true;
    auto status = read_status(tid);
    if (!status || status->ended() || status->tracer.value == 0) return false;
    pause_shortly();
  }
  return false;
}

std::optional<Stop> Patient::wait_for(Tid tid) {
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

void Patient::save_threads() {
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

void Patient::save(Tid tid) {
  if (!interrupt(tid)) return;
  for (;;) {
    auto stop = wait_for(tid);
    // One that sleeps on is let go of when this process ends.
    if (!stop || std::holds_alternative<stop::Exited>(*stop) ||
        std::holds_alternative<stop::Killed>(*stop)) {
      return;
    }
    StoppedTracee stopped(tid);
    bool may_hide_trap = std::holds_alternative<stop::Interrupt>(*stop) ||
                         std::holds_alternative<stop::Group>(*stop);
    auto hidden = may_hide_trap ? stopped.has_pending(SIGTRAP) : Result<bool>(false);
    if (hidden && *hidden) {
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
void Patient::straighten(StoppedTracee& stopped, Stop stop, int& signal) {
  auto regs = stopped.registers();
  if (!regs) return;
  bool changed = leave_copy(*regs);
  if (const auto* delivered = std::get_if<stop::Signal>(&stop)) {
    signal = delivered->signal;
    auto info = stopped.siginfo();
    if (info && is_single_step(*info) && changed) signal = 0;
    const PlantedTrap* trap = trap_at(regs->pc() - trap_pc_offset(regs->machine()));
    if (info && is_breakpoint(*info) && trap != nullptr) {
      regs->set_pc(trap->at);
      changed = true;
      signal = 0;
    }
  }
  if (!changed) return;
  auto ignored = stopped.set_registers(*regs);
  (void)ignored;
}

const PlantedTrap* Patient::trap_at(Address at) const {
  auto it = std::ranges::find(traps_, at, &PlantedTrap::at);
  return it == traps_.end() ? nullptr : &*it;
}

// A thread that was executing a copy goes back to the instruction's own address, or behind it.
bool Patient::leave_copy(Registers& regs) {
  for (const PlantedTrap& trap : traps_) {
    if (trap.copy.null() || regs.pc() < trap.copy) continue;
    auto instruction = DisplacedInstruction::decode(trap.machine, trap.at, trap.original);
    if (!instruction || regs.pc() - trap.copy > instruction->length()) continue;
    // The place may hold another instruction's copy since.
    auto copy = instruction->copy_for(trap.copy);
    std::vector<std::byte> now(copy ? copy->size() : 0);
    if (!copy || memory_.read(trap.copy, now) != now.size() || now != *copy) continue;
    bool begun = regs.pc() != trap.copy;
    if (!begun || !instruction->finish_copy(regs, memory_, trap.copy)) regs.set_pc(trap.at);
    return true;
  }
  return false;
}

}  // namespace

bool rescue(const std::vector<PlantedTrap>& traps) {
  bool clean = true;
  std::map<Pid, std::vector<PlantedTrap>> by_process;
  for (const PlantedTrap& trap : traps)
    by_process[trap.pid].push_back(trap);
  std::vector<std::unique_ptr<Patient>> patients;
  for (const auto& [pid, own] : by_process) {
    patients.push_back(std::make_unique<Patient>(pid, own));
    clean = patients.back()->restore_text() && clean;
  }
  if (patients.empty()) return clean;
  // A child that was born a moment ago has its parent's traps before anybody could note it.
  for (Pid pid : read_processes()) {
    auto status = read_status(Tid{pid.value});
    if (!status || by_process.contains(pid)) continue;
    auto parent = by_process.find(status->parent);
    if (parent == by_process.end()) continue;
    patients.push_back(std::make_unique<Patient>(pid, parent->second));
    clean = patients.back()->restore_text() && clean;
  }
  for (const auto& patient : patients)
    patient->save_threads();
  return clean;
}

}  // namespace ttrace
