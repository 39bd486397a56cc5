// The state of one traced thread.
#pragma once

#include <csignal>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "arch/abi.h"
#include "base/address.h"
#include "decode/decoder.h"
#include "event/event.h"
#include "functions/address_space.h"
#include "functions/function_tracer.h"
#include "os/stop.h"

namespace ttrace {

struct Tracee {
  Tid tid;
  Pid pid;
  std::shared_ptr<AddressSpace> space;

  // The syscall that it is in.
  PendingSyscall syscall;
  bool in_syscall = false;
  unsigned bits = word_size(host_abi()) * 8;  // of the ABI of its last call
  bool shown = false;                         // its entry was given to the sink
  bool of_go_runtime = false;                 // Go's runtime makes the call for itself
  std::int64_t entered = 0;                   // nanoseconds, CLOCK_MONOTONIC
  std::int64_t system_time = 0;               // of its process, at its last stop, when measured
  std::int64_t system_time_at_entry = 0;
  Address sp_at_syscall;
  // CLONE_UNTRACED was taken out of its flags, which were `flags`; they are at `at`, or in the
  // register of the first argument when that is null.
  struct Untraced {
    Address at;
    std::uint64_t flags = 0;
  };
  std::optional<Untraced> untraced;
  bool text_may_change = false;  // when it returns, the mapped modules must be looked at again

  ThreadCalls calls;
  bool single_steps = false;              // the program itself, when it came to the last trap
  bool waits_for_slot = false;            // stopped behind a trap until a slot is free
  std::vector<siginfo_t> held;            // signals that wait for calls.step to end
  std::optional<std::uint64_t> old_mask;  // blocked signals before `held` made us block more

  // A program that ttrace started is not shown before its execve succeeded, and with -e status= no
  // call before it has ended: then `held_entry`, made at `held_time`, is shown after the fact.
  bool before_exec = false;
  std::optional<SyscallEntered> held_entry;
  Timestamp held_time = 0;
  // Between the birth of a child and its first stop: what it inherits if it has its parent's stack.
  struct Inheritance {
    Address sp;
    std::vector<OpenCall> open;
    std::shared_ptr<AddressSpace> space;
  };
  bool newborn = false;
  std::optional<Inheritance> inheritance;
  // A vfork child of a process whose children are not followed: it shares memory with traps, so it
  // is traced without being shown until it executes a program or ends.
  bool silent = false;
  bool stopped = false;  // stopped now, for the reason `last`
  Stop last;
  int signal_at_release = 0;  // delivered when it is detached

  /// The site whose trap has just been hit: the program counter stands behind the trap, or at it.
  [[nodiscard]] Site* site_behind(const Registers& regs) const {
    return space->site_at(regs.pc() - trap_pc_offset(regs.machine()));
  }
};

}  // namespace ttrace
