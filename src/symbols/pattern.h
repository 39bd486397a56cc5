// REGEX and REGEX@OBJECT: which functions are meant.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace re2 {
class RE2;
}

namespace ttrace {

class NameFilter;

/// One --funcs argument: an RE2 regex, unanchored, on a function's qualified name, and optionally a
/// glob for the objects it is looked for in.
class FunctionPattern {
 public:
  /// Error: the regex's mistake, as "invalid regular expression 'a(b': missing ): a(b".
  /// The object is what follows the last '@' (an '@' that belongs to the regex is written \x40).
  static Result<FunctionPattern> parse(std::string_view text);
  FunctionPattern(FunctionPattern&&) noexcept;
  FunctionPattern& operator=(FunctionPattern&&) noexcept;
  ~FunctionPattern();

  [[nodiscard]] const std::string& text() const { return text_; }
  /// Empty: the executable only.
  [[nodiscard]] const std::string& object_glob() const { return object_glob_; }
  [[nodiscard]] bool matches_name(std::string_view name) const;
  /// Whether it asks for no name in particular: "." or no regex at all.
  [[nodiscard]] bool any_name() const;
  /// False when the display_name() of a symbol cannot match; costs little. See NameFilter.
  [[nodiscard]] bool may_match(std::string_view linkage_name) const;
  /// Whether the pattern looks at an object with this soname and path. The glob is matched against
  /// the soname, the file's last part, and the whole path.
  [[nodiscard]] bool matches_object(std::string_view soname, std::string_view path,
                                    bool is_executable) const;

 private:
  FunctionPattern();
  std::string text_;
  std::string object_glob_;
  std::unique_ptr<re2::RE2> regex_;
  std::unique_ptr<NameFilter> filter_;
};

/// `name` as ttrace shows and matches it: demangled (C++ and Rust), without parameters, return
/// type, ABI tags, clone suffixes (.isra.0, .constprop.1, .part.2, .lto_priv.3) and Rust hashes.
/// Names that are not mangled (C, Go) come back as they are, clone suffixes apart.
std::string display_name(std::string_view linkage_name);
/// A Go name as ttrace shows and matches it: as the source and Go's tracebacks have it,
/// `main.Map[...]` for each instance of a generic function (Go 1.27 src/runtime/symtab.go).
std::string go_display_name(std::string_view name);
/// How many parameters the source gives a C++ function, `this` not counted; nullopt: its name does
/// not say.
std::optional<std::size_t> parameter_count(std::string_view linkage_name);
/// True for a compiler's clone whose arguments differ from the source's (.isra, .constprop, .part).
bool is_clone(std::string_view linkage_name);
/// `memcpy@@GLIBC_2.14` without its version.
std::string_view unversioned(std::string_view name);
/// True for the cold part of a split function.
bool is_cold_part(std::string_view linkage_name);

}  // namespace ttrace
