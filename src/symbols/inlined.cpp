#include "symbols/inlined.h"

#include <set>
#include <utility>

#include "symbols/dwarf_die.h"
#include "symbols/pattern.h"

namespace ttrace {

namespace {

constexpr int kDeepestScope = 64;
constexpr std::size_t kMostFound = 10'000;
constexpr std::size_t kReleaseAfter = 1U << 18U;  // DIEs: some ten megabytes of a file

class Search {
 public:
  explicit Search(const InlinedSearch& what)
      : what_(what), end_(std::chrono::steady_clock::now() + what.longest) {}

  // `scope` is the qualified name of `parent`, with "::" behind it.
  // NOLINTNEXTLINE(misc-no-recursion): kDeepestScope
  void look_into(Dwarf_Die parent, const std::string& scope, int depth) {
    if (depth > kDeepestScope) return;
    for_each_child(parent, kAllChildren, [&](Dwarf_Die child) {
      // As in DebugUnits: a walk goes forward through the file.
      if (child.addr <= last_ || over_) return false;
      last_ = child.addr;
      if (++seen_ % 1024 == 0) over_ = std::chrono::steady_clock::now() > end_;
      if (seen_ % kReleaseAfter == 0) what_.release();
      int tag = dwarf_tag(&child);
      if (tag == DW_TAG_subprogram) take(child, scope);
      if (tag == DW_TAG_namespace || tag == DW_TAG_structure_type || tag == DW_TAG_class_type) {
        look_into(child, scope + name_of(child) + "::", depth + 1);
      }
      return true;
    });
  }

  void next_unit() {
    last_ = nullptr;
    over_ = std::chrono::steady_clock::now() > end_;
  }
  [[nodiscard]] bool over() const { return over_; }
  std::vector<InlinedDie> found() { return std::move(found_); }

 private:
  void take(Dwarf_Die die, const std::string& scope) {
    auto kind = constant(die, DW_AT_inline);
    if (kind != DW_INL_inlined && kind != DW_INL_declared_inlined) return;
    auto linkage = inherited_attribute(die, DW_AT_linkage_name);
    const char* mangled = linkage ? dwarf_formstring(&*linkage) : nullptr;
    if (mangled != nullptr && !what_.may_be_wanted(mangled)) return;
    std::string name =
        mangled != nullptr ? display_name(bounded_text(mangled)) : scope + name_of(die);
    if (found_.size() >= kMostFound || !what_.wanted(name) || !names_.insert(name).second) return;
    found_.push_back({std::move(name), die});
  }

  const InlinedSearch& what_;
  std::chrono::steady_clock::time_point end_;
  bool over_ = false;
  std::size_t seen_ = 0;
  const void* last_ = nullptr;
  std::set<std::string> names_;
  std::vector<InlinedDie> found_;
};

}  // namespace

std::vector<InlinedDie> find_inlined(Dwarf* dwarf, const InlinedSearch& what) {
  Search search(what);
  Dwarf_CU* unit = nullptr;
  Dwarf_Die die;
  while (!search.over() &&
         dwarf_get_units(dwarf, unit, &unit, nullptr, nullptr, &die, nullptr) == 0) {
    search.next_unit();
    auto contents = what.contents_of(die);
    if (contents) search.look_into(*contents, "", 0);
  }
  what.release();
  return search.found();
}

}  // namespace ttrace
