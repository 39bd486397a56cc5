// Whose events are shown: sinks before the others.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "event/event.h"

namespace ttrace {

/// Makes a sink that hands on to `to` the calls and signals of these goroutines only
/// (--goroutine), and all other events: that a thread is attached to or ends, and notices. A call
/// is the goroutine's that began it. A goroutine of which nothing was seen is named in a notice at
/// the end.
std::unique_ptr<Sink> make_goroutine_filter(const std::vector<std::uint64_t>& goroutines,
                                            std::unique_ptr<Sink> to);

/// Makes a sink that hands on to `to` all but the syscalls and signals of the Go runtime's own
/// (--go-runtime=hide). finish() says in a notice how many of each were left out; nothing when none
/// was.
std::unique_ptr<Sink> make_runtime_filter(std::unique_ptr<Sink> to);

}  // namespace ttrace
