// Wires the parts together; the only place that turns errors into messages and an exit status.
#include <fcntl.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "base/result.h"
#include "cli/options.h"
#include "decode/decoder.h"
#include "os/fd_names.h"
#include "os/go_build.h"
#include "os/netlink_sockets.h"
#include "os/spawn.h"
#include "os/wait.h"
#include "output/duration_filter.h"
#include "output/event_filters.h"
#include "output/summary_sink.h"
#include "output/text_sink.h"
#include "output/writer.h"
#include "trace/guardian.h"
#include "trace/listing.h"
#include "trace/tracer.h"

namespace {

using namespace ttrace;

constexpr int kFailure = 1;

int fail(const std::string& program, const Error& error) {
  std::string line = program + ": " + error.message() + "\n";
  (void)std::fputs(line.c_str(), stderr);
  return kFailure;
}

int print(const std::string& text) {
  bool written = std::fputs(text.c_str(), stdout) >= 0 && std::fflush(stdout) == 0;
  return written ? 0 : kFailure;
}

// A reader that does not read must not keep ttrace from letting go.
bool asked_to_end() {
  return WakeUps::ending_signal() != 0;
}

// A descriptor that ttrace opens must not take the place of a standard one that was closed.
void occupy_standard_descriptors() {
  int fd = 0;
  do {
    fd = open("/dev/null", O_RDWR | O_CLOEXEC);
  } while (fd >= 0 && fd <= STDERR_FILENO);
  if (fd > STDERR_FILENO) close(fd);
}

Result<std::unique_ptr<Writer>> open_output(const Options& options, int& descriptor) {
  descriptor = -1;
  if (options.output.empty() || options.output == "-") {
    descriptor = options.output.empty() ? STDERR_FILENO : STDOUT_FILENO;
    return make_fd_writer(descriptor, asked_to_end);
  }
  if (options.output.front() == '|' || options.output.front() == '!') {
    return make_command_writer(options.output.substr(1), asked_to_end);
  }
  if (options.separate_files) return make_separate_writer(options.output, options.append);
  return make_file_writer(options.output, options.append, asked_to_end);
}

bool to_command(const Options& options) {
  return !options.output.empty() &&
         (options.output.front() == '|' || options.output.front() == '!');
}

// Halves of a line are for eyes and files; a reader of a pipe wants whole lines.
bool whole_lines(const Options& options, int descriptor) {
  switch (options.whole_lines) {
    case Options::WholeLines::Always:
      return true;
    case Options::WholeLines::Never:
      return false;
    case Options::WholeLines::Auto:
      break;
  }
  if (to_command(options)) return true;
  return descriptor >= 0 && destination_of(descriptor) == Destination::Pipe;
}

TextOptions text_options(const Options& options, int descriptor) {
  TextOptions text;
  text.time = options.time;
  text.relative_time = options.relative_time;
  text.relative_precision = options.relative_precision;
  text.durations = options.durations;
  text.duration_precision = options.duration_precision;
  bool to_stderr = options.output.empty();
  bool to_terminal_streams = to_stderr || options.output == "-";
  bool several = options.follow_forks || options.attach.size() > 1;
  if (options.separate_files && !to_terminal_streams) {
    text.pids = TextOptions::Pids::Never;
  } else if (!to_terminal_streams && several) {
    text.pids = TextOptions::Pids::Always;
  }
  constexpr unsigned kStraceColumn = 40;
  text.result_column =
      options.result_column.value_or(options.functions.empty() ? kStraceColumn : 0);
  text.whole_lines = whole_lines(options, descriptor);
  text.shared_with_program = to_terminal_streams && !options.command.empty();
  text.diagnostics_in_line = to_stderr;
  text.silence = options.silence;
  // As strace: who looks into a file later does not want to know now.
  if (!to_terminal_streams && !options.command.empty()) {
    text.silence.attach = true;
    text.silence.personality = true;
  }
  text.program = options.program;
  return text;
}

std::unique_ptr<Sink> make_sink(const Options& options, int descriptor,
                                std::unique_ptr<Writer> writer) {
  TextOptions text = text_options(options, descriptor);
  std::unique_ptr<Sink> sink;
  if (options.summary == Options::Summary::None) {
    sink = make_text_sink(text, std::move(writer));
  } else {
    auto lines = make_text_sink(text, lend(*writer));
    sink = make_summary_sink(options.summary_style, options.summary == Options::Summary::Only,
                             std::move(writer), std::move(lines));
  }
  if (options.shortest != 0) sink = make_duration_filter(options.shortest, std::move(sink));
  if (!options.goroutines.empty())
    sink = make_goroutine_filter(options.goroutines, std::move(sink));
  if (options.go_runtime == Options::GoRuntime::Hide) sink = make_runtime_filter(std::move(sink));
  return sink;
}

Result<std::vector<FunctionPattern>> function_patterns(const std::vector<std::string>& texts) {
  std::vector<FunctionPattern> patterns;
  for (const std::string& text : texts) {
    auto pattern = FunctionPattern::parse(text);
    if (!pattern) return pattern.error();
    patterns.push_back(std::move(*pattern));
  }
  return patterns;
}

Result<FunctionChoice> function_choice(const Options& options) {
  FunctionChoice choice;
  choice.follow_calls = options.follow_calls;
  choice.most = options.most_functions;
  choice.stack = options.function_stack;
  choice.stack_at_entry = options.stack_at != Options::StackAt::Return;
  choice.stack_at_return = options.stack_at != Options::StackAt::Entry;
  choice.locations = options.locations;
  for (const auto& [texts, to] :
       {std::pair{&options.functions, &choice.shown}, std::pair{&options.within, &choice.within},
        std::pair{&options.excluded_functions, &choice.excluded}}) {
    auto patterns = function_patterns(*texts);
    if (!patterns) return patterns.error();
    *to = std::move(*patterns);
  }
  return choice;
}

Result<TraceConfig> trace_config(const Options& options) {
  TraceConfig config;
  config.follow_forks = options.follow_forks;
  config.goroutines = !options.goroutines.empty() || options.go_runtime == Options::GoRuntime::Hide;
  config.decode.string_limit = options.string_limit;
  config.statuses = options.statuses;
  config.decode.names_only = options.summary == Options::Summary::Only;
  config.measure_system_time =
      options.summary != Options::Summary::None && !options.summary_style.wall_clock;
  for (const auto& [text, filter] :
       {std::pair{&options.trace_set, &config.filter},
        std::pair{&options.abbreviated_set, &config.decode.abbreviated},
        std::pair{&options.dereferenced_set, &config.decode.dereferenced}}) {
    if (!*text) continue;
    auto parsed = SyscallFilter::parse(**text);
    if (!parsed) return parsed.error();
    *filter = std::move(*parsed);
  }
  config.stack_frames = options.stack == Options::Stack::None ? 0 : options.stack_limit;
  config.value_depth = options.value_depth;
  config.stack_source = options.stack == Options::Stack::Source;
  auto choice = function_choice(options);
  if (!choice) return choice.error();
  config.functions = std::move(*choice);
  config.prototypes = std::make_shared<prototypes::PrototypeBook>();
  for (const std::string& file : options.prototypes) {
    if (auto added = config.prototypes->add_file(file); !added) return added.error();
  }
  return config;
}

// What is to be done last, whatever the end.
using AtEnd = std::function<void()>;

// The traced program's own end becomes ours: the same status, or the same signal.
int end_with(const Options& options, const TraceOutcome& outcome) {
  if (outcome.failure) {
    int status = fail(options.program, *outcome.failure);
    bool ran = !options.command.empty() && outcome.began;
    if (!ran) return status;
  }
  if (!options.command.empty()) {
    return outcome.killed_by != 0 ? end_like(outcome.killed_by) : outcome.exit_status;
  }
  return outcome.ended_by != 0 ? end_like(outcome.ended_by) : 0;
}

Result<std::string> list_functions(const Options& options) {
  auto patterns = function_patterns(options.functions.empty() ? std::vector<std::string>{"."}
                                                              : options.functions);
  if (!patterns) return patterns.error();
  std::string text;
  for (Pid pid : options.attach) {
    auto part = list_functions_of_process(pid, *patterns);
    if (!part) return part.error();
    text += *part;
  }
  if (!options.command.empty()) {
    auto path = find_program(options.command.front());
    if (!path) return path.error();
    auto part = list_functions_of_program(*path, *patterns);
    if (!part) return part.error();
    text += *part;
  }
  return text;
}

// `path`: of the program to start; empty: none.
TraceOutcome run_tracer(const Options& options, TraceConfig config, const std::string& path,
                        Sink& sink) {
  Tracer tracer(std::move(config), sink);
  Result<> begun;
  for (Pid pid : options.attach)
    tracer.look_ahead(pid);
  for (Pid pid : options.attach) {
    if (begun = tracer.attach(pid); !begun) break;
  }
  if (begun && !path.empty()) begun = tracer.start(path, options.command);
  if (begun) return tracer.run();
  tracer.release();
  auto ignored = sink.finish();
  (void)ignored;
  TraceOutcome outcome;
  outcome.failure = begun.error();
  return outcome;
}

int trace_with(const Options& options, TraceConfig config, const std::string& path,
               const AtEnd& at_end) {
  ProcFdNames fd_names(options.fd_details);
  if (options.fd_details.any()) config.decode.fd_names = &fd_names;
  ProcNetlinkSockets netlink_sockets;
  config.decode.netlink_sockets = &netlink_sockets;
  int descriptor = -1;
  auto writer = open_output(options, descriptor);
  if (!writer) return fail(options.program, writer.error());
  auto sink = make_sink(options, descriptor, std::move(*writer));
  // The tracer is gone, and every trap with it, before we may end by a signal.
  TraceOutcome outcome = run_tracer(options, std::move(config), path, *sink);
  at_end();
  return end_with(options, outcome);
}

bool builds(const Options& options) {
  return options.go.kind != Options::GoPackage::Kind::None;
}

// Makes what is to be built the program of `options`, with the operands as its arguments. An error
// with `ended_by`: that signal has interrupted it.
Result<GoBuilt> build_program(Options& options, int& ended_by) {
  const Options::GoPackage& go = options.go;
  auto built = build_go(
      {go.package, go.kind == Options::GoPackage::Kind::Test, go.flags, go.output}, ended_by);
  if (built) options.command.insert(options.command.begin(), built->path);
  return built;
}

int list(Options options) {
  GoBuilt built;
  if (builds(options)) {
    int ended_by = 0;
    auto done = build_program(options, ended_by);
    if (ended_by != 0) return end_like(ended_by);
    if (!done) return fail(options.program, done.error());
    built = std::move(*done);
  }
  auto text = list_functions(options);
  return text ? print(*text) : fail(options.program, text.error());
}

int trace(Options options) {
  // Everything that can be wrong is found before anything is touched.
  auto config = trace_config(options);
  if (!config) return fail(options.program, config.error());
  GoBuilt built;
  if (builds(options)) {
    int ended_by = 0;
    auto done = build_program(options, ended_by);
    if (ended_by != 0) return end_like(ended_by);
    if (!done) return fail(options.program, done.error());
    built = std::move(*done);
    config->folder = built.folder;
  }
  const AtEnd at_end = [&built] {
    if (built.holder) built.holder->remove();
  };
  std::string path;
  if (!options.command.empty()) {
    auto found = find_program(options.command.front());
    if (!found) return fail(options.program, found.error());
    path = *found;
  }
  for (const std::string& warning : options.warnings)
    (void)fail(options.program, {0, warning});
  // A guardian outlives whatever ends the tracing, and tidies up.
  if (!config->functions.any() && !built.holder)
    return trace_with(options, std::move(*config), path, at_end);
  auto journal = TrapJournal::make();
  if (!journal) return fail(options.program, journal.error());
  config->journal = journal->get();
  return run_guarded({**journal, options.program, path.empty(), at_end},
                     [&] { return trace_with(options, std::move(*config), path, at_end); });
}

}  // namespace

int main(int argc, char** argv) {
  occupy_standard_descriptors();
  auto options = parse_options(argc, argv);
  if (!options) {
    const char* name = argc > 0 ? argv[0] : "ttrace";
    return fail(name, options.error());
  }
  switch (options->action) {
    case Options::Action::Help:
      return print(help_text());
    case Options::Action::Version:
      return print(version_text());
    case Options::Action::ListFunctions:
      return list(std::move(*options));
    case Options::Action::Trace:
      // A broken invariant of ours must not cost the traced program its life: the tracer lets go
      // of it while the stack is unwound.
      try {
        return trace(std::move(*options));
      } catch (const std::exception& error) {
        return fail(options->program, {0, std::string("internal error: ") + error.what()});
      }
  }
  return kFailure;
}
