#include "functions/prototype_book.h"

#include <fmt/format.h>
#include <fnmatch.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <iterator>
#include <stdexcept>

namespace ttrace::prototypes {

namespace {

// A library in a static program has no name of its own: what its files call it is "static".
constexpr std::string_view kStatic = "static";

bool is_of(const Prototype& prototype, std::string_view soname) {
  const std::string name(soname.empty() ? kStatic : soname);
  return std::ranges::any_of(*prototype.libraries, [&](const std::string& glob) {
    return fnmatch(glob.c_str(), name.c_str(), 0) == 0;
  });
}

}  // namespace

Result<> PrototypeBook::add_file(const std::string& path) {
  constexpr std::streamsize kMost = 4 << 20;
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  std::string text(static_cast<std::size_t>(kMost) + 1, '\0');
  file.read(text.data(), kMost + 1);
  const std::streamsize length = file.gcount();
  if (!file.is_open() || file.bad() || (length == 0 && errno != 0)) return os_error(path);
  if (length > kMost) return Error{0, fmt::format("{}: larger than 4 MiB", path)};
  text.resize(static_cast<std::size_t>(length));
  return add(path, text);
}

Result<> PrototypeBook::add(std::string_view file, std::string_view text) {
  open_built_in();
  auto parsed = parse_prototypes(file, text, types_);
  if (!parsed) return parsed.error();
  take(std::move(*parsed), true);
  return {};
}

void PrototypeBook::take(std::vector<Prototype> prototypes, bool first) {
  // Either way those of one name keep their order.
  if (first) std::ranges::reverse(prototypes);
  has_own_ = has_own_ || first;
  for (Prototype& prototype : prototypes) {
    prototype.own = first;
    std::string name = prototype.name;
    auto at = first ? prototypes_.lower_bound(name) : prototypes_.upper_bound(name);
    prototypes_.emplace_hint(at, std::move(name), std::move(prototype));
  }
}

void PrototypeBook::open_built_in() {
  if (opened_) return;
  opened_ = true;
  for (const BuiltInFile& file : built_in_files()) {
    auto parsed = parse_prototypes(file.name, file.text, types_);
    if (!parsed) throw std::logic_error("built-in prototypes: " + parsed.error().message());
    take(std::move(*parsed), false);
  }
  built_in_ = prototypes_.size();
}

std::size_t PrototypeBook::built_in() {
  open_built_in();
  return built_in_;
}

const std::multimap<std::string, Prototype, std::less<>>& PrototypeBook::all() {
  open_built_in();
  return prototypes_;
}

const Prototype* PrototypeBook::find(std::string_view linkage, std::string_view soname, Abi abi,
                                     bool own) {
  if (own && !has_own_) return nullptr;
  open_built_in();
  auto [it, end] = prototypes_.equal_range(linkage);
  for (; it != end; ++it) {
    if (own && !it->second.own) break;
    if (it->second.has(abi) && is_of(it->second, soname)) return &it->second;
  }
  return nullptr;
}

}  // namespace ttrace::prototypes
