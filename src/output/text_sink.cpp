#include "output/text_sink.h"

#include <algorithm>

#include "output/text_lines.h"

namespace ttrace {

// --- lines ---------------------------------------------------------------------------------------

Result<> TextSink::write(Tid tid, std::string_view text) {
  flush_timer_.arm(now_);
  return writer_->write(tid, text);
}

Line& TextSink::line_of(Tid tid) {
  if (last_ == nullptr || last_tid_ != tid) {
    last_ = &lines_[tid.value];
    last_tid_ = tid;
  }
  return *last_;
}

Result<> TextSink::drop(Tid tid) {
  const auto found = lines_.find(tid.value);
  if (found != lines_.end()) {
    if (open_ == &found->second) open_ = nullptr;
    if (last_ == &found->second) last_ = nullptr;
    lines_.erase(found);
  }
  return writer_->thread_ended(tid);
}

/// Makes `line` ready for a new text: whatever is begun there or is in its way is ended.
Result<> TextSink::begin(Tid tid, Line& line, const Event& event, unsigned depth) {
  if (auto done = settle(tid, line); !done) return done;
  prefix_.append(event, line.text);
  line.text.append(std::size_t{2} * depth, ' ');
  return {};
}

Result<> TextSink::begin_resumed(Line& line, const Event& event, std::string_view name) {
  if (auto done = begin(event.tid, line, event, event.depth); !done) return done;
  line.text += "<... ";
  line.text += name;
  line.text += " resumed>";
  return {};
}

/// Writes the line with its newline.
Result<> TextSink::end(Tid tid, Line& line) {
  auto settled = settle_other(line);
  line.text += '\n';
  line.text += line.below;
  line.below.clear();
  auto written = write(tid, line.text);
  line.text.clear();
  line.shown = false;
  line.shown_columns = 0;
  if (open_ == &line) open_ = nullptr;
  return settled ? written : settled;
}

/// Ends the line that the thread has begun, because something else happens before its natural end.
Result<> TextSink::settle(Tid tid, Line& line) {
  switch (line.state) {
    case Line::State::Idle:
    case Line::State::Suspended:
      return {};
    case Line::State::Call:
      line.text += " <unfinished ...>";
      line.state = Line::State::Suspended;
      return end(tid, line);
    case Line::State::Function:
      line.text += " {";
      line.state = Line::State::Idle;
      return end(tid, line);
  }
  return {};
}

/// Ends another thread's line that is open in the common stream.
Result<> TextSink::settle_other(const Line& line) {
  if (open_ == nullptr || open_ == &line) return {};
  return settle(open_tid_, *open_);
}

// --- when text is shown --------------------------------------------------------------------------

Result<> TextSink::on(const Event& event) {
  now_ = event.time;
  auto done = std::visit([&](const auto& what) { return handle(event, what); }, event.what);
  if (!done || !immediate_) return done;
  // On a terminal the beginning of a line is seen while its call lasts.
  if (!options_.whole_lines) {
    if (const auto found = lines_.find(event.tid.value); found != lines_.end()) {
      if (done = show_half(event.tid, found->second); !done) return done;
    }
  }
  flush_timer_.disarm();
  return writer_->flush();
}

Result<> TextSink::show_half(Tid tid, Line& line) {
  if (line.text.empty()) return {};
  if (auto done = settle_other(line); !done) return done;
  auto written = write(tid, line.text);
  line.shown = true;
  line.shown_columns += line.text.size();
  line.text.clear();
  if (shared()) {
    open_ = &line;
    open_tid_ = tid;
  }
  return written;
}

/// Begun calls as far as they can be shown without ending their lines.
Result<> TextSink::show_halves() {
  if (options_.whole_lines) return {};
  if (!separate_) return open_ == nullptr ? Result<>() : show_half(open_tid_, *open_);
  for (auto& [tid, line] : lines_) {
    if (line.state != Line::State::Call) continue;
    if (auto done = show_half(Tid{tid}, line); !done) return done;
  }
  return {};
}

/// Ends the lines of calls and functions that last too long to be held back, oldest first.
Result<> TextSink::show_long_open(Timestamp now) {
  open_timer_.disarm();
  overdue_.clear();
  for (const auto& [tid, line] : lines_) {
    const bool held = line.state == Line::State::Function ||
                      (line.state == Line::State::Call && options_.whole_lines);
    if (!held || line.shown) continue;
    if (now - line.since >= kShowOpenAfter || now < line.since) {
      overdue_.emplace_back(line.since, tid);
    } else if (open_timer_.at() == 0 || line.since + kShowOpenAfter < open_timer_.at()) {
      open_timer_.disarm();
      open_timer_.arm(line.since);
    }
  }
  std::sort(overdue_.begin(), overdue_.end());
  for (const auto& [since, tid] : overdue_) {
    if (auto done = settle(Tid{tid}, lines_.at(tid)); !done) return done;
  }
  if (overdue_.empty()) return {};
  flush_timer_.disarm();
  return writer_->flush();
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
  if (open_ != nullptr) keep_first(settle(open_tid_, *open_));
  overdue_.clear();
  for (const auto& [tid, line] : lines_)
    overdue_.emplace_back(line.since, tid);
  std::sort(overdue_.begin(), overdue_.end());
  for (const auto& [since, tid] : overdue_)
    keep_first(settle(Tid{tid}, lines_.at(tid)));
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
