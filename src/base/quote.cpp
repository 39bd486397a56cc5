#include "base/quote.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace ttrace {
namespace {

// --- eight bytes at once: most text has nothing to escape ---

constexpr std::size_t kStep = 8;
constexpr std::uint64_t kEach = 0x0101010101010101;
constexpr std::uint64_t kHighBits = 0x80 * kEach;

std::uint64_t load(const char* bytes) {
  std::uint64_t word = 0;
  std::memcpy(&word, bytes, sizeof(word));
  return word;
}
// Not 0 when a byte of `word` is below `limit` (at most 0x80).
constexpr std::uint64_t any_below(std::uint64_t word, std::uint64_t limit) {
  return (word - kEach * limit) & ~word & kHighBits;
}
constexpr std::uint64_t any_equal(std::uint64_t word, unsigned char byte) {
  return any_below(word ^ kEach * byte, 1);
}
constexpr std::uint64_t any_control(std::uint64_t word) {
  return any_below(word, 0x20) | any_equal(word, 0x7f);
}
constexpr std::uint64_t any_escape(std::uint64_t word) {
  return any_control(word) | any_equal(word, '"') | any_equal(word, '\\') | (word & kHighBits);
}

bool has_control(std::string_view text) {
  std::size_t i = 0;
  for (; i + kStep <= text.size(); i += kStep) {
    if (any_control(load(text.data() + i)) != 0) return true;
  }
  for (; i < text.size(); ++i) {
    if (is_control(text[i])) return true;
  }
  return false;
}

void append_octal(unsigned char byte, bool all_digits, std::string& out) {
  out += '\\';
  if (all_digits || byte >= 0100) out += static_cast<char>('0' + (byte >> 6));
  if (all_digits || byte >= 010) out += static_cast<char>('0' + ((byte >> 3) & 7));
  out += static_cast<char>('0' + (byte & 7));
}

// What stands behind the backslash for each byte: 0 when the byte is printed as it is, 1 when it is
// printed in octal.
constexpr std::array<char, 256> make_escapes() {
  std::array<char, 256> table{};
  for (std::size_t i = 0; i < table.size(); ++i)
    table[i] = i >= 0x20 && i < 0x7f ? 0 : 1;
  table['\t'] = 't';
  table['\n'] = 'n';
  table['\v'] = 'v';
  table['\f'] = 'f';
  table['\r'] = 'r';
  table['"'] = '"';
  table['\\'] = '\\';
  return table;
}
constexpr std::array<char, 256> kEscapes = make_escapes();
constexpr std::array<char, 256> kNameEscapes = [] {
  auto table = make_escapes();
  table['<'] = 1;
  table['>'] = 1;
  return table;
}();

// In a character literal gdb escapes the quote of its own kind, and names two more controls.
char character_escape(unsigned char byte) {
  switch (byte) {
    case '"':
      return 0;
    case '\'':
      return '\'';
    case '\a':
      return 'a';
    case '\b':
      return 'b';
    default:
      return kEscapes[byte];
  }
}

void append_utf8(std::uint32_t code, std::string& out) {
  const auto tail = [&](unsigned shift) {
    out += static_cast<char>(0x80 | ((code >> shift) & 0x3f));
  };
  if (code < 0x800) {
    out += static_cast<char>(0xc0 | (code >> 6));
  } else if (code < 0x10000) {
    out += static_cast<char>(0xe0 | (code >> 12));
    tail(6);
  } else {
    out += static_cast<char>(0xf0 | (code >> 18));
    tail(12);
    tail(6);
  }
  tail(0);
}

void append_escapes(std::string_view bytes, const std::array<char, 256>& escapes,
                    std::string& out) {
  const char* const begin = bytes.data();
  std::size_t plain = 0;  // where the bytes begin that are still to be copied as they are
  for (std::size_t i = 0; i < bytes.size();) {
    const std::size_t end = std::min(i + kStep, bytes.size());
    // The look at eight bytes knows the common table only.
    const bool plain_step =
        &escapes == &kEscapes && end - i == kStep && any_escape(load(begin + i)) == 0;
    if (plain_step) i = end;
    for (; i < end; ++i) {
      const auto byte = static_cast<unsigned char>(bytes[i]);
      const char escape = escapes[byte];
      if (escape == 0) continue;
      out.append(begin + plain, i - plain);
      plain = i + 1;
      if (escape == 1) {
        const bool digit_follows =
            i + 1 < bytes.size() && bytes[i + 1] >= '0' && bytes[i + 1] <= '7';
        append_octal(byte, digit_follows, out);
      } else {
        out += '\\';
        out += escape;
      }
    }
  }
  out.append(begin + plain, bytes.size() - plain);
}

}  // namespace

void append_quoted(std::string_view bytes, std::string& out) {
  out += '"';
  append_escapes(bytes, kEscapes, out);
  out += '"';
}

void append_escaped(std::string_view bytes, std::string& out) {
  append_escapes(bytes, kNameEscapes, out);
}

void append_character(std::int64_t code, std::string& out) {
  constexpr std::int64_t kLastCodePoint = 0x10ffff;
  if (code < -128 || code > kLastCodePoint || (code >= 0xd800 && code <= 0xdfff)) return;
  out += " '";
  if (code > 255) {
    append_utf8(static_cast<std::uint32_t>(code), out);
  } else {
    const auto byte = static_cast<unsigned char>(code);
    const char escape = character_escape(byte);
    if (escape == 0) {
      out += static_cast<char>(byte);
    } else if (escape == 1) {
      append_octal(byte, true, out);
    } else {
      out += '\\';
      out += escape;
    }
  }
  out += '\'';
}

void append_printable(std::string_view text, std::string& out) {
  if (!has_control(text)) {
    out += text;
    return;
  }
  for (const char c : text) {
    if (is_control(c)) {
      append_octal(static_cast<unsigned char>(c), true, out);
    } else {
      out += c;
    }
  }
}

}  // namespace ttrace
