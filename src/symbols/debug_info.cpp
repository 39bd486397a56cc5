#include "symbols/debug_info.h"

#include <elfutils/libdwelf.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <climits>
#include <cstdlib>
#include <span>
#include <string_view>
#include <utility>

#include "symbols/debug_location.h"
#include "symbols/dwarf_die.h"
#include "symbols/go_debug.h"
#include "symbols/inlined.h"
#include "symbols/pattern.h"

namespace ttrace {
namespace {

constexpr std::size_t kMostParameters = 1024;
// libdw decompresses all of it at once. A small file can claim any size.
constexpr std::uint64_t kLargest = std::uint64_t{2} << 30U;

/// The parameters that a subprogram DIE has for children.
struct Parameters {
  std::vector<Dwarf_Die> dies;
  bool unspecified = false;  // "..."
};

void collect_parameters(Dwarf_Die parent, bool pack, Parameters& to) {
  for_each_child(parent, [&](Dwarf_Die child) {
    int tag = dwarf_tag(&child);
    if (tag == DW_TAG_formal_parameter) to.dies.push_back(child);
    if (tag == DW_TAG_unspecified_parameters) to.unspecified = true;
    // gcc groups the parameters that come from one template parameter pack.
    if (tag == DW_TAG_GNU_formal_parameter_pack && !pack) collect_parameters(child, true, to);
    return to.dies.size() < kMostParameters;
  });
}

/// What a function or parameter is an instance of, the most abstract one.
Dwarf_Die origin_of(Dwarf_Die die) {
  constexpr int kLongestChain = 16;
  for (int i = 0; i < kLongestChain; ++i) {
    auto next = referenced(die, DW_AT_abstract_origin);
    if (!next) break;
    die = *next;
  }
  return die;
}

/// A parameter as the source has it, and the instance that has its location, if there is one.
struct Pairing {
  Dwarf_Die abstract;
  std::optional<Dwarf_Die> instance;
};

/// The parameters in the order of the source. An instance may lack some, and have the ones that
/// were optimised out in another order.
std::vector<Pairing> pair_up(const Parameters& abstract, const Parameters& instance) {
  std::vector<Pairing> result;
  std::vector<bool> used(instance.dies.size(), false);
  for (Dwarf_Die die : abstract.dies) {
    std::optional<Dwarf_Die> found;
    for (std::size_t i = 0; i < instance.dies.size() && !found; ++i) {
      if (used[i] || origin_of(instance.dies[i]).addr != die.addr) continue;
      used[i] = true;
      found = instance.dies[i];
    }
    // Constructors' hidden parameters belong to some of their variants only.
    bool hidden = flag(die, DW_AT_artificial) && name_of(die) != "this";
    if (found || !hidden) result.push_back({die, found});
  }
  for (std::size_t i = 0; i < instance.dies.size(); ++i)
    if (!used[i]) result.push_back({instance.dies[i], instance.dies[i]});
  return result;
}

/// In C, `int f()` says nothing about the parameters, and clang says so with the DIE that "..."
/// has in a prototype.
bool is_prototyped(Dwarf_Die function) {
  if (flag(function, DW_AT_prototyped)) return true;
  Dwarf_Die unit;
  if (dwarf_diecu(&function, &unit, nullptr, nullptr) == nullptr) return false;
  int language = dwarf_srclang(&unit);
  return language != DW_LANG_C && language != DW_LANG_C89 && language != DW_LANG_C99 &&
         language != DW_LANG_C11;
}

/// Rust's own functions have mangled names; what is `extern "C"` has not. (An unmangled function
/// of Rust's convention is possible, and cannot be told apart.)
bool is_rust(Dwarf_Die function, const std::string& linkage) {
  Dwarf_Die unit;
  return (linkage.starts_with("_ZN") || linkage.starts_with("_R")) &&
         dwarf_diecu(&function, &unit, nullptr, nullptr) != nullptr &&
         dwarf_srclang(&unit) == DW_LANG_Rust;
}

/// What made a unit.
struct Producer {
  bool gcc = false;            // changes the convention of clones only, which have other names
  bool llvm = false;           // changes that of any function whose callers it knows
  bool marks_changes = false;  // ... and says so, from LLVM 16 on (rustc 1.70)
};

Producer producer_of(Dwarf_Die function) {
  Dwarf_Die unit;
  if (dwarf_diecu(&function, &unit, nullptr, nullptr) == nullptr) return {};
  auto attribute_found = attribute(unit, DW_AT_producer);
  const char* found = attribute_found ? dwarf_formstring(&*attribute_found) : nullptr;
  const std::string text = bounded_text(found);
  auto number_behind = [&](std::string_view words) {
    auto at = text.find(words);
    return at == std::string::npos ? 0UL
                                   : std::strtoul(text.c_str() + at + words.size(), nullptr, 10);
  };
  Producer producer;
  producer.gcc = text.starts_with("GNU ");
  producer.llvm = text.find("clang") != std::string::npos || text.find("LLVM") != std::string::npos;
  producer.marks_changes =
      number_behind("clang version ") >= 16 || number_behind("rustc version 1.") >= 70;
  return producer;
}

/// A source file as the compiler was told to read it: relative to the directory it ran in.
std::string relative_to(const char* path, Dwarf_Die unit) {
  std::string result = bounded_text(path);
  auto directory = attribute(unit, DW_AT_comp_dir);
  const char* text = directory ? dwarf_formstring(&*directory) : nullptr;
  if (text == nullptr) return result;
  std::string prefix = bounded_text(text) + '/';
  return result.starts_with(prefix) ? result.substr(prefix.size()) : result;
}

/// DW_AT_decl_file and DW_AT_decl_line. (libdw's dwarf_decl_file() takes file 0 for none, which in
/// DWARF 5 is the unit's first one.)
std::optional<SourceLine> declared_at(Dwarf_Die die) {
  auto file = inherited_attribute(die, DW_AT_decl_file);
  int number = 0;
  Dwarf_Word index = 0;
  if (!file || dwarf_formudata(&*file, &index) != 0 || dwarf_decl_line(&die, &number) != 0 ||
      number <= 0)
    return std::nullopt;
  Dwarf_Die unit;
  Dwarf_Files* files = nullptr;
  std::size_t count = 0;
  if (dwarf_cu_info(file->cu, nullptr, nullptr, &unit, nullptr, nullptr, nullptr, nullptr) != 0 ||
      dwarf_getsrcfiles(&unit, &files, &count) != 0 || index >= count)
    return std::nullopt;
  const char* path = dwarf_filesrc(files, index, nullptr, nullptr);
  if (path == nullptr) return std::nullopt;
  return SourceLine{relative_to(path, unit), static_cast<unsigned>(number)};
}

}  // namespace

std::unique_ptr<DebugInfo> DebugInfo::open(const ElfFile& file, const DebugFileSearch& search,
                                           std::string& problem) {
  if (!file.section(".debug_info") && !file.section(".zdebug_info")) return nullptr;
  if (file.debug_information_size() > kLargest) {
    problem = fmt::format("cannot be read: it has {} bytes when decompressed",
                          file.debug_information_size());
    return nullptr;
  }
  Dwarf* dwarf = dwarf_begin_elf(file.elf(), DWARF_C_READ, nullptr);
  if (dwarf == nullptr) {
    problem = fmt::format("cannot be read: {}", dwarf_errmsg(-1));
    return nullptr;
  }
  std::unique_ptr<DebugInfo> info(new DebugInfo(dwarf, file, search));
  if (auto found = info->find_alternate(file, search); !found) {
    problem = found.error().message();
    return nullptr;
  }
  if (!info->units_.any()) {
    problem = info->problem();
    return nullptr;
  }
  return info;
}

/// Without it, half of what is described refers to nowhere, and the rest would seem to be all.
Result<> DebugInfo::find_alternate(const ElfFile& file, const DebugFileSearch& search) {
  const char* name = nullptr;
  const void* id = nullptr;
  ssize_t length = dwelf_dwarf_gnu_debugaltlink(dwarf_.get(), &name, &id);
  if (length == 0) return {};
  if (length < 0 || length > 64)
    return Error{0, "cannot be read: its link to another file is broken"};
  std::string hexadecimal;
  for (auto byte :
       std::span(static_cast<const unsigned char*>(id), static_cast<std::size_t>(length)))
    hexadecimal += fmt::format("{:02x}", byte);
  std::string path = bounded_text(name);
  std::array<char, PATH_MAX> beside{};
  auto link = fmt::format("/proc/self/fd/{}", file.descriptor());
  auto end = readlink(link.c_str(), beside.data(), beside.size() - 1);
  alternate_file_ = find_alternate_file(path, hexadecimal, end > 0 ? beside.data() : "", search);
  if (alternate_file_)
    alternate_.reset(dwarf_begin_elf(alternate_file_->elf(), DWARF_C_READ, nullptr));
  if (!alternate_)
    return Error{0, fmt::format("needs {}, which is not there or of another build", path)};
  dwarf_setalt(dwarf_.get(), alternate_.get());
  return {};
}

std::string DebugInfo::problem() const {
  if (!units_.problem().empty()) return "cannot be read: " + units_.problem();
  if (!split_.missing().empty())
    return fmt::format("lies in other files, which are not there or of another build ({})",
                       split_.missing());
  return {};
}

const Signature* DebugInfo::signature(const Function& function) {
  auto [known, fresh] = signatures_.try_emplace({function.address, function.linkage});
  if (fresh) known->second = read_signature(function);
  return known->second.get();
}

/// Whether the unit was compiled with types at all: with -g1, gcc describes functions without
/// their parameters and results, and so does Rust's own library; assemblers know of none.
bool DebugInfo::has_types(Dwarf_Die function) {
  auto [known, fresh] = has_types_.try_emplace(function.cu, false);
  Dwarf_Die unit;
  if (!fresh || dwarf_diecu(&function, &unit, nullptr, nullptr) == nullptr) return known->second;
  if (dwarf_srclang(&unit) == DW_LANG_Mips_Assembler) return false;  // any assembler's
  for_each_child(unit, kAllChildren, [&, &found = known->second](Dwarf_Die child) {
    int tag = dwarf_tag(&child);
    found = tag == DW_TAG_base_type || tag == DW_TAG_typedef || tag == DW_TAG_pointer_type ||
            tag == DW_TAG_structure_type || tag == DW_TAG_imported_unit;
    return !found;
  });
  return known->second;
}

/// No compiler says whether it optimised a unit; it shows in some of its functions.
bool DebugInfo::is_optimised(Dwarf_Die function) {
  auto [known, fresh] = optimised_.try_emplace(function.cu, false);
  Dwarf_Die unit;
  if (!fresh || dwarf_diecu(&function, &unit, nullptr, nullptr) == nullptr) return known->second;
  // A small part of a large unit is enough.
  constexpr std::size_t kMostLooked = 5000;
  constexpr int kDeepest = 8;
  std::vector<std::pair<Dwarf_Die, int>> work{{unit, 0}};
  std::size_t looked = 0;
  while (!work.empty() && !known->second && looked < kMostLooked) {
    auto [scope, depth] = work.back();
    work.pop_back();
    for_each_child(scope, kMostLooked, [&, level = depth, &found = known->second](Dwarf_Die child) {
      int tag = dwarf_tag(&child);
      if (tag == DW_TAG_subprogram)
        found = flag(child, DW_AT_call_all_calls) || flag(child, DW_AT_GNU_all_call_sites) ||
                looks_optimised(child, abi_);
      if ((tag == DW_TAG_namespace || tag == DW_TAG_structure_type) && level < kDeepest)
        work.emplace_back(child, level + 1);
      return !found && ++looked < kMostLooked;
    });
  }
  return known->second;
}

std::unique_ptr<Signature> DebugInfo::read_signature(const Function& function) {
  auto die = units_.function_at(function.address, function.linkage);
  if (!die) return nullptr;
  if (is_go(*die)) {
    auto signature = std::make_unique<Signature>();
    read_go_signature(*die, function.address, abi_, types_, *signature);
    return signature;
  }
  Parameters instance;
  collect_parameters(*die, false, instance);
  Dwarf_Die abstract_die = origin_of(*die);
  Parameters abstract;
  if (abstract_die.addr != die->addr) collect_parameters(abstract_die, false, abstract);
  if (abstract.dies.empty() && instance.dies.empty())
    if (auto declaration = referenced(abstract_die, DW_AT_specification))
      collect_parameters(*declaration, false, abstract);

  auto result = std::make_unique<Signature>();
  result->variadic = (instance.unspecified || abstract.unspecified) && is_prototyped(*die);
  result->rust = is_rust(*die, function.linkage);
  auto count = parameter_count(function.linkage);
  Producer producer = producer_of(*die);
  const EntryPoint entry{*die, function.address, abi_, function.clone};
  for (const auto& [source, located] : pair_up(abstract, instance)) {
    Parameter parameter;
    parameter.name = name_of(source);
    if (auto type = type_die(source)) parameter.type = types_.read(*type);
    parameter.artificial = flag(source, DW_AT_artificial);
    if (located)
      parameter.location = entry_location(*located, entry);
    else if (function.clone || !instance.dies.empty())
      parameter.location.kind = EntryLocation::Kind::OptimizedOut;
    result->parameters.push_back(std::move(parameter));
  }
  auto written = std::ranges::count_if(result->parameters,
                                       [](const Parameter& each) { return !each.artificial; });
  // So clang and rustc treat functions that nobody outside can call; newer ones say so.
  auto convention = constant(*die, DW_AT_calling_convention);
  result->unconventional = (convention && *convention == DW_CC_nocall) ||
                           (producer.llvm && !producer.marks_changes &&
                            !flag(*die, DW_AT_external) && is_optimised(*die));
  for (Parameter& parameter : result->parameters) {
    EntryLocation& location = parameter.location;
    if (producer.gcc && location.kind == EntryLocation::Kind::Later)
      location.kind = EntryLocation::Kind::None;
    // LLVM writes the same for what all callers pass and for what the function assigns first.
    if (producer.llvm && location.kind == EntryLocation::Kind::Constant)
      location.kind = EntryLocation::Kind::OptimizedOut;
  }
  result->incomplete = count && static_cast<std::size_t>(written) < *count;
  if (auto type = type_die(*die)) {
    const Type* read = types_.read(*type);
    if (read->kind != Type::Kind::Void) result->result = read;
  }
  // Nothing is said: because there is nothing, or because nothing was written down?
  if (result->parameters.empty() && !result->variadic && !type_die(*die) && !has_types(*die))
    return nullptr;
  return result;
}

std::optional<SourceLine> DebugInfo::definition(const Function& function) {
  auto die = units_.function_at(function.address, function.linkage);
  auto found = die ? declared_at(*die) : std::nullopt;
  return found ? found : line(function.address);
}

std::vector<InlinedFunction> DebugInfo::inlined(
    const std::function<bool(std::string_view linkage_name)>& may_be_wanted,
    const std::function<bool(std::string_view name)>& wanted) {
  // Larger files cannot be looked through in the time that anybody would wait for a start.
  constexpr std::uint64_t kLarge = 64U << 20U;
  auto section = file_->section(".debug_info");
  bool large = section && section->header.sh_size > kLarge;
  const std::chrono::milliseconds longest(large ? 100 : 500);
  InlinedSearch search{may_be_wanted, wanted,
                       [&](Dwarf_Die unit) { return split_.contents_of(unit); },
                       [&] { file_->release_pages(); }, longest};
  std::vector<InlinedFunction> functions;
  for (InlinedDie& found : find_inlined(dwarf_.get(), search))
    functions.push_back({std::move(found.name), declared_at(found.die)});
  return functions;
}

std::optional<SourceLine> DebugInfo::line(Address address) {
  for (Dwarf_Die unit : units_.units_at(address)) {
    Dwarf_Line* found = dwarf_getsrc_die(&unit, address.value());
    int number = 0;
    if (found == nullptr || dwarf_lineno(found, &number) != 0 || number <= 0) continue;
    const char* path = dwarf_linesrc(found, nullptr, nullptr);
    if (path == nullptr) continue;
    return SourceLine{relative_to(path, unit), static_cast<unsigned>(number)};
  }
  return std::nullopt;
}

}  // namespace ttrace
