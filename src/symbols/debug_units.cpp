#include "symbols/debug_units.h"

#include <algorithm>
#include <chrono>

#include "symbols/dwarf_die.h"

namespace ttrace {
namespace {

// libdw keeps about a kilobyte for each unit. The largest known programs have some 60 000.
constexpr std::size_t kMostUnits = 250'000;
constexpr std::size_t kMostRanges = 4'000'000;
// A file can be made whose units each take libdw a walk over a huge table of abbreviations.
constexpr auto kLongestIndexing = std::chrono::seconds(10);
// Namespaces, classes, functions and blocks within each other.
constexpr int kDeepestScope = 64;
constexpr int kMostFunctionRanges = 8;

bool is_scope(int tag) {
  return tag == DW_TAG_namespace || tag == DW_TAG_structure_type || tag == DW_TAG_class_type ||
         tag == DW_TAG_union_type || tag == DW_TAG_enumeration_type || tag == DW_TAG_module;
}

/// Calls `visit(low, high)` for each range of code of a DIE, until it returns false.
template <class Visit>
void for_each_range(Dwarf_Die die, Visit visit) {
  Dwarf_Addr base = 0;
  Dwarf_Addr low = 0;
  Dwarf_Addr high = 0;
  ptrdiff_t at = 0;
  // Linkers give the ranges of discarded code the address 0, or the highest one.
  while ((at = dwarf_ranges(&die, at, &base, &low, &high)) > 0)
    if (low != 0 && low < high && !visit(low, high)) return;
}

constexpr const char* kCut = "it is not complete";

/// Why libdw has stopped, as far as it says.
std::string reason() {
  int error = dwarf_errno();
  return error == 0 ? kCut : dwarf_errmsg(error);
}

}  // namespace

bool DebugUnits::any() {
  Dwarf_CU* unit = nullptr;
  Dwarf_Die die;
  int end = dwarf_get_units(dwarf_, nullptr, &unit, nullptr, nullptr, &die, nullptr);
  if (end < 0) problem_ = reason();
  return end == 0;
}

void DebugUnits::read_units() {
  if (read_) return;
  read_ = true;
  const auto start = std::chrono::steady_clock::now();
  Dwarf_CU* unit = nullptr;
  Dwarf_Die die;
  std::uint8_t type = 0;
  // What was read of the file until then is given back.
  constexpr std::size_t kMostInMemory = 512;
  for (;;) {
    if (units_.size() >= kMostUnits || ranges_.size() >= kMostRanges) {
      problem_ = "it has more units than any program";
      break;
    }
    int end = dwarf_get_units(dwarf_, unit, &unit, nullptr, &type, &die, nullptr);
    if (end < 0) problem_ = reason();
    if (end > 0 && !units_.empty() && !is_complete(units_.back())) problem_ = kCut;
    if (end != 0) break;
    if (type != DW_UT_compile && type != DW_UT_skeleton) continue;
    units_.push_back(die);
    add_ranges(static_cast<std::uint32_t>(units_.size() - 1));
    if (units_.size() % kMostInMemory == 0) file_->release_pages();
    if (units_.size() % 64 == 0 && std::chrono::steady_clock::now() - start > kLongestIndexing) {
      problem_ = "it takes too long to read";
      break;
    }
  }
  file_->release_pages();
  std::sort(ranges_.begin(), ranges_.end(),
            [](const Range& a, const Range& b) { return a.low < b.low; });
}

/// libdw takes the end of the section for the end of a unit that would go on behind it.
bool DebugUnits::is_complete(Dwarf_Die unit) const {
  auto section = file_->section(".debug_info");
  if (!section) section = file_->section(".zdebug_info");
  Dwarf_Off start = dwarf_dieoffset(&unit) - dwarf_cuoffset(&unit);
  Dwarf_Off next = 0;
  std::size_t header = 0;
  if (!section || dwarf_next_unit(dwarf_, start, &next, &header, nullptr, nullptr, nullptr, nullptr,
                                  nullptr, nullptr) != 0)
    return false;
  Elf_Data* data = elf_getdata(section->handle, nullptr);
  return data != nullptr && next <= data->d_size;
}

void DebugUnits::add_ranges(std::uint32_t unit) {
  for_each_range(units_[unit], [&](std::uint64_t low, std::uint64_t high) {
    ranges_.push_back({low, high, unit});
    return ranges_.size() < kMostRanges;
  });
}

std::vector<std::uint32_t> DebugUnits::indices_at(Address address) {
  read_units();
  std::vector<std::uint32_t> found;
  auto after = std::upper_bound(ranges_.begin(), ranges_.end(), address.value(),
                                [](std::uint64_t a, const Range& r) { return a < r.low; });
  // Ranges overlap only where discarded code left some behind: a few steps back are enough.
  constexpr int kFurthest = 16;
  for (int i = 0; i < kFurthest && after != ranges_.begin(); ++i) {
    --after;
    if (address.value() < after->high &&
        std::find(found.begin(), found.end(), after->unit) == found.end())
      found.push_back(after->unit);
  }
  return found;
}

std::vector<Dwarf_Die> DebugUnits::units_at(Address address) {
  std::vector<Dwarf_Die> found;
  for (auto index : indices_at(address))
    found.push_back(units_[index]);
  return found;
}

void DebugUnits::collect(Dwarf_Die scope, int depth, Walk& walk) {
  if (depth > kDeepestScope) return;
  for_each_child(scope, kAllChildren, [&](Dwarf_Die child) {
    // A walk goes forward through the file. Wrong sibling references could make it go through the
    // same part again at each depth.
    if (child.addr <= walk.last) return false;
    walk.last = child.addr;
    int tag = dwarf_tag(&child);
    if (tag == DW_TAG_subprogram) {
      // One range starts at the entry, and no other function starts where the others do.
      int most = kMostFunctionRanges;
      for_each_range(child, [&](std::uint64_t low, std::uint64_t) {
        walk.functions.emplace(low, child);
        return --most > 0;
      });
    }
    bool nested =
        walk.inside_functions && (tag == DW_TAG_subprogram || tag == DW_TAG_lexical_block);
    if (is_scope(tag) || nested) collect(child, depth + 1, walk);
    return true;
  });
}

const DebugUnits::Functions& DebugUnits::functions_of(std::uint32_t unit, bool nested) {
  auto [known, fresh] = functions_.try_emplace({unit, nested});
  if (!fresh) return known->second;
  auto die = split_->contents_of(units_[unit]);
  if (!die) return known->second;
  Walk walk{known->second, nested};
  collect(*die, 0, walk);
  return known->second;
}

std::optional<Dwarf_Die> DebugUnits::function_at(Address address, std::string_view linkage) {
  auto units = indices_at(address);
  // Only if need be is a unit walked whole: the operators of lambdas and the methods of local
  // classes stand inside the function that has them, and so do GNU C's nested functions.
  for (bool nested : {false, true}) {
    std::optional<Dwarf_Die> first;
    for (auto unit : units) {
      auto [begin, end] = functions_of(unit, nested).equal_range(address.value());
      for (auto it = begin; it != end; ++it) {
        Dwarf_Die die = it->second;
        auto name = inherited_attribute(die, DW_AT_linkage_name);
        const char* text = name ? dwarf_formstring(&*name) : dwarf_diename(&die);
        if (text != nullptr && linkage == text) return die;
        if (!first) first = die;
      }
    }
    if (first) return first;
  }
  return std::nullopt;
}

}  // namespace ttrace
