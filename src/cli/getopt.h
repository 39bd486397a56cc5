// Splits a command line the way GNU getopt_long does with a leading '+': the part of strace's
// syntax that CLI11 has no notion of (bundled letters with a value, abbreviated long options,
// "--x=" with an empty value, operands that look like options).
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "cli/options.h"

namespace ttrace {

/// The spellings of one row: "-s,--string-limit" is 's' and {"string-limit"}.
struct OptionNames {
  char letter = '\0';                   // '\0' if there is no short form
  std::vector<std::string_view> longs;  // without the dashes; the first is the principal one
};
OptionNames option_names(const OptionRow& row);

/// Whether the option takes a value always ("N"), sometimes ("[SET]") or never ("").
enum class Takes : unsigned char { Nothing, Optional, Required };
Takes option_takes(const OptionRow& row);

/// One option found on the command line.
struct FoundOption {
  std::size_t row = 0;               // index into the table
  std::string spelled;               // how messages name it: "-s", "--string-limit" (unabbreviated)
  std::optional<std::string> value;  // absent when none was given; may be empty
};

/// A command line taken apart.
struct SplitLine {
  std::vector<FoundOption> options;   // in order
  std::vector<std::string> operands;  // PROG [ARGS]; empty when there is an error
  /// getopt's message about the first argument that is no option, one line without a program name.
  /// `options` then holds what came before it, whose own errors come first.
  std::optional<std::string> error;
};

/// `args` without argv[0]. Options end at "--" or at the first argument that is none.
SplitLine split_command_line(std::span<const std::string_view> args,
                             std::span<const OptionRow> table);

}  // namespace ttrace
