// What Go's compiler writes into DWARF in its own way (Go 1.19 src/cmd/internal/dwarf/dwarf.go).
#pragma once

#include <elfutils/libdw.h>

#include <string>

#include "arch/abi.h"
#include "base/address.h"
#include "symbols/debug_types.h"
#include "symbols/types.h"

namespace ttrace {

/// DW_AT_go_kind of a type, or None. The linker makes pointer types without it, or with none.
GoKind go_kind_of(Dwarf_Die type);

/// Whether Go's compiler made the unit that the DIE is in.
bool is_go(Dwarf_Die die);

/// Adds a Go function's parameters and results to `to`, in the order of the source; a generic one's
/// dictionary of types is artificial. `function` is the concrete instance's DIE, `address` where it
/// begins. Go 1.19 leaves out dictionaries and parameters without a name: the locations of those
/// that follow show it.
void read_go_signature(Dwarf_Die function, Address address, Abi abi, DebugTypes& types,
                       Signature& to);

}  // namespace ttrace
