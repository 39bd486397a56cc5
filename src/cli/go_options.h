// The options for Go programs.
#pragma once

#include "base/result.h"
#include "cli/option_table.h"

namespace ttrace {

/// Each gives one use of an option its meaning: see OptionRow::apply.
Result<> apply_goroutine(ParseState& state, const OptionUse& use);
Result<> apply_go_runtime(ParseState& state, const OptionUse& use);
Result<> apply_go_build(ParseState& state, const OptionUse& use);
Result<> apply_go_test(ParseState& state, const OptionUse& use);
Result<> apply_go_output(ParseState& state, const OptionUse& use);
Result<> apply_go_flags(ParseState& state, const OptionUse& use);
/// What only all options together can tell about these.
Result<> settle_go(ParseState& state);

}  // namespace ttrace
