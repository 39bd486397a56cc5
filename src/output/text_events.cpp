// What each kind of event looks like.
#include <fmt/format.h>

#include <unistd.h>

#include "base/quote.h"
#include "output/syscall_result.h"
#include "output/text_lines.h"

namespace ttrace {

namespace {

std::string_view end_word(CallEnd end) {
  switch (end) {
    case CallEnd::Returned:
      break;
    case CallEnd::Unwound:
      return " <unwound>";
    case CallEnd::UnwoundByPanic:
      return " <unwound by panic>";
    case CallEnd::UnwoundByGoexit:
      return " <unwound by Goexit>";
  }
  return {};
}

/// Values with their names, separated by commas.
void append_named(std::span<const Value> values, std::string& text) {
  bool first = true;
  for (Value value : values) {
    if (!first) text += ", ";
    first = false;
    value.show_name = true;
    render(value, text);
  }
}

}  // namespace

// --- the parts of a line -------------------------------------------------------------------------

void TextSink::pad(Line& line) const {
  const std::size_t column = line.shown_columns + line.text.size();
  line.text.append(column < options_.result_column ? options_.result_column - column : 1, ' ');
}

void TextSink::append_duration(Duration duration, std::string& out) const {
  if (!options_.durations || duration < 0) return;
  out += " <";
  append_seconds(duration, 0, digits_of(options_.duration_precision), out);
  out += '>';
}

void TextSink::append_function(std::string_view name, std::string_view object,
                               std::string& out) const {
  append_printable(name, out);
  if (object.empty()) return;
  out += '@';
  append_printable(object, out);
}

void TextSink::append_place(const SourcePlace& place, std::string& out) {
  if (place.file.empty()) return;
  out += " at ";
  append_printable(place.file, out);
  fmt::format_to(std::back_inserter(out), ":{}", place.line);
}

void TextSink::append_outcome(const FunctionReturned& function, Line& line) const {
  if (function.end != CallEnd::Returned) {
    line.text += end_word(function.end);
  } else if (function.result.kind != Value::Kind::None) {
    pad(line);
    line.text += "= ";
    render(function.result, line.text);
  }
  if (!function.outputs.empty()) {
    line.text += " (";
    append_named(function.outputs, line.text);
    line.text += ')';
  }
  append_place(function.place, line.text);
  append_duration(function.duration, line.text);
}

// The form of strace's -k.
void TextSink::append_stack(const StackTrace& stack, unsigned depth, std::string& out) {
  auto begin = [&] {
    out.append(std::size_t{2} * depth, ' ');
    out += " > ";
  };
  for (const StackFrame& frame : stack.frames) {
    begin();
    append_printable(frame.object, out);
    if (!frame.object.empty()) out += '(';
    append_printable(frame.function, out);
    if (!frame.function.empty()) fmt::format_to(std::back_inserter(out), "+{:#x}", frame.offset);
    if (!frame.object.empty()) out += ") ";
    fmt::format_to(std::back_inserter(out), "[{:#x}]", frame.address.value());
    if (!frame.file.empty()) {
      out += ' ';
      append_printable(frame.file, out);
      fmt::format_to(std::back_inserter(out), ":{}", frame.line);
    }
    out += '\n';
  }
  if (stack.complete) return;
  begin();
  out += "(its caller is not known)\n";
}

// --- syscalls ------------------------------------------------------------------------------------

Result<> TextSink::handle(const Event& event, const SyscallEntered& call) {
  Line& line = line_of_event();
  if (auto done = begin(line, event, event.depth); !done) return done;
  if (auto done = settle_other(line); !done) return done;
  line.text += call.name;
  line.text += '(';
  bool first = true;
  for (const Value& arg : call.args) {
    if (!first) line.text += ", ";
    first = false;
    render(arg, line.text);
  }
  line.state = Line::State::Call;
  line.complete = call.complete;
  line.has_arguments = !first;
  line.name = call.name;
  line.stack.clear();
  append_stack(call.stack, event.depth, line.stack);
  line.since = event.time;
  if (options_.whole_lines) {
    open_timer_.arm(event.time);
  } else {
    flush_timer_.arm(event.time);
  }
  if (shared()) open_ = &line;
  return {};
}

Result<> TextSink::handle(const Event& event, const SyscallReturned& call) {
  Line& line = line_of_event();
  const bool lost = call.result.kind == SyscallResult::Kind::Unknown && call.args.empty() &&
                    line.state != Line::State::Idle && !line.complete;
  if (lost) return end_dead_call(event, line);
  if (line.state != Line::State::Call) {
    if (auto done = begin_resumed(line, event, call.name); !done) return done;
  }
  for (const Value& arg : call.args) {
    if (line.has_arguments) line.text += ", ";
    line.has_arguments = true;
    render(arg, line.text);
  }
  line.text += ')';
  pad(line);
  line.text += "= ";
  append_syscall_result(call.result, line.text);
  append_duration(call.duration, line.text);
  line.has_arguments = false;
  return end_call(line);
}

/// Writes the last line of a call.
Result<> TextSink::end_call(Line& line) {
  line.state = Line::State::Idle;
  line.below += line.stack;
  line.stack.clear();
  return end(line);
}

/// The end of a call that never returned, of which arguments are missing.
Result<> TextSink::end_dead_call(const Event& event, Line& line) {
  if (line.state == Line::State::Suspended) {
    if (auto done = begin_resumed(line, event, line.name); !done) return done;
  }
  if (!line.complete) line.text += " <unfinished ...>";
  line.text += ')';
  pad(line);
  line.text += "= ?";
  return end_call(line);
}

/// Ends whatever the thread has open, for nothing more will come of it: `word` instead of a result.
Result<> TextSink::close_call(const Event& event, Line& line, std::string_view word) {
  if (line.state == Line::State::Suspended) {
    if (auto done = begin_resumed(line, event, line.name); !done) return done;
    line.state = Line::State::Call;
  }
  if (line.state != Line::State::Call) return settle(line);
  line.text += word;
  return end_call(line);
}

// --- functions -----------------------------------------------------------------------------------

Result<> TextSink::handle(const Event& event, const FunctionEntered& function) {
  Line& line = line_of_event();
  if (auto done = begin(line, event, event.depth); !done) return done;
  append_function(function.name, function.object, line.text);
  line.text += '(';
  append_named(function.args, line.text);
  if (function.truncated) line.text += function.args.empty() ? "..." : ", ...";
  line.text += ')';
  append_place(function.place, line.text);
  if (!function.returns) {
    line.text += " <no return>";
    return end(line);
  }
  line.state = Line::State::Function;
  append_stack(function.stack, event.depth, line.below);
  line.since = event.time;
  // Where it is not held back, on() shows it.
  if (!immediate_ || options_.whole_lines) open_timer_.arm(event.time);
  return {};
}

Result<> TextSink::handle(const Event& event, const FunctionReturned& function) {
  Line& line = line_of_event();
  // The call that the line has may be open still, on another stack; a line in another thread's file
  // cannot be ended there.
  const bool elsewhere = separate_ && line.tid != event.tid;
  if (line.state != Line::State::Function || !function.entered_last || elsewhere) {
    if (auto done = begin(line, event, event.depth); !done) return done;
    line.text += "} ";
    append_function(function.name, function.object, line.text);
  }
  append_outcome(function, line);
  append_stack(function.stack, event.depth, line.below);
  line.state = Line::State::Idle;
  return end(line);
}

// --- signals, beginnings and ends ----------------------------------------------------------------

Result<> TextSink::handle(const Event& event, const SignalDelivered& signal) {
  Line& line = line_of_event();
  if (auto done = begin(line, event, event.depth); !done) return done;
  line.text += "--- ";
  line.text += signal.name;
  line.text += ' ';
  if (signal.info.kind != Value::Kind::None) {
    render(signal.info, line.text);
    line.text += ' ';
  }
  line.text += "---";
  append_stack(signal.stack, event.depth, line.below);
  return end(line);
}

Result<> TextSink::handle(const Event& event, const GroupStopped& stop) {
  Line& line = line_of_event();
  if (auto done = begin(line, event, event.depth); !done) return done;
  line.text += "--- stopped by ";
  line.text += stop.name;
  line.text += " ---";
  return end(line);
}

Result<> TextSink::handle(const Event& event, const ModeChanged& mode) {
  if (options_.silence.personality) return {};
  Line& line = line_of_event();
  if (auto done = begin(line, event, 0); !done) return done;
  line.text += "[ Process PID=";
  append_padded(event.tid.value, 0, false, line.text);
  line.text += " runs in ";
  append_padded(mode.bits, 0, false, line.text);
  line.text += " bit mode. ]";
  return end(line);
}

/// A thread's last line; where it is not wanted, only the end of what the thread has open.
Result<> TextSink::last_line(const Event& event, bool silent, std::string_view text) {
  if (Line* call = find_call(event.tid); call != nullptr) {
    if (auto done = end_dead_call(event, *call); !done) return done;
  }
  if (auto done = leave_goroutines(event); !done) return done;
  Line& line = line_of(thread_strand(event.tid));
  if (silent) return settle(line);
  // Goroutines do not end with the thread that they were on.
  Event of_thread = event;
  of_thread.goroutine = 0;
  if (auto done = begin(line, of_thread, 0); !done) return done;
  line.text += text;
  return end(line);
}

Result<> TextSink::handle(const Event& event, const Exited& exit) {
  message_ = "+++ exited with ";
  append_padded(exit.status, 0, false, message_);
  message_ += " +++";
  if (auto done = last_line(event, options_.silence.exit, message_); !done) return done;
  return drop(event.tid);
}

Result<> TextSink::handle(const Event& event, const Killed& killed) {
  message_ = "+++ killed by ";
  message_ += killed.name;
  if (killed.core_dumped) message_ += " (core dumped)";
  message_ += " +++";
  if (auto done = last_line(event, false, message_); !done) return done;
  return drop(event.tid);
}

// The executing thread's call goes on under its leader's number: its line says so.
Result<> TextSink::announce_new_pid(const Event& event, Tid caller) {
  Line* by = find_call(caller);
  if (by == nullptr || by->state != Line::State::Call) return {};
  if (options_.whole_lines && !separate_) return {};
  by->text += " <pid changed to ";
  append_padded(event.tid.value, 0, false, by->text);
  by->text += " ...>";
  by->state = Line::State::Suspended;
  return end(*by);
}

Result<> TextSink::handle(const Event& event, const Superseded& superseded) {
  if (auto done = announce_new_pid(event, superseded.by); !done) return done;
  message_ = "+++ superseded by execve in pid ";
  append_padded(superseded.by.value, 0, false, message_);
  message_ += " +++";
  if (auto done = last_line(event, options_.silence.thread_execve, message_); !done) return done;
  // The executing thread has this one's number from now on, and its call goes on under that.
  if (Line* call = find_call(superseded.by); call != nullptr) call->tid = event.tid;
  strands_.end(superseded.by, event.tid);
  Line& line = line_of(thread_strand(event.tid));
  const auto by = lines_.find(thread_strand(superseded.by));
  if (by == lines_.end()) return drop(superseded.by);
  std::swap(line, by->second);
  line.tid = event.tid;
  if (open_ == &by->second) open_ = &line;
  return drop(superseded.by);
}

// --- messages ------------------------------------------------------------------------------------

/// Writes "ttrace: SUBJECT TEXT" on a line of its own.
Result<> TextSink::diagnose(const Event& event, std::string_view subject, std::string_view text) {
  message_ = options_.program;
  message_ += ": ";
  if (!subject.empty()) {
    message_ += subject;
    message_ += ' ';
    append_padded(event.tid.value, 0, false, message_);
    message_ += ' ';
  }
  message_ += text;
  message_ += '\n';
  if (!options_.diagnostics_in_line) {
    // Nothing can be done when this fails, and the trace itself is not affected.
    static_cast<void>(::write(STDERR_FILENO, message_.data(), message_.size()) >= 0);
    return {};
  }
  // A line of which nothing was shown yet can follow; a half one cannot stay so.
  if (open_ != nullptr && open_->shown) {
    if (auto done = settle(*open_); !done) return done;
  }
  return write(event.tid, message_);
}

Result<> TextSink::handle(const Event& event, const Attached& attached) {
  if (options_.silence.attach) return {};
  if (attached.threads <= 1) return diagnose(event, "Process", "attached");
  return diagnose(event, "Process", fmt::format("attached with {} threads", attached.threads));
}

Result<> TextSink::handle(const Event& event, const Detached&) {
  if (Line* call = find_call(event.tid); call != nullptr) {
    if (auto done = close_call(event, *call, " <detached ...>"); !done) return done;
  }
  if (auto done = leave_goroutines(event); !done) return done;
  if (const auto found = lines_.find(thread_strand(event.tid)); found != lines_.end()) {
    if (auto done = settle(found->second); !done) return done;
  }
  if (!options_.silence.attach) {
    if (auto done = diagnose(event, "Process", "detached"); !done) return done;
  }
  return drop(event.tid);
}

Result<> TextSink::handle(const Event& event, const Notice& notice) {
  return diagnose(event, "", notice.text);
}

}  // namespace ttrace
