#include "functions/prototype_tokens.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <numeric>
#include <optional>

namespace ttrace::prototypes {

namespace {

constexpr std::array<Abi, kAbiCount> kAbis{Abi::X86_64, Abi::I386, Abi::Aarch64, Abi::Arm};

// A number of 64 bits: decimal, 0x… or, as in C, octal with a leading 0.
std::optional<std::uint64_t> value_of(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  int base = 10;
  if (text.starts_with("0x") || text.starts_with("0X")) {
    base = 16;
    text.remove_prefix(2);
  } else if (text.size() > 1 && text.front() == '0') {
    base = 8;
  }
  std::uint64_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  if (negative && value > std::uint64_t{1} << 63) return std::nullopt;
  return negative ? std::uint64_t{0} - value : value;
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t changed = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, changed});
    }
  }
  return row.back();
}

}  // namespace

Token Tokens::take() {
  Token token = now();
  if (!at_end()) ++at_;
  return token;
}

bool Tokens::accept(std::string_view mark) {
  if (!now().is(mark)) return false;
  take();
  return true;
}

void Tokens::expect(std::string_view mark, std::string_view after) {
  if (!accept(mark))
    fail_here(fmt::format("expected '{}'{}, found {}", mark, after, now().shown()));
}

std::string_view Tokens::name(std::string_view what) {
  if (now().kind == Token::Kind::Name) return take().text;
  fail_here(fmt::format("expected {}, found {}", what, now().shown()));
  return {};
}

std::uint64_t Tokens::number(std::string_view what) {
  if (now().kind != Token::Kind::Number) {
    fail_here(fmt::format("expected {}, found {}", what, now().shown()));
    return 0;
  }
  const Token token = take();
  auto value = value_of(token.text);
  if (!value) fail(token.line, fmt::format("'{}' is no number of 64 bits", token.text));
  return value.value_or(0);
}

Abi Tokens::abi() {
  const unsigned line = now().line;
  std::string_view text = name("an architecture");
  const auto* it = std::ranges::find(kAbis, text, abi_name);
  if (it != kAbis.end()) return *it;
  fail(line, fmt::format("unknown architecture '{}'; known are x86_64, i386, aarch64, arm", text));
  return Abi::X86_64;
}

std::uint8_t Tokens::abis() {
  if (!accept("[")) return 0xff;
  unsigned bits = 0;
  do {
    bits |= 1U << index_of(abi());
  } while (!failed() && !accept("]"));
  return static_cast<std::uint8_t>(bits);
}

void Tokens::fail(unsigned line, std::string_view what) {
  if (!failed_) error_ = error_at(file_, line, what);
  failed_ = true;
  at_ = tokens_.size() - 1;
}

std::string hint(std::string_view name, const std::vector<std::string_view>& known) {
  // Nobody types a name that is longer.
  constexpr std::size_t kLongest = 64;
  std::string_view best;
  std::size_t least = (name.size() + 2) / 3 + 1;
  for (std::string_view other : known) {
    if (name.size() > kLongest || other.size() > kLongest) continue;
    if (const std::size_t distance = edit_distance(name, other); distance < least) {
      least = distance;
      best = other;
    }
  }
  return best.empty() ? std::string() : fmt::format("; did you mean '{}'?", best);
}

}  // namespace ttrace::prototypes
