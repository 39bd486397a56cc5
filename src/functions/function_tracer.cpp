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
#include "functions/backtrace.h"
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

// Functions that tell where a thread goes without returning, or where stacks are.
// Every personality routine, whatever the language, sets the landing pad of a catch or a cleanup
// with _Unwind_SetIP ("C++ ABI: Exception Handling", 1.6.2). glibc ends a thread by a forced
// unwinding whose stop function jumps to a jmp_buf, the function's argument (nptl/unwind.c).
struct Teller {
  std::string_view linkage_name;
  Site::Tells tells;
};
constexpr std::array<Teller, 8> kTellers{{
    {"_Unwind_SetIP", Site::Tells::LandingPad},
    {"_Unwind_ForcedUnwind", Site::Tells::ForcedEnd},
    {"longjmp", Site::Tells::Jump},
    {"_longjmp", Site::Tells::Jump},
    {"siglongjmp", Site::Tells::Jump},
    {"__longjmp_chk", Site::Tells::Jump},
    {"sigaltstack", Site::Tells::SignalStack},
    {"makecontext", Site::Tells::NewStack},
}};
constexpr auto kTellerNames = [] {
  std::array<std::string_view, kTellers.size()> names;
  std::ranges::transform(kTellers, names.begin(), &Teller::linkage_name);
  return names;
}();

// arm64: what scrambles a jmp_buf is a variable of glibc's dynamic loader, or of a static program
// (elf/rtld.c, csu/libc-start.c). Elsewhere it is in the thread control block.
constexpr std::array<std::string_view, 2> kPointerGuards{"__pointer_chk_guard",
                                                         "__pointer_chk_guard_local"};

// A program may map a part of a file again: where the rest would be there is something else.
bool is_mapped(const LoadedModule& loaded, Address at) {
  return at >= loaded.start && at < loaded.end;
}

// What function pointers point to.
auto functions_of(const AddressSpace& space) {
  return [&space](Address at) -> std::optional<CodeName> {
    for (const LoadedModule& loaded : space.mapped().modules) {
      if (at < loaded.start || at >= loaded.end) continue;
      Address in_file(at.value() - loaded.bias);
      const Function* function = loaded.module->function_at(in_file);
      if (function == nullptr) return std::nullopt;
      return CodeName{function->name, in_file.value() - function->address.value()};
    }
    return std::nullopt;
  };
}

FunctionReturned returned(const ThreadCalls& calls, const OpenCall& call, Value result,
                          bool unwound) {
  return {.name = call.function->function().name,
          .object = call.function->object(),
          .result = result,
          .unwound = unwound,
          .duration = monotonic_now() - call.entered,
          .entered_last = call.number == calls.last_number};
}

