#include "functions/go_runtime.h"

#include <algorithm>
#include <array>

#include "arch/go_code.h"
#include "functions/callees.h"
#include "functions/go_unwinder.h"

namespace ttrace {

namespace {

constexpr std::array<std::string_view, 3> kRuntimePackages{"runtime.", "runtime/internal/",
                                                           "internal/runtime/"};
constexpr std::array<std::string_view, 3> kTrampolines{
    "runtime/internal/syscall.", "internal/runtime/syscall.", "internal/runtime/syscall/"};
// "runtime.exit.abi0" is assembly, as a symbol table has it.
constexpr std::array<std::string_view, 7> kProgramsOwn{
    "runtime.write1", "runtime.exit",    "runtime.raise",    "runtime.open",
    "runtime.read",   "runtime.closefd", "runtime.raiseproc"};
constexpr std::string_view kAbi0 = ".abi0";
// Callers that are looked at: a trampoline has few functions of its own around it.
constexpr unsigned kMostCallers = 4;

bool begins_with_one_of(std::string_view name, std::span<const std::string_view> list) {
  return std::ranges::any_of(list, [&](std::string_view one) { return name.starts_with(one); });
}

// The function of Go's that has `at` in it.
const Function* go_function_at(Address at, AddressSpace& space) {
  const LoadedModule* loaded = module_at(space, at);
  if (loaded == nullptr || loaded->module->go() == nullptr) return nullptr;
  const Function* function = loaded->module->function_at(at - loaded->bias);
  return function != nullptr && function->go ? function : nullptr;
}

}  // namespace

bool is_go_runtime_function(std::string_view name) {
  return begins_with_one_of(name, kRuntimePackages);
}

bool is_go_runtime_call(const Registers& regs, AddressSpace& space) {
  GoFrame frame{regs.pc(), regs.sp(), go_link_register(regs)};
  for (unsigned i = 0; i < kMostCallers; ++i) {
    const Function* function = go_function_at(frame.pc, space);
    if (function == nullptr) return false;
    std::string_view name = function->name;
    if (name.ends_with(kAbi0)) name.remove_suffix(kAbi0.size());
    if (!begins_with_one_of(name, kTrampolines)) {
      return is_go_runtime_function(name) &&
             std::ranges::find(kProgramsOwn, name) == kProgramsOwn.end();
    }
    auto caller = go_caller(frame, regs.machine(), space);
    if (!caller) return true;
    frame = *caller;
    frame.pc = frame.pc - 1;  // within the call
  }
  return true;
}

}  // namespace ttrace
