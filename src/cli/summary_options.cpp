#include "cli/summary_options.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "cli/values.h"

namespace ttrace {

namespace {

using Given = const OptionUse&;
using Summary = Options::Summary;

struct SummaryWord {
  std::string_view word;
  SummaryColumn column;
  SummarySort sort;
};
// Each with '_' for '-', too.
constexpr SummaryWord kSummaryWords[] = {
    {"time-percent", SummaryColumn::TimePercent, SummarySort::TotalTime},
    {"time", SummaryColumn::TimePercent, SummarySort::TotalTime},
    {"total-time", SummaryColumn::TotalTime, SummarySort::TotalTime},
    {"time-total", SummaryColumn::TotalTime, SummarySort::TotalTime},
    {"min-time", SummaryColumn::MinTime, SummarySort::MinTime},
    {"time-min", SummaryColumn::MinTime, SummarySort::MinTime},
    {"shortest", SummaryColumn::MinTime, SummarySort::MinTime},
    {"max-time", SummaryColumn::MaxTime, SummarySort::MaxTime},
    {"time-max", SummaryColumn::MaxTime, SummarySort::MaxTime},
    {"longest", SummaryColumn::MaxTime, SummarySort::MaxTime},
    {"avg-time", SummaryColumn::AverageTime, SummarySort::AverageTime},
    {"time-avg", SummaryColumn::AverageTime, SummarySort::AverageTime},
    {"calls", SummaryColumn::Calls, SummarySort::Calls},
    {"count", SummaryColumn::Calls, SummarySort::Calls},
    {"errors", SummaryColumn::Errors, SummarySort::Errors},
    {"error", SummaryColumn::Errors, SummarySort::Errors},
    {"name", SummaryColumn::Name, SummarySort::Name},
    {"syscall", SummaryColumn::Name, SummarySort::Name},
    {"syscall-name", SummaryColumn::Name, SummarySort::Name},
};

const SummaryWord* find_summary_word(std::string_view text) {
  std::string word(text);
  std::ranges::replace(word, '_', '-');
  const auto* found = std::ranges::find(kSummaryWords, word, &SummaryWord::word);
  return found == std::end(kSummaryWords) ? nullptr : found;
}

Result<> apply_summary(ParseState& state, Summary wanted) {
  Summary& summary = state.options.summary;
  if (summary != Summary::None && summary != wanted) {
    return usage_error(state.options, "-c/--summary-only and -C/--summary are mutually exclusive");
  }
  summary = wanted;
  return {};
}

}  // namespace

Result<> apply_summary_only(ParseState& state, Given) {
  return apply_summary(state, Summary::Only);
}

Result<> apply_summary_also(ParseState& state, Given) {
  return apply_summary(state, Summary::Also);
}

Result<> apply_overhead(ParseState& state, Given use) {
  auto overhead = parse_duration(*use.value);
  if (!overhead) return invalid_argument(state, use);
  state.options.summary_style.overhead = *overhead;
  return {};
}

Result<> apply_summary_sort(ParseState& state, Given use) {
  state.summary_sort = true;
  SummarySort& sort = state.options.summary_style.sort;
  if (use.value == "nothing" || use.value == "none") {
    sort = SummarySort::Nothing;
    return {};
  }
  const SummaryWord* word = find_summary_word(*use.value);
  if (word == nullptr) {
    return usage_error(state.options, fmt::format("invalid sortby: '{}'", *use.value));
  }
  sort = word->sort;
  return {};
}

Result<> apply_summary_columns(ParseState& state, Given use) {
  state.summary_columns = true;
  std::vector<SummaryColumn> columns;
  std::string_view rest = *use.value;
  for (bool more = true; more;) {
    const std::string_view part = rest.substr(0, rest.find(','));
    const SummaryWord* word = find_summary_word(part);
    if (word == nullptr) {
      return usage_error(state.options, fmt::format("unknown column name: '{}'", part));
    }
    if (std::ranges::find(columns, word->column) != columns.end()) {
      return usage_error(state.options,
                         fmt::format("call summary column has been provided more than once: '{}' "
                                     "(-U option residual: '{}')",
                                     part, rest));
    }
    columns.push_back(word->column);
    more = part.size() != rest.size();
    if (more) rest.remove_prefix(part.size() + 1);
  }
  if (std::ranges::find(columns, SummaryColumn::Name) == columns.end()) {
    columns.push_back(SummaryColumn::Name);
  }
  state.options.summary_style.columns = std::move(columns);
  return {};
}

Result<> apply_wall_clock(ParseState& state, Given) {
  state.options.summary_style.wall_clock = true;
  return {};
}

Result<> settle_summary(ParseState& state) {
  static constexpr std::string_view kEither = "(-c/--summary-only or -C/--summary)";
  Options& options = state.options;
  if (options.summary == Options::Summary::None) {
    std::string_view alone;
    if (state.summary_columns) alone = "-U/--summary-columns";
    if (options.summary_style.wall_clock) alone = "-w/--summary-wall-clock";
    if (!alone.empty()) {
      return usage_error(options, fmt::format("{} must be given with {}", alone, kEither));
    }
    if (state.summary_sort) {
      options.warnings.push_back(
          fmt::format("-S/--summary-sort-by has no effect without {}", kEither));
    }
    return {};
  }
  if (state.letter_f > 1 || state.long_separately) {
    return usage_error(
        options, fmt::format("{} and -ff/--output-separately are mutually exclusive", kEither));
  }
  if (options.summary == Options::Summary::Also) return {};
  struct Idle {
    bool given;
    std::string_view names;
  };
  const Idle idle[] = {
      {options.relative_time, "-r/--relative-timestamps"},
      {options.time != Options::Time::None, "-t/--absolute-timestamps"},
      {options.durations, "-T/--syscall-times"},
      {state.letter_y > 0 || options.fd_details.any(), "-y/--decode-fds"},
  };
  for (const Idle& option : idle) {
    if (!option.given) continue;
    options.warnings.push_back(
        fmt::format("{} has no effect with -c/--summary-only", option.names));
  }
  return {};
}

}  // namespace ttrace
