// Splits a prototype file into tokens: those of syscalls/compiler/lexer.py, `...` and no classes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace ttrace::prototypes {

struct Token {
  enum class Kind : std::uint8_t { Name, Number, String, Mark, End };
  Kind kind = Kind::End;
  std::string_view text;  // of the file; a string's without the quotes
  unsigned line = 1;

  [[nodiscard]] bool is(std::string_view mark) const {
    return text == mark && (kind == Kind::Mark || kind == Kind::Name);
  }
  /// For a message: "'size'", "the end of the file".
  [[nodiscard]] std::string shown() const;
};

/// The tokens of `text`, which outlives them, the last one of kind End. Error: "FILE:LINE: error:
/// unexpected character '?'".
Result<std::vector<Token>> tokenize(std::string_view file, std::string_view text);

/// "FILE:LINE: error: WHAT".
Error error_at(std::string_view file, unsigned line, std::string_view what);

}  // namespace ttrace::prototypes
