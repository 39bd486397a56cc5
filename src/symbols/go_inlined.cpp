// Go functions that have no code of their own, by the trees of inlined calls of those that have.
#include <algorithm>
#include <cstring>
#include <map>
#include <string>
#include <unordered_map>

#include "base/quote.h"
#include "symbols/go_symbols.h"
#include "symbols/pattern.h"

namespace ttrace {
namespace {

// Go 1.19 src/runtime/symtab.go
constexpr unsigned kInlineTree = 3;  // FUNCDATA_InlTree

/// One entry of a tree, runtime.inlinedCall (Go 1.19 src/runtime/symtab.go, Go 1.27
/// src/runtime/symtabinl.go).
struct EntryLayout {
  std::uint64_t size = 0;
  std::uint64_t name = 0;        // 4 bytes: offset among the names
  std::uint64_t start_line = 0;  // 4 bytes; 0: there is none
};

EntryLayout layout_of(GoFormat format) {
  return format == GoFormat::Go120 ? EntryLayout{16, 4, 12} : EntryLayout{20, 12, 0};
}

std::uint32_t word_at(std::span<const std::byte> bytes, std::uint64_t at) {
  std::uint32_t value = 0;
  if (at <= bytes.size() && bytes.size() - at >= sizeof(value))
    std::memcpy(&value, bytes.data() + at, sizeof(value));
  return value;
}

constexpr std::size_t kMostFound = 10'000;

}  // namespace

struct GoSymbols::InlineSearch {
  const FunctionPattern& pattern;
  std::size_t budget = 0;                          // bytes of names that are looked at
  std::unordered_map<std::uint32_t, bool> wanted;  // by the name's offset
  std::map<std::string, std::optional<SourceLine>, std::less<>> found;  // by the name shown

  bool wants(const GoTable& table, std::uint32_t name) {
    auto [known, fresh] = wanted.try_emplace(name, false);
    auto text = fresh ? table.name(name) : std::string_view();
    if (!text.empty() && text.size() <= budget) {
      budget -= text.size();
      known->second = pattern.matches_name(go_display_name(text));
    }
    return known->second;
  }
};

void GoSymbols::find_inlined(const GoFunction& function, InlineSearch& search) const {
  const std::uint32_t indices = go_.table.pcdata(function, kGoInlineIndex);
  auto where = indices != 0 ? go_.table.funcdata(function, kInlineTree) : std::nullopt;
  if (!where) return;
  auto tree = go_.image->bytes(Address(*where));
  const EntryLayout layout = layout_of(go_.table.header().format);
  // How long the tree is, only its users say: a caller's entry comes before those that it calls.
  std::uint64_t count = 0;
  std::map<std::int32_t, std::uint64_t> first;  // where the code of an entry is
  auto walk = go_.table.values(function, indices);
  while (walk.next()) {
    if (walk.value() < 0) continue;
    count = std::max(count, static_cast<std::uint64_t>(walk.value()) + 1);
    first.try_emplace(walk.value(), walk.begin());
  }
  // A call that was inlined leaves instructions, or its caller does.
  const std::uint64_t most = 4 * (function.next - function.entry);
  count = std::min<std::uint64_t>({count, most, tree.size() / layout.size});
  for (std::uint64_t i = 0; i < count && search.found.size() < kMostFound; ++i) {
    auto entry = tree.subspan(i * layout.size, layout.size);
    const std::uint32_t name = word_at(entry, layout.name);
    if (!search.wants(go_.table, name)) continue;
    auto& defined = search.found[go_display_name(go_.table.name(name))];
    const std::uint32_t line = layout.start_line != 0 ? word_at(entry, layout.start_line) : 0;
    auto code = first.find(static_cast<std::int32_t>(i));
    if (defined || line == 0 || code == first.end()) continue;
    SourceLine place{{}, line};
    append_printable(file_at(function, code->second), place.file);
    if (!place.file.empty()) defined = std::move(place);
  }
}

std::vector<InlinedFunction> GoSymbols::inlined(const FunctionPattern& pattern) const {
  InlineSearch search{pattern, go_.table.name_budget(), {}, {}};
  each([&](const GoFunction& function) { find_inlined(function, search); });
  if (!search.found.empty()) {
    for (const GoFunction& function : matching(pattern))
      search.found.erase(go_display_name(function.name));
  }
  std::vector<InlinedFunction> result;
  for (auto& [name, defined] : search.found)
    result.push_back({name, std::move(defined)});
  return result;
}

}  // namespace ttrace
