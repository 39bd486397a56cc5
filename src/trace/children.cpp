// New threads and processes, and programs that replace programs.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>

#include "os/proc.h"
#include "trace/tracer.h"

namespace ttrace {

Tracee* Tracer::adopt(Tid tid, const Tracee* parent) {
  auto& slot = tracees_[tid];
  if (slot != nullptr) return slot.get();
  slot = std::make_unique<Tracee>();
  slot->tid = tid;
  auto status = read_status(tid);
  slot->pid = status ? status->tgid : Pid{tid.value};
  // Until its relations are known; it does not run before.
  slot->space = std::make_shared<AddressSpace>(tid, slot->pid);
  slot->newborn = true;
  if (parent != nullptr) {
    slot->inheritance = {parent->sp_at_syscall, parent->calls.open, parent->space};
    slot->silent = parent->silent || (!config_.follow_forks && slot->pid != parent->pid);
  } else {
    slot->silent = !config_.follow_forks && !is_thread_of_known(*slot);
  }
  emit(*slot, Attached{});
  return slot.get();
}

Result<> Tracer::on_new_child(Tracee& tracee, StoppedTracee stopped) {
  auto tid = stopped.event_message();
  if (!tid) return tid.error();
  Tid child{static_cast<int>(*tid)};
  if (!tracees_.contains(child)) adopt(child, &tracee);
  return go_on(tracee, std::move(stopped));
}

bool Tracer::is_thread_of_known(const Tracee& child) const {
  return std::ranges::any_of(tracees_, [&](const auto& entry) {
    return entry.first != child.tid && entry.second->pid == child.pid && !entry.second->newborn;
  });
}

// A child may stop before its parent reports it. The parent is then still inside the call that made
// the child, and is found by the stack pointer, which fork copies.
void Tracer::guess_parent(Tracee& child, Address child_sp) {
  auto status = read_status(child.tid);
  if (!status) return;
  const Tracee* any_thread = nullptr;
  for (const auto& [tid, other] : tracees_) {
    bool parent_process = other->pid == status->parent || other->pid == child.pid;
    if (tid == child.tid || other->newborn || !parent_process) continue;
    any_thread = other.get();
    if (other->in_syscall && other->sp_at_syscall == child_sp) break;
  }
  if (any_thread == nullptr) return;
  child.inheritance = {any_thread->sp_at_syscall, any_thread->calls.open, any_thread->space};
}

void Tracer::find_relations(Tracee& child, const StoppedTracee& stopped) {
  if (!tracing_functions()) return;
  auto regs = stopped.registers();
  if (!regs) return;
  if (!child.inheritance) guess_parent(child, regs->sp());
  if (!child.inheritance) return;
  Tracee::Inheritance& inherited = *child.inheritance;
  auto parent = std::ranges::find_if(tracees_, [&](const auto& entry) {
    return entry.second->space == inherited.space && entry.first != child.tid;
  });
  // Without kcmp (a kernel built without it) only threads are known to share memory.
  bool shares = child.pid == inherited.space->pid();
  if (parent != tracees_.end()) {
    shares = same_address_space(child.tid, parent->first).value_or(shares);
  }
  if (shares) {
    child.space = inherited.space;
  } else if (config_.follow_forks) {
    child.space = inherited.space->fork_for(child.tid, child.pid);
  } else {
    child.space->clean_of(*inherited.space);
  }
  if (regs->sp() == inherited.sp) child.calls.open = std::move(inherited.open);
  child.inheritance.reset();
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

Result<> Tracer::on_exec(Tracee& leader, StoppedTracee stopped) {
  auto former = stopped.event_message();
  if (!former) return former.error();
  Tid caller{static_cast<int>(*former)};
  Tracee* tracee = &leader;
  if (caller != leader.tid) {
    // The calling thread has taken the leader's id; the leader is gone without a report.
    auto it = tracees_.find(caller);
    if (it != tracees_.end()) {
      emit(leader, Superseded{caller});
      auto taken = std::move(it->second);
      tracees_.erase(it);
      taken->tid = leader.tid;
      taken->stopped = true;
      taken->last = leader.last;
      tracee = (tracees_[taken->tid] = std::move(taken)).get();
    }
  }
  tracee->space = std::make_shared<AddressSpace>(tracee->tid, tracee->pid);
  tracee->calls = {};
  tracee->held.clear();
  if (tracee->silent) return let_child_go(*tracee, std::move(stopped));
  bool first = std::exchange(tracee->before_exec, false);
  execs_seen_ = execs_seen_ || !first;
  if (tracing_functions()) {
    look_at_modules(*tracee);
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
