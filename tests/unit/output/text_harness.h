// Feeds a text sink with events, and keeps what it writes.
#pragma once

#include <doctest/doctest.h>

#include <initializer_list>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "event/event.h"
#include "output/text_sink.h"
#include "output/writer.h"

namespace ttrace {

/// What a writer did, as seen from outside.
struct Written {
  std::string all;                // everything written, in order
  std::size_t visible = 0;        // how much of it was flushed
  std::map<int, std::string> of;  // by thread
  std::vector<int> ended;         // threads, in order
  bool closed = false;
  int fail = 0;  // the errno of every write from now on; 0: writes succeed
};

class CapturingWriter final : public Writer {
 public:
  CapturingWriter(Written& written, bool immediate) : written_(written), immediate_(immediate) {}
  Result<> write(Tid tid, std::string_view text) override {
    if (written_.fail != 0) return Error{written_.fail, "write to test"};
    written_.all += text;
    written_.of[tid.value] += text;
    return {};
  }
  Result<> flush() override {
    written_.visible = written_.all.size();
    return {};
  }
  Result<> thread_ended(Tid tid) override {
    written_.ended.push_back(tid.value);
    return {};
  }
  [[nodiscard]] bool immediate() const override { return immediate_; }
  Result<> close() override {
    written_.closed = true;
    return flush();
  }

 private:
  Written& written_;
  bool immediate_;
};

inline SyscallResult succeeded(Value value) {
  SyscallResult result;
  result.kind = SyscallResult::Kind::Value;
  result.value = value;
  return result;
}
inline SyscallResult returned(std::int64_t number) {
  return succeeded(Value::integer(number));
}
inline SyscallResult failed(int error, std::string_view name, std::string_view text) {
  SyscallResult result;
  result.kind = SyscallResult::Kind::Error;
  result.error = error;
  result.error_name = name;
  result.error_text = text;
  return result;
}
inline SyscallResult never_returned() {
  return {};
}

/// The tracer's side of a sink. Its members are copied into each event that it sends.
class Session {
 public:
  explicit Session(const TextOptions& options = {}, bool immediate = false)
      : sink_(make_text_sink(options, std::make_unique<CapturingWriter>(written, immediate))) {}

  Written written;
  int pid = 0;  // 0: the thread is its process's first
  int tid = 100;
  std::uint64_t goroutine = 0;
  unsigned depth = 0;
  unsigned tracees = 1;
  Timestamp time = 1'000'000'000'000;

  using Values = std::initializer_list<Value>;

  template <class What>
  Result<> send(What what) {
    Event event;
    event.time = time;
    event.pid = Pid{pid != 0 ? pid : tid};
    event.tid = Tid{tid};
    event.goroutine = goroutine;
    event.depth = depth;
    event.tracees = tracees;
    event.what = what;
    return sink_->on(event);
  }
  void enter(std::string_view name, Values args, bool complete) {
    CHECK(send(SyscallEntered{name, {args.begin(), args.size()}, complete}));
  }
  void leave(std::string_view name, std::size_t first, Values args, const SyscallResult& result,
             Duration duration = -1) {
    CHECK(send(SyscallReturned{name, first, {args.begin(), args.size()}, result, duration}));
  }
  /// A call whose arguments are all known at its entry.
  void call(std::string_view name, Values args, const SyscallResult& result,
            Duration duration = -1) {
    enter(name, args, true);
    leave(name, args.size(), {}, result, duration);
  }
  /// read(3, "…", 3) up to its entry, and from there.
  void enter_read() { enter("read", {Value::integer(3)}, false); }
  void leave_read() {
    leave("read", 1, {Value::string("abc", false), Value::natural(3)}, returned(3));
  }
  void enter_function(std::string_view name, Values args = {}) {
    CHECK(send(FunctionEntered{name, "", {args.begin(), args.size()}}));
  }
  void leave_function(std::string_view name, Value result = Value::none()) {
    CHECK(send(FunctionReturned{name, "", result}));
  }
  void idle() { CHECK(sink_->idle(time)); }
  [[nodiscard]] Timestamp wants_idle_at() const { return sink_->wants_idle_at(); }
  Result<> finish() { return sink_->finish(); }

  /// What was written since the last call of this.
  std::string out() {
    std::string text = written.all.substr(taken_);
    taken_ = written.all.size();
    return text;
  }
  /// What can be seen of everything written.
  [[nodiscard]] std::string seen() const { return written.all.substr(0, written.visible); }

 private:
  std::unique_ptr<Sink> sink_;
  std::size_t taken_ = 0;
};

}  // namespace ttrace
