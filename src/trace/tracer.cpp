#include "trace/tracer.h"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <ctime>
#include <utility>

#include "base/clock.h"
#include "os/proc.h"

namespace ttrace {

Tracer::Tracer(TraceConfig config, Sink& sink)
    : config_(std::move(config)),
      sink_(sink),
      decoder_(config_.decode),
      functions_(std::move(config_.functions),
                 ValueLimits{config_.decode.string_limit, config_.decode.string_limit,
                             config_.value_depth},
                 config_.decode, config_.prototypes) {}

Tracer::~Tracer() {
  muted_ = true;
  release();
}

Result<> Tracer::start(const std::string& path, const std::vector<std::string>& command) {
  auto spawned =
      SpawnedProgram::make(path, command, Pid{config_.journal ? getppid() : 0}, config_.folder);
  if (!spawned) return spawned.error();
  Tid tid = spawned->tid();
  spawned_.emplace(std::move(*spawned));
  child_ = tid;
  program_ = command.front();
  if (config_.journal != nullptr) config_.journal->set_program(Pid{tid.value});
  if (auto seized = seize(tid, {follows()}); !seized) {
    kill(tid.value, SIGKILL);
    waitpid(tid.value, nullptr, __WALL);
    return seized.error();
  }
  auto tracee = std::make_unique<Tracee>();
  tracee->tid = tid;
  tracee->pid = Pid{tid.value};
  tracee->space = new_space(tid, tracee->pid);
  tracee->before_exec = true;
  tracees_[tid] = std::move(tracee);
  return interrupt(tid);
}

void Tracer::look_ahead(Pid pid) {
  if (tracing_functions()) functions_.look_ahead(Tid{pid.value});
}

Result<> Tracer::attach(Pid pid) {
  Attaching attaching{pid};
  for (;;) {
    auto found = seize_tasks(attaching);
    if (!found) return found.error();
    if (!*found) break;
    // A thread that is inside clone or fork just now does not report its child: until it has
    // stopped, there may be a thread that nobody knows of, or one that copies what traps there are.
    if (tracing_functions()) await_stops([this](Tid tid) { adopt_child_of(tid); });
  }
  if (attaching.threads == 0) return attaching.refused ? Result<>(*attaching.refused) : Result<>();
  Tracee* first = tracees_.at(attaching.first).get();
  emit(*first, Attached{attaching.threads});
  if (!tracing_functions()) return {};
  // Memory is read through a thread: one that has ended since would show nothing.
  for (const auto& [tid, tracee] : tracees_) {
    auto status = read_status(tid);
    if (tracee->space == attaching.space && status && !status->ended()) first = tracee.get();
  }
  if (auto alone = check_sharers(*first); !alone) return alone.error();
  attaching.space->use_thread(first->tid);
  look_at_modules(*first, true);
  return check_matches(*first);
}

// Seizes all threads there are, and again those that were made meanwhile, until a pass finds none.
// Returns whether there were any new ones.
Result<bool> Tracer::seize_tasks(Attaching& attaching) {
  bool any = false;
  for (bool found = true; found;) {
    found = false;
    std::vector<Tid> tasks = follows() ? read_tasks(attaching.pid) : std::vector<Tid>();
    if (tasks.empty()) tasks.push_back(Tid{attaching.pid.value});
    for (Tid tid : tasks) {
      if (tracees_.contains(tid)) continue;
      auto seized = seize(tid, {follows()});
      auto status = read_status(tid);
      if (!seized) {
        // A thread that ended meanwhile is no failure (a process goes on when its first thread has
        // ended), nor is one that is ours because its creator is.
        bool gone = !status || status->ended();
        bool ours = status && status->tracer.value == getpid();
        if (!attaching.refused && !ours) attaching.refused = seized.error();
        if (gone || ours) continue;
        return seized.error();
      }
      found = follows();
      any = found || any;
      auto tracee = std::make_unique<Tracee>();
      tracee->tid = tid;
      tracee->pid = status ? status->tgid : attaching.pid;
      if (attaching.space == nullptr) attaching.space = new_space(tid, tracee->pid);
      tracee->space = attaching.space;
      if (attaching.threads++ == 0) attaching.first = tid;
      tracees_[tid] = std::move(tracee);
      if (auto asked = interrupt(tid); !asked && !asked.error().gone()) return asked.error();
    }
  }
  return any;
}

TraceOutcome Tracer::run() {
  loop();
  release();
  warn_unmatched();
  if (auto finished = sink_.finish(); !finished && !outcome_.failure) {
    report_output(finished.error());
  }
  stay_until_child_ends();
  return outcome_;
}

void Tracer::loop() {
  std::vector<Tid> stopped;
  for (const auto& [tid, tracee] : tracees_) {
    if (tracee->stopped) stopped.push_back(tid);
  }
  for (Tid tid : stopped)
    handle(tid);
  std::vector<WaitStatus> drained;
  while (!tracees_.empty() && !must_end()) {
    drained.clear();
    // Everything that has stopped is collected before anything is resumed, so that a thread which
    // stops all the time cannot starve the others. When all of them have, nobody is left to ask.
    while (drained.size() < tracees_.size()) {
      bool block = drained.empty();
      if (block) {
        // The only tracee there is runs: asking first would be in vain nearly always.
        const bool alone = tracees_.size() == 1;
        auto next = alone ? Result<std::optional<WaitStatus>>(std::nullopt)
                          : wait_any(false, config_.measure_system_time);
        if (next && *next) {
          drained.push_back(**next);
          continue;
        }
        if (auto idle = sink_.idle(realtime_now()); !idle) report_output(idle.error());
        if (must_end()) break;
        wake_ups_.wake_at(sink_.wants_idle_at());
      }
      auto next = wait_any(block, config_.measure_system_time);
      if (!next) {
        if (drained.empty()) return;  // ECHILD: all are gone
        break;
      }
      if (!*next) break;
      drained.push_back(**next);
    }
    for (const WaitStatus& waited : drained)
      park(waited);
    for (const WaitStatus& waited : drained) {
      if (must_end()) break;
      handle(waited.tid);
    }
  }
}

bool Tracer::must_end() {
  if (int signal = WakeUps::ending_signal(); signal != 0 && !ending_) {
    outcome_.ended_by = signal;
    ending_ = true;
  }
  return ending_;
}

void Tracer::park(const WaitStatus& waited) {
  Stop stop = decode_wait_status(waited.status);
  auto it = tracees_.find(waited.tid);
  if (it == tracees_.end()) {
    // The death of a child that is no tracee: the command that reads our output.
    if (std::holds_alternative<stop::Exited>(stop) || std::holds_alternative<stop::Killed>(stop)) {
      return;
    }
    adopt(waited.tid, read_status(waited.tid), nullptr);
    it = tracees_.find(waited.tid);
  }
  it->second->stopped = true;
  it->second->last = stop;
  it->second->system_time = waited.system_time;
}

void Tracer::handle(Tid tid) {
  auto it = tracees_.find(tid);
  if (it == tracees_.end() || !it->second->stopped) return;
  Tracee& tracee = *it->second;
  arena_.reset();
  Stop stop = tracee.last;
  note_failure(dispatch(tracee, stop));
}

void Tracer::note_failure(const Result<>& done) {
  // A thread that was killed in between reports its own death.
  if (done || done.error().gone()) return;
  if (!outcome_.failure) outcome_.failure = done.error();
  ending_ = true;
}

Result<> Tracer::dispatch(Tracee& tracee, const Stop& stop) {
  struct Visitor {
    Tracer& t;
    Tracee& tracee;
    const Stop& all;
    StoppedTracee now() const { return StoppedTracee(tracee.tid); }
    Result<> operator()(const stop::Syscall&) const { return t.on_syscall(tracee, now()); }
    Result<> operator()(const stop::Signal& s) const {
      return t.on_signal(tracee, now(), s.signal);
    }
    Result<> operator()(const stop::Group& s) const {
      t.emit(tracee, GroupStopped{signal_name(s.signal)});
      return t.resume(tracee, now(), Resume::Listen);
    }
    Result<> operator()(const stop::NewChild&) const { return t.on_new_child(tracee, now()); }
    Result<> operator()(const stop::Exec&) const { return t.on_exec(tracee, now()); }
    Result<> operator()(const stop::Interrupt&) const { return t.on_interrupt(tracee, now()); }
    Result<> operator()(const stop::Exited&) const { return ended(); }
    Result<> operator()(const stop::Killed&) const { return ended(); }
    Result<> operator()(const stop::Seccomp&) const { return t.go_on(tracee, now()); }
    Result<> operator()(const stop::VforkDone&) const { return t.go_on(tracee, now()); }
    Result<> operator()(const stop::AboutToExit&) const { return t.go_on(tracee, now()); }
    Result<> operator()(const stop::Unknown&) const { return t.go_on(tracee, now()); }
    Result<> ended() const {
      t.on_end(tracee, all);
      return {};
    }
  };
  tracee.space->use_thread(tracee.tid);
  return std::visit(Visitor{*this, tracee, stop}, stop);
}

Result<> Tracer::resume(Tracee& tracee, StoppedTracee stopped, Resume how, int signal) {
  tracee.stopped = false;
  return std::move(stopped).resume(how, signal);
}

Result<> Tracer::go_on(Tracee& tracee, StoppedTracee stopped, int signal) {
  if (tracee.calls.step) return resume(tracee, std::move(stopped), Resume::Step);
  return resume(tracee, std::move(stopped), tracee.silent ? Resume::Continue : Resume::Syscall,
                signal);
}

Result<> Tracer::on_interrupt(Tracee& tracee, StoppedTracee stopped) {
  if (tracee.newborn) {
    tracee.newborn = false;
    find_relations(tracee, stopped);
    if (!config_.follow_forks && !is_thread_of_known(tracee)) {
      return let_child_go(tracee, std::move(stopped));
    }
  }
  auto resumed = go_on(tracee, std::move(stopped));
  if (resumed && tracee.before_exec && !spawn_started_) {
    spawn_started_ = true;
    return spawned_->start();
  }
  return resumed;
}

void Tracer::on_end(Tracee& tracee, const Stop& stop) {
  bool is_child = child_ == tracee.tid;
  settle_entry(tracee, config_.statuses.unfinished);
  if (const auto* exited = std::get_if<stop::Exited>(&stop)) {
    if (is_child) outcome_.exit_status = exited->status;
    emit(tracee, Exited{exited->status});
  } else if (const auto* killed = std::get_if<stop::Killed>(&stop)) {
    if (is_child) outcome_.killed_by = killed->signal;
    emit(tracee, Killed{signal_name(killed->signal), killed->core_dumped});
  }
  if (is_child) {
    child_.reset();
    if (config_.journal != nullptr) config_.journal->set_program(Pid{});
    if (tracee.before_exec && !outcome_.failure && !ending_) {
      int error = spawned_->exec_errno();
      outcome_.failure = Error{error, "cannot run '" + program_ + "'"};
    }
  }
  forget(tracee.tid);
}

void Tracer::forget(Tid tid) {
  auto it = tracees_.find(tid);
  if (it == tracees_.end()) return;
  bool held_slot = it->second->calls.step.has_value();
  if (held_slot) it->second->space->release_slot(it->second->calls.step->slot);
  remember(it->second->space);
  std::erase(waiting_, tid);
  tracees_.erase(it);
  if (held_slot && !ending_) retry_waiting();
}

// Which of them a goroutine does.
bool Tracer::is_of_goroutine(const decltype(Event::what)& what) {
  return std::holds_alternative<SyscallEntered>(what) ||
         std::holds_alternative<SyscallReturned>(what) ||
         std::holds_alternative<FunctionEntered>(what) ||
         std::holds_alternative<FunctionReturned>(what) ||
         std::holds_alternative<SignalDelivered>(what);
}

void Tracer::emit(const Tracee& tracee, decltype(Event::what) what, std::optional<unsigned> depth,
                  Timestamp time) {
  if (silent(tracee) || muted_) return;
  Event event;
  event.time = time != 0 ? time : realtime_now();
  event.pid = tracee.pid;
  event.tid = tracee.tid;
  const ThreadCalls::GoPlace& go = tracee.calls.go;
  if (is_of_goroutine(what)) {
    event.goroutine = go.goroutine;
    const bool call = std::holds_alternative<FunctionEntered>(what) ||
                      std::holds_alternative<FunctionReturned>(what);
    event.go_runtime = tracee.of_go_runtime && !call;
  }
  // A goroutine that a thread of C's has called is not within that thread's calls.
  const auto& open = tracee.calls.open;
  const bool its_own = open.empty() || open.back().goroutine == event.goroutine;
  event.depth = depth.value_or(go.depth + (its_own ? shown_depth(open) : 0));
  event.tracees = shown_tracees();
  event.what = std::move(what);
  if (auto taken = sink_.on(event); !taken) report_output(taken.error());
}

unsigned Tracer::shown_tracees() const {
  unsigned shown = 0;
  for (const auto& [tid, tracee] : tracees_) {
    if (!silent(*tracee) && ++shown == 2) break;
  }
  return shown;
}

void Tracer::notice(std::string_view text) {
  Event event;
  event.time = realtime_now();
  event.what = Notice{text};
  if (auto taken = sink_.on(event); !taken) report_output(taken.error());
}

void Tracer::report_output(const Error& error) {
  // A reader that went away has seen enough: that ends the tracing, and is no failure.
  // One that was too slow when ttrace was told to end (EINTR) is none either.
  bool failure = error.code != EPIPE && error.code != EINTR;
  if (!ending_ && !outcome_.failure && failure) outcome_.failure = error;
  ending_ = true;
}

void Tracer::entered(const FunctionEntered& event, unsigned depth) {
  emit(*current_, event, depth);
}

void Tracer::returned(const FunctionReturned& event, unsigned depth) {
  emit(*current_, event, depth);
}

}  // namespace ttrace
