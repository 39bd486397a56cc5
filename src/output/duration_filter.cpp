#include "output/duration_filter.h"

#include <algorithm>
#include <optional>
#include <string>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <vector>

#include "event/keep.h"

namespace ttrace {

namespace {

class DurationFilter final : public Sink {
 public:
  DurationFilter(Duration shortest, std::unique_ptr<Sink> to)
      : shortest_(shortest), to_(std::move(to)) {}

  Result<> on(const Event& event) override {
    now_ = event.time;
    return std::visit([&](const auto& what) { return handle(event, what); }, event.what);
  }

  Result<> idle(Timestamp now) override {
    now_ = now;
    if (due_ != 0 && now >= due_) {
      if (auto done = show_all_long(); !done) return done;
    }
    return to_->idle(now);
  }

  [[nodiscard]] Timestamp wants_idle_at() const override {
    Timestamp theirs = to_->wants_idle_at();
    if (due_ == 0 || theirs == 0) return std::max(due_, theirs);
    return std::min(due_, theirs);
  }

  Result<> finish() override {
    auto shown = show_all_long();
    auto finished = to_->finish();
    return shown ? finished : shown;
  }

 private:
  // A call that has begun. `held` is its beginning, until that is handed on.
  struct Open {
    std::string name;
    Timestamp since = 0;
    std::uint64_t number = 0;
    std::optional<Event> held;
    Arena arena;
  };
  struct Thread {
    std::vector<std::unique_ptr<Open>> functions;  // by depth
    std::unique_ptr<Open> syscall;
    std::uint64_t last_shown = 0;  // the number of the function that was handed on last
  };

  std::unique_ptr<Open> hold(const Event& event, std::string_view name) {
    std::unique_ptr<Open> open;
    if (unused_.empty()) {
      open = std::make_unique<Open>();
    } else {
      open = std::move(unused_.back());
      unused_.pop_back();
      open->arena.reset();
    }
    open->name = name;
    open->since = event.time;
    open->number = ++number_;
    open->held = event;
    if (due_ == 0) due_ = event.time + shortest_;
    return open;
  }

  void put_away(std::unique_ptr<Open>& open) {
    constexpr std::size_t kMost = 64;
    if (open != nullptr && unused_.size() < kMost) unused_.push_back(std::move(open));
    open.reset();
  }

  // How many of a thread's functions up to `depth` are shown.
  static unsigned shown_around(const Thread& thread, std::size_t depth) {
    unsigned shown = 0;
    for (std::size_t i = 0; i < std::min(depth, thread.functions.size()); ++i)
      shown += thread.functions[i] != nullptr && !thread.functions[i]->held ? 1U : 0U;
    return shown;
  }

  Result<> show(Thread& thread, Open& open, std::size_t depth) {
    if (!open.held) return {};
    Event event = *std::exchange(open.held, std::nullopt);
    event.depth = shown_around(thread, depth);
    if (std::holds_alternative<FunctionEntered>(event.what)) thread.last_shown = open.number;
    return to_->on(event);
  }

  // Hands on the beginnings of all functions of a thread that are around `depth`.
  Result<> show_around(Thread& thread, std::size_t depth) {
    for (std::size_t i = 0; i < std::min(depth, thread.functions.size()); ++i) {
      if (thread.functions[i] == nullptr) continue;
      if (auto done = show(thread, *thread.functions[i], i); !done) return done;
    }
    return {};
  }

  // Hands on the beginnings that are old enough now: the outer ones are the older ones.
  Result<> show_long(Thread& thread) {
    auto is_long = [&](const Open& open) { return now_ - open.since >= shortest_; };
    for (std::size_t i = 0; i < thread.functions.size(); ++i) {
      if (thread.functions[i] == nullptr || !thread.functions[i]->held) continue;
      if (!is_long(*thread.functions[i])) return {};
      if (auto done = show(thread, *thread.functions[i], i); !done) return done;
    }
    if (thread.syscall == nullptr || !is_long(*thread.syscall)) return {};
    return show(thread, *thread.syscall, thread.functions.size());
  }

  Result<> show_all_long() {
    due_ = 0;
    for (auto& [tid, thread] : threads_) {
      if (auto done = show_long(thread); !done) return done;
      for (const auto& open : thread.functions)
        if (open != nullptr) note_due(*open);
      if (thread.syscall != nullptr) note_due(*thread.syscall);
    }
    return {};
  }

