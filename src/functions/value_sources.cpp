#include "functions/value_sources.h"

#include "functions/callees.h"

namespace ttrace {

std::function<std::optional<CodeName>(Address)> functions_of(const AddressSpace& space) {
  return [&space](Address at) -> std::optional<CodeName> {
    const LoadedModule* loaded = module_at(space, at);
    if (loaded == nullptr) return std::nullopt;
    const Address in_file = at - loaded->bias;
    const Function* function = loaded->module->function_at(in_file);
    if (function == nullptr) return std::nullopt;
    return CodeName{function->name, in_file - function->address};
  };
}

}  // namespace ttrace
