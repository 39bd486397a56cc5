#include "cli/option_table.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <climits>

#include "cli/function_options.h"
#include "cli/go_options.h"
#include "cli/summary_options.h"
#include "cli/values.h"

namespace ttrace {

namespace {

using Given = const OptionUse&;

// Calls `each` for the parts of a comma-separated list that are not empty, until one fails.
template <class F>
bool each_part(std::string_view list, F each) {
  while (!list.empty()) {
    std::size_t comma = std::min(list.find(','), list.size());
    if (comma != 0 && !each(list.substr(0, comma))) return false;
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return true;
}

// --- Startup and tracing

Result<> apply_attach(ParseState& state, Given use) {
  std::string_view rest = *use.value;
  while (!rest.empty()) {
    std::size_t length = std::min(rest.find_first_of(", \t\n"), rest.size());
    std::string_view text = rest.substr(0, length);
    std::optional<int> number = parse_number(text, INT_MAX);
    if (!number || *number == 0) return Error{0, fmt::format("Invalid process id: '{}'", text)};
    if (*number == ::getpid()) {
      return Error{0, fmt::format("cannot trace process {}: it is this tracer itself", *number)};
    }
    std::vector<Pid>& attach = state.options.attach;
    Pid pid{*number};
    if (std::find(attach.begin(), attach.end(), pid) == attach.end()) attach.push_back(pid);
    rest.remove_prefix(std::min(length + 1, rest.size()));
  }
  return {};
}

Result<> apply_follow(ParseState& state, Given use) {
  state.options.follow_forks = true;
  if (use.is_short()) {
    ++state.letter_f;
  } else {
    state.long_follow = true;
  }
  return {};
}

// --- Filtering

Result<> apply_trace(ParseState& state, Given use) {
  // Names are checked where the tables of them are; nothing at all is no name in any table.
  if (use.value->empty()) return Error{0, "invalid system call ''"};
  state.options.trace_set = std::string(*use.value);
  return {};
}

// What strace's -e can also be asked for.
constexpr std::array<std::string_view, 26> kOtherQualifiers = {
    "raw",      "x",       "signal", "signals",   "s",           "read",       "reads",
    "r",        "write",   "writes", "w",         "fault",       "inject",     "quiet",
    "silent",   "silence", "q",      "kvm",       "decode-pids", "decode-pid", "trace-fds",
    "trace-fd", "fds",     "fd",     "secontext", "namespace"};

Result<> apply_verbose(ParseState& state, Given) {
  state.options.abbreviated_set = "none";
  return {};
}

Result<> set_of_calls(std::optional<std::string>& to, Given use) {
  if (use.value->empty()) return Error{0, "invalid system call ''"};
  to = std::string(*use.value);
  return {};
}

Result<> apply_abbreviated(ParseState& state, Given use) {
  return set_of_calls(state.options.abbreviated_set, use);
}

Result<> apply_dereferenced(ParseState& state, Given use) {
  return set_of_calls(state.options.dereferenced_set, use);
}

Result<> apply_decode_fds(ParseState& state, Given use);
Result<> apply_status(ParseState& state, Given use);

// What -e stands for, by what is before the '='.
struct Qualifier {
  std::string_view word;
  Result<> (*apply)(ParseState& state, Given use);
};
constexpr Qualifier kQualifiers[] = {
    {"trace", apply_trace},           {"t", apply_trace},
    {"abbrev", apply_abbreviated},    {"a", apply_abbreviated},
    {"verbose", apply_dereferenced},  {"v", apply_dereferenced},
    {"decode-fds", apply_decode_fds}, {"decode-fd", apply_decode_fds},
    {"status", apply_status},
};

Result<> apply_qualifier(ParseState& state, Given use) {
  std::string_view text = *use.value;
  std::size_t equals = text.find('=');
  if (equals == std::string_view::npos) return apply_trace(state, use);
  std::string_view qualifier = text.substr(0, equals);
  for (const Qualifier& known : kQualifiers) {
    if (known.word == qualifier) return known.apply(state, {"-e", text.substr(equals + 1)});
  }
  if (std::find(kOtherQualifiers.begin(), kOtherQualifiers.end(), qualifier) !=
      kOtherQualifiers.end()) {
    return Error{
        0, fmt::format("invalid -e argument: '{}': only trace=, status=, abbrev=, verbose= and "
                       "decode-fds= are supported",
                       text)};
  }
  return apply_trace(state, use);
}

// --- Output format

Result<> apply_columns(ParseState& state, Given use) {
  std::optional<int> number = parse_number(*use.value, INT_MAX);
  if (!number) return invalid_argument(state, use);
  state.options.result_column = unsigned(*number);
  return {};
}

Result<> apply_output(ParseState& state, Given use) {
  state.output = std::string(*use.value);
  return {};
}

Result<> apply_append(ParseState& state, Given) {
  state.options.append = true;
  return {};
}

Result<> apply_separately(ParseState& state, Given) {
  state.long_separately = true;
  return {};
}

struct SilenceWord {
  std::string_view word;
  bool Options::Silence::*member;
};
constexpr SilenceWord kSilenceWords[] = {
    {"attach", &Options::Silence::attach},
    {"exit", &Options::Silence::exit},
    {"path-resolution", &Options::Silence::path_resolution},
    {"personality", &Options::Silence::personality},
    {"thread-execve", &Options::Silence::thread_execve},
    {"superseded", &Options::Silence::thread_execve},
};

struct FdWord {
  std::string_view word;
  bool FdDetails::*member;
};
constexpr FdWord kFdWords[] = {
    {"path", &FdDetails::path},         {"socket", &FdDetails::socket},
    {"dev", &FdDetails::device},        {"pidfd", &FdDetails::pidfd},
    {"signalfd", &FdDetails::signalfd}, {"eventfd", &FdDetails::eventfd},
};

struct StatusWord {
  std::string_view word;
  bool Statuses::*member;
};
constexpr StatusWord kStatusWords[] = {
    {"successful", &Statuses::successful}, {"failed", &Statuses::failed},
    {"unfinished", &Statuses::unfinished}, {"unavailable", &Statuses::unavailable},
    {"detached", &Statuses::detached},
};

// A set of words, "!" in front to invert it, "all" or "none": sets the members that they stand for,
// and clears the others. `what` the words are is for the message.
template <class Set, class Row, std::size_t N>
Result<> parse_words(Set& to, const Row (&rows)[N], std::string_view what, std::string_view set) {
  bool value = true;
  std::string_view names = set;
  while (names.starts_with('!')) {
    value = !value;
    names.remove_prefix(1);
  }
  auto set_all = [&](bool all) {
    for (const Row& row : rows)
      to.*row.member = all;
  };
  bool whole = same_word(names, "all");
  if (whole || same_word(names, "none")) {
    set_all(whole == value);
    return {};
  }
  set_all(!value);
  std::string_view wrong = names;
  bool good = each_part(names, [&](std::string_view part) {
    for (const Row& row : rows) {
      if (!same_word(row.word, part)) continue;
      to.*row.member = value;
      return true;
    }
    wrong = part;
    return false;
  });
  bool empty = names.find_first_not_of(',') == std::string_view::npos;
  if (good && !empty) return {};
  return Error{0, fmt::format("invalid {} '{}'", what, empty ? set : wrong)};
}

Result<> apply_status(ParseState& state, Given use) {
  return parse_words(state.options.statuses, kStatusWords, "status", *use.value);
}

Result<> apply_successful(ParseState& state, Given use) {
  ++state.status_letters;
  return apply_status(state, {use.spelled, "successful"});
}

Result<> apply_failed(ParseState& state, Given use) {
  ++state.status_letters;
  return apply_status(state, {use.spelled, "failed"});
}

Result<> apply_quiet(ParseState& state, Given use) {
  if (use.is_short()) {
    ++state.letter_q;
    return {};
  }
  state.long_quiet = true;
  return parse_words(state.options.silence, kSilenceWords, "quiet",
                     use.value.value_or("attach,personality"));
}

Result<> apply_decode_fds(ParseState& state, Given use) {
  if (use.spelled == "-y") {
    ++state.letter_y;
    return {};
  }
  state.long_decode_fds = true;
  return parse_words(state.options.fd_details, kFdWords, "decode-fds", use.value.value_or("path"));
}

Result<> apply_string_limit(ParseState& state, Given use) {
  // strace's own limit: a quarter of what 32 bits hold, since a byte may need four characters.
  std::optional<int> number = parse_number(*use.value, (1 << 30) - 1);
  if (!number) return invalid_argument(state, use);
  state.options.string_limit = std::size_t(*number);
  return {};
}

using Precision = Options::Precision;
constexpr Word<Precision> kPrecisions[] = {
    {"s", Precision::Seconds},
    {"ms", Precision::Milliseconds},
    {"us", Precision::Microseconds},
    {"ns", Precision::Nanoseconds},
};

using Clock = ParseState::Clock;
constexpr Word<Clock> kClocks[] = {
    {"none", Clock::None}, {"time", Clock::TimeOfDay}, {"unix", Clock::Unix}};

// A FORMAT or a PRECISION, with or without saying which it is.
bool set_timestamp_part(ParseState& state, std::string_view part) {
  constexpr std::string_view kFormat = "format:", kPrecision = "precision:";
  bool is_format = same_word(part.substr(0, kFormat.size()), kFormat);
  bool is_precision = same_word(part.substr(0, kPrecision.size()), kPrecision);
  if (is_format) part.remove_prefix(kFormat.size());
  if (is_precision) part.remove_prefix(kPrecision.size());
  if (auto clock = find_word(kClocks, part); clock && !is_precision) {
    state.clock = *clock;
    return true;
  }
  auto precision = find_word(kPrecisions, part);
  if (!precision || is_format) return false;
  state.clock_precision = *precision;
  return true;
}

Result<> apply_timestamps(ParseState& state, Given use) {
  if (use.is_short()) {
    ++state.letter_t;
    return {};
  }
  state.long_timestamps = true;
  if (!use.value || state.clock == Clock::None) state.clock = Clock::TimeOfDay;
  bool good = each_part(use.value.value_or(""),
                        [&](std::string_view part) { return set_timestamp_part(state, part); });
  if (!good) return invalid_argument(state, use);
  return {};
}

Result<> apply_relative(ParseState& state, Given use) {
  state.options.relative_time = true;
  auto precision = find_word(kPrecisions, use.value.value_or("us"));
  if (!precision) return invalid_argument(state, use);
  state.options.relative_precision = *precision;
  return {};
}

Result<> apply_durations(ParseState& state, Given use) {
  state.options.durations = true;
  auto precision = find_word(kPrecisions, use.value.value_or("us"));
  if (!precision) return invalid_argument(state, use);
  state.options.duration_precision = *precision;
  return {};
}

constexpr Word<Options::WholeLines> kWholeLines[] = {{"auto", Options::WholeLines::Auto},
                                                     {"always", Options::WholeLines::Always},
                                                     {"never", Options::WholeLines::Never}};

Result<> apply_whole_lines(ParseState& state, Given use) {
  auto when = find_word(kWholeLines, *use.value);
  if (!when) return invalid_argument(state, use);
  state.options.whole_lines = *when;
  return {};
}

// --- Miscellaneous

Result<> apply_help(ParseState& state, Given) {
  state.options.action = Options::Action::Help;
  return {};
}

Result<> apply_version(ParseState& state, Given) {
  state.version = true;
  return {};
}

constexpr std::string_view kStartup = "Startup", kTracing = "Tracing", kFiltering = "Filtering",
                           kFunctions = "Functions", kGo = "Go", kFormat = "Output format",
                           kStatistics = "Statistics", kMiscellaneous = "Miscellaneous";

constexpr OptionRow kTable[] = {
    {"-p,--attach", "PID", kStartup,
     "trace the running process PID; may be repeated, or be\n"
     "several separated by commas or blanks",
     apply_attach},
    {"-f,--follow-forks", "", kTracing,
     "trace child processes too, and all threads of PID;\n"
     "-ff: with -o FILE, write a file for each of them",
     apply_follow},
    {"-e", "EXPR", kFiltering,
     "[trace=][!]NAMES: see --trace; status=SET,\n"
     "abbrev=NAMES, verbose=NAMES, decode-fds=SET:\n"
     "see --status, --abbrev, --verbose, --decode-fds",
     apply_qualifier},
    {"--trace", "NAMES", kFiltering,
     "trace only the syscalls NAMES, separated by commas;\n"
     "!NAMES: all but those; all; none",
     apply_trace},
    {"--status", "SET", kFiltering,
     "show only calls that end so: successful, failed,\n"
     "unfinished, detached, separated by commas; all; none",
     apply_status},
    {"-z,--successful-only", "", kFiltering, "show only calls that succeed", apply_successful},
    {"-Z,--failed-only", "", kFiltering, "show only calls that fail", apply_failed},
    {"--min-duration", "TIME", kFiltering,
     "show only syscalls and functions that take TIME or\n"
     "longer: a number with s, ms, us (default) or ns",
     apply_shortest},
    {"--funcs", "REGEX[@OBJECT]", kFunctions,
     "trace the calls of the functions whose name matches\n"
     "REGEX: those of the executable, or of the shared\n"
     "libraries that match the glob OBJECT; may be repeated",
     apply_functions},
    {"--exclude-funcs", "REGEX[@OBJECT]", kFunctions,
     "but not those whose name matches REGEX (in all\n"
     "objects, or those that match OBJECT); may be repeated",
     apply_excluded_functions},
    {"--follow-calls", "N", kFunctions,
     "also show the functions that they call, directly or\n"
     "through pointers, and what those call, N levels deep",
     apply_follow_calls},
    {"--stack", "N", kFunctions, "show N callers at each call of them", apply_function_stack},
    {"--stack-at", "WHEN", kFunctions, "show them at: entry (default), return, both",
     apply_stack_at},
    {"--location", "", kFunctions,
     "show where in the source they are, and where they\n"
     "return",
     apply_location},
    {"--within", "REGEX[@OBJECT]", kFunctions,
     "show only the syscalls that are made inside of the\n"
     "functions that match; may be repeated",
     apply_within},
    {"--depth", "N", kFunctions,
     "show structures and lists within each other N levels\n"
     "deep (default 3)",
     apply_value_depth},
    {"--max-funcs", "N", kFunctions, "trace at most N functions (default 10000)",
     apply_most_functions},
    {"--list-funcs", "", kFunctions,
     "list the functions that --funcs matches, or all of\n"
     "them, and trace nothing",
     apply_list_functions},
    {"--prototypes", "FILE", kFunctions,
     "read from FILE what arguments functions without debug\n"
     "information have; may be repeated",
     apply_prototypes},
    {"--goroutine", "G", kGo,
     "show only the calls and signals of goroutine G; may\n"
     "be repeated, or be several separated by commas",
     apply_goroutine},
    {"--go-runtime", "WHEN", kGo,
     "the syscalls and signals of the Go runtime's own:\n"
     "hide (default with --funcs and --within), show",
     apply_go_runtime},
    {"--go-build", "PACKAGE", kGo,
     "build the Go program PACKAGE and trace it; what would\n"
     "be PROG [ARGS] are its arguments",
     apply_go_build},
    {"--go-test", "PACKAGE", kGo, "likewise the tests of PACKAGE, in its folder", apply_go_test},
    {"--go-output", "PATH", kGo, "keep what is built at PATH", apply_go_output},
    {"--go-flags", "FLAGS", kGo,
     "give FLAGS to the go command that builds: '-tags x';\n"
     "may be repeated",
     apply_go_flags},
    {"-v,--no-abbrev", "", kFormat, "show all of structures, lists and environments",
     apply_verbose},
    {"--abbrev", "NAMES", kFormat,
     "cut them short in the syscalls NAMES only (default\n"
     "all)",
     apply_abbreviated},
    {"--verbose", "NAMES", kFormat,
     "show structures in the syscalls NAMES only (default\n"
     "all), in others their addresses",
     apply_dereferenced},
    {"-y,--decode-fds", "[SET]", kFormat,
     "show the paths of file descriptors;\n"
     "-yy: also what sockets are connected to, and more;\n"
     "SET: path, socket, dev, eventfd, pidfd, signalfd,\n"
     "separated by commas; all; none",
     apply_decode_fds},
    {"-k,--stack-trace", "[FORM]", kFormat,
     "show the stack at each syscall; -kk: with the lines\n"
     "of the source; FORM: symbol (default), source",
     apply_stack_trace},
    {"--stack-trace-frame-limit", "N", kFormat, "show N frames of it at most (default 256)",
     apply_stack_limit},
    {"-a,--columns", "N", kFormat, "align results in column N (default 40)", apply_columns},
    {"-o,--output", "FILE", kFormat,
     "write the trace to FILE instead of stderr;\n"
     "-: to stdout; |COMMAND or !COMMAND: to a command",
     apply_output},
    {"-A,--output-append-mode", "", kFormat, "append to the -o FILE", apply_append},
    {"--output-separately", "", kFormat, "write to FILE.TID, a file for each thread",
     apply_separately},
    {"-q,--quiet,--silent,--silence", "[SET]", kFormat,
     "hide messages about attaching and detaching;\n"
     "-qq: about exit statuses too; -qqq: all messages;\n"
     "SET: attach, exit, path-resolution, personality,\n"
     "thread-execve, separated by commas; all; none",
     apply_quiet},
    {"-r,--relative-timestamps", "[PRECISION]", kFormat,
     "print the time since the previous line;\n"
     "PRECISION: s, ms, us (default), ns",
     apply_relative},
    {"-s,--string-limit", "N", kFormat, "show N bytes of a string, N of an array (default 32)",
     apply_string_limit},
    {"-t,--absolute-timestamps,--timestamps", "[FORMAT]", kFormat,
     "print the time of day; -tt: with microseconds;\n"
     "-ttt: seconds since 1970 with microseconds; FORMAT:\n"
     "none, time, unix, and s, ms, us, ns, separated by a\n"
     "comma",
     apply_timestamps},
    {"-T,--syscall-times", "[PRECISION]", kFormat,
     "print how long each call took;\n"
     "PRECISION: s, ms, us (default), ns",
     apply_durations},
    {"--whole-lines", "WHEN", kFormat,
     "write a call's line when the call returns, never in\n"
     "halves: auto (default: into pipes), always, never",
     apply_whole_lines},
    {"-c,--summary-only", "", kStatistics,
     "count calls, errors and time of each syscall and\n"
     "print a table of them instead of the trace",
     apply_summary_only},
    {"-C,--summary", "", kStatistics, "print the table behind the trace", apply_summary_also},
    {"-O,--summary-syscall-overhead", "OVERHEAD", kStatistics,
     "take OVERHEAD off the time of every syscall: a\n"
     "number with s, ms, us (default) or ns behind it",
     apply_overhead},
    {"-S,--summary-sort-by", "SORTBY", kStatistics,
     "sort the table by: time (default), min-time,\n"
     "max-time, avg-time, calls, errors, name, nothing",
     apply_summary_sort},
    {"-U,--summary-columns", "COLUMNS", kStatistics,
     "print these columns of the table, separated by\n"
     "commas: time-percent, total-time, min-time,\n"
     "max-time, avg-time, calls, errors, name",
     apply_summary_columns},
    {"-w,--summary-wall-clock", "", kStatistics,
     "count the time from a call's entry to its return\n"
     "(default: the system time)",
     apply_wall_clock},
    {"-h,--help", "", kMiscellaneous, "print this text", apply_help},
    {"-V,--version", "", kMiscellaneous, "print the version", apply_version},
};

}  // namespace

std::span<const OptionRow> option_table() {
  return kTable;
}

Error usage_error(const Options& options, const std::string& text) {
  return {0, fmt::format("{}\nTry '{} -h' for more information.", text, options.program)};
}

}  // namespace ttrace
