// Counting instead of showing (-c), or besides (-C).
#pragma once

#include <memory>

#include "event/event.h"
#include "event/summary_style.h"
#include "output/writer.h"

namespace ttrace {

/// Makes a sink that counts the calls that return, of all threads together, and writes the tables
/// when it is finished: one for the syscalls of each word size, and one for traced functions, whose
/// time is always wall-clock time. `lines` gets every event, or with `only` no more than the
/// messages that strace -c shows, too; what it is given to write to must be lent by `writer`, which
/// finish() closes.
std::unique_ptr<Sink> make_summary_sink(SummaryStyle style, bool only,
                                        std::unique_ptr<Writer> writer,
                                        std::unique_ptr<Sink> lines);

}  // namespace ttrace
