// Syscall stops: entry and exit, and the calls after which the mapped modules have changed.
#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "base/clock.h"
#include "functions/backtrace.h"
#include "functions/go_runtime.h"
#include "trace/tracer.h"

namespace ttrace {

namespace {

// Calls that may map text where none was, or take it away, and how to tell from the arguments.
enum class Changes : std::uint8_t { IfExecutable, IfTextTouched };
struct MappingCall {
  std::string_view name;
  Changes when;
};
constexpr std::array<MappingCall, 6> kMappingCalls{{
    {"mmap", Changes::IfExecutable},
    {"mmap2", Changes::IfExecutable},
    {"mprotect", Changes::IfExecutable},
    {"pkey_mprotect", Changes::IfExecutable},
    {"munmap", Changes::IfTextTouched},
    {"mremap", Changes::IfTextTouched},
}};

bool is_sigreturn(const SyscallRequest& request) {
  std::string_view name = Decoder::name(request.abi, request.number);
  return name == "rt_sigreturn" || name == "sigreturn";
}

}  // namespace

Result<> Tracer::on_syscall(Tracee& tracee, StoppedTracee stopped) {
  auto end = stopped.syscall_end();
  if (!end) return end.error();
  if (*end == SyscallEnd::Unknown) {
    return Error{0,
                 "this kernel does not tell a syscall's entry from its exit: Linux 5.3 or newer "
                 "is needed"};
  }
  Result<> done;
  if (*end == SyscallEnd::Entry) {
    done = on_entry(tracee, stopped);
  } else if (tracee.in_syscall) {
    done = on_exit(tracee, stopped);
  }
  if (!done) return done.error();
  return go_on(tracee, std::move(stopped));
}

Result<> Tracer::on_entry(Tracee& tracee, StoppedTracee& stopped) {
  auto info = stopped.syscall_info();
  if (!info) return info.error();
  SyscallRequest request;
  request.abi = info->abi;
  request.number = info->number;
  request.stack_pointer = info->sp.value();
  std::ranges::copy(info->args, request.args.begin());
  tracee.in_syscall = true;
  tracee.shown = false;
  tracee.held_entry.reset();
  tracee.sp_at_syscall = info->sp;
  tracee.syscall.request = request;
  tracee.text_may_change = tracing_modules() && !tracee.before_exec && changes_text(tracee);
  if (tracing_functions() && !tracee.before_exec) {
    if (auto done = trace_untraced_child(tracee, stopped); !done) return done.error();
  }
  if (tracee.silent) return {};
  const unsigned bits = word_size(request.abi) * 8;
  if (bits != std::exchange(tracee.bits, bits)) emit(tracee, ModeChanged{bits});
  if (!config_.filter.wants(request.abi, request.number)) return {};
  if (auto done = look_at_goroutine(tracee, stopped, true); !done) return done.error();
  const bool within = is_within(tracee.calls.open) || tracee.calls.go.within;
  if (!functions_.choice().within.empty() && !within) return {};
  tracee.syscall.tid = tracee.tid;
  SyscallEntered event = decoder_.enter(request, tracee.syscall, *tracee.space);
  tracee.shown = true;
  event.stack = stack_of(tracee, stopped, tracee.syscall.arena);
  if (tracee.before_exec || config_.statuses != Statuses()) {
    tracee.held_entry = event;
    tracee.held_time = realtime_now();
  } else {
    emit(tracee, event);
  }
  tracee.system_time_at_entry = tracee.system_time;
  tracee.entered = monotonic_now();  // now: the time that showing it took is not the call's
  return {};
}

Result<> Tracer::on_exit(Tracee& tracee, StoppedTracee& stopped) {
  const std::int64_t returned = monotonic_now();
  tracee.in_syscall = false;
  if (auto done = restore_untraced(tracee, stopped); !done) return done.error();
  if (!tracee.calls.reported.empty() && is_sigreturn(tracee.syscall.request)) {
    auto regs = stopped.registers();
    if (!regs) return regs.error();
    FunctionTracer::handler_returned(*regs, tracee.calls);
  }
  if (!tracee.shown && !tracee.text_may_change) return {};
  auto info = stopped.syscall_info();
  if (!info) return info.error();
  if (tracee.shown && !silent(tracee)) {
    const bool wanted = info->is_error ? config_.statuses.failed : config_.statuses.successful;
    settle_entry(tracee, wanted);
    SyscallReturned event =
        decoder_.exit({info->rval, info->is_error}, tracee.syscall, *tracee.space);
    event.duration = returned - tracee.entered;
    event.system_time = tracee.system_time - tracee.system_time_at_entry;
    if (wanted) emit(tracee, event);
  }
  tracee.shown = false;
  if (tracee.text_may_change && !info->is_error) look_at_modules(tracee);
  return {};
}

// What a thread of a Go program does at a syscall, or when it gets a signal.
Result<> Tracer::look_at_goroutine(Tracee& tracee, StoppedTracee& stopped, bool in_syscall) {
  tracee.of_go_runtime = false;
  if (!tracing_goroutines()) return {};
  if (tracing_functions() && tracee.space->go_module() == nullptr) return {};
  auto regs = stopped.registers();
  if (!regs) return regs.error();
  // Without functions, nobody has looked before.
  if (!tracing_functions() && !tracee.space->maps_text(regs->pc())) look_at_modules(tracee);
  if (tracee.space->go_module() == nullptr) return {};
  current_ = &tracee;
  functions_.locate(*regs, *tracee.space, tracee.calls, *this);
  if (in_syscall) tracee.of_go_runtime = is_go_runtime_call(*regs, *tracee.space);
  return {};
}

void Tracer::settle_entry(Tracee& tracee, bool wanted) {
  if (tracee.held_entry && wanted) emit(tracee, *tracee.held_entry, {}, tracee.held_time);
  tracee.held_entry.reset();
}

StackTrace Tracer::stack_of(Tracee& tracee, const StoppedTracee& stopped, Arena& arena) {
  if (config_.stack_frames == 0 || silent(tracee)) return {};
  auto regs = stopped.registers();
  if (!regs) return {};
  // A thread that is not traced may have opened a library, and a program begins without any.
  if (!tracee.space->maps_text(regs->pc())) look_at_modules(tracee);
  return backtrace(*regs, *tracee.space, {config_.stack_frames, config_.stack_source}, arena);
}

bool Tracer::changes_text(const Tracee& tracee) const {
  const SyscallRequest& request = tracee.syscall.request;
  std::string_view name = Decoder::name(request.abi, request.number);
  const auto* call = std::ranges::find(kMappingCalls, name, &MappingCall::name);
  if (call == kMappingCalls.end()) return false;
  Address start(request.args[0]);
  switch (call->when) {
    case Changes::IfExecutable:
      return (request.args[2] & PROT_EXEC) != 0 ||
             tracee.space->touches_text(start, request.args[1]);
    case Changes::IfTextTouched:
      return tracee.space->touches_text(start, request.args[1]);
  }
  return true;
}

void Tracer::look_at_modules(Tracee& tracee, bool checked) {
  std::vector<std::string> notices;
  functions_.update(*tracee.space, notices);
  if (!checked) note_too_many();
  for (const std::string& text : notices)
    notice(text);
}

void Tracer::note_too_many() {
  if (std::string text = functions_.take_too_many(); !text.empty()) notice(text);
}

}  // namespace ttrace