Pairing pairing(const StoppedTracee& tracee, const Registers& regs, AddressSpace& space,
                ThreadCalls& calls, CallObserver& observer) {
  return {calls, space.stacks(), space, regs.machine(), tracee.tid(), [&](const OpenCall& call) {
            if (!call.shown) return;
            observer.returned(returned(calls, call, Value::none(), true), call.depth);
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

const OpenCall* last_shown(const ThreadCalls& calls) {
  auto found = std::find_if(calls.open.rbegin(), calls.open.rend(), std::mem_fn(&OpenCall::shown));
  return found == calls.open.rend() ? nullptr : &*found;
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

// Names some of the functions, with where they are defined.
std::string name_some(const std::vector<InlinedFunction>& functions) {
  constexpr std::size_t kMost = 5;
  std::string text;
  for (std::size_t i = 0; i < std::min(functions.size(), kMost); ++i) {
    const InlinedFunction& function = functions[i];
    if (i != 0) text += ", ";
    text += function.name;
    if (function.defined) {
      text += fmt::format(" ({}:{})", function.defined->file, function.defined->line);
    }
  }
  if (functions.size() > kMost) text += fmt::format(" and {} more", functions.size() - kMost);
  return text;
}

}  // namespace

TracedFunction* FunctionTracer::traced(const LoadedModule& loaded, const Function& function,
                                       bool shows_object) {
  auto& known = functions_[&function];
  if (known == nullptr) {
    const std::string& soname = loaded.module->soname();
    known = std::make_unique<TracedFunction>(loaded.module, function,
                                             shows_object ? soname : std::string());
    // Libraries may be part of a static program: then it is theirs that its functions are.
    const bool is_static = loaded.is_executable && loaded.module->interpreter().empty();
    known->look_up_in(values_.book(), is_static ? std::string() : soname);
  }
  return known.get();
}

std::vector<std::size_t> FunctionTracer::patterns_for(const LoadedModule& loaded) const {
  const Module& module = *loaded.module;
  std::vector<std::size_t> looking;
  for (std::size_t i = 0; i < patterns(); ++i) {
    if (pattern(i).matches_object(module.soname(), module.path(), loaded.is_executable)) {
      looking.push_back(i);
    }
  }
  return looking;
}

bool FunctionTracer::excluded(const LoadedModule& loaded, std::string_view name) const {
  const Module& module = *loaded.module;
  return std::ranges::any_of(choice_.excluded, [&](const FunctionPattern& pattern) {
    bool here = pattern.object_glob().empty() ||
                pattern.matches_object(module.soname(), module.path(), loaded.is_executable);
    return here && pattern.matches_name(name);
  });
}

void FunctionTracer::look_ahead(Tid tid) {
  MappedText now = modules_.scan(tid);
  note_problems(now.problems);
  for (const LoadedModule& loaded : now.modules) {
    for (std::size_t i : patterns_for(loaded)) {
      auto ignored = loaded.module->matching(pattern(i));
      (void)ignored;  // an error is found again
    }
  }
}

void FunctionTracer::note_problems(const std::vector<UnreadableFile>& problems) {
  for (const UnreadableFile& problem : problems) {
    problems_.push_back(problem.why);
    auto names_it = [&](const FunctionPattern& pattern) {
      return !pattern.object_glob().empty() && pattern.matches_object({}, problem.path, false);
    };
    if (std::ranges::any_of(choice_.shown, names_it) ||
        std::ranges::any_of(choice_.within, names_it)) {
      unsaid_.push_back(problem.why);
    }
  }
}

void FunctionTracer::update(AddressSpace& space, std::vector<std::string>& notices) {
  MappedText now = modules_.scan(space.thread());
  if (now.text.empty()) return;  // the thread has ended: nothing is known, so nothing changes
  note_problems(now.problems);
  std::ranges::move(unsaid_, std::back_inserter(notices));
  unsaid_.clear();
  auto added = space.update(std::move(now));
  if (!choice_.any()) return;
  for (const LoadedModule& module : added) {
    plant_in(module, space, notices);
    plant_ifuncs(module, space);
    plant_tellers(module, space);
  }
  ifuncs_.look_for_chosen(added, space, plant_implementation(space));
}

// A push is the one common beginning whose emulation needs a write, and after which a SIGTRAP from
// elsewhere could be taken for a hit: two of the six calls of the kernel that an entry costs.
Result<Site*> FunctionTracer::plant_entry(const LoadedModule& loaded, const Function& function,
                                          AddressSpace& space) {
  Address entry = Address(loaded.bias) + function.address.value();
  if (!is_mapped(loaded, entry)) return Error{EFAULT, "not in executable memory"};
  Abi machine = loaded.module->machine();
  std::array<std::byte, DisplacedInstruction::kMaxLength> bytes{};
  auto text = std::span<const std::byte>(bytes).first(space.read(entry, bytes));
  std::size_t push = frame_push_length(machine, text);
  auto site = space.plant(entry + push, machine);
  if (site && push != 0) {
    (*site)->behind = push;
    (*site)->pushed = word_size(machine);
  }
  return site;
}

Result<std::vector<FunctionTracer::Match>> FunctionTracer::matching(const LoadedModule& loaded) {
  std::vector<Match> found;
  for (std::size_t i : patterns_for(loaded)) {
    auto functions = loaded.module->matching(pattern(i));
    if (!functions) return functions.error();
    matches_[i] += functions->size();
    bool shown = i < choice_.shown.size();
    for (const Function* function : *functions) {
      if (!shown || !excluded(loaded, function->name)) found.push_back({function, i});
    }
  }
  return found;
}

std::string FunctionTracer::inlined(std::size_t pattern) const {
  for (const auto& [key, names] : inlined_)
    if (key.second == pattern && !names.empty()) return "; inlined everywhere: " + names;
  return {};
}

void FunctionTracer::look_for_inlined(const LoadedModule& loaded,
                                      std::vector<std::string>& notices) {
  for (std::size_t i : patterns_for(loaded)) {
    auto [known, fresh] = inlined_.try_emplace({loaded.module.get(), i});
    if (!fresh) continue;
    auto functions = loaded.module->inlined(pattern(i));
    std::erase_if(functions,
                  [&](const InlinedFunction& function) { return excluded(loaded, function.name); });
    if (functions.empty()) continue;
    known->second = name_some(functions);
    // What matches nothing else is told of at the end, or is an error.
    if (matches_[i] == 0) continue;
    notices.push_back("cannot trace what is inlined everywhere: " + known->second);
  }
}

bool FunctionTracer::check_number(const LoadedModule& loaded, const std::vector<Match>& matches) {
  auto fresh = static_cast<std::size_t>(std::ranges::count_if(
      matches, [&](const Match& match) { return !functions_.contains(match.function); }));
  if (functions_.size() + fresh <= choice_.most) return true;
  too_many_ = fmt::format(
      "{} functions of {} match{}, and at most {} are traced: narrow the regular expression, leave "
      "some out with --exclude-funcs, or raise --max-funcs",
      fresh, loaded.module->path(),
      functions_.empty() ? "" : fmt::format(" besides {} others", functions_.size()), choice_.most);
  return false;
}

void FunctionTracer::plant_in(const LoadedModule& loaded, AddressSpace& space,
                              std::vector<std::string>& notices) {
  auto matches = matching(loaded);
  if (!matches) {
    problems_.push_back(matches.error().message());
    return;
  }
  if (!check_number(loaded, *matches)) return;
  look_for_inlined(loaded, notices);
  std::size_t failed = 0;
  std::string failure;
  // V8 maps its builtins again: the other functions are elsewhere.
  const auto& all = space.mapped().modules;
  bool mapped_again = std::ranges::count(all, loaded.module, &LoadedModule::module) > 1;
  for (const Match& match : *matches) {
    auto site = plant_entry(loaded, *match.function, space);
    if (site) {
      // An earlier pattern's name for it stays.
      if ((*site)->entry == nullptr) {
        (*site)->entry =
            traced(loaded, *match.function, !pattern(match.pattern).object_glob().empty());
      }
      bool shown = match.pattern < choice_.shown.size();
      ((*site)->*(shown ? &Site::shown : &Site::within)) = true;
    } else if (site.error().gone()) {
      return;
    } else if (!mapped_again || site.error().code != EFAULT) {
      ++failed;
      failure = match.function->name + ": " + site.error().message();
    }
  }
  if (failed != 0) {
    notices.push_back(fmt::format("cannot trace {} function{} of {} ({})", failed,
                                  failed == 1 ? "" : "s", loaded.module->soname(), failure));
  }
}

void FunctionTracer::plant_tellers(const LoadedModule& loaded, AddressSpace& space) {
  auto addresses = loaded.module->find_linkage_names(kTellerNames);
  for (std::size_t i = 0; i < kTellers.size(); ++i) {
    if (!addresses[i]) continue;
    Address at = Address(loaded.bias) + addresses[i]->value();
    if (!is_mapped(loaded, at)) continue;
    auto site = space.plant(at, loaded.module->machine());
    if (site) (*site)->tells = kTellers.at(i).tells;
  }
  if (loaded.module->machine() != Abi::Aarch64) return;
  for (std::string_view name : kPointerGuards) {
    if (auto guard = loaded.module->find_object(name)) {
      space.set_pointer_guard(Address(loaded.bias) + guard->value());
    }
  }
}

Result<FunctionTracer::Next> FunctionTracer::hit(StoppedTracee& tracee, Site& site, Registers& regs,
                                                 AddressSpace& space, ThreadCalls& calls,
                                                 CallObserver& observer) {
  Address at = site.instruction.at();
  bool again = calls.again == ThreadCalls::Reported{at, regs.sp()};
  calls.again.reset();
  if (!again) {
    arena_.reset();
    if (site.lands) land(tracee, regs, space, calls, observer);
    if (site.chosen) Ifuncs::returned(regs, space, calls, plant_implementation(space));
    if (site.chooses != nullptr) Ifuncs::called(*site.chooses, regs, space, calls);
    if (site.tells != Site::Tells::Nothing) hear(tracee, site, regs, space, calls, observer);
    if (site.returns) leave(tracee, regs, space, calls, observer);
    if (site.entry != nullptr) enter(tracee, site, regs, space, calls, observer);
  }
  auto next = step_over(tracee, site, regs, space, calls);
  if (site.branches && next && *next == Next::Run) follow_branch(regs.pc(), calls, space);
  return next;
}

// Whether a call of what begins at `site` is shown, and how far below a matched function it is.
FunctionTracer::Showing FunctionTracer::showing(const Site& site, const ThreadCalls& calls) const {
  if (site.shown) return {true, 0};
  const OpenCall* around = site.followed_into ? last_shown(calls) : nullptr;
  if (around == nullptr || around->level >= choice_.follow_calls) return {};
  return {true, around->level + 1};
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
  Showing how = showing(site, calls);
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
    bool first = !function.has_layout();
    Arguments arguments = values_.entered(function, source, space, numbers);
    if (first) {
      if (auto warning = function.take_warning()) observer.warned(*warning);
    }
    StackTrace stack = backtrace(at_entry, space, {choice_.stack, true, true}, arena_);
    observer.entered({function.function().name, function.object(), arguments.values,
                      arguments.truncated, stack, returns},
                     shown_depth(calls.open));
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
  call.numbers = std::move(numbers);
  push_call(calls.open, call);
}

// At the first call of a function that is to be shown with what it calls: nothing has been called
// yet, so nothing is missed.
void FunctionTracer::follow(Site& site, AddressSpace& space) {
  if (std::exchange(site.followed, true)) return;
  const LoadedModule* module = module_at(space, site.instruction.at());
  if (module == nullptr) return;
  Callees callees = find_callees(space, *module, site.entry->function());
  for (const Callee& callee : callees.functions)
    plant_followed(callee, space);
  for (Address at : callees.indirect) {
    // What cannot be displaced is not followed.
    if (auto branch = space.plant(at, module->module->machine())) (*branch)->branches = true;
  }
}

void FunctionTracer::follow_branch(Address target, const ThreadCalls& calls, AddressSpace& space) {
  const OpenCall* around = last_shown(calls);
  if (around == nullptr || around->level >= choice_.follow_calls) return;
  if (auto callee = function_beginning_at(space, target)) plant_followed(*callee, space);
}

void FunctionTracer::plant_followed(const Callee& callee, AddressSpace& space) {
  const Function& function = *callee.function;
  if (excluded(*callee.module, function.name)) return;
  if (functions_.size() >= choice_.most && !functions_.contains(&function)) {
    too_many_ = fmt::format(
        "more than {} functions are called: not all of them are traced "
        "(--max-funcs)",
        choice_.most);
    return;
  }
  auto site = plant_entry(*callee.module, function, space);
  if (!site) return;
  (*site)->followed_into = true;
  if ((*site)->entry != nullptr) return;
  (*site)->entry = traced(*callee.module, function, !callee.module->is_executable);
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
    FunctionReturned event = returned(calls, call, values.result, false);
    event.outputs = values.outputs;
    observer.returned(event, call.depth);
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
  if (site != nullptr && site->branches) follow_branch(regs->pc(), calls, space);
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
