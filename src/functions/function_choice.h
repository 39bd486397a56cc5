// Which functions the user asked for, and what of them.
#pragma once

#include <cstddef>
#include <vector>

#include "symbols/pattern.h"

namespace ttrace {

struct FunctionChoice {
  std::vector<FunctionPattern> shown;     // --funcs
  std::vector<FunctionPattern> within;    // --within: only syscalls made inside of these are shown
  std::vector<FunctionPattern> excluded;  // --exclude-funcs; without an object, in all of them
  unsigned follow_calls = 0;              // --follow-calls: levels of calls below the shown ones
  std::size_t most = 10'000;              // --max-funcs
  unsigned stack = 0;                     // --stack: callers shown of each call
  bool stack_at_entry = true;             // --stack-at
  bool stack_at_return = false;
  bool locations = false;  // --location

  [[nodiscard]] bool any() const { return !shown.empty() || !within.empty(); }
};

}  // namespace ttrace
