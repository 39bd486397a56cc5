#include "output/summary_sink.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>
#include <string>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "base/quote.h"
#include "output/summary.h"

namespace ttrace {

namespace {

// The calls of one kind: their rows in the order in which they are to be printed when nothing else
// sorts them.
class Counter {
 public:
  /// `place`: calls with a smaller one go first; calls with the same, in the order of their coming.
  CallCount& of(std::string_view name, std::uint64_t place) {
    auto found = index_.find(name);
    if (found == index_.end()) {
      found = index_.emplace(std::string(name), rows_.size()).first;
      rows_.push_back({place, {}});
      append_printable(name, rows_.back().count.name);
    }
    return rows_[found->second].count;
  }

  [[nodiscard]] std::vector<CallCount> counts() const {
    std::vector<Row> sorted = rows_;
    std::ranges::stable_sort(sorted, {}, &Row::place);
    std::vector<CallCount> counts;
    counts.reserve(sorted.size());
    for (Row& row : sorted)
      counts.push_back(std::move(row.count));
    return counts;
  }

 private:
  struct Row {
    std::uint64_t place;
    CallCount count;
  };
  // Names are looked up without making strings of them.
  struct Hash {
    using is_transparent = void;  // NOLINT(readability-identifier-naming): the library asks for it
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>{}(text);
    }
  };
  std::unordered_map<std::string, std::size_t, Hash, std::equal_to<>> index_;
  std::vector<Row> rows_;
};

// strace -c still says whom it traces, and what surprises it.
bool is_message(const Event& event) {
  return std::holds_alternative<Attached>(event.what) ||
         std::holds_alternative<Detached>(event.what) ||
         std::holds_alternative<ModeChanged>(event.what) ||
         std::holds_alternative<Notice>(event.what);
}

class SummarySink final : public Sink {
 public:
  SummarySink(SummaryStyle style, bool only, std::unique_ptr<Writer> writer,
              std::unique_ptr<Sink> lines)
      : style_(std::move(style)),
        only_(only),
        writer_(std::move(writer)),
        lines_(std::move(lines)) {}

  Result<> on(const Event& event) override {
    if (const auto* call = std::get_if<SyscallReturned>(&event.what)) count(*call);
    if (const auto* call = std::get_if<FunctionReturned>(&event.what)) count(*call);
    return only_ && !is_message(event) ? Result<>() : lines_->on(event);
  }

  Result<> idle(Timestamp now) override { return lines_->idle(now); }
  [[nodiscard]] Timestamp wants_idle_at() const override { return lines_->wants_idle_at(); }

  Result<> finish() override {
    Result<> result = lines_->finish();
    const auto keep_first = [&](Result<> next) {
      if (result && !next) result = std::move(next);
    };
    keep_first(writer_->write(Tid(), tables()));
    keep_first(writer_->close());
    return result;
  }

 private:
  void count(const SyscallReturned& call) {
    constexpr auto kLast = std::numeric_limits<std::uint64_t>::max();
    const Duration time = style_.wall_clock ? call.duration : call.system_time;
    const bool failed = call.result.kind == SyscallResult::Kind::Error ||
                        call.result.kind == SyscallResult::Kind::Restart;
    syscalls_[call.bits]
        .of(call.name, call.number.value_or(kLast))
        .add(std::max<Duration>(0, time - style_.overhead), failed);
  }

  void count(const FunctionReturned& call) {
    name_ = call.name;
    if (!call.object.empty()) {
      name_ += '@';
      name_ += call.object;
    }
    functions_.of(name_, 0).add(std::max<Duration>(0, call.duration), false);
  }

  [[nodiscard]] std::string tables() const {
    std::string text;
    for (const auto& [bits, counter] : syscalls_) {
      if (bits != kOwnBits)
        text += fmt::format("System call usage summary for {} bit mode:\n", bits);
      text += summary_table(counter.counts(), style_, "syscall");
    }
    const std::string table = summary_table(functions_.counts(), style_, "function");
    if (!table.empty()) text += "Function call usage summary:\n" + table;
    return text;
  }

  // The table of ttrace's own word size has no heading.
  static constexpr unsigned kOwnBits = 8 * sizeof(void*);

  SummaryStyle style_;
  const bool only_;
  std::unique_ptr<Writer> writer_;
  std::unique_ptr<Sink> lines_;                           // goes before what it writes to
  std::map<unsigned, Counter, std::greater<>> syscalls_;  // by word size, the widest first
  Counter functions_;
  std::string name_;
};

}  // namespace

std::unique_ptr<Sink> make_summary_sink(SummaryStyle style, bool only,
                                        std::unique_ptr<Writer> writer,
                                        std::unique_ptr<Sink> lines) {
  return std::make_unique<SummarySink>(std::move(style), only, std::move(writer), std::move(lines));
}

}  // namespace ttrace
