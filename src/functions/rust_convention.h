// Where Rust's own functions get their arguments and leave their results.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "arch/calling.h"

namespace ttrace {

/// As place_arguments() and place_result(), for functions that are not `extern "C"`. The convention
/// is no part of the language; this is rustc's from 1.63 to 1.95 at least (rustc_ty_utils' abi.rs):
/// a value that is one scalar travels as such, one of two scalars as two arguments, any other in a
/// general register when it fits into one, else by reference. nullopt: not known on this machine.
std::optional<std::vector<Place>> rust_arguments(Abi abi, std::span<const Shape> arguments,
                                                 const Shape& result);
std::optional<ResultPlace> rust_result(Abi abi, const Shape& result);

}  // namespace ttrace
