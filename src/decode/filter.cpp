// Which syscalls to show: the argument of -e trace=.
#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>
#include <charconv>

#include "decode/decoder.h"
#include "decode/names.h"
#include "decode/tables.h"

namespace ttrace {

namespace {

// The bits of a class named as in -e trace=, and of the classes that a call is in; 0 when unknown.
std::uint32_t bits_of(std::span<const tables::CallClass> rows, std::string_view name) {
  const auto row = std::ranges::lower_bound(rows, name, {}, &tables::CallClass::name);
  return row != rows.end() && row->name == name ? row->classes : 0;
}

// Where a number stands in a filter: below kNumbers, then ARM's private ones. Null beyond.
std::optional<std::size_t> place_of(Abi abi, std::uint64_t number) {
  if (number < names::kNumbers) return static_cast<std::size_t>(number);
  if (abi != Abi::Arm || number < names::kArmFirst || number > names::kArmLast) return {};
  return static_cast<std::size_t>(number - names::kArmFirst + names::kNumbers);
}
constexpr std::size_t kPlaces = names::kNumbers + names::kArmLast - names::kArmFirst + 1;

std::uint64_t number_at(std::size_t place) {
  return place < names::kNumbers ? place : place - names::kNumbers + names::kArmFirst;
}

using Selection = std::array<std::vector<bool>, kAbiCount>;

// Which ABIs an item is about: "read@32".
struct AbiSuffix {
  std::string_view name;
  unsigned words;  // bytes of a word of the ABIs that it is limited to; 0: of none
};
constexpr std::array<AbiSuffix, 3> kSuffixes{{{"64", 8}, {"32", 4}, {"x32", 0}}};

struct Item {
  std::string_view text;  // as given, but without '?'
  std::string_view name;  // without the suffix
  const AbiSuffix* suffix = nullptr;

  [[nodiscard]] bool is_about(Abi abi) const {
    return suffix == nullptr || word_size(abi) == suffix->words;
  }
};

Result<Item> split(std::string_view text) {
  Item item{text, text, nullptr};
  const std::size_t at = text.rfind('@');
  if (at == std::string_view::npos) return item;
  const std::string_view suffix = text.substr(at + 1);
  item.suffix = std::ranges::find(kSuffixes, suffix, &AbiSuffix::name);
  if (item.suffix == kSuffixes.end()) {
    return Error{0, fmt::format("incorrect personality designator '{}' in qualification '{}'",
                                suffix, text)};
  }
  item.name = text.substr(0, at);
  return item;
}

// Whether programs of this ABI can be traced here.
bool runs_here(Abi abi) {
  const bool x86 = abi == Abi::X86_64 || abi == Abi::I386;
  return x86 == (host_abi() == Abi::X86_64);
}

// Marks every call that `matches` by its number and name; false when there is none on this machine.
// There are no x32 programs to trace, so that a call is looked for in vain with @x32, but it
// exists.
template <class Matches>
bool select(Selection& selection, const Item& item, Matches matches) {
  bool found = item.suffix != nullptr && item.suffix->words == 0;
  for (std::size_t abi = 0; abi < kAbiCount; ++abi) {
    const auto of = static_cast<Abi>(abi);
    if (!item.is_about(of)) continue;
    auto& wanted = selection.at(abi);
    for (std::size_t place = 0; place < wanted.size(); ++place) {
      const std::uint64_t number = number_at(place);
      if (!names::is_named(of, number) || !matches(number, Decoder::name(of, number))) continue;
      wanted[place] = true;
      found = found || runs_here(of);
    }
  }
  return found;
}

Result<bool> select_regex(Selection& selection, const Item& item) {
  const std::string_view expression = item.name.substr(1);
  const RE2 pattern(std::string(expression), RE2::Quiet);
  if (!pattern.ok()) {
    return Error{0,
                 fmt::format("invalid regular expression '{}': {}", expression, pattern.error())};
  }
  return select(selection, item, [&](std::uint64_t, std::string_view candidate) {
    return RE2::PartialMatch(re2::StringPiece(candidate.data(), candidate.size()), pattern);
  });
}

// Of a call that is given by its number.
std::optional<std::uint64_t> number_of(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return {};
  return number;
}

// False when there is no such call. A class may be empty on an ABI.
Result<bool> select_name(Selection& selection, const Item& item) {
  if (item.name.starts_with('/')) return select_regex(selection, item);
  if (const auto bits = bits_of(tables::kClasses, item.name); bits != 0) {
    select(selection, item, [&](std::uint64_t, std::string_view candidate) {
      return (bits_of(tables::kClassedCalls, candidate) & bits) != 0;
    });
    return true;
  }
  if (const auto number = number_of(item.name)) {
    return select(selection, item,
                  [&](std::uint64_t candidate, std::string_view) { return candidate == *number; });
  }
  return select(selection, item, [&](std::uint64_t, std::string_view candidate) {
    return item.name == "all" || candidate == item.name;
  });
}

Result<> select_item(Selection& selection, std::string_view text) {
  const bool optional = text.starts_with('?');
  const auto item = split(text.substr(optional ? 1 : 0));
  if (!item) return item.error();
  const auto found = select_name(selection, *item);
  if (!found) return found.error();
  if (!*found && !optional) return Error{0, fmt::format("invalid system call '{}'", item->text)};
  return {};
}

}  // namespace

bool SyscallFilter::wants(Abi abi, std::uint64_t number) const {
  const auto& wanted = wanted_.at(static_cast<std::size_t>(abi));
  if (!wanted) return true;
  const auto place = place_of(abi, number);
  return !place || (*wanted)[*place];
}

Result<SyscallFilter> SyscallFilter::parse(std::string_view set) {
  bool inverted = false;
  while (set.starts_with('!')) {
    inverted = !inverted;
    set.remove_prefix(1);
  }
  Selection selection;
  for (std::size_t abi = 0; abi < kAbiCount; ++abi)
    selection.at(abi).resize(static_cast<Abi>(abi) == Abi::Arm ? kPlaces : names::kNumbers);
  if (set != "none") {
    bool any = false;
    for (std::size_t at = 0; at <= set.size();) {
      const std::size_t comma = std::min(set.find(',', at), set.size());
      const std::string_view part = set.substr(at, comma - at);
      at = comma + 1;
      if (part.empty()) continue;
      any = true;
      if (auto done = select_item(selection, part); !done) return done.error();
    }
    if (!any) return Error{0, fmt::format("invalid system call '{}'", set)};
  }
  SyscallFilter filter;
  for (std::size_t abi = 0; abi < kAbiCount; ++abi) {
    auto& wanted = selection.at(abi);
    if (inverted) wanted.flip();
    // What has no name cannot be left out.
    for (std::size_t place = 0; place < wanted.size(); ++place)
      if (!names::is_named(static_cast<Abi>(abi), number_at(place))) wanted[place] = true;
    filter.wanted_.at(abi) = std::move(wanted);
  }
  return filter;
}

}  // namespace ttrace
