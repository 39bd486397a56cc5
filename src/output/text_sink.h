// The strace-like text output: one line an event, calls joined with their results.
#pragma once

#include <memory>
#include <string>

#include "base/fd.h"
#include "base/result.h"
#include "event/event.h"
#include "event/style.h"
#include "output/writer.h"

namespace ttrace {

struct TextOptions {
  using Time = LineTime;
  enum class Pids : std::uint8_t {
    WhenSeveral,  // "[pid 12] " while more than one thread is traced (stderr, -o -)
    Always,       // "12    " on every line (-o FILE or -o |cmd with -f or several -p)
    Never,        // -ff: one file a thread, so that threads do not break each other's lines
  };
  Time time = Time::None;
  bool relative_time = false;  // -r: seconds since the previous line
  Precision relative_precision = Precision::Microseconds;
  bool durations = false;  // -T: <0.000012>
  Precision duration_precision = Precision::Microseconds;
  Pids pids = Pids::WhenSeveral;
  unsigned result_column = 40;  // -a; 0: results follow directly (with --funcs, unless -a is given)
  bool whole_lines = false;     // a call's line is written when it returns, not in halves
  // The traced program writes to the same place: what is finished is shown before the program goes
  // on, so that its own output and the trace stand in their true order.
  bool shared_with_program = false;
  bool diagnostics_in_line =
      true;         // notices and "Process N attached" go where the trace goes (stderr)
  Silence silence;  // -q
  std::string program = "ttrace";  // argv[0]: begins every notice
};

/// Renders a Value as strace would. Appends to `out`; used by the sink, by tests and by benchmarks.
void render(const Value& value, std::string& out);

/// Makes the text sink. `writer` owns the destination; finish() closes it. Events must carry their
/// time whatever the options, because text that is held back is shown by it: on a terminal at once,
/// elsewhere after 50 ms; a function, and with `whole_lines` a call, that is open for 1 s.
/// Superseded moves the call that thread `by` has open to the event's thread, whose state is
/// dropped.
std::unique_ptr<Sink> make_text_sink(TextOptions options, std::unique_ptr<Writer> writer);

}  // namespace ttrace
