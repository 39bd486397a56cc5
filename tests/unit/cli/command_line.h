// Command lines for tests of options.
#pragma once

#include <string>
#include <vector>

#include "cli/options.h"

namespace ttrace {

using Args = std::vector<std::string>;

inline Result<Options> parse(const Args& args, const char* program = "ttrace") {
  std::vector<const char*> argv = {program};
  for (const std::string& arg : args)
    argv.push_back(arg.c_str());
  return parse_options(int(argv.size()), argv.data());
}

}  // namespace ttrace
