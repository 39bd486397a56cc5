// The tracer: from stops to events.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/address.h"
#include "base/result.h"
#include "decode/decoder.h"
#include "event/event.h"
#include "event/style.h"
#include "functions/function_tracer.h"
#include "os/attach.h"
#include "os/proc.h"
#include "os/spawn.h"
#include "os/stop.h"
#include "os/stopped_tracee.h"
#include "os/wait.h"
#include "trace/tracee.h"

namespace ttrace {

struct TraceConfig {
  bool follow_forks = false;  // -f
  SyscallFilter filter;
  DecodeOptions decode;
  FunctionChoice functions;
  unsigned value_depth = 3;      // levels of structures in arguments and results of functions
  std::size_t stack_frames = 0;  // -k: shown of each syscall's stack
  bool stack_source = false;     // -kk
  std::shared_ptr<prototypes::PrototypeBook> prototypes;  // null: those built in
  Statuses statuses;                 // -e status=: the calls to show, by their end
  bool measure_system_time = false;  // -c, -C: SyscallReturned says it
  bool goroutines = false;           // who makes syscalls is asked for although no function is
  std::string folder;                // where the program is started; empty: here
  TrapJournal* journal = nullptr;    // where traps are noted for the guardian
};

/// How tracing ended.
struct TraceOutcome {
  int exit_status = 0;           // of the program that ttrace started
  int killed_by = 0;             // the signal that killed it; 0: none
  int ended_by = 0;              // the signal that made ttrace let go; 0: none
  bool began = false;            // the program that ttrace started got past its execve
  std::optional<Error> failure;  // why tracing could not begin or go on
};

/// Traces a set of threads until they are gone or it is told to let go. Whatever ends it, the
/// traced programs go on without a trap in them.
class Tracer final : private CallObserver {
 public:
  Tracer(TraceConfig config, Sink& sink);
  /// Lets go of what an exception has left, without a word to the sink.
  ~Tracer() override;
  Tracer(const Tracer&) = delete;
  Tracer& operator=(const Tracer&) = delete;

  /// Starts a program. Errors: it cannot be executed; no function of it matches and it cannot
  /// become another program; its ELF file is broken under --funcs.
  Result<> start(const std::string& path, const std::vector<std::string>& command);
  /// Reads the symbols of a process that is going to be attached to: it would stand still
  /// meanwhile.
  void look_ahead(Pid pid);
  /// Attaches to one thread, or to all threads of its process (with -f or --funcs). Errors as
  /// os/attach.h says.
  Result<> attach(Pid pid);
  /// Runs until nothing is left to trace. Always lets go of everything before it returns.
  TraceOutcome run();
  /// Lets go of everything at once: for errors between attach() and run().
  void release();

 private:
  // --- tracer.cpp: the loop
  struct Attaching {
    Pid pid;
    unsigned threads = 0;                 // attached to
    Tid first;                            // of them
    std::shared_ptr<AddressSpace> space;  // theirs
    std::optional<Error> refused;         // why one could not be
  };
  Result<bool> seize_tasks(Attaching& attaching);
  void loop();
  void park(const WaitStatus& waited);
  void handle(Tid tid);
  Result<> dispatch(Tracee& tracee, const Stop& stop);
  /// A failure that is not just a thread's death ends the tracing.
  void note_failure(const Result<>& done);
  [[nodiscard]] bool must_end();
  Result<> resume(Tracee& tracee, StoppedTracee stopped, Resume how, int signal = 0);
  Result<> go_on(Tracee& tracee, StoppedTracee stopped, int signal = 0);
  Result<> on_interrupt(Tracee& tracee, StoppedTracee stopped);
  void on_end(Tracee& tracee, const Stop& stop);
  void forget(Tid tid);
  /// `depth`: calls open around the event when that is not all of the tracee's. `time`: 0 for now.
  void emit(const Tracee& tracee, decltype(Event::what) what, std::optional<unsigned> depth = {},
            Timestamp time = 0);
  [[nodiscard]] static bool is_of_goroutine(const decltype(Event::what)& what);
  /// As Event::tracees.
  [[nodiscard]] unsigned shown_tracees() const;
  void notice(std::string_view text);
  void report_output(const Error& error);
  [[nodiscard]] static bool silent(const Tracee& tracee) {
    return tracee.silent || tracee.before_exec;
  }
  [[nodiscard]] bool tracing_functions() const { return functions_.choice().any(); }
  /// Whether it must be known what is mapped.
  [[nodiscard]] bool tracing_modules() const {
    return tracing_goroutines() || config_.stack_frames != 0;
  }
  /// Whether it must be known which goroutines of a Go program make syscalls, and which its
  /// runtime.
  [[nodiscard]] bool tracing_goroutines() const {
    return tracing_functions() || config_.goroutines;
  }
  /// Whether children are attached to: followed, or because they share or copy our traps.
  [[nodiscard]] bool follows() const { return config_.follow_forks || tracing_functions(); }

