#include "symbols/list.h"

namespace ttrace {

Result<std::vector<ListedFunction>> list_functions(Module& module, const FunctionPattern& pattern) {
  auto functions = module.matching(pattern);
  if (!functions) return functions.error();
  std::vector<ListedFunction> result;
  result.reserve(functions->size());
  for (const Function* function : *functions)
    result.push_back({function->name,
                      pattern.object_glob().empty() ? std::string() : module.soname(),
                      function->address, module.definition(*function)});
  return result;
}

}  // namespace ttrace
