// The part of FunctionTracer for Go's functions: traps behind the stack check and at each return,
// paired by the goroutine and the place in its stack.
#include <algorithm>
#include <functional>

#include "arch/go_code.h"
#include "base/clock.h"
#include "functions/function_tracer.h"
#include "functions/go_thread.h"
#include "functions/value_sources.h"

namespace ttrace {

namespace {

constexpr std::size_t kMostCode = 4 << 20;

GoChains& chains_of(AddressSpace& space, ThreadCalls& calls) {
  return calls.own_go_chains != nullptr ? *calls.own_go_chains : space.go_chains();
}

// Shown calls of C's that are around what a goroutine does: it was called back by them.
unsigned depth_in_c(const GoThread& thread, const ThreadCalls& calls) {
  const bool same = !calls.open.empty() && calls.open.back().goroutine == thread.goroutine;
  return same ? shown_depth(calls.open) : 0;
}

ThreadCalls::GoPlace place_of(const GoThread& thread, const GoChain& chain, GoChains& chains) {
  ThreadCalls::GoPlace place;
  place.goroutine = thread.goroutine;
  place.system_stack = thread.on_system_stack();
  place.depth = chains.depth_below(thread) + shown_depth(chain.open);
  const GoChain* user = chains.find(thread.user, thread.goroutine);
  place.within = is_within(chain.open) || (user != nullptr && is_within(user->open));
  return place;
}

// The number of the call that was entered last among those whose lines are joined: of a goroutine,
// on whatever stack, or of a thread.
std::uint64_t& last_number(const GoThread& thread, GoChains& chains, ThreadCalls& calls) {
  GoChain* user = thread.goroutine == 0 ? nullptr : chains.find(thread.user, thread.goroutine);
  return user != nullptr ? user->last_number : calls.last_number;
}

// A call whose frame is gone, and how many shown ones are around it.
struct GoneCall {
  OpenCall call;
  unsigned depth = 0;
};

// How many calls of a chain were open and shown at a time.
unsigned depth_when(const std::vector<OpenCall>& chain, std::int64_t time) {
  return static_cast<unsigned>(std::ranges::count_if(
      chain, [&](const OpenCall& call) { return call.shown && call.entered < time; }));
}

// The code of a Go function, as it is without traps.
struct ReadCode {
  Address start;
  GoCode code;
};
ReadCode read_code_of(const LoadedModule& loaded, const Function& function, AddressSpace& space) {
  const Address start = function.address + loaded.bias;
  const Address end =
      loaded.module->go_code_end(function).value_or(function.address + function.size);
  std::vector<std::byte> text(std::min<std::uint64_t>(end - function.address, kMostCode));
  text.resize(space.read(start, text));
  // Before the register ABI (Go 1.17), nothing tells assembly from what is compiled.
  constexpr unsigned kTells = 17;
  const GoProgram* program = loaded.module->go();
  const bool by_hand = function.assembly && program != nullptr && program->minor >= kTells;
  return {start, read_go_code(loaded.module->machine(), text, start, by_hand)};
}

}  // namespace

// Calls of Go's functions from C's are around C's, and the other way round: the thread's own chain
// holds the calls of C's, which a goroutine that is in one of them has for itself.
std::optional<FunctionTracer::GoStop> FunctionTracer::go_stop(const Registers& regs, Address cfa,
                                                              AddressSpace& space,
                                                              ThreadCalls& calls) {
  if (space.go_module() == nullptr) return std::nullopt;
  auto thread = go_executes(regs, space);
  calls.go = {};
  if (!thread) return std::nullopt;
  GoChain& chain = chains_of(space, calls).of(*thread, cfa);
  return GoStop{*thread, &chain, GoChains::distance(*thread, cfa)};
}

// The usual end of a call, for which nothing has to be read.
std::optional<FunctionTracer::GoStop> FunctionTracer::go_same_frame(const Registers& regs,
                                                                    Address cfa, const Site& site,
                                                                    AddressSpace& space,
                                                                    ThreadCalls& calls) {
  const Address g(go_g_register(regs));
  GoChain* chain = chains_of(space, calls).with_last(g, cfa, *site.ends);
  if (chain == nullptr) return std::nullopt;
  const GoThread thread{{.at = g, .id = chain->goroutine}, chain->goroutine, g};
  return GoStop{thread, chain, chain->open.back().cfa};
}

// Tells that calls deeper than where the goroutine is are over.
void FunctionTracer::go_arrive(const GoStop& at, bool same_place, AddressSpace& space,
                               ThreadCalls& calls, CallObserver& observer, CallEnd end) {
  const std::uint64_t last = last_number(at.thread, chains_of(space, calls), calls);
  end_deeper(*at.chain, at.distance, same_place, [&](const OpenCall& call) {
    if (!call.shown) return;
    // What g0 was left in may have been called for another goroutine than it works for now.
    const bool is_last = call.goroutine == at.thread.goroutine && call.number == last;
    calls.go.goroutine = call.goroutine;
    observer.returned(go_returned(call, is_last, end), call.around + call.depth);
  });
  calls.go = place_of(at.thread, *at.chain, chains_of(space, calls));
}

FunctionReturned FunctionTracer::go_returned(const OpenCall& call, bool is_last, CallEnd end) {
  return {.name = call.function->function().name,
          .object = call.function->object(),
          .result = Value::none(),
          .end = end,
          .duration = monotonic_now() - call.entered,
          .entered_last = is_last};
}

void FunctionTracer::locate(const Registers& regs, AddressSpace& space, ThreadCalls& calls,
                            CallObserver& observer) {
  auto at = go_stop(regs, regs.sp(), space, calls);
  if (at) go_arrive(*at, false, space, calls, observer, CallEnd::Unwound);
}

void FunctionTracer::enter_go(StoppedTracee& tracee, Site& site, Registers& regs,
                              AddressSpace& space, ThreadCalls& calls, CallObserver& observer) {
  TracedFunction& function = *site.entry;
  Registers at_entry = regs;
  at_entry.set_sp(regs.sp() + site.pushed);
  at_entry.set_pc(regs.pc() - site.behind);
  const Address cfa = at_entry.sp() + go_return_address_size(regs.machine());
  auto at = go_stop(at_entry, cfa, space, calls);
  if (at) {
    auto& open = at->chain->open;
    const bool again = site.repeats && !open.empty() && open.back().cfa == at->distance &&
                       open.back().function == &function;
    if (again) return;
    // What has jumped here returns together with what it jumped to.
    const bool tail = !open.empty() && open.back().cfa == at->distance &&
                      open.back().jumped_to != nullptr &&
                      open.back().jumped_to->address == function.function().address;
    go_arrive(*at, !tail, space, calls, observer, CallEnd::Unwound);
  }
  static const std::vector<OpenCall> none;
  const Showing how = showing(site, at ? at->chain->open : none);
  if (!how.shown && !site.within) return;
  prototypes::Numbers numbers;
  if (how.shown) {
    FloatsOnDemand floats(tracee, regs.machine());
    ValueSource source{at_entry, std::ref(floats), space, arena_, limits_, functions_of(space)};
    Arguments arguments = arguments_of(function, source, space, numbers, observer);
    FunctionEntered event{.name = function.function().name,
                          .object = function.object(),
                          .args = arguments.values,
                          .truncated = arguments.truncated,
                          .returns = at.has_value()};
    places_.entered(choice_, function.function(), at_entry, space, arena_, event);
    observer.entered(event, calls.go.depth + (at ? depth_in_c(at->thread, calls) : 0));
    ++entered_;
    if (at) last_number(at->thread, chains_of(space, calls), calls) = entered_;
    if (how.level < choice_.follow_calls) follow(site, space);
  }
  if (!at) return;
  OpenCall call{
      .function = &function,
      .cfa = at->distance,
      .entered = monotonic_now(),
      .number = how.shown ? entered_ : 0,
      .shown = how.shown,
      .within = site.within,
      .level = how.level,
      .entered_at = cfa,
      .goroutine = at->thread.goroutine,
      .around = chains_of(space, calls).depth_below(at->thread) + depth_in_c(at->thread, calls)};
  const auto& layout = function.layout();
  if (layout.result.keep_at_entry) call.kept = at_entry.get(*layout.result.keep_at_entry);
  call.numbers = std::move(numbers);
  push_call(at->chain->open, call);
  calls.go = place_of(at->thread, *at->chain, chains_of(space, calls));
}

void FunctionTracer::leave_go(StoppedTracee& tracee, Site& site, Registers& regs,
                              AddressSpace& space, ThreadCalls& calls, CallObserver& observer) {
  Registers at_return = regs;
  at_return.set_sp(regs.sp() + site.popped);
  at_return.set_pc(regs.pc() + site.ahead);
  const Address cfa = at_return.sp() + go_return_address_size(regs.machine());
  auto at = go_same_frame(at_return, cfa, site, space, calls);
  if (!at) at = go_stop(at_return, cfa, space, calls);
  if (!at) return;
  go_arrive(*at, false, space, calls, observer, CallEnd::Unwound);
  auto& open = at->chain->open;
  auto is_at = [&](const OpenCall& call) {
    return call.cfa == at->distance &&
           (call.function->function().address == site.ends->address ||
            (call.jumped_to != nullptr && call.jumped_to->address == site.ends->address));
  };
  if (!open.empty() && !is_at(open.back())) {
    go_arrive(*at, true, space, calls, observer, CallEnd::Unwound);
    return;
  }
  if (!open.empty() && site.leaves && go_jump(site, open.back(), space)) return;
  // What has jumped to what returns here returns, too, and what has jumped to that.
  const Function* ended = nullptr;
  auto led_to_it = [&](const OpenCall& call) {
    return ended != nullptr && call.cfa == at->distance && call.jumped_to != nullptr &&
           call.jumped_to->address == ended->address;
  };
  while (!open.empty() && (is_at(open.back()) || led_to_it(open.back()))) {
    const OpenCall call = open.back();
    open.pop_back();
    ended = &call.function->function();
    if (call.shown) go_return(tracee, {call, site, at_return, *at}, space, calls, observer);
  }
  calls.go = place_of(at->thread, *at->chain, chains_of(space, calls));
}

void FunctionTracer::go_return(StoppedTracee& tracee, const GoReturn& end, AddressSpace& space,
                               ThreadCalls& calls, CallObserver& observer) {
  GoChains& chains = chains_of(space, calls);
  const bool is_last = end.call.number == last_number(end.at.thread, chains, calls);
  FunctionReturned event = go_returned(end.call, is_last, CallEnd::Returned);
  FloatsOnDemand floats(tracee, end.regs.machine());
  ValueSource source{end.regs, std::ref(floats), space, arena_, limits_, functions_of(space)};
  // What a function that ends by a jump to nobody knows where returns is not known.
  if (!end.site.leaves) {
    const prototypes::Returned values = values_.returned(end.call, source, space);
    event.result = values.result;
    event.outputs = values.outputs;
  }
  places_.returned(choice_, CallPlaces::End::AtReturn, end.regs, space, arena_, event);
  calls.go = place_of(end.at.thread, *end.at.chain, chains);
  calls.go.goroutine = end.call.goroutine;
  observer.returned(event, end.call.around + end.call.depth);
}

// A method that is promoted from what a structure points to is a jump to that one's: the call ends
// where that returns. False: it is not known where the jump goes.
bool FunctionTracer::go_jump(const Site& site, OpenCall& call, AddressSpace& space) {
  if (site.leads_to.null()) return false;
  auto callee = function_beginning_at(space, site.leads_to);
  if (!callee || !callee->function->go) return false;
  call.jumped_to = callee->function;
  return plant_go_ends(*callee->module, *callee->function, space);
}

void FunctionTracer::hear_go(StoppedTracee& tracee, Site& site, const Registers& regs,
                             AddressSpace& space, ThreadCalls& calls, CallObserver& observer) {
  if (site.tells == Site::Tells::GoRecovers) {
    go_recover(tracee, regs, space, calls, observer);
    return;
  }
  auto at = go_stop(regs, regs.sp(), space, calls);
  if (!at || at->thread.on_system_stack()) return;
  at->distance = Address();
  go_arrive(*at, true, space, calls, observer, CallEnd::UnwoundByGoexit);
}

// runtime.recovery runs on g0 and makes the goroutine go on where its argument, the goroutine's
// gobuf {sp, pc, g, ...} (Go 1.19 and 1.27 src/runtime/runtime2.go), says: in the function that
// recovers, whose callees are gone. They may be C's, too: g0's sched.sp is above their frames again
// (runtime/cgocall.go, unwindm).
void FunctionTracer::go_recover(StoppedTracee& tracee, const Registers& regs, AddressSpace& space,
                                ThreadCalls& calls, CallObserver& observer) {
  constexpr std::uint64_t kGInBuffer = 16;
  const LoadedModule* loaded = space.go_module();
  if (loaded == nullptr) return;
  const GoProgram& program = *loaded->module->go();
  const Address buffer(go_first_argument(regs));
  auto sp = space.read_number(buffer, sizeof(std::uint64_t));
  auto g = space.read_number(buffer + kGInBuffer, sizeof(std::uint64_t));
  if (!sp || !g) return;
  auto goroutine = read_goroutine(Address(*g), program, space);
  if (!goroutine || goroutine->id == 0 || !goroutine->holds(Address(*sp))) return;
  const GoThread thread{*goroutine, goroutine->id, goroutine->at};
  GoChain& chain = chains_of(space, calls).of(thread, Address(*sp));
  std::vector<GoneCall> gone;
  const auto before = chain.open;
  const auto before_in_c = calls.open;
  // What the function that recovers has called ends where its own stack pointer is.
  end_deeper(chain, GoChains::distance(thread, Address(*sp)), true, [&](const OpenCall& call) {
    gone.push_back({call, call.depth + depth_when(before_in_c, call.entered)});
  });
  if (auto system = go_executes(regs, space); system && !calls.open.empty()) {
    auto top = space.read_number(system->now.at + program.g_m + sizeof(std::uint64_t),
                                 sizeof(std::uint64_t));
    Pairing pairs(calls, space.stacks(), space, regs.machine(), tracee.tid(),
                  [&](const OpenCall& call) {
                    gone.push_back({call, call.depth + depth_when(before, call.entered)});
                  });
    if (top) pairs.land(regs.sp(), Address(*top));
  }
  std::ranges::stable_sort(gone, std::greater(),
                           [](const GoneCall& one) { return one.call.entered; });
  calls.go.goroutine = thread.goroutine;
  for (const GoneCall& one : gone) {
    if (!one.call.shown) continue;
    const std::uint64_t number = one.call.number;
    const bool is_last = number == chain.last_number || number == calls.last_number;
    observer.returned(go_returned(one.call, is_last, CallEnd::UnwoundByPanic), one.depth);
  }
}

// The addition that takes the frame away is what is trapped, where there is one: it is emulated
// without reading the stack, and a hit of it cannot be mistaken. That it is one is certain when
// pcsp says so.
void FunctionTracer::plant_go_ends(const LoadedModule& loaded, const Function& function,
                                   const GoCode& code, AddressSpace& space) {
  auto frame_at = [&](Address at) { return loaded.module->go_frame_size(at - loaded.bias); };
  for (const GoCode::Return& end : code.returns) {
    const std::uint64_t word = word_size(loaded.module->machine());
    const bool epilogue = end.epilogue != end.at && frame_at(end.epilogue) == end.frame &&
                          (!end.pops || frame_at(end.at - 1) == word) && frame_at(end.at) == 0;
    auto site = space.plant(epilogue ? end.epilogue : end.at, loaded.module->machine());
    if (!site) continue;
    (*site)->ends = &function;
    // The next function may begin right behind it.
    const Address behind = end.at + 1 - loaded.bias;
    const Function* next = loaded.module->function_at(behind);
    (*site)->sure = !epilogue && end.alone && (next == nullptr || next->address != behind);
    (*site)->ahead = epilogue ? end.at - end.epilogue : 0;
    (*site)->popped = epilogue ? end.frame : 0;
  }
  // A jump while the function still has its frame comes back: it is within its own business.
  auto leaves_at = [&](Address at, Address to) {
    if (frame_at(at) != 0) return;
    auto site = space.plant(at, loaded.module->machine());
    if (!site) return;
    (*site)->ends = &function;
    (*site)->leaves = true;
    (*site)->leads_to = to;
  };
  for (const GoCode::Transfer& jump : code.leaves)
    leaves_at(jump.at, jump.target);
  // The compiler makes such jumps for a switch; the assembler's go to what a register holds.
  if (!function.assembly) return;
  for (Address at : code.indirect)
    leaves_at(at, Address());
}

// Those of a function that is not traced, but that traced ones end in.
bool FunctionTracer::plant_go_ends(const LoadedModule& loaded, const Function& function,
                                   AddressSpace& space) {
  const auto [start, code] = read_code_of(loaded, function, space);
  auto ends_at = [&](Address at) {
    const Site* site = space.site_at(at);
    return site != nullptr && site->ends != nullptr;
  };
  auto returns_at = [&](const GoCode::Return& end) {
    return ends_at(end.at) || ends_at(end.epilogue);
  };
  if (code.returns.empty() && code.leaves.empty()) return false;
  if (!std::ranges::any_of(code.returns, returns_at) &&
      !std::ranges::any_of(code.leaves, ends_at, &GoCode::Transfer::at)) {
    plant_go_ends(loaded, function, code, space);
  }
  return true;
}

Result<Site*> FunctionTracer::plant_go(const LoadedModule& loaded, const Function& function,
                                       AddressSpace& space) {
  const Abi machine = loaded.module->machine();
  const auto [start, code] = read_code_of(loaded, function, space);
  std::array<std::byte, DisplacedInstruction::kMaxLength> bytes{};
  auto text = std::span<const std::byte>(bytes).first(space.read(start + code.check, bytes));
  const std::size_t push = frame_push_length(machine, text);
  const Address entry = start + code.check + push;
  auto site = space.plant(entry, machine);
  if (!site) return site.error();
  (*site)->behind = code.check + push;
  (*site)->pushed = push != 0 ? word_size(machine) : 0;
  (*site)->repeats = code.repeats_entry;
  plant_go_ends(loaded, function, code, space);
  return site;
}

void FunctionTracer::plant_go_tellers(const LoadedModule& loaded, AddressSpace& space) {
  struct Teller {
    std::string_view caller;
    std::string_view callee;
    Site::Tells tells;
  };
  constexpr std::array<Teller, 2> kGoTellers{{
      {"runtime.recovery", "runtime.gogo", Site::Tells::GoRecovers},
      {"runtime.Goexit", "runtime.goexit1", Site::Tells::GoExits},
  }};
  if (loaded.module->go() == nullptr) return;
  auto functions = loaded.module->functions();
  if (!functions) return;
  for (const Function& function : *functions) {
    for (const Teller& teller : kGoTellers) {
      if (function.name != teller.caller) continue;
      for (Address call : calls_in(loaded, function, teller.callee, space)) {
        if (auto site = space.plant(call, loaded.module->machine())) (*site)->tells = teller.tells;
      }
    }
  }
}

// Where `function` calls one whose name begins with `callee`: assembly may have a wrapper, too.
std::vector<Address> FunctionTracer::calls_in(const LoadedModule& loaded, const Function& function,
                                              std::string_view callee, AddressSpace& space) {
  std::vector<Address> found;
  for (const auto& [at, target] : read_code_of(loaded, function, space).code.calls) {
    const Function* called = loaded.module->function_at(target - loaded.bias);
    if (called != nullptr && called->name.starts_with(callee)) found.push_back(at);
  }
  return found;
}

}  // namespace ttrace
