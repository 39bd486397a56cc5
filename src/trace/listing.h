// What --list-funcs prints.
#pragma once

#include <string>
#include <vector>

#include "base/address.h"
#include "base/result.h"
#include "symbols/pattern.h"

namespace ttrace {

/// One line a function that `patterns` match (all, when there are none) in the program at `path`
/// and the libraries it would load, or in what process `pid` has mapped:
///
///     NAME  OBJECT  0xADDRESS  FILE:LINE
///
/// with addresses as the file has them, or of a process as they are in its memory. Nothing is
/// executed. Errors: not an ELF file (a script), a broken one, no such process, no match (with
/// where it would match).
Result<std::string> list_functions_of_program(const std::string& path,
                                              const std::vector<FunctionPattern>& patterns);
Result<std::string> list_functions_of_process(Pid pid,
                                              const std::vector<FunctionPattern>& patterns);

}  // namespace ttrace
