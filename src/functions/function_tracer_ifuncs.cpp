// The part of FunctionTracer that asks for IFUNCs and takes what was chosen.
#include <algorithm>
#include <vector>

#include "functions/function_tracer.h"

namespace ttrace {

void FunctionTracer::plant_ifuncs(const LoadedModule& loaded, AddressSpace& space) {
  for (std::size_t i : patterns_for(loaded)) {
    auto symbols = loaded.module->matching_ifuncs(pattern(i));
    if (!symbols) return;  // plant_in has said so
    matches_[i] += symbols->size();
    const bool shown = i < choice_.shown.size();
    std::erase_if(*symbols,
                  [&](const Function* symbol) { return shown && excluded(loaded, symbol->name); });
    ifuncs_.add(loaded, *symbols, {shown, !shown, !pattern(i).object_glob().empty()}, space);
  }
}

Ifuncs::Plant FunctionTracer::plant_implementation(AddressSpace& space) {
  return [this, &space](const LoadedModule& loaded, const Function& function, Ifunc::Asked asked) {
    auto site = plant_entry(loaded, function, space);
    if (!site) return;
    (*site)->shown = (*site)->shown || asked.shown;
    (*site)->within = (*site)->within || asked.within;
    TracedFunction* mine = traced(loaded, function, asked.with_object);
    const TracedFunction* other = (*site)->entry;
    // IFUNCs that share an implementation (memcpy and memmove) go by one name, whoever comes first.
    // An implementation's own name (__memmove_avx_unaligned_erms) says less than that.
    if (other == nullptr || !ifuncs_.is_implementation(other->function()) ||
        function.name < other->function().name) {
      (*site)->entry = mine;
    }
  };
}

}  // namespace ttrace
