// The part of FunctionTracer that chooses functions and plants traps.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "functions/function_tracer.h"

namespace ttrace {

namespace {

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

// What the compiler makes a Go function call (to grow its stack, to allocate, to panic) is not what
// it says that it calls; the rest of the runtime is asked for by name, too.
bool is_of_go_runtime(const Function& function) {
  return function.go && function.name.starts_with("runtime.");
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
    plant_go_tellers(module, space);
  }
  ifuncs_.look_for_chosen(added, space, plant_implementation(space));
}

// A push is the one common beginning whose emulation needs a write, and after which a SIGTRAP from
// elsewhere could be taken for a hit: two of the six calls of the kernel that an entry costs.
Result<Site*> FunctionTracer::plant_entry(const LoadedModule& loaded, const Function& function,
                                          AddressSpace& space) {
  Address entry = Address(loaded.bias) + function.address.value();
  if (!is_mapped(loaded, entry)) return Error{EFAULT, "not in executable memory"};
  if (function.go) return plant_go(loaded, function, space);
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

void FunctionTracer::follow_branch(const Registers& regs, AddressSpace& space, ThreadCalls& calls) {
  auto callee = function_beginning_at(space, regs.pc());
  if (!callee) return;
  auto go = callee->function->go ? go_stop(regs, regs.sp(), space, calls) : std::nullopt;
  const OpenCall* around = last_shown(go ? go->chain->open : calls.open);
  if (around == nullptr || around->level >= choice_.follow_calls) return;
  plant_followed(*callee, space);
}

void FunctionTracer::plant_followed(const Callee& callee, AddressSpace& space) {
  const Function& function = *callee.function;
  if (excluded(*callee.module, function.name) || is_of_go_runtime(function)) return;
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

}  // namespace ttrace
