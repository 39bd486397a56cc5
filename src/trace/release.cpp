// Letting go: every trap out of every address space, every program counter where the program
// believes it to be, every signal delivered, then detach.
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <ctime>
#include <set>

#include "base/clock.h"
#include "os/proc.h"
#include "trace/tracer.h"

namespace ttrace {

namespace {

// How long a thread that does not stop is waited for. Only one that sleeps uninterruptibly (a vfork
// parent, a hung disk) takes longer than a moment; it is let go of when it wakes up.
constexpr std::int64_t kPatience = 2'000'000'000;     // nanoseconds
constexpr std::int64_t kAsleepPatience = 50'000'000;  // nanoseconds
constexpr long kPause = 500'000;                      // nanoseconds

}  // namespace

void Tracer::release() {
  if (tracees_.empty()) return;
  ending_ = true;
  // A program that has not begun never will.
  for (auto& [tid, tracee] : tracees_) {
    if (tracee->before_exec) kill(tid.value, SIGKILL);
  }
  stop_all();
  for (auto& [tid, tracee] : tracees_) {
    if (tracee->stopped) straighten(*tracee);
  }
  std::set<AddressSpace*> cleaned;
  for (auto& [tid, tracee] : tracees_) {
    if (!cleaned.insert(tracee->space.get()).second) continue;
    tracee->space->use_thread(tid);
    tracee->space->remove_traps();
  }
  std::vector<Tid> stopped;
  for (auto& [tid, tracee] : tracees_) {
    if (tracee->stopped) stopped.push_back(tid);
  }
  std::ranges::sort(stopped);
  for (Tid tid : stopped)
    detach(*tracees_[tid]);
  former_spaces_.clear();
}

// Brings every thread to a stop that it can be detached from.
void Tracer::stop_all() {
  std::vector<Tid> parked;  // stopped, but nobody has looked why
  for (auto& [tid, tracee] : tracees_) {
    if (tracee->stopped) {
      parked.push_back(tid);
    } else {
      auto ignored = interrupt(tid);  // gone: its death will be reported
      (void)ignored;
    }
  }
  for (Tid tid : parked)
    take_stop(tid);
  await_stops([this](Tid tid) { take_stop(tid); });
}

void Tracer::await_stops(const std::function<void(Tid)>& take) {
  std::int64_t begin = monotonic_now();
  for (;;) {
    auto next = wait_any(false, config_.measure_system_time);
    if (!next) return;  // ECHILD
    if (*next) {
      park(**next);
      take((*next)->tid);
      continue;
    }
    std::int64_t waited = monotonic_now() - begin;
    bool missing = std::ranges::any_of(tracees_, [&](const auto& entry) {
      return !entry.second->stopped && may_stop(entry.first, waited < kAsleepPatience);
    });
    if (!missing || waited > kPatience) return;
    timespec pause{0, kPause};
    nanosleep(&pause, nullptr);
  }
}

// Whether a thread can still be expected to stop. A thread that has ended does not, even if it must
// wait for its siblings before its death is reported; one that sleeps is waited for while
// `patient`.
bool Tracer::may_stop(Tid tid, bool patient) {
  auto status = read_status(tid);
  if (!status || status->ended()) return false;
  return patient || status->state != 'D';
}

// One stop on the way to letting go.
void Tracer::take_stop(Tid tid) {
  auto it = tracees_.find(tid);
  if (it == tracees_.end()) return;
  Tracee& tracee = *it->second;
  const Stop stop = tracee.last;
  if (std::holds_alternative<stop::Exited>(stop) || std::holds_alternative<stop::Killed>(stop)) {
    on_end(tracee, stop);
    return;
  }
  StoppedTracee stopped(tracee.tid);
  adopt_child_of(tid);
  if (std::holds_alternative<stop::Interrupt>(stop) && tracee.newborn) {
    tracee.newborn = false;
    find_relations(tracee, stopped);
  }
  if (std::holds_alternative<stop::Exec>(stop)) {
    forget_program(tracee);
  }
  if ((tracee.space->has_sites() || tracee.calls.step) && stopped.hides_trap(stop)) {
    auto ignored = resume(tracee, std::move(stopped), Resume::Continue);
    (void)ignored;
  }
}

// Puts a stopped thread's registers as if it had never been traced.
void Tracer::straighten(Tracee& tracee) {
  tracee.space->use_thread(tracee.tid);
  StoppedTracee stopped(tracee.tid);
  tracee.signal_at_release = 0;
  if (const auto* signal = std::get_if<stop::Signal>(&tracee.last)) {
    tracee.signal_at_release = signal->signal;
    auto info = stopped.siginfo();
    if (!info) return;
    if (tracee.calls.step && tracee.calls.step->instruction.ends_step(*info)) {
      tracee.signal_at_release = 0;
    } else if (!tracee.calls.step && is_breakpoint(*info)) {
      auto regs = stopped.registers();
      if (!regs) return;
      if (const Site* site = tracee.site_behind(*regs)) {
        regs->set_pc(site->instruction.at());
        auto ignored = stopped.set_registers(*regs);
        (void)ignored;
        tracee.signal_at_release = 0;
      }
    }
  }
  if (tracee.calls.step) {
    auto ignored = functions_.abandon_step(stopped, *tracee.space, tracee.calls);
    (void)ignored;
  }
  auto ignored = restore_mask(tracee, stopped);
  (void)ignored;
  ignored = restore_untraced(tracee, stopped);
}

void Tracer::detach(Tracee& tracee) {
  resend(tracee, 0);
  settle_entry(tracee, config_.statuses.detached);
  emit(tracee, Detached{});
  auto ignored = StoppedTracee(tracee.tid).detach(tracee.signal_at_release);
  (void)ignored;
  forget(tracee.tid);
}

void Tracer::stay_until_child_ends() {
  if (!child_) return;
  // The program goes on without us; its parent keeps quiet until it has ended.
  WakeUps::stop_listening();
  for (;;) {
    auto next = wait_any(true);
    if (!next) return;
    if (!*next) continue;
    Stop stop = decode_wait_status((*next)->status);
    Tid tid = (*next)->tid;
    const auto* exited = std::get_if<stop::Exited>(&stop);
    const auto* killed = std::get_if<stop::Killed>(&stop);
    if (exited == nullptr && killed == nullptr) {
      // A thread that slept while the others were let go.
      const auto* signal = std::get_if<stop::Signal>(&stop);
      auto ignored = StoppedTracee(tid).detach(signal != nullptr ? signal->signal : 0);
      (void)ignored;
      continue;
    }
    if (tid != *child_) continue;
    if (exited != nullptr) outcome_.exit_status = exited->status;
    if (killed != nullptr) outcome_.killed_by = killed->signal;
    return;
  }
}

}  // namespace ttrace
