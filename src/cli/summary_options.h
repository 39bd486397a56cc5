// The options that count calls: -c, -C, -O, -S, -U and -w. Rows of the option table.
#pragma once

#include "cli/option_table.h"

namespace ttrace {

Result<> apply_summary_only(ParseState& state, const OptionUse& use);
Result<> apply_summary_also(ParseState& state, const OptionUse& use);
Result<> apply_overhead(ParseState& state, const OptionUse& use);
Result<> apply_summary_sort(ParseState& state, const OptionUse& use);
Result<> apply_summary_columns(ParseState& state, const OptionUse& use);
Result<> apply_wall_clock(ParseState& state, const OptionUse& use);

/// What can be judged of them only when all options are known. Errors: an option that needs another
/// one, or excludes it. Warnings: an option that has no effect.
Result<> settle_summary(ParseState& state);

}  // namespace ttrace
