// What a parameter's DW_AT_location says about the moment when its function is entered.
#pragma once

#include <elfutils/libdw.h>

#include "arch/abi.h"
#include "base/address.h"
#include "symbols/types.h"

namespace ttrace {

/// The function whose parameters are looked at.
struct EntryPoint {
  Dwarf_Die function;
  Address address;
  Abi abi = Abi::X86_64;
  bool clone = false;  // the calling convention does not hold
};

/// Whether a function's parameters are described as only optimised ones are: as constants, or as
/// being in a register at entry.
bool looks_optimised(Dwarf_Die function, Abi abi);

/// See EntryLocation. `parameter` is the concrete instance's DIE. DWARF 5 sections 2.6 and 4.1.
EntryLocation entry_location(Dwarf_Die parameter, const EntryPoint& entry);

}  // namespace ttrace
