#include "output/duration_filter.h"

#include <algorithm>
#include <optional>
#include <string>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <vector>

#include "event/keep.h"
#include "event/strand.h"

namespace ttrace {

namespace {

class DurationFilter final : public Sink {
 public:
  DurationFilter(Duration shortest, std::unique_ptr<Sink> to)
      : shortest_(shortest), to_(std::move(to)) {}

  Result<> on(const Event& event) override {
    now_ = event.time;
    strand_ = strands_.of(event);
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
  // A thread, or a goroutine.
  struct Calls {
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
  static unsigned shown_around(const Calls& calls, std::size_t depth) {
    unsigned shown = 0;
    for (std::size_t i = 0; i < std::min(depth, calls.functions.size()); ++i)
      shown += calls.functions[i] != nullptr && !calls.functions[i]->held ? 1U : 0U;
    return shown;
  }

  Result<> show(Calls& calls, Open& open, std::size_t depth) {
    if (!open.held) return {};
    Event event = *std::exchange(open.held, std::nullopt);
    event.depth = shown_around(calls, depth);
    if (std::holds_alternative<FunctionEntered>(event.what)) calls.last_shown = open.number;
    return to_->on(event);
  }

  // Hands on the beginnings of all functions of a thread that are around `depth`.
  Result<> show_around(Calls& calls, std::size_t depth) {
    for (std::size_t i = 0; i < std::min(depth, calls.functions.size()); ++i) {
      if (calls.functions[i] == nullptr) continue;
      if (auto done = show(calls, *calls.functions[i], i); !done) return done;
    }
    return {};
  }

  // Hands on the beginnings that are old enough now: the outer ones are the older ones.
  Result<> show_long(Calls& calls) {
    auto is_long = [&](const Open& open) { return now_ - open.since >= shortest_; };
    for (std::size_t i = 0; i < calls.functions.size(); ++i) {
      if (calls.functions[i] == nullptr || !calls.functions[i]->held) continue;
      if (!is_long(*calls.functions[i])) return {};
      if (auto done = show(calls, *calls.functions[i], i); !done) return done;
    }
    if (calls.syscall == nullptr || !is_long(*calls.syscall)) return {};
    return show(calls, *calls.syscall, calls.functions.size());
  }

  Result<> show_all_long() {
    due_ = 0;
    for (auto& [strand, calls] : strand_calls_) {
      if (auto done = show_long(calls); !done) return done;
      for (const auto& open : calls.functions)
        if (open != nullptr) note_due(*open);
      if (calls.syscall != nullptr) note_due(*calls.syscall);
    }
    return {};
  }

  void note_due(const Open& open) {
    if (!open.held) return;
    Timestamp due = open.since + shortest_;
    due_ = due_ == 0 ? due : std::min(due_, due);
  }

  void end_from(Calls& calls, std::size_t depth) {
    while (calls.functions.size() > depth) {
      put_away(calls.functions.back());
      calls.functions.pop_back();
    }
  }

  Result<> handle(const Event& event, const FunctionEntered& call) {
    Calls& calls = calls_of_event();
    if (auto done = show_long(calls); !done) return done;
    end_from(calls, event.depth);
    if (!call.returns) return {};  // how long it lasts is not known
    calls.functions.resize(event.depth);
    auto open = hold(event, call.name);
    open->held->what = keep(call, open->arena);
    calls.functions.push_back(std::move(open));
    return {};
  }

  Result<> handle(const Event& event, const FunctionReturned& call) {
    Calls& calls = calls_of_event();
    std::size_t depth = event.depth;
    bool known = depth < calls.functions.size() && calls.functions[depth] != nullptr &&
                 calls.functions[depth]->name == call.name;
    Result<> done;
    if (call.duration >= shortest_ || (known && !calls.functions[depth]->held)) {
      done = show_around(calls, known ? depth + 1 : depth);
      Event shown = event;
      shown.depth = shown_around(calls, depth);
      FunctionReturned outcome = call;
      outcome.entered_last = known && calls.functions[depth]->number == calls.last_shown;
      shown.what = outcome;
      if (done) done = to_->on(shown);
    }
    if (known) end_from(calls, depth);
    return done;
  }

  Result<> handle(const Event& event, const SyscallEntered& call) {
    Calls& calls = calls_of_event();
    if (auto done = show_long(calls); !done) return done;
    calls.syscall = hold(event, call.name);
    calls.syscall->held->what = keep(call, calls.syscall->arena);
    return {};
  }

  Result<> handle(const Event& event, const SyscallReturned& call) {
    Calls& calls = calls_of_event();
    Result<> done;
    bool shown = calls.syscall != nullptr && !calls.syscall->held;
    if (call.duration >= shortest_ || shown) {
      done = show_around(calls, event.depth);
      if (done && calls.syscall != nullptr) done = show(calls, *calls.syscall, event.depth);
      if (done) done = hand_on(event, calls);
    }
    put_away(calls.syscall);
    return done;
  }

  // What goroutines are in when their process ends, or is let go.
  Result<> end_goroutines(Pid process) {
    Result<> done;
    for (auto& [strand, calls] : strand_calls_) {
      if (strand.process == process.value && done) done = show_long(calls);
    }
    std::erase_if(strand_calls_,
                  [&](const auto& entry) { return entry.first.process == process.value; });
    return done;
  }

  Calls& calls_of_event() {
    if (strand_calls_.size() >= many_) {
      std::erase_if(strand_calls_, [](const auto& entry) {
        return entry.second.functions.empty() && entry.second.syscall == nullptr;
      });
      many_ = std::max(many_, 2 * strand_calls_.size());
    }
    return strand_calls_[strand_];
  }

  // The thread is gone, or goes on as another one (Superseded).
  void end_thread(Tid tid, std::optional<Tid> as) {
    // What a goroutine's syscall was is not ended by anything else.
    const auto goroutine = strand_calls_.find(strands_.of_call(tid));
    if (!as && goroutine != strand_calls_.end()) put_away(goroutine->second.syscall);
    strands_.end(tid, as);
    auto own = strand_calls_.extract(thread_strand(tid));
    if (as) strand_calls_.erase(thread_strand(*as));
    if (own.empty() || !as) return;
    own.key() = thread_strand(*as);
    strand_calls_.insert(std::move(own));
  }

  Result<> hand_on(const Event& event, const Calls& calls) {
    Event shown = event;
    shown.depth = shown_around(calls, event.depth);
    return to_->on(shown);
  }

  // Everything else is shown, and what is open around it if that has lasted long enough.
  template <class What>
  Result<> handle(const Event& event, const What&) {
    constexpr bool kLast = std::is_same_v<What, Exited> || std::is_same_v<What, Killed> ||
                           std::is_same_v<What, Detached>;
    if (kLast && event.tid.value == event.pid.value) {
      if (auto done = end_goroutines(event.pid); !done) return done;
    }
    Calls& calls = calls_of_event();
    if (auto done = show_long(calls); !done) return done;
    auto done = hand_on(event, calls);
    if constexpr (kLast) end_thread(event.tid, std::nullopt);
    if constexpr (std::is_same_v<What, Superseded>)
      end_thread(std::get<What>(event.what).by, event.tid);
    return done;
  }

  const Duration shortest_;
  std::unique_ptr<Sink> to_;
  Strands strands_;
  Strand strand_;  // of the event that is being handled
  std::unordered_map<Strand, Calls, StrandHash> strand_calls_;
  std::size_t many_ = 1024;  // when to forget those without calls: goroutines end unseen
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
