#include "functions/go_thread.h"

#include "arch/go_code.h"

namespace ttrace {

namespace {

// Where the thread's own variable with the current g is. A shared object has it where the dynamic
// loader has put it.
std::optional<Address> thread_variable(const Registers& regs, const LoadedModule& loaded,
                                       Memory& memory) {
  const GoProgram& program = *loaded.module->go();
  auto base = go_thread_pointer(regs);
  if (!base || base->null()) return std::nullopt;
  auto offset = static_cast<std::uint64_t>(program.tls_offset);
  if (program.tls_slot) {
    auto held = memory.read_number(*program.tls_slot + loaded.bias, sizeof(offset));
    if (!held) return std::nullopt;
    offset = *held;
  }
  return *base + offset;
}

// A thread that C has made keeps what it got when it called Go, for the next time (since Go 1.21):
// until then that goroutine has no frame and stands behind the end of everything.
GoThread without_idle_goroutine(GoThread thread, const LoadedModule& loaded) {
  if (!thread.on_system_stack() || thread.user.null()) return thread;
  const Function* at = loaded.module->function_at(thread.user_resumes_at - loaded.bias);
  if (at == nullptr || !at->name.starts_with("runtime.goexit")) return thread;
  thread.goroutine = 0;
  thread.user = Address();
  return thread;
}

}  // namespace

std::optional<GoThread> go_executes(const Registers& regs, AddressSpace& space) {
  const LoadedModule* loaded = space.go_module();
  if (loaded == nullptr) return std::nullopt;
  const GoProgram& program = *loaded->module->go();
  const std::uint64_t in_register = go_g_register(regs);
  auto thread = read_go_thread(Address(in_register), program, space);
  if (thread && thread->now.holds(regs.sp())) return without_idle_goroutine(*thread, *loaded);
  auto variable = thread_variable(regs, *loaded, space);
  if (!variable) {
    // arm64: other code than Go's keeps what it wants in the register.
    const bool go_code = loaded->start <= regs.pc() && regs.pc() < loaded->end;
    return go_code ? thread : std::nullopt;
  }
  auto g = space.read_number(*variable, sizeof(std::uint64_t));
  if (!g) return std::nullopt;
  thread = read_go_thread(Address(*g), program, space);
  return thread ? std::optional(without_idle_goroutine(*thread, *loaded)) : std::nullopt;
}

}  // namespace ttrace
