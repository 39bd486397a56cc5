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
#include "symbols/pattern.h"
#include "symbols/relocations.h"
#include "symbols/symbol_table.h"

namespace ttrace {
namespace {

constexpr const char* kDebugRoot = "/usr/lib/debug";

void name(Function& function) {
  if (function.name.empty()) function.name = display_name(function.linkage);
}

}  // namespace

struct Module::State {
  std::string path;
  std::string shown_as;
  std::string soname;
  std::unique_ptr<ElfFile> file;

  // Each of these is read when first asked for.
  bool debug_file_looked_for = false;
  std::unique_ptr<ElfFile> debug_file;
  std::optional<Result<SymbolTable>> symbols;
  bool all_named = false;
  std::map<std::string, std::optional<Address>, std::less<>> linkage_names;  // asked for so far
  std::optional<std::optional<ThreadVariable>> error_number;
  bool debug_info_looked_for = false;
  std::unique_ptr<DebugInfo> debug_info;

  ElfFile* separate() {
    if (!debug_file_looked_for) {
      debug_file_looked_for = true;
      debug_file = find_debug_file(*file, path, shown_as, kDebugRoot);
    }
    return debug_file.get();
  }

  /// The file whose .symtab describes this module; nullptr: there is only .dynsym.
  ElfFile* symtab_file() {
    if (file->section_of_type(SHT_SYMTAB)) return file.get();
    ElfFile* other = separate();
    return other != nullptr && other->section_of_type(SHT_SYMTAB) ? other : nullptr;
  }

  Result<SymbolTable>& table() {
    if (!symbols) {
      ElfFile* from = symtab_file();
      symbols = from != nullptr ? SymbolTable::read(*file, *from, SHT_SYMTAB)
                                : SymbolTable::read(*file, *file, SHT_DYNSYM);
      if (!*symbols) symbols = Error{0, shown_as + ": " + symbols->error().what};
    }
    return *symbols;
  }

  DebugInfo* dwarf() {
    if (!debug_info_looked_for) {
      debug_info_looked_for = true;
      debug_info = DebugInfo::open(*file);
      if (!debug_info && separate() != nullptr) debug_info = DebugInfo::open(*separate());
    }
    return debug_info.get();
  }

  void name_all() {
    if (all_named || !table()) return;
    all_named = true;
    for (Function& function : table()->functions())
      name(function);
  }
};

Module::Module() : state_(std::make_unique<State>()) {}
Module::~Module() = default;

Result<std::unique_ptr<Module>> Module::open(const std::string& path, std::string shown_as) {
  auto file = ElfFile::open(path, shown_as, false);
  if (!file) return file.error();
  std::unique_ptr<Module> module(new Module);
  State& state = *module->state_;
  state.path = path;
  state.shown_as = std::move(shown_as);
  state.file = std::move(*file);
  state.soname = state.file->soname();
  if (state.soname.empty()) state.soname = state.shown_as.substr(state.shown_as.rfind('/') + 1);
  return module;
}

const std::string& Module::path() const {
  return state_->shown_as;
}
const std::string& Module::soname() const {
  return state_->soname;
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

Result<std::span<const Function>> Module::functions() {
  auto& table = state_->table();
  if (!table) return table.error();
  state_->name_all();
  return std::span<const Function>(table->functions());
}

const Function* Module::function_at(Address address) {
  auto& table = state_->table();
  if (!table) return nullptr;
  Function* found = table->at(address);
  if (found != nullptr) name(*found);
  return found;
}

Result<std::vector<const Function*>> Module::matching(const FunctionPattern& pattern) {
  auto& table = state_->table();
  if (!table) return table.error();
  state_->name_all();
  std::vector<const Function*> result;
  for (const Function& function : table->functions())
    if (pattern.matches_name(function.name)) result.push_back(&function);
  // Both lists are ordered by address, and the better of two aliases comes first.
  std::size_t known = result.size();
  for (Function& alias : table->aliases()) {
    name(alias);
    bool taken = std::binary_search(
        result.begin(), result.begin() + static_cast<std::ptrdiff_t>(known), &alias,
        [](const Function* a, const Function* b) { return a->address < b->address; });
    taken = taken || (result.size() > known && result.back()->address == alias.address);
    if (!taken && pattern.matches_name(alias.name)) result.push_back(&alias);
  }
  std::inplace_merge(result.begin(), result.begin() + static_cast<std::ptrdiff_t>(known),
                     result.end(),
                     [](const Function* a, const Function* b) { return a->address < b->address; });
  return result;
}

std::vector<InlinedFunction> Module::inlined(const FunctionPattern& pattern) {
  DebugInfo* info = state_->dwarf();
  auto with_code = matching(pattern);
  if (info == nullptr || !with_code) return {};
  std::set<std::string_view> names;
  for (const Function* function : *with_code)
    names.insert(function->name);
  return info->inlined(
      [&](std::string_view name) { return pattern.matches_name(name) && !names.contains(name); });
}

Result<std::vector<const Function*>> Module::matching_ifuncs(const FunctionPattern& pattern) {
  auto& table = state_->table();
  if (!table) return table.error();
  std::vector<const Function*> result;
  for (Function& ifunc : table->ifuncs()) {
    name(ifunc);
    const bool taken = !result.empty() && result.back()->address == ifunc.address;
    if (!taken && pattern.matches_name(unversioned(ifunc.name))) result.push_back(&ifunc);
  }
  return result;
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

const Signature* Module::signature(const Function& function) {
  DebugInfo* info = state_->dwarf();
  return info != nullptr ? info->signature(function) : nullptr;
}

std::optional<SourceLine> Module::definition(const Function& function) {
  DebugInfo* info = state_->dwarf();
  return info != nullptr ? info->definition(function) : std::nullopt;
}

std::optional<SourceLine> Module::line(Address address) {
  DebugInfo* info = state_->dwarf();
  return info != nullptr ? info->line(address) : std::nullopt;
}

}  // namespace ttrace
