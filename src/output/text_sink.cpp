#include "output/text_sink.h"

#include <algorithm>

#include "output/text_lines.h"

namespace ttrace {

// --- lines ---------------------------------------------------------------------------------------

Result<> TextSink::write(Tid tid, std::string_view text) {
  flush_timer_.arm(now_);
  return writer_->write(tid, text);
}

Line& TextSink::line_of(Strand strand) {
  if (last_ == nullptr || last_strand_ != strand) {
    if (lines_.size() >= many_lines_) forget_idle();
    last_ = &lines_[strand];
    last_strand_ = strand;
  }
  return *last_;
}

/// The line with the syscall that a thread is in; nullptr: it has none.
Line* TextSink::find_call(Tid tid) {
  const auto found = lines_.find(strands_.of_call(tid));
  if (found == lines_.end()) return nullptr;
  const auto state = found->second.state;
  return state == Line::State::Call || state == Line::State::Suspended ? &found->second : nullptr;
}

void TextSink::forget(Strand strand) {
  const auto found = lines_.find(strand);
  if (found == lines_.end()) return;
  if (open_ == &found->second) open_ = nullptr;
  if (last_ == &found->second) last_ = nullptr;
  lines_.erase(found);
}

Result<> TextSink::drop(Tid tid) {
  strands_.end(tid);
  forget(thread_strand(tid));
  return writer_->thread_ended(tid);
}

void TextSink::forget_idle() {
  std::erase_if(lines_, [&](const auto& entry) {
    const Line& line = entry.second;
    return line.state == Line::State::Idle && line.text.empty() && &line != open_;
  });
  last_ = nullptr;
  many_lines_ = std::max(many_lines_, 2 * lines_.size());
}

/// A thread ends, or is let go: what its goroutines have begun cannot be ended on its lines any
/// more. With the leader, the process ends, and its goroutines do.
Result<> TextSink::leave_goroutines(const Event& event) {
  if (!goroutines_) return {};
  const bool all = event.tid.value == event.pid.value;
  overdue_.clear();
  for (auto& [strand, line] : lines_) {
    if (line.state != Line::State::Function || strand.process != event.pid.value) continue;
    if (all || line.tid == event.tid) overdue_.push_back(&line);
  }
  return settle_overdue();
}

/// Makes `line` ready for a new text: whatever is begun there or is in its way is ended.
Result<> TextSink::begin(Line& line, const Event& event, unsigned depth) {
  if (auto done = settle(line); !done) return done;
  line.tid = event.tid;
  prefix_.append(event, line.text);
  line.text.append(std::size_t{2} * depth, ' ');
  return {};
}

Result<> TextSink::begin_resumed(Line& line, const Event& event, std::string_view name) {
  if (auto done = begin(line, event, event.depth); !done) return done;
  line.text += "<... ";
  line.text += name;
  line.text += " resumed>";
  return {};
}

/// Writes the line with its newline.
Result<> TextSink::end(Line& line) {
  auto settled = settle_other(line);
  line.text += '\n';
  line.text += line.below;
  line.below.clear();
  auto written = write(line.tid, line.text);
  line.text.clear();
  line.shown = false;
  line.shown_columns = 0;
  if (open_ == &line) open_ = nullptr;
  return settled ? written : settled;
}

/// Ends a line that is begun, because something else happens before its natural end.
Result<> TextSink::settle(Line& line) {
  switch (line.state) {
    case Line::State::Idle:
    case Line::State::Suspended:
      return {};
    case Line::State::Call:
      line.text += " <unfinished ...>";
      line.state = Line::State::Suspended;
      return end(line);
    case Line::State::Function:
      line.text += " {";
      line.state = Line::State::Idle;
      return end(line);
  }
  return {};
}

/// Ends another line that is open in the common stream.
Result<> TextSink::settle_other(const Line& line) {
  if (open_ == nullptr || open_ == &line) return {};
  return settle(*open_);
}

// --- when text is shown --------------------------------------------------------------------------

Result<> TextSink::on(const Event& event) {
  now_ = event.time;
  strand_ = strands_.of(event);
  goroutines_ |= strand_.is_goroutine();
  auto done = std::visit([&](const auto& what) { return handle(event, what); }, event.what);
  if (!done || !immediate_) return done;
  // On a terminal the beginning of a line is seen while its call lasts.
  if (!options_.whole_lines) {
    if (const auto found = lines_.find(strand_); found != lines_.end()) {
      if (done = show_half(found->second); !done) return done;
    }
  }
  flush_timer_.disarm();
  return writer_->flush();
}

Result<> TextSink::show_half(Line& line) {
  if (line.text.empty()) return {};
  if (auto done = settle_other(line); !done) return done;
  auto written = write(line.tid, line.text);
  line.shown = true;
  line.shown_columns += line.text.size();
  line.text.clear();
  if (shared()) open_ = &line;
  return written;
}

/// Begun calls as far as they can be shown without ending their lines.
Result<> TextSink::show_halves() {
  if (options_.whole_lines) return {};
  if (!separate_) return open_ == nullptr ? Result<>() : show_half(*open_);
  for (auto& [strand, line] : lines_) {
    if (line.state != Line::State::Call) continue;
    if (auto done = show_half(line); !done) return done;
  }
  return {};
}

/// Ends the lines of calls and functions that last too long to be held back, oldest first.
Result<> TextSink::show_long_open(Timestamp now) {
  open_timer_.disarm();
  overdue_.clear();
  for (auto& [strand, line] : lines_) {
    const bool held = line.state == Line::State::Function ||
                      (line.state == Line::State::Call && options_.whole_lines);
    if (!held || line.shown) continue;
    if (now - line.since >= kShowOpenAfter || now < line.since) {
      overdue_.push_back(&line);
    } else if (open_timer_.at() == 0 || line.since + kShowOpenAfter < open_timer_.at()) {
      open_timer_.disarm();
      open_timer_.arm(line.since);
    }
  }
  if (overdue_.empty()) return {};
  if (auto done = settle_overdue(); !done) return done;
  flush_timer_.disarm();
  return writer_->flush();
}

/// Ends the lines of overdue_, oldest first, all of them although one fails.
Result<> TextSink::settle_overdue() {
  std::ranges::sort(overdue_, {},
                    [](const Line* line) { return std::pair(line->since, line->tid.value); });
  Result<> result;
  for (Line* line : overdue_) {
    auto done = settle(*line);
    if (result && !done) result = std::move(done);
  }
  return result;
}

Result<> TextSink::idle(Timestamp now) {
  now_ = now;
  if (open_timer_.due(now)) {
    if (auto done = show_long_open(now); !done) return done;
  }
  if (!flush_timer_.due(now)) {
    bool behind = options_.shared_with_program && flush_timer_.at() != 0;
    return behind ? writer_->flush() : Result<>();
  }
  if (auto done = show_halves(); !done) return done;
  flush_timer_.disarm();
  return writer_->flush();
}

Timestamp TextSink::wants_idle_at() const {
  const Timestamp flush = flush_timer_.at();
  const Timestamp open = open_timer_.at();
  if (flush == 0 || open == 0) return std::max(flush, open);
  return std::min(flush, open);
}

Result<> TextSink::finish() {
  Result<> result;
  const auto keep_first = [&](Result<> next) {
    if (result && !next) result = std::move(next);
  };
  if (open_ != nullptr) keep_first(settle(*open_));
  overdue_.clear();
  for (auto& [strand, line] : lines_)
    overdue_.push_back(&line);
  keep_first(settle_overdue());
  keep_first(writer_->close());
  lines_.clear();
  open_ = nullptr;
  last_ = nullptr;
  flush_timer_.disarm();
  open_timer_.disarm();
  return result;
}

std::unique_ptr<Sink> make_text_sink(TextOptions options, std::unique_ptr<Writer> writer) {
  return std::make_unique<TextSink>(std::move(options), std::move(writer));
}

}  // namespace ttrace
