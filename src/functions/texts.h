// Strings of every width, from a tracee's memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "base/address.h"
#include "base/arena.h"
#include "base/memory.h"
#include "event/value.h"
#include "symbols/types.h"

namespace ttrace {

/// How the characters of a type are written.
enum class TextKind : std::uint8_t {
  None,    // no text: numbers, or bytes whose type does not say that they are characters
  Narrow,  // char, char8_t: "..."
  Utf16,   // char16_t: u"..."
  Utf32,   // char32_t: U"..."
  Wide,    // wchar_t: L"...", of the type's size
};

/// Plain char only is text, of the types of one byte: bytes of other names are usually buffers.
TextKind text_kind(const Type* character);

/// Where to read text, and how much of it.
struct TextSource {
  Memory& memory;
  Arena& arena;
  std::size_t limit = 0;  // characters shown (bytes, or units of UTF-16 and UTF-32)
};

/// The characters in `bytes`, up to the first NUL if `terminated`. What the limit or the end of the
/// bytes cuts off is shown as `...` when `cut`, or when the limit did it.
Value text_of_bytes(const Type& character, std::span<const std::byte> bytes, bool terminated,
                    bool cut, const TextSource& source);

/// The text at `at`, up to its NUL. Unreadable when nothing of it can be read.
Value read_terminated_text(const Type& character, Address at, const TextSource& source);

/// `count` characters at `at`; nullopt when those that are shown cannot all be read.
std::optional<Value> read_counted_text(const Type& character, Address at, std::uint64_t count,
                                       const TextSource& source);

/// The same for bytes that are known to be text, whatever their type is called: Rust's strings.
std::optional<Value> read_counted_bytes(Address at, std::uint64_t count, const TextSource& source);

}  // namespace ttrace
