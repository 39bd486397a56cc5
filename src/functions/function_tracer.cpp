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
#include "os/remote_syscall.h"

namespace ttrace {

namespace {

// A thread's vector registers: 512 bytes, read when the first is asked for.
class FloatsOnDemand {
 public:
  FloatsOnDemand(const StoppedTracee& tracee, Abi machine) : tracee_(tracee), machine_(machine) {}

  std::optional<FloatRegisters> operator()() {
    if (!held_) {
      if (auto got = tracee_.float_registers(machine_)) held_ = *got;
    }
    return held_;
  }

 private:
  const StoppedTracee& tracee_;
  Abi machine_;
  std::optional<FloatRegisters> held_;
};

// Functions that end frames without returning through them. A C++ catch begins with
// __cxa_begin_catch ("C++ ABI: Exception Handling", 2.5.3); setjmp's counterparts restore a stack
// pointer.
struct Reaper {
  std::string_view linkage_name;
  Site::Reap how;
};
constexpr std::array<Reaper, 5> kReapers{{
    {"__cxa_begin_catch", Site::Reap::Catch},
    {"longjmp", Site::Reap::Longjmp},
    {"_longjmp", Site::Reap::Longjmp},
    {"siglongjmp", Site::Reap::Longjmp},
    {"__longjmp_chk", Site::Reap::Longjmp},
}};
constexpr auto kReaperNames = [] {
  std::array<std::string_view, kReapers.size()> names;
  std::ranges::transform(kReapers, names.begin(), &Reaper::linkage_name);
  return names;
}();

}  // namespace

TracedFunction* FunctionTracer::traced(const std::shared_ptr<Module>& module,
                                       const Function& function, bool shows_object) {
  auto& known = functions_[&function];
  if (known == nullptr) {
    known = std::make_unique<TracedFunction>(module, function,
                                             shows_object ? module->soname() : std::string());
  }
  return known.get();
}

void FunctionTracer::update(AddressSpace& space, std::vector<std::string>& notices) {
  MappedText now = modules_.scan(space.thread());
  if (now.text.empty()) return;  // the thread has ended: nothing is known, so nothing changes
  for (const std::string& problem : now.problems)
    problems_.push_back(problem);
  for (const LoadedModule& module : space.update(std::move(now))) {
    plant_in(module, space, notices);
    plant_reapers(module, space);
  }
}

void FunctionTracer::plant_in(const LoadedModule& loaded, AddressSpace& space,
                              std::vector<std::string>& notices) {
  Module& module = *loaded.module;
  std::vector<std::size_t> looking;
  for (std::size_t i = 0; i < patterns_.size(); ++i) {
    if (patterns_[i].matches_object(module.soname(), module.path(), loaded.is_executable)) {
      looking.push_back(i);
    }
  }
  if (looking.empty()) return;
  std::size_t failed = 0;
  std::string failure;
  for (std::size_t i : looking) {
    auto functions = module.matching(patterns_[i]);
    if (!functions) {
      problems_.push_back(functions.error().message());
      return;
    }
    matches_[i] += functions->size();
    for (const Function* function : *functions) {
      auto site = space.plant(Address(loaded.bias) + function->address.value(), module.machine());
      if (site) {
        // An earlier pattern's name for it stays.
        if ((*site)->entry == nullptr) (*site)->entry = traced(loaded.module, *function, shows(i));
      } else if (site.error().gone()) {
        return;
      } else {
        ++failed;
        failure = function->name + ": " + site.error().message();
      }
    }
  }
  if (failed != 0) {
    notices.push_back(fmt::format("cannot trace {} function{} of {} ({})", failed,
                                  failed == 1 ? "" : "s", module.soname(), failure));
  }
}

void FunctionTracer::plant_reapers(const LoadedModule& loaded, AddressSpace& space) {
  auto addresses = loaded.module->find_linkage_names(kReaperNames);
  for (std::size_t i = 0; i < kReapers.size(); ++i) {
    if (!addresses[i]) continue;
    auto site = space.plant(Address(loaded.bias) + addresses[i]->value(), loaded.module->machine());
    if (site) (*site)->reap = kReapers.at(i).how;
  }
}

Result<FunctionTracer::Next> FunctionTracer::hit(StoppedTracee& tracee, Site& site, Registers& regs,
                                                 AddressSpace& space, ThreadCalls& calls,
                                                 CallObserver& observer) {
  Address at = site.instruction.at();
  bool again = calls.reported && calls.reported->site == at && calls.reported->sp == regs.sp();
  calls.reported.reset();
  if (!again) {
    arena_.reset();
    if (site.reap != Site::Reap::No) reap(tracee, site, regs, space, calls, observer);
    if (site.returns) leave(tracee, regs, space, calls, observer);
    if (site.entry != nullptr) enter(tracee, site, regs, space, calls, observer);
  }
  return step_over(tracee, site, regs, space, calls);
}

void FunctionTracer::enter(StoppedTracee& tracee, Site& site, Registers& regs, AddressSpace& space,
                           ThreadCalls& calls, CallObserver& observer) {
  TracedFunction& function = *site.entry;
  FloatsOnDemand floats(tracee, regs.machine());
  // The values are those of the function's first instruction, where the PC belongs.
  ValueSource source{regs, std::ref(floats), space, arena_, limits_};
  Arguments arguments = read_arguments(function, source);
  auto depth = static_cast<unsigned>(calls.open.size());
  observer.entered(
      {function.function().name, function.object(), arguments.values, arguments.truncated}, depth);

  auto frame = frame_at_entry(regs, space);
  bool returns = false;
  if (frame) {
    // A place that is not text (the program's first function has no caller) has no return.
    if (auto back = space.plant(frame->return_address, regs.machine())) {
      (*back)->returns = true;
      returns = true;
    }
  }
  if (!returns) return;
  OpenCall call{&function, frame->return_address, frame->cfa, 0, monotonic_now()};
  const auto& layout = function.layout();
  if (layout.result.keep_at_entry) call.kept = regs.get(*layout.result.keep_at_entry);
  calls.open.push_back(call);
}

void FunctionTracer::unwind(ThreadCalls& calls, CallObserver& observer) {
  OpenCall call = calls.open.back();
  calls.open.pop_back();
  FunctionReturned event{call.function->function().name, call.function->object(), Value::none(),
                         true, monotonic_now() - call.entered};
  observer.returned(event, static_cast<unsigned>(calls.open.size()));
}

void FunctionTracer::leave(StoppedTracee& tracee, Registers& regs, AddressSpace& space,
                           ThreadCalls& calls, CallObserver& observer) {
  Address pc = regs.pc();
  // An i386 function with a result in memory pops the address of it, too.
  std::uint64_t popped = regs.machine() == Abi::I386 ? word_size(Abi::I386) : 0;
  auto returns_here = [&](const OpenCall& call) {
    return call.return_address == pc && regs.sp() >= call.cfa && regs.sp() - call.cfa <= popped;
  };
  // Other code may run through a return address; only the frame that was called from there, with
  // the stack as it was, returns now.
  std::size_t index = calls.open.size();
  while (index > 0 && !returns_here(calls.open[index - 1]))
    --index;
  if (index == 0) return;
  while (calls.open.size() > index)
    unwind(calls, observer);
  FloatsOnDemand floats(tracee, regs.machine());
  // A function that ended in a tail call returns together with what it called.
  while (!calls.open.empty() && returns_here(calls.open.back())) {
    OpenCall call = calls.open.back();
    calls.open.pop_back();
    ValueSource source{regs, std::ref(floats), space, arena_, limits_};
    FunctionReturned event{call.function->function().name, call.function->object(),
                           read_result(*call.function, source, call.kept), false,
                           monotonic_now() - call.entered};
    observer.returned(event, static_cast<unsigned>(calls.open.size()));
  }
}

void FunctionTracer::reap(StoppedTracee& tracee, Site& site, Registers& regs, AddressSpace& space,
                          ThreadCalls& calls, CallObserver& observer) {
  std::optional<Address> survivor;  // the stack pointer of the frame that goes on
  if (site.reap == Site::Reap::Catch) {
    if (auto frame = frame_at_entry(regs, space)) survivor = frame->cfa;
  } else {
    Address thread_pointer(regs.get(kDwarfX86FsBase));
    if (regs.machine() == Abi::I386) {
      thread_pointer = tracee.i386_gs_base().value_or(Address());
    }
    survivor = longjmp_stack(regs, thread_pointer, space);
  }
  if (!survivor) return;
  while (!calls.open.empty() && calls.open.back().cfa <= *survivor)
    unwind(calls, observer);
}

Result<FunctionTracer::Next> FunctionTracer::step_over(StoppedTracee& tracee, Site& site,
                                                       Registers& regs, AddressSpace& space,
                                                       ThreadCalls& calls) {
  const DisplacedInstruction& instruction = site.instruction;
  regs.set_pc(instruction.at());
  if (instruction.emulated() && instruction.emulate(regs, space)) {
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
  calls.step = {&site, **slot};
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
  if (!calls.step->site->instruction.finish_copy(*regs, space, calls.step->slot)) return Next::Step;
  if (auto set = tracee.set_registers(*regs); !set) return set.error();
  space.release_slot(calls.step->slot);
  calls.step.reset();
  return Next::Run;
}

Result<> FunctionTracer::abandon_step(StoppedTracee& tracee, AddressSpace& space,
                                      ThreadCalls& calls) {
  auto regs = tracee.registers();
  if (!regs) return regs.error();
  const DisplacedInstruction& instruction = calls.step->site->instruction;
  if (regs->pc() == calls.step->slot) {
    regs->set_pc(instruction.at());
    calls.reported = {instruction.at(), regs->sp()};
  } else if (!instruction.finish_copy(*regs, space, calls.step->slot)) {
    regs->set_pc(instruction.at());
  }
  if (auto set = tracee.set_registers(*regs); !set) return set.error();
  space.release_slot(calls.step->slot);
  calls.step.reset();
  return {};
}

}  // namespace ttrace
