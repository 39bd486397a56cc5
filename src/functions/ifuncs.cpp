#include "functions/ifuncs.h"

#include <algorithm>
#include <string_view>

#include "symbols/pattern.h"

namespace ttrace {

namespace {

const LoadedModule* loaded_of(const Module& module, const AddressSpace& space) {
  const auto& modules = space.mapped().modules;
  auto it = std::ranges::find_if(
      modules, [&](const LoadedModule& loaded) { return loaded.module.get() == &module; });
  return it == modules.end() ? nullptr : &*it;
}

// Whether an address of the module's own is in a segment that can be executed.
bool is_text(const Module& module, Address in_file) {
  return std::ranges::any_of(module.segments(), [&](const Segment& segment) {
    return segment.executable && in_file >= segment.address &&
           in_file - segment.address < segment.file_size;
  });
}

}  // namespace

void Ifuncs::add(const LoadedModule& loaded, const std::vector<const Function*>& symbols,
                 Ifunc::Asked asked, AddressSpace& space) {
  for (const Function* symbol : symbols) {
    auto& ifunc = all_[symbol];
    if (ifunc == nullptr) {
      ifunc = std::make_unique<Ifunc>();
      ifunc->module = loaded.module;
      ifunc->symbol = symbol;
      ifunc->asked.with_object = asked.with_object;
    }
    ifunc->asked.shown = ifunc->asked.shown || asked.shown;
    ifunc->asked.within = ifunc->asked.within || asked.within;
    auto site =
        space.plant(Address(loaded.bias) + symbol->address.value(), loaded.module->machine());
    // Of two names for one resolver the first stays.
    if (site && (*site)->chooses == nullptr) (*site)->chooses = ifunc.get();
  }
}

void Ifuncs::look_for_chosen(const std::vector<LoadedModule>& added, AddressSpace& space,
                             const Plant& plant) {
  if (all_.empty()) return;
  for (const LoadedModule& loaded : added)
    look_in(loaded, space, plant);
}

void Ifuncs::look_in(const LoadedModule& loaded, AddressSpace& space, const Plant& plant) {
  std::vector<std::string_view> names;
  std::vector<Address> resolvers;
  for (const auto& [symbol, ifunc] : all_) {
    names.push_back(unversioned(symbol->linkage));
    if (ifunc->module == loaded.module) resolvers.push_back(symbol->address);
  }
  const unsigned word = word_size(loaded.module->machine());
  for (const FunctionSlot& slot : loaded.module->function_slots(names, resolvers)) {
    const auto now = space.read_number(Address(loaded.bias) + slot.slot.value(), word);
    // Not filled in yet, or filled in with the place that asks the linker when it is first used.
    if (!now || *now == slot.before || *now == slot.before + loaded.bias) continue;
    for (const auto& [symbol, ifunc] : all_) {
      const bool is_it = slot.name.empty()
                             ? ifunc->module == loaded.module && symbol->address == slot.resolver
                             : unversioned(symbol->linkage) == slot.name;
      if (is_it) found(*ifunc, Address(*now), space, plant);
    }
  }
}

bool Ifuncs::is_implementation(const Function& function) const {
  return std::ranges::any_of(all_, [&](const auto& entry) {
    const auto& made = entry.second->implementations;
    auto it = made.find(function.address);
    return it != made.end() && it->second.get() == &function;
  });
}

void Ifuncs::called(Ifunc& ifunc, const Registers& regs, AddressSpace& space, ThreadCalls& calls) {
  auto frame = frame_at_entry(regs, space);
  if (!frame) return;
  auto site = space.plant(frame->return_address, regs.machine());
  if (!site) return;
  (*site)->chosen = true;
  calls.choosing = {&ifunc, *frame};
}

void Ifuncs::returned(const Registers& regs, AddressSpace& space, ThreadCalls& calls,
                      const Plant& plant) {
  if (!calls.choosing) return;
  const ThreadCalls::Choosing choosing = *calls.choosing;
  if (choosing.frame.return_address != regs.pc() || choosing.frame.cfa != regs.sp()) return;
  calls.choosing.reset();
  found(*choosing.ifunc, Address(regs.get(result_register(regs.machine()))), space, plant);
}

void Ifuncs::found(Ifunc& ifunc, Address implementation, AddressSpace& space, const Plant& plant) {
  const LoadedModule* loaded = loaded_of(*ifunc.module, space);
  if (loaded == nullptr || implementation.value() < loaded->bias) return;
  const Address in_file(implementation.value() - loaded->bias);
  // What another module chose under the same name is not this IFUNC's.
  if (!is_text(*loaded->module, in_file)) return;
  auto& function = ifunc.implementations[in_file];
  if (function == nullptr) {
    function = std::make_unique<Function>(*ifunc.symbol);
    function->address = in_file;
    const Function* own = loaded->module->function_at(in_file);
    function->size = own != nullptr && own->address == in_file ? own->size : 0;
  }
  plant(*loaded, *function, ifunc.asked);
}

}  // namespace ttrace
