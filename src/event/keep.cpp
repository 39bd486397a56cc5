#include "event/keep.h"

#include <new>

namespace ttrace {

namespace {

std::span<const Value> keep(std::span<const Value> values, Arena& arena) {
  auto kept = arena.allocate<Value>(values.size());
  for (std::size_t i = 0; i < values.size(); ++i)
    new (&kept[i]) Value(ttrace::keep(values[i], arena));
  return kept;
}

StackTrace keep(const StackTrace& stack, Arena& arena) {
  auto frames = arena.copy(stack.frames);
  for (StackFrame& frame : frames) {
    frame.object = arena.copy(frame.object);
    frame.function = arena.copy(frame.function);
    frame.file = arena.copy(frame.file);
  }
  return {frames, stack.complete};
}

template <class Entered>
Entered keep_entered(const Entered& call, Arena& arena) {
  Entered kept = call;
  kept.name = arena.copy(call.name);
  kept.args = keep(call.args, arena);
  kept.stack = keep(call.stack, arena);
  return kept;
}

}  // namespace

// Values are trees, and what makes them bounds their depth.
// NOLINTNEXTLINE(misc-no-recursion)
Value keep(const Value& value, Arena& arena) {
  Value kept = value;
  kept.text = arena.copy(value.text);
  kept.name = arena.copy(value.name);
  kept.comment = arena.copy(value.comment);
  kept.note = arena.copy(value.note);
  kept.children = keep(value.children, arena);
  return kept;
}

SyscallEntered keep(const SyscallEntered& call, Arena& arena) {
  return keep_entered(call, arena);
}

FunctionEntered keep(const FunctionEntered& call, Arena& arena) {
  FunctionEntered kept = keep_entered(call, arena);
  kept.object = arena.copy(call.object);
  kept.place.file = arena.copy(call.place.file);
  return kept;
}

}  // namespace ttrace
