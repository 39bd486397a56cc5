#include "symbols/name_filter.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace ttrace {
namespace {

// Shorter ones are in so many names that looking for them is in vain.
constexpr int kShortest = 3;
constexpr std::size_t kMostParts = 64;

// What libiberty's demanglers write that is not in the mangled name, in lower case: words of
// cp-demangle.c and rust-demangle.c that have three letters. A test looks for others in the
// library.
constexpr auto kWritten = std::to_array<std::string_view>({
    "__float128",    "__int128",
    "__vector",      "_accum",
    "_complex",      "_float",
    "_fract",        "_global_",
    "_imaginary",    "_sat",
    "abi",           "alias",
    "alignof",       "allocator",
    "anonymous",     "arg",
    "auto",          "basic_iostream",
    "basic_istream", "basic_ostream",
    "basic_string",  "bfloat",
    "bfloat16_t",    "bool",
    "boolean",       "byte",
    "char",          "char16_t",
    "char32_t",      "char8_t",
    "char_traits",   "class",
    "clone",         "closure",
    "co_await",      "concept",
    "const",         "const_cast",
    "construction",  "constructors",
    "covariant",     "decimal",
    "decltype",      "default",
    "delete",        "destructors",
    "double",        "dyn",
    "dynamic_cast",  "enable_if",
    "explicit",      "extern",
    "false",         "float",
    "for",           "friend",
    "function",      "global",
    "guard",         "half",
    "hidden",        "imaginary",
    "init",          "initializer",
    "int",           "iostream",
    "isize",         "istream",
    "jarray",        "java",
    "keyed",         "lambda",
    "literal",       "long",
    "module",        "mut",
    "name",          "namespace",
    "new",           "noexcept",
    "non",           "nullptr",
    "object",        "operator",
    "ostream",       "parameter",
    "parm",          "private",
    "reference",     "reinterpret_cast",
    "requires",      "resource",
    "restrict",      "return",
    "shim",          "short",
    "signed",        "sizeof",
    "static_cast",   "std",
    "str",           "string",
    "template",      "temporary",
    "this",          "throw",
    "thunk",         "tls",
    "transaction",   "transaction_safe",
    "true",          "type",
    "typeid",        "typeinfo",
    "typename",      "typeof",
    "unnamed",       "unsafe",
    "unsigned",      "usize",
    "variable",      "virtual",
    "void",          "volatile",
    "vtable",        "vtt",
    "wchar_t",       "wrapper",
});

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_identifier(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

/// Without what a demangler may write before or behind a word of its own: numbers, and `ul` or `x`
/// behind a number.
std::string_view without_numbers(std::string_view part) {
  part.remove_prefix(std::min(part.find_first_not_of("0123456789"), part.size()));
  auto last = part.find_last_not_of("ulx");
  if (last != std::string_view::npos && is_digit(part[last])) part = part.substr(0, last);
  auto end = part.find_last_not_of("0123456789");
  return part.substr(0, end == std::string_view::npos ? 0 : end + 1);
}

/// Whether a demangler could have written it: a number of any base, or part of a word.
bool may_be_written(std::string_view part) {
  std::string_view core = without_numbers(part);
  if (core.size() < kShortest) return true;
  std::string_view digits = core.starts_with('x') ? core.substr(1) : core;
  if (digits.find_first_not_of("0123456789abcdef") == std::string_view::npos) return true;
  return std::ranges::any_of(
      kWritten, [&](std::string_view word) { return word.find(core) != std::string_view::npos; });
}

re2::RE2::Options quiet() {
  re2::RE2::Options options;
  options.set_log_errors(false);
  return options;
}

}  // namespace

std::vector<std::string> NameFilter::required_parts(std::string_view text) {
  std::vector<std::string> parts;
  for (std::size_t i = 0; i < text.size();) {
    std::string part;
    while (i < text.size() && is_identifier(text[i]))
      part += lower(text[i++]);
    if (part.size() >= kShortest && !may_be_written(part)) parts.push_back(std::move(part));
    if (i < text.size()) ++i;
  }
  return parts;
}

NameFilter::NameFilter(const std::string& regex) : regex_(kShortest) {
  int id = 0;
  if (regex_.Add(regex, quiet(), &id) != re2::RE2::NoError) return;
  std::vector<std::string> texts;
  regex_.Compile(&texts);
  for (const std::string& text : texts) {
    std::uint64_t needed = 0;
    for (std::string& part : required_parts(text)) {
      auto known = std::ranges::find(parts_, part);
      auto index = static_cast<std::size_t>(known - parts_.begin());
      if (index >= kMostParts) {
        parts_.clear();
        return;
      }
      if (known == parts_.end()) parts_.push_back(std::move(part));
      needed |= std::uint64_t{1} << index;
    }
    atoms_.push_back(needed);
  }
  // Nothing is gained when nothing has to be there.
  if (allows(0)) parts_.clear();
}

bool NameFilter::allows(std::uint64_t found) {
  auto [known, fresh] = allowed_.try_emplace(found, true);
  if (!fresh) return known->second;
  std::vector<int> present;
  for (std::size_t i = 0; i < atoms_.size(); ++i)
    if ((atoms_[i] & ~found) == 0) present.push_back(static_cast<int>(i));
  std::vector<int> possible;
  regex_.AllPotentials(present, &possible);
  known->second = !possible.empty();
  return known->second;
}

bool NameFilter::may_match(std::string_view name) {
  if (parts_.empty()) return true;
  // Constants of Rust's new mangling are written in other ways than they are mangled.
  if (name.starts_with("_R") && name.find('K') != std::string_view::npos) return true;
  lower_.resize(name.size());
  unsigned char unusual = 0;
  for (std::size_t i = 0; i < name.size(); ++i) {
    auto c = static_cast<unsigned char>(name[i]);
    unusual = static_cast<unsigned char>(unusual | (c >= 0x7f || c < 0x20 ? 1 : 0));
    lower_[i] = lower(name[i]);
  }
  // Shown in another way, or equal to others but for the case in more alphabets than this knows.
  if (unusual != 0) return true;
  std::uint64_t found = 0;
  for (std::size_t i = 0; i < parts_.size(); ++i)
    if (memmem(lower_.data(), lower_.size(), parts_[i].data(), parts_[i].size()) != nullptr)
      found |= std::uint64_t{1} << i;
  return allows(found);
}

}  // namespace ttrace
