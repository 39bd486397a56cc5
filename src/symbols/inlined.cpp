#include "symbols/inlined.h"

#include <set>
#include <utility>

#include "symbols/dwarf_die.h"
#include "symbols/pattern.h"

namespace ttrace {

namespace {

constexpr int kDeepestScope = 64;
constexpr std::size_t kMostFound = 10'000;

class Search {
 public:
  Search(const std::function<bool(std::string_view)>& wanted, std::chrono::milliseconds longest)
      : wanted_(wanted), end_(std::chrono::steady_clock::now() + longest) {}

  // `scope` is the qualified name of `parent`, with "::" behind it.
  // NOLINTNEXTLINE(misc-no-recursion): kDeepestScope
  void look_into(Dwarf_Die parent, const std::string& scope, int depth) {
    if (depth > kDeepestScope) return;
    for_each_child(parent, kAllChildren, [&](Dwarf_Die child) {
      // As in DebugUnits: a walk goes forward through the file.
      if (child.addr <= last_ || over_) return false;
      last_ = child.addr;
      if (++seen_ % 1024 == 0) over_ = std::chrono::steady_clock::now() > end_;
      int tag = dwarf_tag(&child);
      if (tag == DW_TAG_subprogram) take(child, scope);
      if (tag == DW_TAG_namespace || tag == DW_TAG_structure_type || tag == DW_TAG_class_type) {
        look_into(child, scope + name_of(child) + "::", depth + 1);
      }
      return true;
    });
  }

  void next_unit() { last_ = nullptr; }
  [[nodiscard]] bool over() const { return over_; }
  std::vector<InlinedDie> found() { return std::move(found_); }

 private:
  void take(Dwarf_Die die, const std::string& scope) {
    auto kind = constant(die, DW_AT_inline);
    if (kind != DW_INL_inlined && kind != DW_INL_declared_inlined) return;
    auto linkage = inherited_attribute(die, DW_AT_linkage_name);
    const char* mangled = linkage ? dwarf_formstring(&*linkage) : nullptr;
    std::string name =
        mangled != nullptr ? display_name(bounded_text(mangled)) : scope + name_of(die);
    if (found_.size() >= kMostFound || !wanted_(name) || !names_.insert(name).second) return;
    found_.push_back({std::move(name), die});
  }

  const std::function<bool(std::string_view)>& wanted_;
  std::chrono::steady_clock::time_point end_;
  bool over_ = false;
  std::size_t seen_ = 0;
  const void* last_ = nullptr;
  std::set<std::string> names_;
  std::vector<InlinedDie> found_;
};

}  // namespace

std::vector<InlinedDie> find_inlined(Dwarf* dwarf,
                                     const std::function<bool(std::string_view name)>& wanted,
                                     std::chrono::milliseconds longest) {
  Search search(wanted, longest);
  Dwarf_CU* unit = nullptr;
  Dwarf_Die die;
  Dwarf_Die split;
  std::uint8_t type = 0;
  while (!search.over() && dwarf_get_units(dwarf, unit, &unit, nullptr, &type, &die, &split) == 0) {
    if (type == DW_UT_skeleton && dwarf_tag(&split) == DW_TAG_compile_unit) die = split;
    search.next_unit();
    search.look_into(die, "", 0);
  }
  return search.found();
}

}  // namespace ttrace
