#include "symbols/module.h"

#include <algorithm>
#include <functional>
#include <map>
#include <set>
#include <string_view>

#include "symbols/debug_file.h"
#include "symbols/debug_info.h"
#include "symbols/dynamic.h"
#include "symbols/elf_file.h"
#include "symbols/go_offsets.h"
#include "symbols/go_symbols.h"
#include "symbols/pattern.h"
#include "symbols/relocations.h"
#include "symbols/symbol_table.h"

namespace ttrace {
namespace {

bool by_address(const FunctionSymbol& a, const FunctionSymbol& b) {
  return a.better_than(b);
}

}  // namespace

/// By the name, too: of several at an address the best that a pattern matches is shown.
using FunctionKey = std::pair<Address, std::string_view>;

struct Module::State {
  DebugFileSearch search;
  std::string soname;
  std::unique_ptr<ElfFile> file;

  // Each of these is read when first asked for.
  bool debug_file_looked_for = false;
  std::unique_ptr<ElfFile> debug_file;
  bool mini_looked_for = false;
  std::unique_ptr<ElfFile> mini_debug_info;
  std::optional<Result<SymbolTable>> symbols;
  bool go_looked_for = false;
  std::unique_ptr<GoSymbols> go_symbols;
  std::optional<GoProgram> go_program;   // with what debug information says
  std::map<FunctionKey, Function> made;  // what was asked for, so that pointers to it stay valid
  std::vector<Function> all;             // when functions() was asked for
  std::map<std::string, std::optional<Address>, std::less<>> linkage_names;  // asked for so far
  std::optional<std::optional<ThreadVariable>> error_number;
  bool debug_info_looked_for = false;
  std::unique_ptr<DebugInfo> debug_info;
  std::string debug_problem;  // why there is none
  bool warned = false;

  ElfFile* separate() {
    if (!debug_file_looked_for) {
      debug_file_looked_for = true;
      debug_file = find_debug_file(*file, search);
    }
    return debug_file.get();
  }

  ElfFile* mini() {
    if (!mini_looked_for) {
      mini_looked_for = true;
      mini_debug_info = open_mini_debug_info(*file);
    }
    return mini_debug_info.get();
  }

  /// The file whose .symtab describes this module; nullptr: there is only .dynsym.
  ElfFile* symtab_file() {
    if (file->section_of_type(SHT_SYMTAB)) return file.get();
    ElfFile* other = separate();
    return other != nullptr && other->section_of_type(SHT_SYMTAB) ? other : nullptr;
  }

  /// Where the functions are. What MiniDebugInfo has is what .dynsym has not.
  std::vector<SymbolSource> symbol_sources() {
    ElfFile* from = symtab_file();
    if (from != nullptr) return {{from, SHT_SYMTAB}};
    std::vector<SymbolSource> sources{{file.get(), SHT_DYNSYM}};
    if (mini() != nullptr) sources.push_back({mini(), SHT_SYMTAB});
    return sources;
  }

  Result<SymbolTable>& table() {
    if (!symbols) {
      symbols = SymbolTable::read(*file, symbol_sources());
      if (!*symbols) symbols = Error{0, search.shown_as + ": " + symbols->error().what};
    }
    return *symbols;
  }

  /// nullptr: no Go program.
  const GoSymbols* go() {
    if (!go_looked_for) {
      go_looked_for = true;
      go_symbols = GoSymbols::open(*file);
    }
    return go_symbols.get();
  }

  /// A Go program without a pclntab that is understood. Its functions move their stacks as others
  /// of Go's do: they cannot be traced like those of C, although there may be symbols.
  bool unknown_go() {
    return go() == nullptr &&
           (file->section(".gopclntab") || file->section(".data.rel.ro.gopclntab"));
  }

  /// What a Go program's pclntab says of an address; nullopt: it is for the symbol table to say.
  std::optional<GoFunction> go_function(Address address) {
    if (go() == nullptr) return std::nullopt;
    auto found = go()->containing(address);
    // Of C functions that Go's linker has linked, a symbol table knows more.
    if (found && !found->is_go() && symtab_file() != nullptr) return std::nullopt;
    return found;
  }

  bool is_of_table(const FunctionSymbol& symbol) {
    return go() == nullptr || (!go_function(symbol.address) && !is_go_mark(symbol.name));
  }

  const Function* function(const GoFunction& function) {
    auto [known, fresh] = made.try_emplace({Address(function.entry), function.name});
    if (fresh) known->second = go()->describe(function);
    return &known->second;
  }

  const Function* function(const FunctionSymbol& symbol) {
    auto [known, fresh] = made.try_emplace({symbol.address, symbol.name});
    if (fresh) known->second = describe(symbol);
    return &known->second;
  }

  static Function describe(const FunctionSymbol& symbol) {
    return {display_name(symbol.name), std::string(symbol.name), symbol.address, symbol.size,
            is_clone(symbol.name)};
  }

