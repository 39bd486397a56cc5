// What the variable arguments of printf and scanf are, by their format (printf(3), scanf(3)).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "functions/prototype.h"

namespace ttrace::prototypes {

/// One variable argument.
struct FormatArgument {
  Type type;
  bool pointed = false;  // to one: text, and what scanf or %n fills in
  bool filled = false;   // by the call
  // Of text: no more bytes belong to it, and it need not end before. `most_from`: the number that
  // the argument with this index, among the variable ones, says.
  std::optional<std::uint64_t> most;
  std::optional<std::size_t> most_from;
};

/// Those of printf, in order. nullopt: there is a conversion that is not known, or a format with
/// positions (%2$d) lacks one, so nobody knows what the arguments are.
std::optional<std::vector<FormatArgument>> printf_arguments(std::string_view format);
/// Those of scanf. They are filled in from the first on, as many as it returns.
std::optional<std::vector<FormatArgument>> scanf_arguments(std::string_view format);

}  // namespace ttrace::prototypes
