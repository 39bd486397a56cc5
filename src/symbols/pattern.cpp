#include "symbols/pattern.h"

#include <fmt/format.h>
#include <fnmatch.h>
#include <re2/re2.h>

#include "symbols/name_filter.h"

namespace ttrace {
namespace {

// RE2 keeps the automaton and its cache of states within this.
constexpr std::int64_t kRegexMemory = 8 << 20;

bool glob_matches(const std::string& glob, std::string_view text) {
  return fnmatch(glob.c_str(), std::string(text).c_str(), 0) == 0;
}

}  // namespace

FunctionPattern::FunctionPattern() = default;
FunctionPattern::FunctionPattern(FunctionPattern&&) noexcept = default;
FunctionPattern& FunctionPattern::operator=(FunctionPattern&&) noexcept = default;
FunctionPattern::~FunctionPattern() = default;

Result<FunctionPattern> FunctionPattern::parse(std::string_view text) {
  FunctionPattern pattern;
  pattern.text_ = text;
  std::string regex(text);
  if (auto at = text.rfind('@'); at != std::string_view::npos) {
    regex = text.substr(0, at);
    pattern.object_glob_ = text.substr(at + 1);
    if (pattern.object_glob_.empty())
      return Error{0, fmt::format("no object after the '@' of '{}'", text)};
  }
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(kRegexMemory);
  pattern.regex_ = std::make_unique<re2::RE2>(regex, options);
  if (!pattern.regex_->ok())
    return Error{
        0, fmt::format("invalid regular expression '{}': {}", regex, pattern.regex_->error())};
  pattern.filter_ = std::make_unique<NameFilter>(regex);
  return pattern;
}

bool FunctionPattern::may_match(std::string_view linkage_name) const {
  return filter_->may_match(linkage_name);
}

bool FunctionPattern::matches_name(std::string_view name) const {
  return re2::RE2::PartialMatch(re2::StringPiece(name.data(), name.size()), *regex_);
}

bool FunctionPattern::any_name() const {
  const std::string& regex = regex_->pattern();
  return regex.empty() || regex == "." || regex == ".*";
}

bool FunctionPattern::matches_object(std::string_view soname, std::string_view path,
                                     bool is_executable) const {
  if (object_glob_.empty()) return is_executable;
  auto file = path.substr(path.rfind('/') + 1);
  return glob_matches(object_glob_, soname) || glob_matches(object_glob_, file) ||
         glob_matches(object_glob_, path);
}

}  // namespace ttrace
