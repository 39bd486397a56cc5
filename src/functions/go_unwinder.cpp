#include "functions/go_unwinder.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "arch/go_code.h"
#include "functions/callees.h"
#include "functions/go_thread.h"

namespace ttrace {

namespace {

constexpr std::size_t kWord = 8;

// The first functions of a goroutine and of a thread: nothing called them.
constexpr std::array<std::string_view, 4> kOutermost{"runtime.goexit", "runtime.rt0_go",
                                                     "runtime.mstart", "runtime.mstart0"};
// These have gone from the goroutine's stack to the thread's, and have kept in runtime.g's sched
// (behind m; Go 1.19 and 1.27 src/runtime/runtime2.go) where the goroutine is.
constexpr std::array<std::string_view, 4> kSwitches{"runtime.systemstack", "runtime.mcall",
                                                    "runtime.asmcgocall", "runtime.morestack"};
// They were not called: the instruction there is executed next.
constexpr std::array<std::string_view, 2> kInjected{"runtime.sigpanic", "runtime.asyncPreempt"};

bool is_one_of(std::string_view name, std::span<const std::string_view> list) {
  constexpr std::string_view kAbi0 = ".abi0";
  if (name.ends_with(kAbi0)) name.remove_suffix(kAbi0.size());
  return std::ranges::find(list, name) != list.end();
}

const LoadedModule* go_module_at(Address at, AddressSpace& space) {
  const LoadedModule* loaded = module_at(space, at);
  return loaded != nullptr && loaded->module->go() != nullptr ? loaded : nullptr;
}

std::string_view name_at(Address at, AddressSpace& space) {
  const LoadedModule* loaded = go_module_at(at, space);
  const Function* function =
      loaded == nullptr ? nullptr : loaded->module->function_at(at - loaded->bias);
  return function == nullptr ? std::string_view() : function->name;
}

// Where the goroutine for which the thread works has left its own stack.
std::optional<GoFrame> on_goroutine(const GoThread& thread, const GoProgram& program,
                                    AddressSpace& space) {
  if (!thread.on_system_stack() || thread.user.null()) return std::nullopt;
  const Address sched = thread.user + program.g_m + kWord;
  auto sp = space.read_number(sched, kWord);
  auto pc = space.read_number(sched + kWord, kWord);
  if (!sp || !pc) return std::nullopt;
  return GoFrame{Address(*pc), Address(*sp), std::nullopt};
}

}  // namespace

std::optional<GoFrame> go_caller(const GoFrame& frame, Abi machine, AddressSpace& space,
                                 bool exact) {
  // A call may be the last instruction of its function.
  const Address inside = exact ? frame.pc : frame.pc - 1;
  const LoadedModule* loaded = go_module_at(inside, space);
  if (loaded == nullptr) return std::nullopt;
  auto size = loaded->module->go_frame_size(inside - loaded->bias);
  if (!size) return std::nullopt;
  const std::uint64_t pushed = go_return_address_size(machine);
  if (pushed == 0 && *size == 0) {
    if (!frame.link) return std::nullopt;
    return GoFrame{*frame.link, frame.sp, std::nullopt};
  }
  // arm64 keeps it at the bottom of the frame.
  auto back = space.read_number(pushed != 0 ? frame.sp + *size : frame.sp, kWord);
  if (!back) return std::nullopt;
  return GoFrame{Address(*back), frame.sp + *size + pushed, std::nullopt};
}

std::optional<Unwinder::Stack> go_unwind(const Registers& regs, AddressSpace& space,
                                         std::size_t most) {
  const LoadedModule* loaded = go_module_at(regs.pc(), space);
  if (loaded == nullptr || !loaded->module->go_frame_size(regs.pc() - loaded->bias)) {
    return std::nullopt;
  }
  const auto thread = go_executes(regs, space);
  GoFrame frame{regs.pc(), regs.sp(), go_link_register(regs)};
  bool exact = true;
  bool switched = false;
  Unwinder::Stack stack;
  while (stack.frames.size() < most) {
    stack.frames.push_back({frame.pc, exact});
    const std::string_view name = name_at(exact ? frame.pc : frame.pc - 1, space);
    stack.complete = is_one_of(name, kOutermost);
    if (stack.complete) return stack;
    const bool injected = is_one_of(name, kInjected);
    std::optional<GoFrame> caller;
    if (!switched && !exact && thread && is_one_of(name, kSwitches)) {
      caller = on_goroutine(*thread, *loaded->module->go(), space);
      switched = true;
      // The scheduler, between two goroutines.
      if (!caller) {
        stack.complete = true;
        return stack;
      }
      // What switched is on both stacks.
      if (name_at(caller->pc, space).starts_with("runtime.systemstack_switch")) {
        caller = go_caller(*caller, regs.machine(), space);
      }
    }
    if (!caller) caller = go_caller(frame, regs.machine(), space, exact);
    if (!caller || caller->pc.null()) return stack;
    frame = *caller;
    exact = injected;
  }
  stack.complete = true;
  return stack;
}

}  // namespace ttrace
