#include "functions/function_tracer.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <functional>
#include <string_view>
#include <utility>

#include "arch/longjmp.h"
#include "base/clock.h"
#include "functions/value_sources.h"
#include "os/remote_syscall.h"

namespace ttrace {

namespace {

FunctionReturned returned(const ThreadCalls& calls, const OpenCall& call, Value result,
                          CallEnd end) {
  return {.name = call.function->function().name,
          .object = call.function->object(),
          .result = result,
          .end = end,
          .duration = monotonic_now() - call.entered,
          .entered_last = call.number == calls.last_number};
}

Pairing pairing(const StoppedTracee& tracee, const Registers& regs, AddressSpace& space,
                ThreadCalls& calls, CallObserver& observer) {
  return {calls, space.stacks(), space, regs.machine(), tracee.tid(), [&](const OpenCall& call) {
            if (!call.shown) return;
            observer.returned(returned(calls, call, Value::none(), CallEnd::Unwound),
                              call.depth + calls.go.depth);
          }};
}

// A landing at `at`, when a trap can be there.
std::optional<ThreadCalls::Landing> landing_at(Address at, const Registers& regs,
                                               AddressSpace& space) {
  auto site = space.plant(at, regs.machine());
  if (!site) return std::nullopt;
  (*site)->lands = true;
  return ThreadCalls::Landing{at, regs.sp()};
}

std::optional<ThreadCalls::Landing> landing_of_jump(const StoppedTracee& tracee,
                                                    const Registers& regs, Address buffer,
                                                    AddressSpace& space) {
  Address guard_base = space.pointer_guard();
  if (regs.machine() == Abi::X86_64) guard_base = Address(regs.get(kDwarfX86FsBase));
  if (regs.machine() == Abi::I386) guard_base = tracee.i386_gs_base().value_or(Address());
  for (const auto& target : jump_targets(regs.machine(), buffer, guard_base, space).likely) {
    if (!target) continue;
    if (auto landing = landing_at(target->pc, regs, space)) return landing;
  }
  return std::nullopt;
}

// Reads a stack_t (sigaltstack(2)): the start, flags, and the size, a word each with its padding.
std::optional<StackRange> read_stack(Address at, StackRange::Kind kind, Abi machine,
                                     Memory& memory) {
  std::size_t word = word_size(machine);
  auto start = memory.read_number(at, word);
  auto size = memory.read_number(at + 2 * word, word);
  if (!start || !size || *start == 0 || *size == 0 || *start + *size < *start) return std::nullopt;
  return StackRange{Address(*start), Address(*start + *size), kind};
}

}  // namespace

Result<FunctionTracer::Next> FunctionTracer::hit(StoppedTracee& tracee, Site& site, Registers& regs,
                                                 AddressSpace& space, ThreadCalls& calls,
                                                 CallObserver& observer) {
  Address at = site.instruction.at();
  bool again = calls.again == ThreadCalls::Reported{at, regs.sp()};
  calls.again.reset();
  if (!again) {
    arena_.reset();
    // What C's functions do in a Go program they do for a goroutine.
    const bool of_go = site.ends != nullptr || (site.entry != nullptr && site.entry->function().go);
    if (!of_go) locate(regs, space, calls, observer);
    if (site.lands) land(tracee, regs, space, calls, observer);
    if (site.chosen) Ifuncs::returned(regs, space, calls, plant_implementation(space));
    if (site.chooses != nullptr) Ifuncs::called(*site.chooses, regs, space, calls);
    if (site.tells != Site::Tells::Nothing) hear(tracee, site, regs, space, calls, observer);
    if (site.returns) leave(tracee, regs, space, calls, observer);
    if (site.entry != nullptr) {
      const bool go = site.entry->function().go;
      (this->*(go ? &FunctionTracer::enter_go : &FunctionTracer::enter))(tracee, site, regs, space,
                                                                         calls, observer);
    }
    // Behind that: a function may be a return and nothing else.
    if (site.ends != nullptr) leave_go(tracee, site, regs, space, calls, observer);
  }
  auto next = step_over(tracee, site, regs, space, calls);
  if (site.branches && next && *next == Next::Run) follow_branch(regs, space, calls);
  return next;
}

// Whether a call of what begins at `site` is shown, and how far below a matched function it is.
FunctionTracer::Showing FunctionTracer::showing(const Site& site,
                                                const std::vector<OpenCall>& chain) const {
  if (site.shown) return {true, 0};
  const OpenCall* around = site.followed_into ? last_shown(chain) : nullptr;
  if (around == nullptr || around->level >= choice_.follow_calls) return {};
  return {true, around->level + 1};
}

// The arguments of a call; at the first of a function, what is wrong with its debug information is
// said.
Arguments FunctionTracer::arguments_of(TracedFunction& function, const ValueSource& source,
                                       AddressSpace& space, prototypes::Numbers& numbers,
                                       CallObserver& observer) {
  const bool first = !function.has_layout();
  Arguments arguments = values_.entered(function, source, space, numbers);
  if (first) {
    if (auto warning = function.take_warning()) observer.warned(*warning);
  }
  return arguments;
}

void FunctionTracer::enter(StoppedTracee& tracee, Site& site, Registers& regs, AddressSpace& space,
                           ThreadCalls& calls, CallObserver& observer) {
  TracedFunction& function = *site.entry;
  Registers at_entry = regs;
  at_entry.set_sp(regs.sp() + site.pushed);
  at_entry.set_pc(regs.pc() - site.behind);
  FloatsOnDemand floats(tracee, regs.machine());
  ValueSource source{at_entry, std::ref(floats), space, arena_, limits_, functions_of(space)};
  prototypes::Numbers numbers;
  auto frame = frame_at_entry(at_entry, space);
  if (frame) pairing(tracee, at_entry, space, calls, observer).make_way(&function, *frame);
  Showing how = showing(site, calls.open);
  if (!how.shown && !site.within) return;
  bool returns = false;
  if (frame) {
    // A place that is not text has no return. So it is with the program's first function, which has
    // no caller, and with code that expects something else there (_dl_runtime_resolve,
    // __restore_rt).
    if (auto back = space.plant(frame->return_address, regs.machine())) {
      (*back)->returns = true;
      returns = true;
    } else {
      // Behind the call of a function that never returns there may be padding of breakpoints:
      // such a call lasts until it is unwound (_Unwind_Resume in Rust).
      returns = space.has_own_trap(frame->return_address, regs.machine());
    }
  }
  if (how.shown) {
    Arguments arguments = arguments_of(function, source, space, numbers, observer);
    FunctionEntered event{.name = function.function().name,
                          .object = function.object(),
                          .args = arguments.values,
                          .truncated = arguments.truncated,
                          .returns = returns};
    places_.entered(choice_, function.function(), at_entry, space, arena_, event);
    observer.entered(event, shown_depth(calls.open) + calls.go.depth);
    calls.last_number = ++entered_;
    if (how.level < choice_.follow_calls) follow(site, space);
  }
  if (!returns) return;
  OpenCall call{.function = &function,
                .return_address = frame->return_address,
                .cfa = frame->cfa,
                .entered = monotonic_now(),
                .number = how.shown ? entered_ : 0,
                .one_stack = calls.stack.is_one_stack(),
                .shown = how.shown,
                .within = site.within,
                .level = how.level};
  const auto& layout = function.layout();
  if (layout.result.keep_at_entry) call.kept = regs.get(*layout.result.keep_at_entry);
  call.goroutine = calls.go.goroutine;
  call.numbers = std::move(numbers);
  push_call(calls.open, call);
}

void FunctionTracer::leave(StoppedTracee& tracee, Registers& regs, AddressSpace& space,
                           ThreadCalls& calls, CallObserver& observer) {
  Address pc = regs.pc();
  // An i386 function with a result in memory pops the address of it, too.
  std::uint64_t popped = regs.machine() == Abi::I386 ? word_size(Abi::I386) : 0;
  Pairing pairs = pairing(tracee, regs, space, calls, observer);
  if (!pairs.is_return(pc, regs.sp(), popped)) return;
  FloatsOnDemand floats(tracee, regs.machine());
  // A function that ended in a tail call returns together with what it called.
  while (pairs.last_returns(pc, regs.sp(), popped)) {
    OpenCall call = calls.open.back();
    calls.open.pop_back();
    if (!call.shown) continue;
    ValueSource source{regs, std::ref(floats), space, arena_, limits_, functions_of(space)};
    const prototypes::Returned values = values_.returned(call, source, space);
    FunctionReturned event = returned(calls, call, values.result, CallEnd::Returned);
    event.outputs = values.outputs;
    places_.returned(choice_, CallPlaces::End::BackInside, regs, space, arena_, event);
    observer.returned(event, call.depth + calls.go.depth);
  }
}

void FunctionTracer::land(StoppedTracee& tracee, Registers& regs, AddressSpace& space,
                          ThreadCalls& calls, CallObserver& observer) {
  // Other code may run through the place, too: setjmp returns there the first time.
  std::optional<Address> from;
  if (calls.landing && calls.landing->at == regs.pc()) {
    from = calls.landing->from;
  } else if (calls.forced && calls.forced->at == regs.pc()) {
    from = calls.forced->from;
    calls.forced.reset();
  }
  if (!from) return;
  calls.landing.reset();
  pairing(tracee, regs, space, calls, observer).land(*from, regs.sp());
}

void FunctionTracer::hear(StoppedTracee& tracee, Site& site, Registers& regs, AddressSpace& space,
                          ThreadCalls& calls, CallObserver& observer) {
  constexpr std::uint64_t kStackInContext = 2;  // words: ucontext_t's uc_stack (sys/ucontext.h)
  auto pointer = [&](std::size_t index) {
    return Address(argument(regs, index, space).value_or(0));
  };
  Abi machine = regs.machine();
  switch (site.tells) {
    case Site::Tells::Nothing:
      break;
    case Site::Tells::GoRecovers:
    case Site::Tells::GoExits:
      hear_go(tracee, site, regs, space, calls, observer);
      break;
    case Site::Tells::LandingPad:
      calls.landing = landing_at(pointer(1), regs, space);
      break;
    case Site::Tells::Jump:
      calls.landing = landing_of_jump(tracee, regs, pointer(0), space);
      break;
    case Site::Tells::ForcedEnd:
      calls.forced = landing_of_jump(tracee, regs, pointer(2), space);
      break;
    case Site::Tells::SignalStack:
      if (auto stack = read_stack(pointer(0), StackRange::Kind::Signal, machine, space)) {
        space.stacks().announce(*stack);
      }
      break;
    case Site::Tells::NewStack: {
      Address at = pointer(0) + kStackInContext * word_size(machine);
      if (auto stack = read_stack(at, StackRange::Kind::Made, machine, space)) {
        pairing(tracee, regs, space, calls, observer).remake(*stack, regs.sp());
      }
      break;
    }
  }
}

Result<FunctionTracer::Next> FunctionTracer::step_over(StoppedTracee& tracee, Site& site,
                                                       Registers& regs, AddressSpace& space,
                                                       ThreadCalls& calls) {
  const DisplacedInstruction& instruction = site.instruction;
  regs.set_pc(instruction.at());
  if (instruction.emulated() && instruction.emulate(regs, space.as_program())) {
    if (auto set = tracee.set_registers(regs); !set) return set.error();
    return Next::Run;
  }
  auto slot = space.acquire_slot(instruction);
  if (!slot) slot = make_room(tracee, instruction, regs, space);
  if (!slot) {
    if (slot.error().gone()) return slot.error();
    // The program matters more than the rest of the trace: the trap goes.
    space.unplant(site);
    if (auto set = tracee.set_registers(regs); !set) return set.error();
    return Next::GivenUp;
  }
  if (!*slot) return Next::Wait;
  regs.set_pc(**slot);
  if (auto set = tracee.set_registers(regs); !set) {
    space.release_slot(**slot);
    return set.error();
  }
  calls.step = ThreadCalls::Step{instruction, **slot};
  return Next::Step;
}

Result<std::optional<Address>> FunctionTracer::make_room(StoppedTracee& tracee,
                                                         const DisplacedInstruction& instruction,
                                                         Registers& regs, AddressSpace& space) {
  auto page = remote_map_text(tracee, regs, space, instruction.at());
  if (!page) return page.error();
  space.add_room(*page, *page + static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE)));
  return space.acquire_slot(instruction);
}

