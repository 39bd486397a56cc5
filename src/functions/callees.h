// What a function calls, for --follow-calls.
#pragma once

#include <vector>

#include "base/address.h"
#include "functions/address_space.h"
#include "symbols/module.h"

namespace ttrace {

/// A place in the module that has it.
struct Callee {
  const LoadedModule* module = nullptr;
  const Function* function = nullptr;
};

/// What one function calls, or goes on in (a tail call).
struct Callees {
  std::vector<Callee> functions;
  // Calls and jumps through a register or memory, also those in stubs of the procedure linkage
  // table that the loader has not resolved yet: where they go is known when they are executed.
  std::vector<Address> indirect;
};

/// The module of `space` that has text at `address`, or nullptr.
const LoadedModule* module_at(const AddressSpace& space, Address address);
/// The function that begins at `address`, if there is one.
std::optional<Callee> function_beginning_at(const AddressSpace& space, Address address);

/// What `function` of `module` calls. A function whose size the file does not say is not looked
/// into, nor is more than a megabyte of one.
Callees find_callees(AddressSpace& space, const LoadedModule& module, const Function& function);

}  // namespace ttrace
