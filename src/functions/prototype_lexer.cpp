#include "functions/prototype_lexer.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/quote.h"

namespace ttrace::prototypes {

namespace {

constexpr std::string_view kDigits = "0123456789";
constexpr std::string_view kHexDigits = "0123456789abcdefABCDEF";
constexpr std::string_view kNameStart = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_";
constexpr std::string_view kNameParts =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789";
// The longest first.
constexpr std::array<std::string_view, 19> kMarks{"...", "->", "==", "!=", "(", ")", "{",
                                                  "}",   "[",  "]",  ":",  ",", "|", "&",
                                                  "=",   "@",  "$",  "*",  ">"};
constexpr std::string_view kHeaderParts = "abcdefghijklmnopqrstuvwxyz0123456789_./-";

bool starts_with_any(std::string_view text, std::string_view characters) {
  return !text.empty() && characters.find(text.front()) != std::string_view::npos;
}

std::size_t span_of(std::string_view text, std::string_view characters) {
  return std::min(text.find_first_not_of(characters), text.size());
}

// The length of a number at the beginning of `text`; 0: there is none.
std::size_t number_length(std::string_view text) {
  const std::size_t sign = text.starts_with('-') ? 1 : 0;
  std::string_view digits = text.substr(sign);
  if (digits.starts_with("0x") || digits.starts_with("0X")) {
    const std::size_t length = span_of(digits.substr(2), kHexDigits);
    return length == 0 ? 0 : sign + 2 + length;
  }
  const std::size_t length = span_of(digits, kDigits);
  return length == 0 ? 0 : sign + length;
}

// The token at the beginning of `text`; of kind End: none begins so.
Token token_at(std::string_view text) {
  if (starts_with_any(text, kNameStart)) {
    return {Token::Kind::Name, text.substr(0, span_of(text, kNameParts))};
  }
  if (const std::size_t length = number_length(text)) {
    // `0x12q` and `12q` are no numbers.
    const bool ends = !starts_with_any(text.substr(length), kNameParts);
    return {ends ? Token::Kind::Number : Token::Kind::End, text.substr(0, length)};
  }
  if (text.starts_with('"')) {
    // A message may show it: it has nothing that a terminal would act upon.
    const std::string_view rest = text.substr(1);
    const auto end = std::ranges::find_if(rest, [](char c) { return c == '"' || is_control(c); });
    if (end == rest.end() || *end != '"') return {};
    return {Token::Kind::String, {rest.begin(), end}};
  }
  // A header's name: what may follow `include`.
  if (text.starts_with('<')) {
    const std::size_t length = 1 + span_of(text.substr(1), kHeaderParts);
    if (length == text.size() || text[length] != '>') return {};
    return {Token::Kind::Mark, text.substr(0, length + 1)};
  }
  for (std::string_view mark : kMarks) {
    if (text.starts_with(mark)) return {Token::Kind::Mark, text.substr(0, mark.size())};
  }
  return {};
}

}  // namespace

std::string Token::shown() const {
  if (kind == Kind::End) return "the end of the file";
  return fmt::format("'{}'", text);
}

Error error_at(std::string_view file, unsigned line, std::string_view what) {
  return {0, fmt::format("{}:{}: error: {}", file, line, what)};
}

Result<std::vector<Token>> tokenize(std::string_view file, std::string_view text) {
  std::vector<Token> tokens;
  unsigned line = 1;
  while (!text.empty()) {
    if (text.front() == '\n') ++line;
    if (starts_with_any(text, " \t\r\n")) {
      text.remove_prefix(1);
    } else if (text.front() == '#') {
      text.remove_prefix(std::min(text.find('\n'), text.size()));
    } else {
      Token token = token_at(text);
      if (token.kind == Token::Kind::End) {
        std::string shown = "'";
        append_printable(text.substr(0, 1), shown);
        return error_at(file, line, "unexpected character " + shown + "'");
      }
      token.line = line;
      text.remove_prefix(token.text.size() + (token.kind == Token::Kind::String ? 2 : 0));
      tokens.push_back(token);
    }
  }
  tokens.push_back({Token::Kind::End, {}, line});
  return tokens;
}

}  // namespace ttrace::prototypes
