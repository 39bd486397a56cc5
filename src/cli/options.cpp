#include "cli/options.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <map>

#include "cli/function_options.h"
#include "cli/getopt.h"
#include "cli/go_options.h"
#include "cli/option_table.h"
#include "cli/summary_options.h"

namespace ttrace {

namespace {

// The parser proper: CLI11 over the same table. It is given a line in which every option is spelled
// by its principal name and every value stands where CLI11 cannot take it for anything else.
class Parser {
 public:
  explicit Parser(std::span<const OptionRow> table) : table_(table) {
    app_.set_help_flag();
    app_.positionals_at_end();
    for (const OptionRow& row : table) {
      std::string name(row.name);
      CLI::Option* option =
          option_takes(row) == Takes::Required ? app_.add_option(name) : app_.add_flag(name);
      // Repeating an option is no error, and "[a,b]" is a value like any other.
      option->multi_option_policy(CLI::MultiOptionPolicy::TakeLast)->allow_extra_args(false);
      options_.push_back(option);
    }
    command_ = app_.add_option("command")->allow_extra_args(false);
  }

  // Calls each option's `apply`, in the order in which they were given.
  Result<> run(const SplitLine& line, ParseState& state) {
    // By its exact number: CLI11 has "any number" only together with the splitting of "[a,b]".
    if (!line.operands.empty()) command_->expected(int(line.operands.size()));
    try {
      app_.parse(arguments(line));
    } catch (const CLI::ParseError& error) {
      return Error{0, error.what()};
    }
    std::map<const CLI::Option*, std::size_t> uses;
    std::size_t next = 0;
    for (const CLI::Option* option : app_.parse_order()) {
      if (option == command_) continue;
      const std::string& result = option->results().at(uses[option]++);
      const FoundOption& found = line.options.at(next++);
      OptionUse use{found.spelled, std::nullopt};
      if (option_takes(table_[found.row]) == Takes::Required) {
        use.value = result;
      } else if (result.starts_with(kGiven)) {
        use.value = std::string_view(result).substr(1);
      }
      if (auto applied = table_[found.row].apply(state, use); !applied) return applied.error();
      if (state.options.action == Options::Action::Help) return {};
    }
    state.options.command = command_->results();
    return {};
  }

 private:
  // Distinguishes a value, even an empty one, from the "true" that CLI11 makes of a plain flag.
  static constexpr char kGiven = '=';

  std::vector<std::string> arguments(const SplitLine& line) const {
    std::vector<std::string> given;
    for (const FoundOption& found : line.options) {
      std::string name = options_[found.row]->get_name();
      if (option_takes(table_[found.row]) == Takes::Required) {
        given.push_back(name);
        given.push_back(*found.value);
      } else {
        given.push_back(found.value ? name + '=' + kGiven + *found.value : name);
      }
    }
    given.emplace_back("--");
    given.insert(given.end(), line.operands.begin(), line.operands.end());
    std::reverse(given.begin(), given.end());  // CLI11 takes its vector from the back
    return given;
  }

  std::span<const OptionRow> table_;
  CLI::App app_;
  std::vector<CLI::Option*> options_;
  CLI::Option* command_ = nullptr;
};

Options::Time timestamp(ParseState::Clock clock, Options::Precision precision) {
  using enum LineTime;
  static constexpr Options::Time kTimes[3][4] = {
      {None, None, None, None},
      {Seconds, Milliseconds, Microseconds, Nanoseconds},
      {UnixSeconds, UnixMilliseconds, UnixMicroseconds, UnixNanoseconds},
  };
  return kTimes[std::size_t(clock)][std::size_t(precision)];
}

Options::Silence silence_of(unsigned letters) {
  return {.attach = letters >= 1,
          .personality = letters >= 1,
          .exit = letters >= 2,
          .path_resolution = letters >= 3,
          .thread_execve = letters >= 3};
}

Result<> check_pairs(const ParseState& state) {
  struct Pair {
    bool both;
    std::string_view names;
  };
  const Pair pairs[] = {
      {state.letter_t > 0 && state.long_timestamps, "-t and --absolute-timestamps"},
      {state.letter_f > 0 && state.long_follow, "-f and --follow-forks"},
      {state.letter_q > 0 && state.long_quiet, "-q and -e quiet/--quiet"},
      {state.letter_y > 0 && state.long_decode_fds, "-y and --decode-fds"},
      {state.letter_k > 0 && state.long_stack_trace, "-k and --stack-trace"},
  };
  for (const Pair& pair : pairs) {
    if (pair.both) return Error{0, fmt::format("{} cannot be provided simultaneously", pair.names)};
  }
  return {};
}

Result<> settle_output(ParseState& state) {
  Options& options = state.options;
  bool separately = state.letter_f > 1 || state.long_separately;
  if (!state.output) {
    if (state.long_separately) {
      options.warnings.emplace_back("--output-separately has no effect without -o/--output");
    }
    if (options.append) {
      options.warnings.emplace_back("-A/--output-append-mode has no effect without -o/--output");
    }
    return {};
  }
  options.output = *state.output;
  if (options.output.empty()) return Error{ENOENT, "Can't fopen ''"};
  if (options.output[0] == '!') options.output[0] = '|';
  bool piping = options.output[0] == '|';
  if (separately && (piping || options.output == "-")) {
    return usage_error(options, fmt::format("{} and -ff/--output-separately are mutually exclusive",
                                            piping ? "piping the output" : "-o -"));
  }
  options.separate_files = separately;
  return {};
}

// What can be judged only when all options are known.
Result<> settle(ParseState& state) {
  Options& options = state.options;
  if (state.version) {
    options.action = Options::Action::Version;
    return {};
  }
  const bool builds = options.go.kind != Options::GoPackage::Kind::None;
  if (options.command.empty() && options.attach.empty() && !builds) {
    return usage_error(options, "must have PROG [ARGS] or -p PID");
  }
  if (auto checked = check_pairs(state); !checked) return checked;
  if (state.list_functions) options.action = Options::Action::ListFunctions;
  using enum LineTime;
  static constexpr Options::Time kLetters[] = {None, Seconds, Microseconds, UnixMicroseconds};
  options.time = state.letter_t > 0 ? kLetters[std::min(state.letter_t, 3U)]
                                    : timestamp(state.clock, state.clock_precision);
  if (state.letter_y == 1) options.fd_details = {.path = true};
  if (state.letter_y > 1) options.fd_details = {true, true, true, true, true, true};
  if (state.letter_q > 0) options.silence = silence_of(state.letter_q);
  if (state.status_letters > 1) {
    options.warnings.emplace_back(
        "Only the last of -z/--successful-only/-Z/--failed-only options will take effect. See "
        "status qualifier for more complex filters.");
  }
  if (auto settled = settle_functions(state); !settled) return settled;
  if (auto settled = settle_go(state); !settled) return settled;
  if (auto settled = settle_summary(state); !settled) return settled;
  return settle_output(state);
}

}  // namespace

Result<Options> parse_options(int argc, const char* const* argv) {
  ParseState state;
  if (argc > 0) state.options.program = argv[0];
  std::vector<std::string_view> args;
  for (int i = 1; i < argc; ++i)
    args.emplace_back(argv[i]);

  SplitLine line = split_command_line(args, option_table());
  if (auto applied = Parser(option_table()).run(line, state); !applied) return applied.error();
  if (state.options.action == Options::Action::Help) return std::move(state.options);
  if (line.error) return usage_error(state.options, *line.error);
  if (auto settled = settle(state); !settled) return settled.error();
  return std::move(state.options);
}

}  // namespace ttrace
