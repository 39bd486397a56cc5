#include "cli/go_options.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "cli/values.h"

namespace ttrace {

namespace {

using Given = const OptionUse&;

constexpr std::string_view kBlanks = " \t\n";

// Goroutines count from 1, in 64 bits.
std::optional<std::uint64_t> parse_goroutine(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number == 0) return std::nullopt;
  return number;
}

// Words as the Go command splits -ldflags and its like: at blanks, but for what is between quotes
// of one kind. False: a quote is not closed.
bool split_words(std::string_view text, std::vector<std::string>& to) {
  std::string word;
  bool in_word = false;
  char quote = '\0';
  for (const char c : text) {
    if (quote != '\0') {
      if (c == quote) {
        quote = '\0';
      } else {
        word += c;
      }
    } else if (c == '\'' || c == '"') {
      quote = c;
      in_word = true;
    } else if (kBlanks.find(c) == std::string_view::npos) {
      word += c;
      in_word = true;
    } else if (in_word) {
      to.push_back(std::exchange(word, {}));
      in_word = false;
    }
  }
  if (in_word) to.push_back(std::move(word));
  return quote == '\0';
}

Result<> set_package(Options::GoPackage::Kind kind, ParseState& state, Given use) {
  // What looks like an option would be one of the Go command's.
  if (use.value->empty() || use.value->front() == '-') return invalid_argument(state, use);
  Options::GoPackage& go = state.options.go;
  if (go.kind != Options::GoPackage::Kind::None && go.kind != kind)
    return Error{0, "--go-build and --go-test cannot be provided simultaneously"};
  go.kind = kind;
  go.package = std::string(*use.value);
  return {};
}

}  // namespace

Result<> apply_goroutine(ParseState& state, Given use) {
  std::string_view rest = *use.value;
  do {
    const std::size_t length = std::min(rest.find(','), rest.size());
    const auto number = parse_goroutine(rest.substr(0, length));
    if (!number) return invalid_argument(state, use);
    state.options.goroutines.push_back(*number);
    rest.remove_prefix(length);
    if (rest == ",") return invalid_argument(state, use);
    if (!rest.empty()) rest.remove_prefix(1);
  } while (!rest.empty());
  return {};
}

Result<> apply_go_runtime(ParseState& state, Given use) {
  constexpr Word<Options::GoRuntime> kWords[] = {{"hide", Options::GoRuntime::Hide},
                                                 {"show", Options::GoRuntime::Show}};
  const auto word = find_word(kWords, *use.value);
  if (!word) return invalid_argument(state, use);
  state.options.go_runtime = *word;
  return {};
}

Result<> apply_go_build(ParseState& state, Given use) {
  return set_package(Options::GoPackage::Kind::Program, state, use);
}

Result<> apply_go_test(ParseState& state, Given use) {
  return set_package(Options::GoPackage::Kind::Test, state, use);
}

Result<> apply_go_output(ParseState& state, Given use) {
  if (use.value->empty()) return invalid_argument(state, use);
  state.options.go.output = std::string(*use.value);
  return {};
}

Result<> apply_go_flags(ParseState& state, Given use) {
  if (!split_words(*use.value, state.options.go.flags)) return invalid_argument(state, use);
  return {};
}

Result<> settle_go(ParseState& state) {
  Options& options = state.options;
  if (options.go_runtime == Options::GoRuntime::Auto) {
    const bool functions = !options.functions.empty() || !options.within.empty();
    options.go_runtime = functions ? Options::GoRuntime::Hide : Options::GoRuntime::Show;
  }
  if (options.go.kind != Options::GoPackage::Kind::None) return {};
  if (!options.go.output.empty())
    options.warnings.emplace_back("--go-output has no effect without --go-build or --go-test");
  if (!options.go.flags.empty())
    options.warnings.emplace_back("--go-flags has no effect without --go-build or --go-test");
  return {};
}

}  // namespace ttrace
