// Which syscalls to show: the argument of -e trace=.
#include <fmt/format.h>
#include <re2/re2.h>

#include "decode/decoder.h"
#include "decode/names.h"
#include "decode/tables.h"

namespace ttrace {

namespace {

struct Selection {
  std::array<std::vector<bool>, kAbiCount> numbers;
  bool others = false;
};

// Marks every call that `matches` its name; false when there is none.
template <class Matches>
bool select(Selection& selection, Matches matches) {
  bool found = false;
  for (std::size_t abi = 0; abi < kAbiCount; ++abi) {
    auto& wanted = selection.numbers.at(abi);
    for (std::uint64_t number = 0; number < wanted.size(); ++number) {
      const auto of = static_cast<Abi>(abi);
      if (!names::is_named(of, number) || !matches(Decoder::name(of, number))) continue;
      wanted[number] = true;
      found = true;
    }
  }
  return found;
}

Result<> select_item(Selection& selection, std::string_view item) {
  const bool optional = item.starts_with('?');
  std::string_view name = item.substr(optional ? 1 : 0);
  if (name.starts_with('/')) {
    const RE2 pattern(std::string(name.substr(1)), RE2::Quiet);
    if (!pattern.ok()) {
      return Error{
          0, fmt::format("invalid regular expression '{}': {}", name.substr(1), pattern.error())};
    }
    const bool found = select(selection, [&](std::string_view candidate) {
      return RE2::PartialMatch(re2::StringPiece(candidate.data(), candidate.size()), pattern);
    });
    if (found || optional) return {};
  } else if (name.starts_with('%')) {
    return Error{0, fmt::format("system call class '{}' is not supported", name)};
  } else if (name == "all") {
    select(selection, [](std::string_view) { return true; });
    selection.others = true;
    return {};
  } else if (!name.empty()) {
    if (select(selection, [&](std::string_view candidate) { return candidate == name; })) return {};
    if (optional) return {};
  }
  return Error{0, fmt::format("invalid system call '{}'", name)};
}

}  // namespace

bool SyscallFilter::wants(Abi abi, std::uint64_t number) const {
  const auto& wanted = wanted_.at(static_cast<std::size_t>(abi));
  if (!wanted) return true;
  if (number < wanted->size()) return (*wanted)[number];
  return others_;
}

Result<SyscallFilter> SyscallFilter::parse(std::string_view set) {
  bool inverted = false;
  while (set.starts_with('!')) {
    inverted = !inverted;
    set.remove_prefix(1);
  }
  Selection selection;
  for (auto& numbers : selection.numbers)
    numbers.resize(names::kNumbers);
  if (set != "none") {
    for (std::size_t at = 0; at <= set.size();) {
      const std::size_t comma = std::min(set.find(',', at), set.size());
      if (auto done = select_item(selection, set.substr(at, comma - at)); !done) {
        return done.error();
      }
      at = comma + 1;
    }
  }
  SyscallFilter filter;
  filter.others_ = selection.others != inverted;
  for (std::size_t abi = 0; abi < kAbiCount; ++abi) {
    auto& numbers = selection.numbers.at(abi);
    if (selection.others) numbers.assign(names::kNumbers, true);  // numbers without a name, too
    if (inverted) numbers.flip();
    filter.wanted_.at(abi) = std::move(numbers);
  }
  return filter;
}

}  // namespace ttrace
