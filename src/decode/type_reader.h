// The types that syscalls/ describes, for what is no syscall: found by name, read anywhere.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "arch/abi.h"
#include "decode/decoder.h"
#include "decode/tables.h"

namespace ttrace {

/// A type that the descriptions name: a scalar (int, fd), str, path, an enum or flags, a structure
/// without parameters, or a custom type that looks at nothing but its own value. nullopt: there is
/// none of that name.
std::optional<tables::Index> find_type(std::string_view name);
/// Every name that find_type() knows is a view of static text; used for "did you mean".
std::span<const tables::NamedType> all_types();

/// Whether a register can hold it; otherwise it is in memory, and somebody points to it.
bool is_scalar(tables::Index type);
/// Whether it is an enum or flags.
bool is_constant_set(tables::Index type);
/// Whether it is in memory and has a fixed size there.
bool is_sized(tables::Index type);
/// Bytes; 0 when it is in memory and has no fixed size.
std::uint32_t size_of(tables::Index type, Abi abi);
/// Bytes, by the C compiler's rules.
std::uint32_t align_of(tables::Index type, Abi abi);
/// The value of one of a set's constants; nullopt: it has none of that name there.
std::optional<std::uint64_t> constant_of(tables::Index type, std::string_view name, Abi abi);

/// Reads values of such types in one thread's memory. What it returns is valid until the next
/// begin(). What a value may cost is bounded as for a syscall (decode/budget.h).
class TypeReader {
 public:
  explicit TypeReader(DecodeOptions options) : options_(std::move(options)) {}

  /// Whose values come next. `returned`: what the call returned; nullopt: it has only begun.
  void begin(Abi abi, Tid tid, Memory& memory, std::optional<std::int64_t> returned);
  /// A value that was in a register, or anywhere else where its bytes were read.
  Value scalar(tables::Index type, std::uint64_t raw);
  /// What is at `at`; `length` is for custom types that want one (a socket address, a signal set).
  Value pointee(tables::Index type, Address at, std::uint64_t length);
  /// An object of a type with a fixed size, out of its bytes.
  Value object(tables::Index type, std::span<const std::byte> bytes);
  /// `count` bytes.
  Value bytes(Address at, std::uint64_t count);

 private:
  DecodeOptions options_;
  PendingSyscall pending_;
  Memory* memory_ = nullptr;
  std::optional<SyscallOutcome> outcome_;
};

}  // namespace ttrace
