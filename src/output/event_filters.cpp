#include "output/event_filters.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>

namespace ttrace {

namespace {

template <class... What>
bool is_any(const Event& event) {
  return (std::holds_alternative<What>(event.what) || ...);
}

// Hands on some events. What is decided when a syscall begins holds for its end, too.
class Filter : public Sink {
 public:
  explicit Filter(std::unique_ptr<Sink> to) : to_(std::move(to)) {}

  Result<> on(const Event& event) override {
    last_ = event.time;
    const bool shown = decide(event);
    if (is_any<Exited, Killed, Detached>(event)) calls_.erase(event.tid.value);
    if (const auto* superseded = std::get_if<Superseded>(&event.what)) {
      // The executing thread's call goes on under the number of the one that is gone.
      auto call = calls_.extract(superseded->by.value);
      calls_.erase(event.tid.value);
      if (!call.empty()) {
        call.key() = event.tid.value;
        calls_.insert(std::move(call));
      }
    }
    return shown ? to_->on(event) : Result<>();
  }
  Result<> idle(Timestamp now) override { return to_->idle(now); }
  [[nodiscard]] Timestamp wants_idle_at() const override { return to_->wants_idle_at(); }

  Result<> finish() override {
    Result<> said;
    if (const std::string text = last_words(); !text.empty()) {
      Event event;
      event.time = last_;
      event.what = Notice{text};
      said = to_->on(event);
    }
    auto finished = to_->finish();
    return said ? finished : said;
  }

 private:
  /// Of an event that is not the end of a call whose beginning was seen.
  virtual bool shows(const Event& event) = 0;
  /// A notice for the end; empty: none.
  [[nodiscard]] virtual std::string last_words() const = 0;

  bool decide(const Event& event) {
    if (is_any<SyscallReturned>(event)) {
      auto call = calls_.extract(event.tid.value);
      if (!call.empty()) return call.mapped();
    }
    const bool shown = shows(event);
    if (is_any<SyscallEntered>(event)) calls_.insert_or_assign(event.tid.value, shown);
    return shown;
  }

  std::unique_ptr<Sink> to_;
  std::unordered_map<int, bool> calls_;  // the threads in a syscall: whether it is shown
  Timestamp last_ = 0;
};

class GoroutineFilter final : public Filter {
 public:
  GoroutineFilter(const std::vector<std::uint64_t>& goroutines, std::unique_ptr<Sink> to)
      : Filter(std::move(to)) {
    for (std::uint64_t goroutine : goroutines)
      seen_.emplace(goroutine, false);
  }

 private:
  bool shows(const Event& event) override {
    const bool has_goroutine =
        is_any<SyscallEntered, SyscallReturned, FunctionEntered, FunctionReturned, SignalDelivered>(
            event);
    if (!has_goroutine) return true;
    const auto found = seen_.find(event.goroutine);
    if (found == seen_.end()) return false;
    found->second = true;
    return true;
  }

  [[nodiscard]] std::string last_words() const override {
    std::string unseen;
    for (const auto& [goroutine, seen] : seen_) {
      if (!seen) unseen += fmt::format("{}{}", unseen.empty() ? "" : ", ", goroutine);
    }
    if (unseen.empty()) return {};
    return fmt::format("--goroutine: nothing was seen of goroutine {}", unseen);
  }

  std::map<std::uint64_t, bool> seen_;
};

class RuntimeFilter final : public Filter {
 public:
  using Filter::Filter;

 private:
  bool shows(const Event& event) override {
    if (!event.go_runtime) return true;
    std::string_view name;
    if (const auto* entered = std::get_if<SyscallEntered>(&event.what)) name = entered->name;
    if (const auto* returned = std::get_if<SyscallReturned>(&event.what)) name = returned->name;
    if (const auto* signal = std::get_if<SignalDelivered>(&event.what)) name = signal->name;
    if (name.empty()) return true;
    auto count = counts_.find(name);
    if (count == counts_.end()) count = counts_.emplace(name, 0).first;
    ++count->second;
    return false;
  }

  [[nodiscard]] std::string last_words() const override {
    if (counts_.empty()) return {};
    std::vector<std::pair<std::string_view, std::uint64_t>> sorted(counts_.begin(), counts_.end());
    std::ranges::stable_sort(sorted, std::greater(),
                             [](const auto& count) { return count.second; });
    std::uint64_t all = 0;
    std::string text;
    for (const auto& [name, count] : sorted) {
      all += count;
      text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count, name);
    }
    return fmt::format("left out {} of the Go runtime's own: {} (--go-runtime=show shows them)",
                       all, text);
  }

  std::map<std::string, std::uint64_t, std::less<>> counts_;
};

}  // namespace

std::unique_ptr<Sink> make_goroutine_filter(const std::vector<std::uint64_t>& goroutines,
                                            std::unique_ptr<Sink> to) {
  return std::make_unique<GoroutineFilter>(goroutines, std::move(to));
}

std::unique_ptr<Sink> make_runtime_filter(std::unique_ptr<Sink> to) {
  return std::make_unique<RuntimeFilter>(std::move(to));
}

}  // namespace ttrace
