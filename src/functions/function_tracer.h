// From traps to calls: plants breakpoints at the functions the user asked for and turns hits into
// FunctionEntered and FunctionReturned.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "arch/go_code.h"
#include "arch/machine.h"
#include "arch/registers.h"
#include "base/address.h"
#include "base/arena.h"
#include "base/result.h"
#include "event/event.h"
#include "functions/address_space.h"
#include "functions/call_values.h"
#include "functions/callees.h"
#include "functions/function_choice.h"
#include "functions/ifuncs.h"
#include "functions/open_calls.h"
#include "functions/places.h"
#include "functions/traced_function.h"
#include "functions/values.h"
#include "os/stopped_tracee.h"
#include "symbols/pattern.h"

namespace ttrace {

/// Receives what happened. `depth`: calls open around it.
class CallObserver {
 public:
  CallObserver() = default;
  CallObserver(const CallObserver&) = delete;
  CallObserver& operator=(const CallObserver&) = delete;
  virtual ~CallObserver() = default;
  virtual void entered(const FunctionEntered& event, unsigned depth) = 0;
  virtual void returned(const FunctionReturned& event, unsigned depth) = 0;
  /// Something that the user should know, once.
  virtual void warned(std::string_view text) = 0;
};

class FunctionTracer {
 public:
  /// `book`: the prototypes of functions without debug information; null: those built in.
  FunctionTracer(FunctionChoice choice, ValueLimits limits, DecodeOptions decode = {},
                 std::shared_ptr<prototypes::PrototypeBook> book = nullptr)
      : choice_(std::move(choice)),
        matches_(choice_.shown.size() + choice_.within.size()),
        limits_(limits),
        values_(std::move(decode), std::move(book)) {}

  /// Reads the symbols of a process that is to be attached to, so that it need not wait for that.
  void look_ahead(Tid tid);
  /// Looks at what the space's process has mapped now and, when any functions were asked for,
  /// plants traps in what is new. Messages
  /// for the user go to `notices`.
  void update(AddressSpace& space, std::vector<std::string>& notices);

  /// How many functions a pattern matched so far, over all processes. They are numbered: those
  /// to be shown, then those of --within.
  [[nodiscard]] std::size_t matches(std::size_t pattern) const { return matches_[pattern]; }
  [[nodiscard]] const FunctionPattern& pattern(std::size_t number) const {
    bool shown = number < choice_.shown.size();
    return shown ? choice_.shown[number] : choice_.within[number - choice_.shown.size()];
  }
  [[nodiscard]] std::size_t patterns() const { return matches_.size(); }
  [[nodiscard]] const FunctionChoice& choice() const { return choice_; }
  /// Which functions that a pattern matches are inlined everywhere, for a message: "; inlined
  /// everywhere: tiny (app.c:3)"; empty when none is known.
  [[nodiscard]] std::string inlined(std::size_t pattern) const;
  /// What to say when, since the last time, more functions were matched than may be, so that some
  /// were not planted; empty when that is not so.
  [[nodiscard]] std::string take_too_many() { return std::exchange(too_many_, {}); }
  /// Files that could not be read, among those patterns look at; the first is the error to report
  /// when nothing could be traced.
  [[nodiscard]] const std::vector<std::string>& problems() const { return problems_; }

  /// What the thread needs next.
  enum class Next : std::uint8_t {
    Run,      // its registers are as the displaced instruction leaves them
    Step,     // one single-step, then step_done()
    Wait,     // every slot is in use: keep it stopped, call step_over() again later
    GivenUp,  // there is no room for a copy: the trap was taken out, the thread can run
  };
  /// A trap of ours at `site` was hit: reports, then steps over. `regs` has the PC behind the trap.
  Result<Next> hit(StoppedTracee& tracee, Site& site, Registers& regs, AddressSpace& space,
                   ThreadCalls& calls, CallObserver& observer);
  /// Gets the thread past `site`, whose trap it has hit.
  Result<Next> step_over(StoppedTracee& tracee, Site& site, Registers& regs, AddressSpace& space,
                         ThreadCalls& calls);
  /// The single-step of calls.step ended. Run: the thread is past the instruction. Step: again.
  Result<Next> step_done(StoppedTracee& tracee, AddressSpace& space, ThreadCalls& calls);
  /// Gives up calls.step: the thread goes back to the instruction's own address, unless the copy
  /// was already executed.
  Result<> abandon_step(StoppedTracee& tracee, AddressSpace& space, ThreadCalls& calls);
  /// Go: finds out what the thread executes, for calls.go, when it is at `regs`; reports calls
  /// whose frames are gone.
  void locate(const Registers& regs, AddressSpace& space, ThreadCalls& calls,
              CallObserver& observer);
  /// A signal handler has returned to where `regs` are.
  static void handler_returned(const Registers& regs, ThreadCalls& calls);