Result<FunctionTracer::Next> FunctionTracer::step_done(StoppedTracee& tracee, AddressSpace& space,
                                                       ThreadCalls& calls) {
  auto regs = tracee.registers();
  if (!regs) return regs.error();
  if (!calls.step->instruction.finish_copy(*regs, space, calls.step->slot)) return Next::Step;
  if (auto set = tracee.set_registers(*regs); !set) return set.error();
  space.release_slot(calls.step->slot);
  const Site* site = space.site_at(calls.step->instruction.at());
  calls.step.reset();
  if (site != nullptr && site->branches) follow_branch(*regs, space, calls);
  return Next::Run;
}

void FunctionTracer::handler_returned(const Registers& regs, ThreadCalls& calls) {
  ThreadCalls::Reported here{regs.pc(), regs.sp()};
  auto it = std::ranges::find(calls.reported, here);
  if (it == calls.reported.end()) return;
  calls.reported.erase(it, calls.reported.end());
  calls.again = here;
}

Result<> FunctionTracer::abandon_step(StoppedTracee& tracee, AddressSpace& space,
                                      ThreadCalls& calls) {
  auto regs = tracee.registers();
  if (!regs) return regs.error();
  const DisplacedInstruction& instruction = calls.step->instruction;
  if (regs->pc() == calls.step->slot) {
    regs->set_pc(instruction.at());
    // Those that were left by a jump stay until they are too many.
    constexpr std::size_t kMost = 16;
    if (calls.reported.size() == kMost) calls.reported.erase(calls.reported.begin());
    calls.reported.push_back({instruction.at(), regs->sp()});
  } else if (!instruction.finish_copy(*regs, space, calls.step->slot)) {
    regs->set_pc(instruction.at());
  }
  if (auto set = tracee.set_registers(*regs); !set) return set.error();
  space.release_slot(calls.step->slot);
  calls.step.reset();
  return {};
}

}  // namespace ttrace
