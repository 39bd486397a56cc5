#include "functions/backtrace.h"

#include <new>
#include <utility>

#include "functions/callees.h"
#include "functions/go_unwinder.h"

namespace ttrace {

namespace {

StackFrame describe(const Frame& frame, const AddressSpace& space, bool source, Arena& arena) {
  StackFrame shown;
  shown.address = frame.pc;
  const LoadedModule* loaded = module_at(space, frame.pc);
  if (loaded == nullptr) return shown;
  Module& module = *loaded->module;
  shown.object = arena.copy(module.path());
  shown.address = frame.pc - loaded->bias;
  // A call may be the last instruction of its function: what it returns to is another's then.
  Address inside = frame.exact ? shown.address : shown.address - 1;
  if (const Function* function = module.function_at(inside)) {
    shown.function = arena.copy(function->name);
    shown.offset = shown.address - function->address;
  }
  if (!source) return shown;
  if (auto line = module.line(inside)) {
    shown.file = arena.copy(line->file);
    shown.line = line->line;
  }
  return shown;
}

}  // namespace

StackTrace backtrace(const Registers& regs, AddressSpace& space, const StackLimits& limits,
                     Arena& arena) {
  if (limits.most == 0) return {};
  std::size_t skipped = limits.skip_innermost ? 1 : 0;
  auto of_go = go_unwind(regs, space, limits.most + skipped);
  auto stack =
      of_go ? std::move(*of_go) : space.unwinder().unwind(regs, space, limits.most + skipped);
  std::size_t count = stack.frames.size() - std::min(skipped, stack.frames.size());
  auto frames = arena.allocate<StackFrame>(count);
  if (limits.returned_to_innermost && !stack.frames.empty()) stack.frames.front().exact = false;
  for (std::size_t i = 0; i < count; ++i) {
    new (&frames[i]) StackFrame(describe(stack.frames[i + skipped], space, limits.source, arena));
  }
  return {frames, stack.complete};
}

}  // namespace ttrace