 private:
  /// Maps room for copies in the tracee, and a copy in it.
  static Result<std::optional<Address>> make_room(StoppedTracee& tracee,
                                                  const DisplacedInstruction& instruction,
                                                  Registers& regs, AddressSpace& space);
  /// A function to be planted, and the pattern that asks for it.
  struct Match {
    const Function* function = nullptr;
    std::size_t pattern = 0;
  };
  [[nodiscard]] std::vector<std::size_t> patterns_for(const LoadedModule& loaded) const;
  [[nodiscard]] bool excluded(const LoadedModule& loaded, std::string_view name) const;
  Result<std::vector<Match>> matching(const LoadedModule& loaded);
  void look_for_inlined(const LoadedModule& loaded, std::vector<std::string>& notices);
  bool check_number(const LoadedModule& loaded, const std::vector<Match>& matches);
  static Result<Site*> plant_entry(const LoadedModule& loaded, const Function& function,
                                   AddressSpace& space);
  void plant_in(const LoadedModule& module, AddressSpace& space, std::vector<std::string>& notices);
  void plant_ifuncs(const LoadedModule& module, AddressSpace& space);
  Ifuncs::Plant plant_implementation(AddressSpace& space);
  static void plant_tellers(const LoadedModule& module, AddressSpace& space);
  TracedFunction* traced(const LoadedModule& loaded, const Function& function, bool shows_object);
  Arguments arguments_of(TracedFunction& function, const ValueSource& source, AddressSpace& space,
                         prototypes::Numbers& numbers, CallObserver& observer);
  void enter(StoppedTracee& tracee, Site& site, Registers& regs, AddressSpace& space,
             ThreadCalls& calls, CallObserver& observer);
  void leave(StoppedTracee& tracee, Registers& regs, AddressSpace& space, ThreadCalls& calls,
             CallObserver& observer);
  static void land(StoppedTracee& tracee, Registers& regs, AddressSpace& space, ThreadCalls& calls,
                   CallObserver& observer);
  static void hear(StoppedTracee& tracee, Site& site, Registers& regs, AddressSpace& space,
                   ThreadCalls& calls, CallObserver& observer);
  struct Showing {
    bool shown = false;
    unsigned level = 0;
  };
  [[nodiscard]] Showing showing(const Site& site, const std::vector<OpenCall>& chain) const;
  // --- function_tracer_go.cpp
  /// A stop of a thread that executes Go's code.
  struct GoStop {
    GoThread thread;
    GoChain* chain = nullptr;  // of the stack that it is on
    Address distance;          // of a frame that ends where it is
  };
  static std::optional<GoStop> go_stop(const Registers& regs, Address cfa, AddressSpace& space,
                                       ThreadCalls& calls);
  static std::optional<GoStop> go_same_frame(const Registers& regs, Address cfa, const Site& site,
                                             AddressSpace& space, ThreadCalls& calls);
  static void go_arrive(const GoStop& at, bool same_place, AddressSpace& space, ThreadCalls& calls,
                        CallObserver& observer, CallEnd end);
  static FunctionReturned go_returned(const OpenCall& call, bool is_last, CallEnd end);
  void enter_go(StoppedTracee& tracee, Site& site, Registers& regs, AddressSpace& space,
                ThreadCalls& calls, CallObserver& observer);
  void leave_go(StoppedTracee& tracee, Site& site, Registers& regs, AddressSpace& space,
                ThreadCalls& calls, CallObserver& observer);
  /// A call that ends with `site`, whose registers are `regs` at its return instruction.
  struct GoReturn {
    const OpenCall& call;
    const Site& site;
    const Registers& regs;
    const GoStop& at;
  };
  void go_return(StoppedTracee& tracee, const GoReturn& end, AddressSpace& space,
                 ThreadCalls& calls, CallObserver& observer);
  static bool go_jump(const Site& site, OpenCall& call, AddressSpace& space);
  static void go_recover(StoppedTracee& tracee, const Registers& regs, AddressSpace& space,
                         ThreadCalls& calls, CallObserver& observer);
  static void hear_go(StoppedTracee& tracee, Site& site, const Registers& regs, AddressSpace& space,
                      ThreadCalls& calls, CallObserver& observer);
  static Result<Site*> plant_go(const LoadedModule& loaded, const Function& function,
                                AddressSpace& space);
  static void plant_go_ends(const LoadedModule& loaded, const Function& function,
                            const GoCode& code, AddressSpace& space);
  static bool plant_go_ends(const LoadedModule& loaded, const Function& function,
                            AddressSpace& space);
  static void plant_go_tellers(const LoadedModule& loaded, AddressSpace& space);
  static std::vector<Address> calls_in(const LoadedModule& loaded, const Function& function,
                                       std::string_view callee, AddressSpace& space);
  void follow(Site& site, AddressSpace& space);
  void follow_branch(const Registers& regs, AddressSpace& space, ThreadCalls& calls);
  void plant_followed(const Callee& callee, AddressSpace& space);

  FunctionChoice choice_;
  std::vector<std::size_t> matches_;  // of choice_.shown, then of choice_.within
  std::string too_many_;
  // What was found inlined everywhere, by module and pattern.
  std::map<std::pair<const Module*, std::size_t>, std::string> inlined_;
  ValueLimits limits_;
  CallValues values_;
  CallPlaces places_;
  Ifuncs ifuncs_;
  ModuleCache modules_;
  std::unordered_map<const Function*, std::unique_ptr<TracedFunction>> functions_;
  void note_problems(const std::vector<UnreadableFile>& problems);
  std::vector<std::string> problems_;
  std::vector<std::string> unsaid_;  // of them: those of objects that a pattern names
  std::uint64_t entered_ = 0;        // calls so far
  Arena arena_;
};

}  // namespace ttrace
