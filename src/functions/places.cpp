#include "functions/places.h"

#include <cstddef>

#include "functions/backtrace.h"
#include "functions/callees.h"

namespace ttrace {

template <class Find>
SourcePlace CallPlaces::look_up(Known& known, Key key, Find find) {
  // Programs have fewer places; one that loads and unloads modules all the time may not.
  constexpr std::size_t kMost = 100'000;
  auto found = known.find(key);
  if (found == known.end()) {
    if (known.size() >= kMost) known.clear();
    found = known.emplace(key, find()).first;
  }
  if (!found->second) return {};
  return {found->second->file, found->second->line};
}

void CallPlaces::entered(const FunctionChoice& choice, const Function& function,
                         const Registers& regs, AddressSpace& space, Arena& arena,
                         FunctionEntered& event) {
  if (choice.stack_at_entry)
    event.stack = backtrace(regs, space, {choice.stack, true, true}, arena);
  if (!choice.locations) return;
  const LoadedModule* loaded = module_at(space, regs.pc());
  if (loaded == nullptr) return;
  Module& module = *loaded->module;
  event.place = look_up(definitions_, {&module, function.address}, [&] {
    auto defined = module.definition(function);
    // Go's tables of lines say it of the address, too: what is there is never an inlined function.
    return defined || !function.go ? defined : module.line(function.address);
  });
}

void CallPlaces::returned(const FunctionChoice& choice, End end, const Registers& regs,
                          AddressSpace& space, Arena& arena, FunctionReturned& event) {
  const bool inside = end == End::BackInside;
  if (choice.stack_at_return) {
    event.stack = backtrace(regs, space,
                            {.most = choice.stack,
                             .source = true,
                             .skip_innermost = !inside,
                             .returned_to_innermost = inside},
                            arena);
  }
  if (!choice.locations) return;
  const LoadedModule* loaded = module_at(space, regs.pc());
  if (loaded == nullptr) return;
  // The line of the call: what stands behind it may belong to another.
  const Address at = regs.pc() - loaded->bias - (inside ? 1 : 0);
  Module& module = *loaded->module;
  event.place = look_up(lines_, {&module, at}, [&] { return module.line(at); });
}

}  // namespace ttrace
