#include "cli/function_options.h"

#include <fmt/format.h>

#include <climits>

#include "cli/values.h"

namespace ttrace {

namespace {

using Given = const OptionUse&;

// An empty regex would match every function: more likely an unset variable than a wish.
Result<> add_pattern(std::vector<std::string>& to, ParseState& state, Given use) {
  if (use.value->empty()) return invalid_argument(state, use);
  to.emplace_back(*use.value);
  return {};
}

// Frames, levels and functions: none of them is no number of anything to trace.
template <class T>
Result<> set_count(T& to, ParseState& state, Given use) {
  auto number = parse_number(*use.value, INT_MAX);
  if (!number || *number == 0) return invalid_argument(state, use);
  to = static_cast<T>(*number);
  return {};
}

}  // namespace

Result<> apply_functions(ParseState& state, Given use) {
  return add_pattern(state.options.functions, state, use);
}

Result<> apply_excluded_functions(ParseState& state, Given use) {
  return add_pattern(state.options.excluded_functions, state, use);
}

Result<> apply_within(ParseState& state, Given use) {
  return add_pattern(state.options.within, state, use);
}

Result<> apply_follow_calls(ParseState& state, Given use) {
  return set_count(state.options.follow_calls, state, use);
}

Result<> apply_function_stack(ParseState& state, Given use) {
  return set_count(state.options.function_stack, state, use);
}

Result<> apply_stack_at(ParseState& state, Given use) {
  using enum Options::StackAt;
  constexpr Word<Options::StackAt> kPlaces[] = {
      {"entry", Entry}, {"return", Return}, {"both", Both}};
  auto place = find_word(kPlaces, *use.value);
  if (!place) return invalid_argument(state, use);
  state.options.stack_at = *place;
  return {};
}

Result<> apply_location(ParseState& state, Given) {
  state.options.locations = true;
  return {};
}

Result<> apply_value_depth(ParseState& state, Given use) {
  // What makes values nests no deeper, whatever the program's types are.
  constexpr int kDeepest = 64;
  auto number = parse_number(*use.value, kDeepest);
  if (!number) return invalid_argument(state, use);
  state.options.value_depth = static_cast<unsigned>(*number);
  return {};
}

Result<> apply_most_functions(ParseState& state, Given use) {
  return set_count(state.options.most_functions, state, use);
}

Result<> apply_list_functions(ParseState& state, Given) {
  state.list_functions = true;
  return {};
}

Result<> apply_prototypes(ParseState& state, Given use) {
  if (use.value->empty()) return invalid_argument(state, use);
  state.options.prototypes.emplace_back(*use.value);
  return {};
}

Result<> apply_shortest(ParseState& state, Given use) {
  auto time = parse_duration(*use.value);
  if (!time) return invalid_argument(state, use);
  state.options.shortest = *time;
  return {};
}

Result<> apply_stack_trace(ParseState& state, Given use) {
  using enum Options::Stack;
  if (use.is_short()) {
    ++state.letter_k;
    return {};
  }
  state.long_stack_trace = true;
  constexpr Word<Options::Stack> kForms[] = {{"symbol", Symbols}, {"source", Source}};
  auto form = find_word(kForms, use.value.value_or("symbol"));
  if (!form) return invalid_argument(state, use);
  state.options.stack = *form;
  return {};
}

Result<> apply_stack_limit(ParseState& state, Given use) {
  return set_count(state.options.stack_limit, state, use);
}

Result<> settle_functions(ParseState& state) {
  Options& options = state.options;
  if (state.letter_k > 0) {
    options.stack = state.letter_k > 1 ? Options::Stack::Source : Options::Stack::Symbols;
  }
  if (options.stack_at != Options::StackAt::Entry && options.function_stack == 0)
    options.warnings.emplace_back("--stack-at has no effect without --stack");
  if (!options.functions.empty()) return {};
  struct Idle {
    bool given;
    std::string_view name;
  };
  for (const Idle& option :
       {Idle{options.follow_calls != 0, "--follow-calls"},
        Idle{options.function_stack != 0, "--stack"}, Idle{options.locations, "--location"},
        Idle{!options.excluded_functions.empty() && !state.list_functions, "--exclude-funcs"}}) {
    if (option.given) {
      options.warnings.push_back(fmt::format("{} has no effect without --funcs", option.name));
    }
  }
  return {};
}

}  // namespace ttrace
