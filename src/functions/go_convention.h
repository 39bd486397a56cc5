// Where Go's functions get their arguments and leave their results:
// src/cmd/compile/abi-internal.md.
#pragma once

#include <span>
#include <vector>

#include "arch/abi.h"
#include "arch/calling.h"
#include "symbols/types.h"

namespace ttrace {

/// Empty pieces: nowhere (a type without size), or not to be known.
struct GoPlaces {
  // One for each parameter and result, in order. Of both, a place on the stack is an offset from
  // the stack pointer at the first instruction; it is the same at a return instruction.
  std::vector<Place> arguments;
  std::vector<Place> results;
  bool known = true;  // false: results cannot be found, because something is unknown before them
};

/// `registers`: the register ABI (ABIInternal of Go 1.17 on x86-64, 1.18 on arm64, and newer), in
/// which a value is in registers as a whole or not at all; otherwise everything is on the stack
/// (ABI0). A parameter whose location names a later register, or another place, than the one that
/// it would have here stands behind ones that the file does not describe: the count of registers
/// goes on from what the location says, and results on the stack, or parameters that nothing is
/// said of, cannot be found. Types that are not known make all that follows unknown. `complete`: no
/// parameter is left out of `parameters`; otherwise only stated places on the stack are believed.
GoPlaces place_go(Abi abi, bool registers, std::span<const Parameter> parameters,
                  std::span<const Parameter> results, bool complete = true);

/// The general registers of arguments and results (DWARF numbers), in order; empty for a machine
/// without them.
std::span<const unsigned> go_registers(Abi abi);

}  // namespace ttrace