  void note_due(const Open& open) {
    if (!open.held) return;
    Timestamp due = open.since + shortest_;
    due_ = due_ == 0 ? due : std::min(due_, due);
  }

  void end_from(Thread& thread, std::size_t depth) {
    while (thread.functions.size() > depth) {
      put_away(thread.functions.back());
      thread.functions.pop_back();
    }
  }

  Result<> handle(const Event& event, const FunctionEntered& call) {
    Thread& thread = threads_[event.tid.value];
    if (auto done = show_long(thread); !done) return done;
    end_from(thread, event.depth);
    if (!call.returns) return {};  // how long it lasts is not known
    thread.functions.resize(event.depth);
    auto open = hold(event, call.name);
    open->held->what = keep(call, open->arena);
    thread.functions.push_back(std::move(open));
    return {};
  }

  Result<> handle(const Event& event, const FunctionReturned& call) {
    Thread& thread = threads_[event.tid.value];
    std::size_t depth = event.depth;
    bool known = depth < thread.functions.size() && thread.functions[depth] != nullptr &&
                 thread.functions[depth]->name == call.name;
    Result<> done;
    if (call.duration >= shortest_ || (known && !thread.functions[depth]->held)) {
      done = show_around(thread, known ? depth + 1 : depth);
      Event shown = event;
      shown.depth = shown_around(thread, depth);
      FunctionReturned outcome = call;
      outcome.entered_last = known && thread.functions[depth]->number == thread.last_shown;
      shown.what = outcome;
      if (done) done = to_->on(shown);
    }
    if (known) end_from(thread, depth);
    return done;
  }

  Result<> handle(const Event& event, const SyscallEntered& call) {
    Thread& thread = threads_[event.tid.value];
    if (auto done = show_long(thread); !done) return done;
    thread.syscall = hold(event, call.name);
    thread.syscall->held->what = keep(call, thread.syscall->arena);
    return {};
  }

  Result<> handle(const Event& event, const SyscallReturned& call) {
    Thread& thread = threads_[event.tid.value];
    Result<> done;
    bool shown = thread.syscall != nullptr && !thread.syscall->held;
    if (call.duration >= shortest_ || shown) {
      done = show_around(thread, event.depth);
      if (done && thread.syscall != nullptr) done = show(thread, *thread.syscall, event.depth);
      if (done) done = hand_on(event, thread);
    }
    put_away(thread.syscall);
    return done;
  }

  Result<> hand_on(const Event& event, const Thread& thread) {
    Event shown = event;
    shown.depth = shown_around(thread, event.depth);
    return to_->on(shown);
  }

  // Everything else is shown, and what is open around it if that has lasted long enough.
  template <class What>
  Result<> handle(const Event& event, const What&) {
    Thread& thread = threads_[event.tid.value];
    if (auto done = show_long(thread); !done) return done;
    auto done = hand_on(event, thread);
    constexpr bool kLast = std::is_same_v<What, Exited> || std::is_same_v<What, Killed> ||
                           std::is_same_v<What, Detached>;
    if (kLast) threads_.erase(event.tid.value);
    if constexpr (std::is_same_v<What, Superseded>) {
      // The executing thread goes on under the number of the one that is gone.
      const What& superseded = std::get<What>(event.what);
      auto by = threads_.extract(superseded.by.value);
      threads_.erase(event.tid.value);
      if (!by.empty()) {
        by.key() = event.tid.value;
        threads_.insert(std::move(by));
      }
    }
    return done;
  }

  const Duration shortest_;
  std::unique_ptr<Sink> to_;
  std::unordered_map<int, Thread> threads_;
  std::vector<std::unique_ptr<Open>> unused_;
  std::uint64_t number_ = 0;
  Timestamp now_ = 0;
  Timestamp due_ = 0;  // when the oldest beginning that is held will be long enough, or before
};

}  // namespace

std::unique_ptr<Sink> make_duration_filter(Duration shortest, std::unique_ptr<Sink> to) {
  return std::make_unique<DurationFilter>(shortest, std::move(to));
}

}  // namespace ttrace
