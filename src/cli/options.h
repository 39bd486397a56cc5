// What the user asked for.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/address.h"
#include "base/fd_names.h"
#include "base/result.h"
#include "event/style.h"
#include "event/summary_style.h"

namespace ttrace {

struct Options {
  enum class Action : std::uint8_t { Trace, ListFunctions, Help, Version };
  using Time = LineTime;  // -t, -tt and -ttt are Seconds, Microseconds and UnixMicroseconds
  using Precision = ttrace::Precision;
  enum class WholeLines : std::uint8_t { Auto, Always, Never };

  using Silence = ttrace::Silence;

  Action action = Action::Trace;

  // What to trace
  std::vector<std::string> command;  // PROG [ARGS]
  std::vector<Pid> attach;           // -p, in order, without repetitions
  bool follow_forks = false;         // -f, -ff
  bool separate_files = false;       // -ff, --output-separately; only ever set together with a file

  // Which events
  std::optional<std::string> trace_set;  // the text behind trace=: "openat,close", "!read", "none"
  Statuses statuses;                     // -e status=, -z, -Z
  // Of which calls structures are cut short (-v: "none") and which ones' pointers are followed
  std::optional<std::string> abbreviated_set;   // --abbrev, as trace_set
  std::optional<std::string> dereferenced_set;  // --verbose
  std::int64_t shortest = 0;                    // --min-duration, nanoseconds

  // Functions: REGEX[@OBJECT], in order, none of them empty
  std::vector<std::string> functions;           // --funcs
  std::vector<std::string> excluded_functions;  // --exclude-funcs
  std::vector<std::string> within;              // --within
  unsigned follow_calls = 0;                    // --follow-calls, levels
  unsigned function_stack = 0;                  // --stack, frames
  unsigned value_depth = 3;                     // --depth, levels of structures
  std::size_t most_functions = 10'000;          // --max-funcs

  std::vector<std::string> prototypes;  // --prototypes FILE, in order
  bool locations = false;               // --location
  enum class StackAt : std::uint8_t { Entry, Return, Both };
  StackAt stack_at = StackAt::Entry;  // --stack-at: where --stack shows callers

  // Go
  std::vector<std::uint64_t> goroutines;  // --goroutine; none: all
  enum class GoRuntime : std::uint8_t { Auto, Hide, Show };
  GoRuntime go_runtime = GoRuntime::Auto;  // --go-runtime; Auto only until all options are known
  /// What is to be built and traced; `command` then has its arguments.
  struct GoPackage {
    enum class Kind : std::uint8_t { None, Program, Test };
    Kind kind = Kind::None;
    std::string package;             // --go-build, --go-test
    std::string output;              // --go-output: where the binary is kept; empty: nowhere
    std::vector<std::string> flags;  // --go-flags, split into words
  };
  GoPackage go;

  // How it is written
  std::string output;             // -o: empty for stderr; "-" for stdout; "|cmd"; otherwise a file
  bool append = false;            // -A
  std::size_t string_limit = 32;  // -s, in bytes
  FdDetails fd_details;           // -y, -yy, --decode-fds
  Time time = Time::None;         // -t, -tt, -ttt, --absolute-timestamps
  bool relative_time = false;     // -r
  Precision relative_precision = Precision::Microseconds;
  bool durations = false;  // -T
  Precision duration_precision = Precision::Microseconds;
  std::optional<unsigned> result_column;  // -a
  enum class Stack : std::uint8_t { None, Symbols, Source };
  Stack stack = Stack::None;      // -k, -kk, --stack-trace: of syscalls
  std::size_t stack_limit = 256;  // --stack-trace-frame-limit
  Silence silence;                // what -q or --quiet=SET asked for
  WholeLines whole_lines = WholeLines::Auto;

  // Counting
  enum class Summary : std::uint8_t { None, Only, Also };  // -c: Only; -C: Also
  Summary summary = Summary::None;
  SummaryStyle summary_style;  // -O, -S, -U, -w

  std::string program = "ttrace";  // argv[0] as typed: begins every message
  /// Things worth saying that stop nothing: "-A/--output-append-mode has no effect without …".
  std::vector<std::string> warnings;
};

struct OptionUse;
struct ParseState;

/// One option of the command line, as --help, the parser and the tests know it. A new option is a
/// new row: nothing else lists options.
struct OptionRow {
  std::string_view name;      // as CLI11 takes it: "-s,--string-limit"
  std::string_view argument;  // "N"; "[SET]" if it may be left out (and then the long form only
                              // takes one, behind '='); empty for a flag
  std::string_view group;     // heading in --help: "Output format"
  std::string_view help;      // one or more lines
  /// Gives one use of the option its meaning. Defined in option_table.cpp.
  Result<> (*apply)(ParseState& state, const OptionUse& use);
};
std::span<const OptionRow> option_table();

/// Parses getopt-style, as strace does. Errors carry the whole message of strace's form without the
/// leading "ttrace: ": "invalid -s argument: 'x'", "must have PROG [ARGS] or -p PID\nTry 'ttrace
/// -h' for more information." (`program` is argv[0]).
Result<Options> parse_options(int argc, const char* const* argv);

/// The text of -h.
std::string help_text();
/// The text of -V.
std::string version_text();

}  // namespace ttrace
