// The arguments and results of Go's functions.
#pragma once

#include "event/value.h"
#include "functions/traced_function.h"
#include "functions/values.h"

namespace ttrace {

/// As read_arguments(). Without debug information: as many of the registers of arguments as the
/// program says that there are words of them, marked raw by their names (a float among them is in
/// none of these); `truncated` where that is not known.
Arguments read_go_arguments(TracedFunction& function, const ValueSource& source);

/// As read_result(), with the registers at a return instruction. Kind::None also without debug
/// information: then nobody knows how many results there are.
Value read_go_result(TracedFunction& function, const ValueSource& source);

}  // namespace ttrace
