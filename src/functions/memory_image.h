// What an ELF file that is mapped says about itself in the memory of the process.
#pragma once

#include <string>

#include "base/address.h"
#include "base/memory.h"

namespace ttrace {

/// The build-id, in hexadecimal, of the ELF file whose beginning is mapped at `base`; empty when
/// there is none, or what is there cannot be read or makes no sense.
std::string build_id_in_memory(Address base, Memory& memory);

}  // namespace ttrace
