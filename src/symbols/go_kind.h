// Go's kinds of types.
#pragma once

#include <cstdint>

namespace ttrace {

/// As package reflect numbers them, in debug information (DW_AT_go_kind) and in the runtime's
/// descriptions of types alike (Go 1.19 src/reflect/type.go; the same in 1.27 internal/abi).
enum class GoKind : std::uint8_t {
  None,  // not a type of Go's
  Bool,
  Int,
  Int8,
  Int16,
  Int32,
  Int64,
  Uint,
  Uint8,
  Uint16,
  Uint32,
  Uint64,
  Uintptr,
  Float32,
  Float64,
  Complex64,
  Complex128,
  Array,
  Chan,
  Func,
  Interface,
  Map,
  Pointer,
  Slice,
  String,
  Struct,
  UnsafePointer,
};

/// A number of a file or of a tracee; what is none of the kinds is None.
inline GoKind go_kind_from(std::uint64_t number) {
  return number <= static_cast<std::uint64_t>(GoKind::UnsafePointer) ? static_cast<GoKind>(number)
                                                                     : GoKind::None;
}

}  // namespace ttrace
