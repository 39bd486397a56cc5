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

/// "\\x01\\x02": bytes, all in hexadecimal.
Value hex_value(CallContext& context, Address at, std::uint64_t length);

/// extra_data="\xff" /* bytes 4..4 */: what a program's structure has more than is known of it; the
/// bytes from `offset` on.
Value extra_data(Arena& arena, std::span<const std::byte> bytes, std::size_t offset);

/// Collects the fields of a structure or the elements of an array; when there are more than N, the
/// others become `...`.
template <std::size_t N>
class ValueList {
 public:
  void add(std::string_view name, Value value) {
    if (count_ < N) {
      values_[count_++] = value.named(name);
    } else {
      cut_ = true;
    }
  }
  void add(Value value) { add({}, value); }
  [[nodiscard]] bool empty() const { return count_ == 0; }
  [[nodiscard]] Value structure(Arena& arena) const { return make(Value::Kind::Struct, arena); }
  [[nodiscard]] Value make(Value::Kind kind, Arena& arena) const {
    return Value::list(kind, arena.copy(std::span<const Value>(values_).first(count_)), cut_);
  }

 private:
  std::array<Value, N> values_{};
  std::size_t count_ = 0;
  bool cut_ = false;
};

/// A number of `size` bytes at `offset`; 0 beyond the end.
inline std::uint64_t number_at(std::span<const std::byte> bytes, std::size_t offset,
                               std::size_t size) {
  return offset + size <= bytes.size() ? load_number(bytes.subspan(offset, size)) : 0;
}

/// "[1, 2, ...]": `count` elements of `size` bytes at `at`, each made by element(bytes), as many as
/// the options allow; what cannot be read as in strace.
template <class Element>
Value array_value(CallContext& context, Address at, std::uint64_t count, std::size_t size,
                  Element element) {
  if (at.null()) return Value::address(at);
  const std::size_t shown = context.shown_elements(count, size);
  const auto bytes = context.read(at, shown * size);
  const std::size_t got = bytes.size() / size;
  if (got == 0 && shown != 0) return Value::unreadable(at);
  auto values = context.arena().allocate<Value>(got + 1);
  for (std::size_t i = 0; i < got; ++i) {
    if (i > 0 && context.spent()) return Value::list(Value::Kind::Array, values.first(i), true);
    values[i] = element(bytes.subspan(i * size, size));
  }
  if (got == shown) return Value::list(Value::Kind::Array, values.first(got), shown < count);
  values[got] = missing(context.arena(), at + got * size);
  return Value::list(Value::Kind::Array, values);
}

/// A number in hexadecimal, filled up with zeros to `width` characters, its 0x included; 0 is only
/// zeros (as printf's %#0*x).
inline Value padded_hex(Arena& arena, std::uint64_t number, std::size_t width) {
  if (number == 0) return Value::symbol(format(arena, "{:0{}}", 0, width), 0);
  return Value::symbol(format(arena, "{:#0{}x}", number, width), number);
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

/// A structure that comes with its size, in a kernel that knows fields up to `known` of `size`:
/// what follows them, `/* bytes 24..31 */ "\x07..."`, unless it is 0; "???" when it cannot be read.
Value unknown_fields(CallContext& context, Address at, std::size_t known, std::uint64_t size);

/// A structure of `type` that comes with its size, with unknown_fields(). The address when `size`
/// is smaller than the structure or it cannot be read.
Value sized_structure(CallContext& context, tables::Index type, Address at, std::uint64_t size);

/// `structure` with one more field; as it is when that is nothing.
Value with_field(CallContext& context, const Value& structure, const Value& field);

/// Says what the times of a file are as dates: comments for the fields of a structure, or for all
/// of it.
void add_dates(Arena& arena, const tables::Type& type, std::span<Value> fields, Value& structure);

/// "[INT CHLD]" of a mask of `bits` bits with bit 0 for signal 1.
Value signal_mask_value(Arena& arena, std::uint64_t mask, unsigned bits = 64);

/// 150 /* 1.50 s */, of clock ticks.
Value ticks_value(Arena& arena, std::uint64_t ticks);

/// "signalfd:[HUP USR1]": the name of a descriptor that gives these signals.
std::string_view signalfd_name(Arena& arena, std::uint64_t mask);

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
/// The same out of bytes that were read.
Value socket_address_in(CallContext& context, std::span<const std::byte> bytes);

/// The instructions of classic BPF.
Value socket_filter(CallContext& context, const CustomInput& input);
/// if_nametoindex("lo"), or the number when no interface has it.
Value interface_index(CallContext& context, const CustomInput& input);
/// What was sent through a socket or received: a netlink message or bytes.
Value socket_bytes(CallContext& context, int fd, Address at, std::uint64_t length);
/// inet_addr("127.0.0.1") and htons(80), of numbers in network order.
Value inet_address(CallContext& context, const CustomInput& input);
Value network16(CallContext& context, const CustomInput& input);
/// inet_pton(AF_INET6, "::1", variable) of 16 bytes; the variable may be missing.
Value inet6_address(CallContext& context, std::span<const std::byte> bytes,
                    std::string_view variable);
/// htons(ETH_P_IP).
Value ethernet_value(CallContext& context, std::uint64_t in_network_order);
/// 01:02:03:04:05:06
Value hardware_address(CallContext& context, std::span<const std::byte> bytes);
/// [0x1, 0x2, 00]
Value byte_array(CallContext& context, std::span<const std::byte> bytes, bool more);
/// Bytes in hexadecimal, all characters escaped, of what was expected to be something else;
/// `length` of them exist.
Value hex_string(CallContext& context, std::span<const std::byte> bytes, std::uint64_t length);

}  // namespace ttrace::custom
