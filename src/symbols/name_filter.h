// Which symbols a regex on shown names cannot match, found without demangling them.
#pragma once

#include <re2/filtered_re2.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace ttrace {

/// Demangling a name costs fifty times what looking for a few letters in it does. An identifier of
/// the source stands in the mangled name as it is (Itanium C++ ABI 5.1.3, Rust RFC 2603), so what a
/// regex requires of a shown name can be looked for there: those parts of its text that are parts
/// of identifiers and can be nothing that a demangler writes itself ("unsigned", "basic_string").
class NameFilter {
 public:
  /// `regex` as FunctionPattern has it; one that requires no such text lets every name pass.
  explicit NameFilter(const std::string& regex);

  /// False: display_name(linkage_name) does not match. True: it may.
  [[nodiscard]] bool may_match(std::string_view linkage_name);
  /// Whether there is anything to look for.
  [[nodiscard]] bool filters() const { return !parts_.empty(); }

  /// The part of a text that a mangled name has to contain if the shown one contains the text, in
  /// lower case: of each identifier in it, if it cannot be the demangler's own.
  static std::vector<std::string> required_parts(std::string_view text);

 private:
  [[nodiscard]] bool allows(std::uint64_t found);

  re2::FilteredRE2 regex_;
  std::vector<std::string> parts_;    // looked for in the names; at most 64
  std::vector<std::uint64_t> atoms_;  // of each text that regex_ asks about: the parts it has
  std::unordered_map<std::uint64_t, bool> allowed_;  // by the parts found
  std::string lower_;
};

}  // namespace ttrace
