// Signal stops: the program's own signals, breakpoint hits, and single-steps of displaced
// instructions.
#include <fmt/format.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "arch/machine.h"
#include "trace/tracer.h"

namespace ttrace {

namespace {

// Signals that an instruction causes itself; the rest come from outside.
constexpr std::array<int, 6> kFaults{SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGSYS, SIGTRAP};

std::uint64_t all_but_faults() {
  std::uint64_t mask = ~std::uint64_t{0};
  for (int signal : kFaults)
    mask &= ~(std::uint64_t{1} << (signal - 1));
  return mask;
}

// The kernel made it (si_code above 0, sigaction(2)) because of what the thread executed.
bool is_fault(const siginfo_t& info) {
  return info.si_code > 0 && std::ranges::find(kFaults, info.si_signo) != kFaults.end();
}

// Whether the trap at `site` made the SIGTRAP of a thread that stands behind it, and not another
// process. In the middle of a displaced instruction nothing else can have brought it there.
Result<bool> is_hit(const Site& site, const StoppedTracee& stopped) {
  if (site.sure) return true;
  if (std::uint64_t offset = trap_pc_offset(site.machine);
      offset > 0 && offset < site.instruction.length()) {
    return true;
  }
  auto info = stopped.siginfo();
  if (!info) return info.error();
  return is_breakpoint(*info);
}

}  // namespace

Result<> Tracer::on_signal(Tracee& tracee, StoppedTracee stopped, int number) {
  if (number == SIGTRAP && !tracee.calls.step && tracee.space->has_sites()) {
    auto regs = stopped.registers();
    if (!regs) return regs.error();
    if (Site* site = tracee.site_behind(*regs)) {
      auto hit = is_hit(*site, stopped);
      if (!hit) return hit.error();
      if (*hit) return on_hit(tracee, std::move(stopped), *site, *regs);
    }
  }
  auto info = stopped.siginfo();
  if (!info) return info.error();
  if (tracee.calls.step) return on_signal_in_step(tracee, std::move(stopped), *info);
  if (is_breakpoint(*info)) {
    auto vanished = step_back(tracee, stopped);
    if (!vanished) return vanished.error();
    if (*vanished) return go_on(tracee, std::move(stopped));
  }
  return deliver(tracee, std::move(stopped), *info);
}

// A thread has hit a trap, and another has put other text there since: it executes that instead.
Result<bool> Tracer::step_back(const Tracee& tracee, StoppedTracee& stopped) {
  auto regs = stopped.registers();
  if (!regs) return regs.error();
  Address at = regs->pc() - trap_pc_offset(regs->machine());
  if (!tracee.space->had_site(at)) return false;
  std::array<std::byte, DisplacedInstruction::kMaxLength> bytes{};
  auto now = std::span(bytes).first(trap_instruction(regs->machine()).size());
  if (tracee.space->read(at, now) != now.size() || is_trap(regs->machine(), now)) return false;
  regs->set_pc(at);
  if (auto set = stopped.set_registers(*regs); !set) return set.error();
  return true;
}

Result<> Tracer::on_hit(Tracee& tracee, StoppedTracee stopped, Site& site, Registers& regs) {
  regs.set_pc(site.instruction.at());
  tracee.single_steps = regs.single_steps();
  current_ = &tracee;
  auto next = functions_.hit(stopped, site, regs, *tracee.space, tracee.calls, *this);
  if (functions_.choice().follow_calls != 0) note_too_many();
  return after_hit(tracee, std::move(stopped), site, next);
}

Result<> Tracer::after_hit(Tracee& tracee, StoppedTracee stopped, Site& site,
                           const Result<FunctionTracer::Next>& next) {
  if (!next) return next.error();
  switch (*next) {
    case FunctionTracer::Next::Run:
      if (tracee.single_steps) return show_own_step(tracee, std::move(stopped));
      return go_on(tracee, std::move(stopped));
    case FunctionTracer::Next::Step:
      return go_on(tracee, std::move(stopped));
    case FunctionTracer::Next::GivenUp:
      notice(fmt::format("no longer tracing at {:#x}{}: no room for a copy of its instruction",
                         site.instruction.at().value(),
                         site.entry != nullptr ? " (" + site.entry->function().name + ")" : ""));
      return go_on(tracee, std::move(stopped));
    case FunctionTracer::Next::Wait:
      tracee.waits_for_slot = true;
      waiting_.push_back(tracee.tid);
      return {};
  }
  return {};
}

void Tracer::retry_waiting() {
  std::vector<Tid> retry = std::exchange(waiting_, {});
  for (Tid tid : retry) {
    auto it = tracees_.find(tid);
    if (it == tracees_.end() || !it->second->waits_for_slot) continue;
    Tracee& tracee = *it->second;
    StoppedTracee stopped(tid);
    tracee.waits_for_slot = false;
    auto regs = stopped.registers();
    if (!regs) continue;  // it was killed: wait will say so
    if (Site* site = tracee.site_behind(*regs)) {
      auto next = functions_.step_over(stopped, *site, *regs, *tracee.space, tracee.calls);
      note_failure(after_hit(tracee, std::move(stopped), *site, next));
    } else if (auto back = step_back(tracee, stopped)) {
      note_failure(go_on(tracee, std::move(stopped)));
    }
  }
}

Result<> Tracer::on_signal_in_step(Tracee& tracee, StoppedTracee stopped, const siginfo_t& info) {
  if (tracee.calls.step->instruction.ends_step(info))
    return finish_step(tracee, std::move(stopped));
  if (is_fault(info)) {
    // The handler must see the fault where the program has the instruction.
    auto abandoned = functions_.abandon_step(stopped, *tracee.space, tracee.calls);
    if (!abandoned) return abandoned.error();
    retry_waiting();
    if (auto restored = restore_mask(tracee, stopped); !restored) return restored.error();
    resend(tracee, 0);
    return deliver(tracee, std::move(stopped), info);
  }
  // Delivered now, its handler would return into the copy; it waits until the step is over.
  if (!tracee.old_mask) {
    auto mask = stopped.signal_mask();
    if (!mask) return mask.error();
    tracee.old_mask = *mask;
    if (auto set = stopped.set_signal_mask(*mask | all_but_faults()); !set) return set.error();
  }
  tracee.held.push_back(info);
  return go_on(tracee, std::move(stopped));
}

Result<> Tracer::restore_mask(Tracee& tracee, StoppedTracee& stopped) {
  if (!tracee.old_mask) return {};
  auto set = stopped.set_signal_mask(*tracee.old_mask);
  tracee.old_mask.reset();
  return set;
}

void Tracer::resend(Tracee& tracee, std::size_t from) {
  for (std::size_t i = from; i < tracee.held.size(); ++i) {
    syscall(SYS_tgkill, tracee.pid.value, tracee.tid.value, tracee.held[i].si_signo);
  }
  tracee.held.clear();
}

Result<> Tracer::finish_step(Tracee& tracee, StoppedTracee stopped) {
  auto next = functions_.step_done(stopped, *tracee.space, tracee.calls);
  if (!next) return next.error();
  if (*next == FunctionTracer::Next::Step) return go_on(tracee, std::move(stopped));
  retry_waiting();
  if (auto restored = restore_mask(tracee, stopped); !restored) return restored.error();
  if (tracee.single_steps) resend(tracee, 0);
  if (tracee.single_steps) return show_own_step(tracee, std::move(stopped));
  if (tracee.held.empty()) return go_on(tracee, std::move(stopped));
  // The step's own SIGTRAP is a signal-delivery-stop: another signal can take its place.
  siginfo_t info = tracee.held.front();
  resend(tracee, 1);
  if (auto set = stopped.set_siginfo(info); !set) return set.error();
  return deliver(tracee, std::move(stopped), info);
}

// A program that has set the trap flag expects a SIGTRAP after each instruction: after the one that
// was just executed in its place, too. The stop is that of a SIGTRAP in any case.
Result<> Tracer::show_own_step(Tracee& tracee, StoppedTracee stopped) {
  auto regs = stopped.registers();
  if (!regs) return regs.error();
  siginfo_t info{};
  info.si_signo = SIGTRAP;
  info.si_code = TRAP_TRACE;
  // NOLINTNEXTLINE(performance-no-int-to-ptr): an address of another process
  info.si_addr = reinterpret_cast<void*>(regs->pc().value());
  if (auto set = stopped.set_siginfo(info); !set) return set.error();
  return deliver(tracee, std::move(stopped), info);
}

// Go's runtime interrupts goroutines with SIGURG, which it sends with tgkill(2) (Go 1.19 and 1.27
// src/runtime/signal_unix.go, sigPreempt).
bool Tracer::is_go_preemption(const Tracee& tracee, const siginfo_t& info) const {
  return tracing_goroutines() && info.si_signo == SIGURG && info.si_code == SI_TKILL &&
         info.si_pid == tracee.pid.value && tracee.space->go_module() != nullptr;
}

Result<> Tracer::deliver(Tracee& tracee, StoppedTracee stopped, const siginfo_t& info) {
  SignalDelivered event;
  event.name = signal_name(info.si_signo);
  event.info = decode_siginfo(std::as_bytes(std::span(&info, 1)), arena_);
  event.stack = stack_of(tracee, stopped, arena_);
  // A signal may come in the middle of a syscall, whose end is shown later.
  const bool of_runtime = tracee.of_go_runtime;
  if (auto done = look_at_goroutine(tracee, stopped, false); !done) return done.error();
  tracee.of_go_runtime = is_go_preemption(tracee, info);
  emit(tracee, event);
  tracee.of_go_runtime = of_runtime;
  return go_on(tracee, std::move(stopped), info.si_signo);
}

}  // namespace ttrace
