// A position in a file's tokens, and what is expected there.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "functions/prototype.h"
#include "functions/prototype_lexer.h"

namespace ttrace::prototypes {

/// Walks over tokens. The first mistake is kept, and from then on every token is the end of the
/// file: whoever reads on finds nothing more to read, and asks failed() at the end.
class Tokens {
 public:
  Tokens(std::string_view file, std::vector<Token> tokens)
      : file_(file), tokens_(std::move(tokens)) {}

  [[nodiscard]] const Token& now() const { return tokens_[at_]; }
  [[nodiscard]] const Token& next() const { return tokens_[std::min(at_ + 1, tokens_.size() - 1)]; }
  [[nodiscard]] bool at_end() const { return now().kind == Token::Kind::End; }
  [[nodiscard]] bool failed() const { return failed_; }
  [[nodiscard]] const Error& error() const { return error_; }
  [[nodiscard]] std::string_view file() const { return file_; }

  [[nodiscard]] std::size_t position() const { return at_; }
  void go_back(std::size_t position) { at_ = position; }

  Token take();
  /// Takes the token if it is this one.
  bool accept(std::string_view mark);
  /// A mistake if it is not. `after` says where: " after the name".
  void expect(std::string_view mark, std::string_view after = {});
  std::string_view name(std::string_view what);
  std::uint64_t number(std::string_view what);
  /// `x86_64`; a mistake if it is none.
  Abi abi();
  /// `[x86_64 i386]` as bits; all of them when there is none.
  std::uint8_t abis();

  void fail(unsigned line, std::string_view what);
  void fail_here(std::string_view what) { fail(now().line, what); }

 private:
  std::string_view file_;
  std::vector<Token> tokens_;
  std::size_t at_ = 0;
  bool failed_ = false;
  Error error_;
};

/// "; did you mean 'size'?" when one of `known` is close to `name`, or empty.
std::string hint(std::string_view name, const std::vector<std::string_view>& known);

}  // namespace ttrace::prototypes