  // --- syscalls.cpp
  Result<> on_syscall(Tracee& tracee, StoppedTracee stopped);
  Result<> on_entry(Tracee& tracee, StoppedTracee& stopped);
  Result<> on_exit(Tracee& tracee, StoppedTracee& stopped);
  /// Shows the entry of the call that it is in, if that was held back and the call is `wanted`.
  void settle_entry(Tracee& tracee, bool wanted);
  Result<> look_at_goroutine(Tracee& tracee, StoppedTracee& stopped, bool in_syscall);
  [[nodiscard]] bool changes_text(const Tracee& tracee) const;
  StackTrace stack_of(Tracee& tracee, const StoppedTracee& stopped, Arena& arena);
  /// `checked`: check_matches() follows.
  void look_at_modules(Tracee& tracee, bool checked = false);
  void note_too_many();

  // --- signals.cpp
  Result<> on_signal(Tracee& tracee, StoppedTracee stopped, int number);
  Result<> on_hit(Tracee& tracee, StoppedTracee stopped, Site& site, Registers& regs);
  Result<> on_signal_in_step(Tracee& tracee, StoppedTracee stopped, const siginfo_t& info);
  static Result<bool> step_back(const Tracee& tracee, StoppedTracee& stopped);
  Result<> show_own_step(Tracee& tracee, StoppedTracee stopped);
  Result<> finish_step(Tracee& tracee, StoppedTracee stopped);
  Result<> after_hit(Tracee& tracee, StoppedTracee stopped, Site& site,
                     const Result<FunctionTracer::Next>& next);
  void retry_waiting();
  Result<> restore_mask(Tracee& tracee, StoppedTracee& stopped);
  /// Sends the held signals from index `from` on again.
  void resend(Tracee& tracee, std::size_t from);
  [[nodiscard]] bool is_go_preemption(const Tracee& tracee, const siginfo_t& info) const;
  Result<> deliver(Tracee& tracee, StoppedTracee stopped, const siginfo_t& info);

  // --- children.cpp
  void adopt(Tid tid, const std::optional<ThreadStatus>& status, const Tracee* parent);
  void adopt_child(Tid child, const Tracee& parent);
  /// The child that a thread's stop reports, if it does.
  void adopt_child_of(Tid tid);
  /// Error: a process that is not traced shares the memory that traps would be planted in.
  [[nodiscard]] Result<> check_sharers(const Tracee& tracee) const;
  [[nodiscard]] std::optional<Pid> find_sharer(const Tracee& tracee) const;
  void remember(const std::shared_ptr<AddressSpace>& space);
  Result<> on_new_child(Tracee& tracee, StoppedTracee stopped);
  [[nodiscard]] bool is_thread_of_known(const Tracee& child) const;
  [[nodiscard]] std::shared_ptr<AddressSpace> find_shared(const Tracee& child) const;
  [[nodiscard]] std::shared_ptr<AddressSpace> find_copied(const Tracee& child) const;
  [[nodiscard]] std::vector<OpenCall> find_open_calls(const Tracee& child, Address sp) const;
  void find_relations(Tracee& child, const StoppedTracee& stopped);
  Result<> trace_untraced_child(Tracee& tracee, StoppedTracee& stopped) const;
  static Result<> restore_untraced(Tracee& tracee, StoppedTracee& stopped);
  Result<> let_child_go(Tracee& child, StoppedTracee stopped);
  Result<> on_exec(Tracee& leader, StoppedTracee stopped);
  /// What execve leaves of a thread is its number.
  void forget_program(Tracee& tracee);
  [[nodiscard]] std::shared_ptr<AddressSpace> new_space(Tid tid, Pid pid) const;

  // --- matches.cpp: patterns that match nothing
  Result<> check_matches(const Tracee& tracee);
  void warn_unmatched();

  // --- release.cpp
  void stop_all();
  /// Waits until every thread that can stop has, for a while at most; `take` gets each stop.
  void await_stops(const std::function<void(Tid)>& take);
  static bool may_stop(Tid tid, bool patient);
  void take_stop(Tid tid);
  void straighten(Tracee& tracee);
  void detach(Tracee& tracee);
  void stay_until_child_ends();

  // CallObserver
  void entered(const FunctionEntered& event, unsigned depth) override;
  void returned(const FunctionReturned& event, unsigned depth) override;
  void warned(std::string_view text) override { notice(text); }

  TraceConfig config_;
  Sink& sink_;
  Decoder decoder_;
  FunctionTracer functions_;
  WakeUps wake_ups_;
  std::unordered_map<Tid, std::unique_ptr<Tracee>> tracees_;
  // Of threads that ended lately: a child may appear whose creator is gone.
  std::deque<std::shared_ptr<AddressSpace>> former_spaces_;
  std::vector<Tid> waiting_;   // stopped until a slot is free
  Tracee* current_ = nullptr;  // whose trap is being handled
  Arena arena_;                // of the event being handled
  std::optional<Tid> child_;   // the program that ttrace started, until it ends
  std::optional<SpawnedProgram> spawned_;
  TraceOutcome outcome_;
  std::string program_;  // its name as given
  bool spawn_started_ = false;
  bool ending_ = false;
  bool muted_ = false;  // nothing goes to the sink any more
};

}  // namespace ttrace