  std::vector<Function> all_functions(const SymbolTable& table);

  /// Those of a type of symbols that match.
  Result<std::vector<const Function*>> matching(const FunctionPattern& pattern, unsigned type);

  DebugInfo* dwarf() {
    if (!debug_info_looked_for) {
      debug_info_looked_for = true;
      std::string problem;
      debug_info = DebugInfo::open(*file, search, problem);
      if (!debug_info && separate() != nullptr)
        debug_info = DebugInfo::open(*separate(), search, problem);
      if (!debug_info) debug_problem = problem;
    }
    return debug_info.get();
  }
};

Module::Module() : state_(std::make_unique<State>()) {}
Module::~Module() = default;

Result<std::unique_ptr<Module>> Module::open(const std::string& path, std::string shown_as) {
  auto file = ElfFile::open(path, shown_as, false);
  if (!file) return file.error();
  std::unique_ptr<Module> module(new Module);
  State& state = *module->state_;
  state.search.path = path;
  state.search.shown_as = std::move(shown_as);
  state.file = std::move(*file);
  state.soname = state.file->soname();
  if (state.soname.empty())
    state.soname = state.search.shown_as.substr(state.search.shown_as.rfind('/') + 1);
  return module;
}

const std::string& Module::path() const {
  return state_->search.shown_as;
}
const std::string& Module::soname() const {
  return state_->soname;
}
const std::string& Module::build_id() const {
  return state_->file->build_id();
}
Abi Module::machine() const {
  return state_->file->machine();
}
bool Module::position_independent() const {
  return state_->file->header().e_type == ET_DYN;
}
std::span<const Segment> Module::segments() const {
  return state_->file->segments();
}
Address Module::entry() const {
  return Address(state_->file->header().e_entry);
}

std::vector<Function> Module::State::all_functions(const SymbolTable& table) {
  std::vector<Function> result;
  result.reserve(table.size());
  for (std::size_t i = 0; i < table.size(); ++i)
    if (is_of_table(table[i])) result.push_back(describe(table[i]));
  if (go() == nullptr) return result;
  go()->each([&](const GoFunction& function) {
    if (go_function(Address(function.entry))) result.push_back(go()->describe(function));
  });
  std::ranges::sort(result, {}, &Function::address);
  return result;
}

Result<std::span<const Function>> Module::functions() {
  auto& table = state_->table();
  if (!table) return table.error();
  auto& all = state_->all;
  if (all.empty()) all = state_->all_functions(*table);
  return std::span<const Function>(all);
}

const Function* Module::function_at(Address address) {
  if (auto function = state_->go_function(address)) return state_->function(*function);
  auto& table = state_->table();
  if (!table) return nullptr;
  auto found = table->at(address);
  return found ? state_->function((*table)[*found]) : nullptr;
}

Result<std::vector<const Function*>> Module::State::matching(const FunctionPattern& pattern,
                                                             unsigned type) {
  if (unknown_go())
    return Error{0, search.shown_as +
                        ": a Go program for 32 bits, or of Go 1.15 or older: its "
                        "functions cannot be traced"};
  std::vector<FunctionSymbol> found;
  for (const SymbolSource& source : symbol_sources()) {
    auto visit = [&](const FunctionSymbol& symbol) {
      if (pattern.may_match(symbol.name) && !is_cold_part(symbol.name) && is_of_table(symbol) &&
          pattern.matches_name(display_name(unversioned(symbol.name))))
        found.push_back(symbol);
      return true;
    };
    auto visited = for_each_function(*file, source, visit, type);
    if (!visited) return Error{0, search.shown_as + ": " + visited.error().what};
  }
  std::sort(found.begin(), found.end(), by_address);
  std::vector<const Function*> result;
  for (const FunctionSymbol& symbol : found)
    if (result.empty() || result.back()->address != symbol.address)
      result.push_back(function(symbol));
  if (go() == nullptr || type != STT_FUNC) return result;
  for (const GoFunction& each : go()->matching(pattern))
    if (go_function(Address(each.entry))) result.push_back(function(each));
  std::ranges::sort(result, {}, &Function::address);
  return result;
}

Result<std::vector<const Function*>> Module::matching(const FunctionPattern& pattern) {
  return state_->matching(pattern, STT_FUNC);
}

std::vector<InlinedFunction> Module::inlined(const FunctionPattern& pattern) {
  // Nobody who asks for everything misses one of the thousands.
  if (pattern.any_name()) return {};
  if (state_->go() != nullptr) return state_->go()->inlined(pattern);
  DebugInfo* info = state_->dwarf();
  auto with_code = matching(pattern);
  if (info == nullptr || !with_code) return {};
  std::set<std::string_view> names;
  for (const Function* function : *with_code)
    names.insert(function->name);
  return info->inlined(
      [&](std::string_view linkage_name) { return pattern.may_match(linkage_name); },
      [&](std::string_view name) { return pattern.matches_name(name) && !names.contains(name); });
}

Result<std::vector<const Function*>> Module::matching_ifuncs(const FunctionPattern& pattern) {
  return state_->matching(pattern, STT_GNU_IFUNC);
}

std::vector<FunctionSlot> Module::function_slots(std::span<const std::string_view> names,
                                                 std::span<const Address> resolvers) const {
  return slots_of_functions(*state_->file, names, resolvers);
}

std::vector<std::optional<Address>> Module::find_linkage_names(
    std::span<const std::string_view> names) {
  auto& known = state_->linkage_names;
  std::vector<std::string_view> missing;
  for (std::string_view name : names) {
    if (known.contains(name)) continue;
    auto& address = known[std::string(name)];
    address = find_exported(*state_->file, name);
    if (!address) missing.push_back(name);
  }
  if (state_->go() != nullptr && !missing.empty()) {
    auto found = state_->go()->find(missing);
    for (std::size_t i = 0; i < missing.size(); ++i)
      known.find(missing[i])->second = found[i];
    std::erase_if(missing, [&](std::string_view name) { return known.find(name)->second; });
  }
  ElfFile* from = missing.empty() ? nullptr : state_->symtab_file();
  if (from != nullptr) {
    auto found = addresses_of(*state_->file, *from, missing);
    for (std::size_t i = 0; i < missing.size(); ++i)
      known.find(missing[i])->second = found[i];
  }
  std::vector<std::optional<Address>> addresses;
  for (std::string_view name : names)
    addresses.push_back(known.find(name)->second);
  return addresses;
}

std::optional<Address> Module::find_object(std::string_view name) {
  if (auto address = find_exported(*state_->file, name, STT_OBJECT)) return address;
  ElfFile* from = state_->symtab_file();
  if (from == nullptr) return std::nullopt;
  return addresses_of(*state_->file, *from, {&name, 1}, STT_OBJECT).front();
}

int Module::descriptor() const {
  return state_->file->descriptor();
}

std::optional<ThreadVariable> Module::error_number() {
  if (!state_->error_number) state_->error_number = thread_variable(*state_->file, "errno");
  return *state_->error_number;
}

std::string Module::interpreter() const {
  return interpreter_of(*state_->file);
}

bool Module::imports_exec() const {
  return ttrace::imports_exec(*state_->file);
}

bool Module::has_debug_info() {
  return state_->dwarf() != nullptr;
}

std::optional<std::string> Module::take_warning() {
  State& state = *state_;
  if (state.warned) return std::nullopt;
  std::string problem = state.debug_info ? state.debug_info->problem() : state.debug_problem;
  if (problem.empty()) return std::nullopt;
  state.warned = true;
  return state.search.shown_as + ": its debug information " + problem;
}

const GoProgram* Module::go() {
  if (!state_->go_program && state_->go() != nullptr) {
    state_->go_program = state_->go()->program();
    // A function that has a goroutine for an argument, in every version.
    constexpr std::string_view kName = "runtime.casgstatus";
    auto address = state_->go()->find({&kName, 1}).front();
    const Function* function = address ? function_at(*address) : nullptr;
    const Signature* known = function != nullptr ? signature(*function) : nullptr;
    const Type* pointer =
        known != nullptr && !known->parameters.empty() ? known->parameters.front().type : nullptr;
    if (pointer != nullptr && pointer->target != nullptr && pointer->target->name == "runtime.g")
      take_runtime_offsets(*state_->go_program, *pointer->target);
  }
  return state_->go_program ? &*state_->go_program : nullptr;
}

std::optional<std::uint64_t> Module::go_frame_size(Address at) {
  return state_->go() != nullptr ? state_->go()->frame_size(at) : std::nullopt;
}

std::optional<Address> Module::go_code_end(const Function& function) {
  auto found = state_->go_function(function.address);
  return found ? state_->go()->code_end(*found) : std::nullopt;
}

std::optional<GoArguments> Module::go_arguments(const Function& function) {
  auto found = state_->go_function(function.address);
  return found ? state_->go()->arguments(*found) : std::nullopt;
}

const Signature* Module::signature(const Function& function) {
  DebugInfo* info = state_->dwarf();
  return info != nullptr ? info->signature(function) : nullptr;
}

std::optional<SourceLine> Module::definition(const Function& function) {
  if (auto found = state_->go_function(function.address); found && found->is_go())
    return state_->go()->definition(*found);
  DebugInfo* info = state_->dwarf();
  return info != nullptr ? info->definition(function) : std::nullopt;
}

std::optional<SourceLine> Module::line(Address address) {
  if (auto found = state_->go_function(address); found && found->is_go())
    return state_->go()->line(address);
  DebugInfo* info = state_->dwarf();
  return info != nullptr ? info->line(address) : std::nullopt;
}

}  // namespace ttrace
