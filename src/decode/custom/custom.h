// Helpers shared by the hand-written decoders. The decoders themselves are declared by the
// generated tables: one for each `custom` type of syscalls/*.syscalls.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

#include "decode/call_context.h"
#include "decode/known.h"

namespace ttrace::custom {

/// Formats into the arena: no allocation while the text is short.
template <class... Args>
std::string_view format(Arena& arena, fmt::format_string<Args...> text, Args&&... args) {
  fmt::basic_memory_buffer<char, 256> buffer;
  fmt::format_to(std::back_inserter(buffer), text, std::forward<Args>(args)...);
  return arena.copy(std::string_view(buffer.data(), buffer.size()));
}

/// "... /* 0x2008 */": stands for the elements that could not be read, which begin at `at`.
inline Value missing(Arena& arena, Address at) {
  Value value = Value::verbatim("...");
  value.comment = format(arena, "{:#x}", at.value());
  return value;
}

/// Collects the fields of a structure or the elements of an array, up to N.
template <std::size_t N>
class ValueList {
 public:
  void add(std::string_view name, Value value) {
    if (count_ < N) values_[count_++] = value.named(name);
  }
  void add(Value value) { add({}, value); }
  [[nodiscard]] bool empty() const { return count_ == 0; }
  [[nodiscard]] Value structure(Arena& arena) const { return make(Value::Kind::Struct, arena); }
  [[nodiscard]] Value make(Value::Kind kind, Arena& arena) const {
    return Value::list(kind, arena.copy(std::span<const Value>(values_).first(count_)));
  }

 private:
  std::array<Value, N> values_{};
  std::size_t count_ = 0;
};

/// A number of `size` bytes at `offset`; 0 beyond the end.
inline std::uint64_t number_at(std::span<const std::byte> bytes, std::size_t offset,
                               std::size_t size) {
  return offset + size <= bytes.size() ? load_number(bytes.subspan(offset, size)) : 0;
}

/// The first field of a structure that has this name; null when there is none.
inline const Value* field_of(const Value* structure, std::string_view name) {
  if (structure == nullptr) return nullptr;
  auto it = std::ranges::find(structure->children, name, &Value::name);
  return it == structure->children.end() ? nullptr : &*it;
}

/// "[0 3 4]" of the bits that are set among the first `end` of `bytes`.
Value bits_value(Arena& arena, std::span<const std::byte> bytes, std::size_t end);

/// "2026-11-22T02:10:43.003072558+0000", without the fraction when that is 0; empty when it is no
/// time. In the local time zone, as in strace. The fraction is in nanoseconds (9 digits) or
/// microseconds (6).
std::string_view date(Arena& arena, std::int64_t seconds, std::uint64_t fraction, int digits = 9);

/// "\x01\xff" of all bytes: not one is a character, even where it happens to look like one.
Value hex_value(Arena& arena, std::span<const std::byte> bytes, bool more);

/// A structure that comes with its size, in a kernel that knows fields up to `known` of `size`:
/// what follows them, `/* bytes 24..31 */ "\x07..."`, unless it is 0; "???" when it cannot be read.
Value unknown_fields(CallContext& context, Address at, std::size_t known, std::uint64_t size);

/// A structure of `type` that comes with its size, with unknown_fields(). The address when `size`
/// is smaller than the structure or it cannot be read.
Value sized_structure(CallContext& context, tables::Index type, Address at, std::uint64_t size);

/// `structure` with one more field; as it is when that is nothing.
Value with_field(CallContext& context, const Value& structure, const Value& field);

/// "[INT CHLD]" of a mask with bit 0 for signal 1.
Value signal_mask_value(Arena& arena, std::uint64_t mask);

/// A siginfo of a process with words of `word` bytes.
Value siginfo_value(std::span<const std::byte> raw, unsigned word, Abi abi, Arena& arena);

/// The name of a signal with its number, "SIGCHLD"; the number when it has none.
Value signal_value(std::uint64_t number, Abi abi);

/// An array of iovec; `budget` bytes of data are theirs in all (what was read into them); nullopt:
/// only where they are is shown.
Value vectors_value(CallContext& context, Address at, std::uint64_t count,
                    std::optional<std::uint64_t> budget);

/// A socket address of `length` bytes.
Value socket_address_value(CallContext& context, Address at, std::uint64_t length);

}  // namespace ttrace::custom
