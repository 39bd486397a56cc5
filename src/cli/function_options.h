// The options that choose functions, and what is shown of stacks.
#pragma once

#include "base/result.h"
#include "cli/option_table.h"

namespace ttrace {

/// Each gives one use of an option its meaning: see OptionRow::apply.
Result<> apply_functions(ParseState& state, const OptionUse& use);
Result<> apply_excluded_functions(ParseState& state, const OptionUse& use);
Result<> apply_within(ParseState& state, const OptionUse& use);
Result<> apply_follow_calls(ParseState& state, const OptionUse& use);
Result<> apply_function_stack(ParseState& state, const OptionUse& use);
Result<> apply_stack_at(ParseState& state, const OptionUse& use);
Result<> apply_location(ParseState& state, const OptionUse& use);
Result<> apply_value_depth(ParseState& state, const OptionUse& use);
Result<> apply_most_functions(ParseState& state, const OptionUse& use);
Result<> apply_list_functions(ParseState& state, const OptionUse& use);
Result<> apply_prototypes(ParseState& state, const OptionUse& use);
Result<> apply_shortest(ParseState& state, const OptionUse& use);
Result<> apply_stack_trace(ParseState& state, const OptionUse& use);
Result<> apply_stack_limit(ParseState& state, const OptionUse& use);
/// What only all options together can tell about these.
Result<> settle_functions(ParseState& state);

}  // namespace ttrace
