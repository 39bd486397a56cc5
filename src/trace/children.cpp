// New threads and processes, and programs that replace programs.
#include <fmt/format.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <set>
#include <thread>

#include "arch/machine.h"
#include "os/proc.h"
#include "trace/tracer.h"

namespace ttrace {

namespace {

Result<> set_clone_flags(const Tracee::Untraced& untraced, AddressSpace& space,
                         StoppedTracee& stopped, std::uint64_t flags) {
  if (!untraced.at.null()) return space.write(untraced.at, std::as_bytes(std::span(&flags, 1)));
  auto regs = stopped.registers();
  if (!regs) return regs.error();
  regs->set(syscall_convention(regs->machine()).arguments[0], flags);
  return stopped.set_registers(*regs);
}

}  // namespace

void Tracer::adopt(Tid tid, const std::optional<ThreadStatus>& status, const Tracee* parent) {
  auto& slot = tracees_[tid] = std::make_unique<Tracee>();
  slot->tid = tid;
  slot->pid = status ? status->tgid : Pid{tid.value};
  // Until its relations are known; it does not run before.
  slot->space = new_space(tid, slot->pid);
  slot->newborn = true;
  if (parent != nullptr) {
    slot->inheritance = {parent->sp_at_syscall, parent->calls.open, parent->space};
    slot->silent = parent->silent || (!config_.follow_forks && slot->pid != parent->pid);
    slot->bits = parent->bits;
  } else {
    slot->silent = !config_.follow_forks && !is_thread_of_known(*slot);
  }
  emit(*slot, Attached{});
}

Result<> Tracer::on_new_child(Tracee& tracee, StoppedTracee stopped) {
  auto tid = stopped.event_message();
  if (!tid) return tid.error();
  Tid child{static_cast<int>(*tid)};
  adopt_child(child, tracee);
  return go_on(tracee, std::move(stopped));
}

bool Tracer::is_thread_of_known(const Tracee& child) const {
  return std::ranges::any_of(tracees_, [&](const auto& entry) {
    return entry.first != child.tid && entry.second->pid == child.pid && !entry.second->newborn;
  });
}

void Tracer::adopt_child(Tid child, const Tracee& parent) {
  if (tracees_.contains(child)) return;
  // One that was killed and reaped by its parent already will never be heard of.
  if (auto status = read_status(child)) adopt(child, status, &parent);
}

void Tracer::adopt_child_of(Tid tid) {
  auto it = tracees_.find(tid);
  if (it == tracees_.end() || !std::holds_alternative<stop::NewChild>(it->second->last)) return;
  auto child = StoppedTracee(tid).event_message();
  if (child) adopt_child(Tid{static_cast<int>(*child)}, *it->second);
}

void Tracer::remember(const std::shared_ptr<AddressSpace>& space) {
  constexpr std::size_t kMost = 16;
  if (!space->has_sites() || ending_) return;
  if (!former_spaces_.empty() && former_spaces_.back() == space) return;
  former_spaces_.push_back(space);
  if (former_spaces_.size() > kMost) former_spaces_.pop_front();
}

// The space whose memory the child has. Only a thread that shares it is a proof: another that seems
// to be in a space may be ending or have executed another program since. Where all of them are, the
// child is alone in its memory, whoever made it. Without kcmp (a kernel built without it) only
// threads are known to share memory.
std::shared_ptr<AddressSpace> Tracer::find_shared(const Tracee& child) const {
  for (const auto& [tid, other] : tracees_) {
    if (tid == child.tid || other->newborn) continue;
    if (other->pid == child.pid || same_address_space(child.tid, tid)) return other->space;
  }
  return nullptr;
}

// The space that a child's memory was copied from. A child may stop before its creator reports it,
// and its creator may be gone by then or be another than its parent (CLONE_PARENT); what is in its
// memory is certain: all of the traps that it was born with.
std::shared_ptr<AddressSpace> Tracer::find_copied(const Tracee& child) const {
  ProcessMemory memory(child.tid);
  auto status = read_status(child.tid);
  std::set<std::shared_ptr<AddressSpace>> spaces(former_spaces_.begin(), former_spaces_.end());
  for (const auto& [tid, other] : tracees_) {
    if (tid == child.tid || other->newborn) continue;
    bool parent = status && other->pid == status->parent;
    if (parent && other->space->all_traps_are_in(memory)) return other->space;
    spaces.insert(other->space);
  }
  std::shared_ptr<AddressSpace> best;
  std::size_t most = 0;
  for (const auto& space : spaces) {
    std::size_t traps = space->count_traps_in(memory);
    if (traps <= most) continue;
    most = traps;
    best = space;
  }
  return best;
}

// The open calls of the thread whose stack the child has: that of the creator, when fork copied it.
std::vector<OpenCall> Tracer::find_open_calls(const Tracee& child, Address sp) const {
  if (child.inheritance) {
    return child.inheritance->sp == sp ? child.inheritance->open : std::vector<OpenCall>();
  }
  for (const auto& [tid, other] : tracees_) {
    if (tid != child.tid && !other->newborn && other->in_syscall && other->sp_at_syscall == sp) {
      return other->calls.open;
    }
  }
  return {};
}

void Tracer::find_relations(Tracee& child, const StoppedTracee& stopped) {
  if (!tracing_modules()) return;
  auto regs = stopped.registers();
  if (!regs) return;
  if (auto shared = find_shared(child)) {
    child.space = shared;
    // A child made by vfork runs on its parent's stack, and ends nothing there.
    if (!is_thread_of_known(child) && shared->go_module() != nullptr) {
      child.calls.own_go_chains = std::make_shared<GoChains>(shared->go_chains());
    }
  } else {
    auto origin = child.inheritance ? child.inheritance->space : find_copied(child);
    if (origin == nullptr) return;
    if (config_.follow_forks) {
      child.space = origin->fork_for(child.tid, child.pid);
    } else {
      child.space->clean_of(*origin);
    }
  }
  child.calls.open = find_open_calls(child, regs->sp());
  child.inheritance.reset();
}

std::optional<Pid> Tracer::find_sharer(const Tracee& tracee) const {
  for (Pid pid : read_processes()) {
    Tid tid{pid.value};
    if (pid == tracee.pid || !same_address_space(tracee.tid, tid)) continue;
    // One that was born since is a tracee already, though its first stop is still to come.
    auto status = read_status(tid);
    if (status && status->tracer.value != getpid()) return pid;
  }
  return std::nullopt;
}

Result<> Tracer::check_sharers(const Tracee& tracee) const {
  // A child of vfork (posix_spawn, a shell's commands) leaves its parent's memory very soon.
  constexpr int kTries = 100;
  constexpr std::chrono::milliseconds kPause(10);
  auto sharer = find_sharer(tracee);
  for (int tries = 1; sharer && tries < kTries; ++tries) {
    std::this_thread::sleep_for(kPause);
    sharer = find_sharer(tracee);
  }
  if (!sharer) return {};
  return Error{0, fmt::format("process {} shares its memory with process {}, which is not traced "
                              "and which its breakpoints would kill",
                              tracee.pid.value, sharer->value)};
}

// A child that the kernel does not report runs into traps that nobody takes out of its copy. So the
// call's own flags say for as long as it lasts that it may be reported. (The decoded call shows
// what the program passed; a child's own copy of clone3's structure keeps the change.)
Result<> Tracer::trace_untraced_child(Tracee& tracee, StoppedTracee& stopped) const {
  const SyscallRequest& request = tracee.syscall.request;
  std::string_view name = Decoder::name(request.abi, request.number);
  bool in_memory = name == "clone3";
  if (name != "clone" && !in_memory) return {};
  Tracee::Untraced untraced{Address(in_memory ? request.args[0] : 0), request.args[0]};
  if (in_memory) {
    auto flags = tracee.space->read_number(untraced.at, sizeof(untraced.flags));
    if (!flags) return {};
    untraced.flags = *flags;
  }
  if ((untraced.flags & CLONE_UNTRACED) == 0) return {};
  // 64-bit code that makes a 32-bit call has its arguments in other registers; nobody does.
  if (auto regs = stopped.registers(); !regs || regs->machine() != request.abi) return {};
  auto set = set_clone_flags(untraced, *tracee.space, stopped,
                             untraced.flags & ~std::uint64_t{CLONE_UNTRACED});
  if (set) tracee.untraced = untraced;
  // Arguments in memory that cannot be written to stay as they are.
  return set || set.error().gone() ? set : Result<>();
}

Result<> Tracer::restore_untraced(Tracee& tracee, StoppedTracee& stopped) {
  if (!tracee.untraced) return {};
  auto untraced = *std::exchange(tracee.untraced, std::nullopt);
  // arm64 has, or will have, the call's result in the register.
  const SyscallConvention& convention = syscall_convention(tracee.syscall.request.abi);
  if (untraced.at.null() && convention.arguments[0] == convention.result) return {};
  return set_clone_flags(untraced, *tracee.space, stopped, untraced.flags);
}

Result<> Tracer::let_child_go(Tracee& child, StoppedTracee stopped) {
  bool shares_traps = std::ranges::any_of(tracees_, [&](const auto& entry) {
    return entry.first != child.tid && entry.second->space == child.space;
  });
  if (shares_traps && child.space->has_sites()) {
    child.silent = true;
    return go_on(child, std::move(stopped));
  }
  Tid tid = child.tid;
  auto detached = std::move(stopped).detach();
  forget(tid);
  return detached;
}

std::shared_ptr<AddressSpace> Tracer::new_space(Tid tid, Pid pid) const {
  return std::make_shared<AddressSpace>(tid, pid, config_.journal);
}

void Tracer::forget_program(Tracee& tracee) {
  tracee.space = new_space(tracee.tid, tracee.pid);
  tracee.calls = {};
  tracee.waits_for_slot = false;
  tracee.held.clear();
}

Result<> Tracer::on_exec(Tracee& leader, StoppedTracee stopped) {
  auto former = stopped.event_message();
  if (!former) return former.error();
  Tid caller{static_cast<int>(*former)};
  Tracee* tracee = &leader;
  if (caller != leader.tid) {
    // The calling thread has taken the leader's id; the leader is gone without a report.
    auto it = tracees_.find(caller);
    if (it != tracees_.end()) {
      settle_entry(leader, config_.statuses.unfinished);
      emit(leader, Superseded{caller});
      auto taken = std::move(it->second);
      tracees_.erase(it);
      std::erase(waiting_, caller);
      std::erase(waiting_, leader.tid);
      taken->tid = leader.tid;
      taken->stopped = true;
      taken->last = leader.last;
      tracee = (tracees_[taken->tid] = std::move(taken)).get();
    }
  }
  forget_program(*tracee);
  if (tracee->silent) return let_child_go(*tracee, std::move(stopped));
  bool first = std::exchange(tracee->before_exec, false);
  if (tracing_functions()) {
    look_at_modules(*tracee, first);
    if (first) {
      if (auto checked = check_matches(*tracee); !checked) {
        // Nothing of it has run yet, and nothing of it will.
        tracee->before_exec = true;
        kill(tracee->pid.value, SIGKILL);
        return checked;
      }
    }
  }
  outcome_.began = true;
  return go_on(*tracee, std::move(stopped));
}

}  // namespace ttrace
