// How the text sink joins events to lines.
//
// A line is begun by a call's entry and ended by its return. What happens in between decides
// whether it stays one line:
//   - An event of the same strand (thread, or goroutine) inside a function ends its line in " {".
//   - Without whole_lines all threads share one stream, and of that stream at most one line is
//   begun
//     and not ended: `open_`. An event of another thread ends it in " <unfinished ...>".
//   - A function's line, and with whole_lines a call's too, is held back as long as nobody has seen
//     its beginning, so that lines of other threads can go first. After a second it is shown
//     anyway.
//   - With a file for each thread, threads do not meet. A goroutine's call that ends on another
//     thread than it began on has its beginning in the one file and its end in the other.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "event/strand.h"
#include "output/line_prefix.h"
#include "output/text_sink.h"

namespace ttrace {

// How long text may lie in a buffer, and how long a call may last before it is shown half.
inline constexpr std::int64_t kFlushAfter = 50'000'000;
inline constexpr std::int64_t kShowOpenAfter = 1'000'000'000;

/// The line that a thread or a goroutine is on.
struct Line {
  enum class State : std::uint8_t {
    Idle,       // nothing is open; a traced function that encloses the next event may be
    Call,       // a syscall's line is begun
    Suspended,  // a syscall's line was ended with <unfinished ...>
    Function,   // a function's line is begun, and nothing happened inside yet
  };
  State state = State::Idle;
  Tid tid;                     // of the event that began it
  bool complete = false;       // of a call: all arguments were known at its entry
  bool has_arguments = false;  // of a call: the next argument is preceded by a comma
  bool shown = false;          // the line's beginning is with the writer, and must be ended first
  std::size_t shown_columns = 0;
  std::string text;   // of the line, what the writer has not got
  std::string name;   // of the open call
  std::string below;  // lines that follow this one
  std::string stack;  // lines that follow the one which ends the open call
  Timestamp since = 0;
};

/// A deadline that is armed by the first of many who want it.
class Timer {
 public:
  explicit Timer(std::int64_t delay) : delay_(delay) {}
  void arm(Timestamp from) {
    if (at_ == 0) at_ = from + delay_;
  }
  void disarm() { at_ = 0; }
  [[nodiscard]] Timestamp at() const { return at_; }
  // A deadline further away than the delay means that the clock was set back: due as well.
  [[nodiscard]] bool due(Timestamp now) const {
    return at_ != 0 && (now >= at_ || at_ - now > delay_);
  }

 private:
  std::int64_t delay_;
  Timestamp at_ = 0;
};

class TextSink final : public Sink {
 public:
  TextSink(TextOptions options, std::unique_ptr<Writer> writer)
      : options_(std::move(options)),
        writer_(std::move(writer)),
        immediate_(writer_->immediate()),
        separate_(options_.pids == TextOptions::Pids::Never),
        prefix_(options_) {}

  Result<> on(const Event& event) override;
  Result<> idle(Timestamp now) override;
  [[nodiscard]] Timestamp wants_idle_at() const override;
  Result<> finish() override;

 private:
  Result<> handle(const Event& event, const SyscallEntered& call);
  Result<> handle(const Event& event, const SyscallReturned& call);
  Result<> handle(const Event& event, const FunctionEntered& function);
  Result<> handle(const Event& event, const FunctionReturned& function);
  Result<> handle(const Event& event, const SignalDelivered& signal);
  Result<> handle(const Event& event, const GroupStopped& stop);
  Result<> handle(const Event& event, const ModeChanged& mode);
  Result<> announce_new_pid(const Event& event, Tid caller);
  Result<> handle(const Event& event, const Exited& exit);
  Result<> handle(const Event& event, const Killed& killed);
  Result<> handle(const Event& event, const Superseded& superseded);
  Result<> handle(const Event& event, const Attached& attached);
  Result<> handle(const Event& event, const Detached& detached);
  Result<> handle(const Event& event, const Notice& notice);

  Line& line_of(Strand strand);
  Line& line_of_event() { return line_of(strand_); }
  [[nodiscard]] Line* find_call(Tid tid);
  Result<> drop(Tid tid);
  void forget(Strand strand);
  Result<> leave_goroutines(const Event& event);
  void forget_idle();
  Result<> begin(Line& line, const Event& event, unsigned depth);
  Result<> begin_resumed(Line& line, const Event& event, std::string_view name);
  Result<> end(Line& line);
  Result<> settle(Line& line);
  Result<> settle_other(const Line& line);
  Result<> close_call(const Event& event, Line& line, std::string_view word);
  Result<> end_call(Line& line);
  Result<> end_dead_call(const Event& event, Line& line);
  Result<> last_line(const Event& event, bool silent, std::string_view text);
  Result<> show_halves();
  Result<> show_half(Line& line);
  Result<> show_long_open(Timestamp now);
  Result<> settle_overdue();
  Result<> diagnose(const Event& event, std::string_view subject, std::string_view text);
  Result<> write(Tid tid, std::string_view text);
  void pad(Line& line) const;
  void append_function(std::string_view name, std::string_view object, std::string& out) const;
  void append_outcome(const FunctionReturned& function, Line& line) const;
  static void append_stack(const StackTrace& stack, unsigned depth, std::string& out);
  static void append_place(const SourcePlace& place, std::string& out);
  void append_duration(Duration duration, std::string& out) const;
  // Calls of different threads break each other's lines.
  [[nodiscard]] bool shared() const { return !options_.whole_lines && !separate_; }

  TextOptions options_;
  std::unique_ptr<Writer> writer_;
  const bool immediate_;
  const bool separate_;  // a file for each thread
  LinePrefix prefix_;
  Strands strands_;
  Strand strand_;            // of the event that is being handled
  bool goroutines_ = false;  // there were any
  std::unordered_map<Strand, Line, StrandHash> lines_;
  std::size_t many_lines_ = 1024;  // when idle ones are to be forgotten: goroutines end unseen
  // The line that is the last one of the common stream, begun and not ended; nothing else may be
  // written before it is ended. Only when shared().
  Line* open_ = nullptr;
  Line* last_ = nullptr;  // the line of last_strand_: the next event is most often its too
  Strand last_strand_;
  Timestamp now_ = 0;
  Timer flush_timer_{kFlushAfter};    // from the first text that nobody can see yet
  Timer open_timer_{kShowOpenAfter};  // from the first line that waits for its end
  std::vector<Line*> overdue_;        // kept for its memory
  std::string message_;               // likewise
};

}  // namespace ttrace
