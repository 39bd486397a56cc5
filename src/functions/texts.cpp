#include "functions/texts.h"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>

#include "base/number.h"

namespace ttrace {

namespace {

// The widest character.
constexpr std::size_t kWidestCharacter = 4;

constexpr std::array<std::pair<std::string_view, TextKind>, 4> kWideNames{{
    {"wchar_t", TextKind::Wide},
    // Shown as bytes: they need not be valid UTF-8.
    {"char8_t", TextKind::Narrow},
    {"char16_t", TextKind::Utf16},
    {"char32_t", TextKind::Utf32},
}};

constexpr std::array<std::string_view, 6> kByteNames{"unsigned char", "signed char", "uint8_t",
                                                     "int8_t",        "u_char",      "u_int8_t"};

std::string_view prefix_of(TextKind kind) {
  switch (kind) {
    case TextKind::None:
    case TextKind::Narrow:
      return "";
    case TextKind::Utf16:
      return "u";
    case TextKind::Utf32:
      return "U";
    case TextKind::Wide:
      return "L";
  }
  return "";
}

void append_utf8(std::uint32_t code, std::string& out) {
  auto byte = [&](std::uint32_t n) { out += static_cast<char>(static_cast<unsigned char>(n)); };
  auto more = [&](unsigned shift) { byte(0x80 | (code >> shift & 0x3f)); };
  if (code < 0x80) {
    byte(code);
  } else if (code < 0x800) {
    byte(0xc0 | code >> 6);
    more(0);
  } else if (code < 0x10000) {
    byte(0xe0 | code >> 12);
    more(6);
    more(0);
  } else {
    byte(0xf0 | code >> 18);
    more(12);
    more(6);
    more(0);
  }
}

void append_hex(std::uint32_t unit, std::string& out) {
  out += "\\x";
  bool begun = false;
  for (unsigned shift = 32; shift > 0; shift -= 4) {
    auto digit = unit >> (shift - 4) & 0xf;
    begun = begun || digit != 0 || shift == 4;
    if (begun) out += "0123456789abcdef"[digit];
  }
}

bool is_surrogate(std::uint32_t unit) {
  return unit >= 0xd800 && unit < 0xe000;
}

// One character between quotes. What is none, or could harm a terminal, is shown by its number.
void append_code(std::uint32_t code, std::string& out) {
  static constexpr std::array<std::pair<std::uint32_t, std::string_view>, 7> kEscapes{
      {{'\t', "\\t"},
       {'\n', "\\n"},
       {'\v', "\\v"},
       {'\f', "\\f"},
       {'\r', "\\r"},
       {'"', "\\\""},
       {'\\', "\\\\"}}};
  for (const auto& [character, shown] : kEscapes) {
    if (character == code) {
      out += shown;
      return;
    }
  }
  bool control = code < 0x20 || (code >= 0x7f && code < 0xa0);
  if (control || is_surrogate(code) || code > 0x10ffff) {
    append_hex(code, out);
  } else {
    append_utf8(code, out);
  }
}

// The units of a wide text between quotes, and `...` when there are more.
Value wide_text(TextKind kind, std::size_t width, std::span<const std::byte> bytes, bool cut,
                Arena& arena) {
  std::string out(prefix_of(kind));
  out += '"';
  auto unit = [&](std::size_t i) {
    return static_cast<std::uint32_t>(load_number(bytes.subspan(i * width, width)));
  };
  std::size_t count = bytes.size() / width;
  for (std::size_t i = 0; i < count; ++i) {
    std::uint32_t code = unit(i);
    bool pair = width == 2 && code >= 0xd800 && code < 0xdc00 && i + 1 < count &&
                unit(i + 1) >= 0xdc00 && unit(i + 1) < 0xe000;
    if (pair) code = 0x10000 + ((code & 0x3ff) << 10) + (unit(++i) & 0x3ff);
    append_code(code, out);
  }
  out += cut ? "\"..." : "\"";
  return Value::verbatim(arena.copy(std::string_view(out)));
}

// The index of the first NUL, or how many there are.
std::size_t length_of(std::span<const std::byte> bytes, std::size_t width) {
  std::size_t count = bytes.size() / width;
  for (std::size_t i = 0; i < count; ++i) {
    if (load_number(bytes.subspan(i * width, width)) == 0) return i;
  }
  return count;
}

Value narrow_text(std::span<const std::byte> bytes, bool cut, Arena& arena) {
  std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  return Value::string(arena.copy(text), cut);
}

}  // namespace

TextKind text_kind(const Type* character) {
  if (character == nullptr || character->kind != Type::Kind::Char) return TextKind::None;
  if (character->size > kWidestCharacter || character->size == 0) return TextKind::None;
  for (const auto& [name, kind] : kWideNames) {
    if (character->name == name || character->tag == name) return kind;
  }
  if (character->size != 1) return TextKind::None;
  bool bytes = std::ranges::find(kByteNames, character->name) != kByteNames.end() ||
               std::ranges::find(kByteNames, character->tag) != kByteNames.end();
  return bytes ? TextKind::None : TextKind::Narrow;
}

Value text_of_bytes(const Type& character, std::span<const std::byte> bytes, bool terminated,
                    bool cut, const TextSource& source) {
  TextKind kind = text_kind(&character);
  std::size_t width = std::max<std::size_t>(character.size, 1);
  std::size_t count = terminated ? length_of(bytes, width) : bytes.size() / width;
  if (count < bytes.size() / width) cut = false;
  cut = cut || count > source.limit;
  auto shown = bytes.first(std::min(count, source.limit) * width);
  if (kind == TextKind::Narrow || kind == TextKind::None) {
    return narrow_text(shown, cut, source.arena);
  }
  return wide_text(kind, width, shown, cut, source.arena);
}

Value read_terminated_text(const Type& character, Address at, const TextSource& source) {
  std::size_t width = character.size;
  if (width == 1) {
    auto room = source.arena.allocate<char>(source.limit + 1);
    auto got = source.memory.read_string(at, room);
    if (got.length == 0 && !got.terminated) return Value::unreadable(at);
    auto bytes = std::as_bytes(std::span<const char>(room)).first(got.length);
    return text_of_bytes(character, bytes, false, !got.terminated, source);
  }
  // A read returns what is there before an unreadable page.
  auto room = source.arena.allocate<std::byte>((source.limit + 1) * width);
  std::size_t there = source.memory.read(at, room) / width;
  if (there == 0) return Value::unreadable(at);
  auto bytes = std::span<const std::byte>(room).first(there * width);
  return text_of_bytes(character, bytes, true, true, source);
}

std::optional<Value> read_counted_text(const Type& character, Address at, std::uint64_t count,
                                       const TextSource& source) {
  std::size_t width = std::max<std::size_t>(character.size, 1);
  std::size_t shown = std::min<std::uint64_t>(count, source.limit);
  auto room = source.arena.allocate<std::byte>(shown * width);
  if (shown != 0 && source.memory.read(at, room) != room.size()) return std::nullopt;
  return text_of_bytes(character, room, false, shown < count, source);
}

std::optional<Value> read_counted_bytes(Address at, std::uint64_t count, const TextSource& source) {
  static const Type byte_type = [] {
    Type type;
    type.kind = Type::Kind::Char;
    type.size = 1;
    type.name = "char";
    return type;
  }();
  return read_counted_text(byte_type, at, count, source);
}

}  // namespace ttrace
