// Where the platform's calling convention puts arguments and results: System V AMD64 psABI 3.2.3,
// AAPCS64 section 6.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "arch/abi.h"

namespace ttrace {

/// A type reduced to what a calling convention looks at. A vector type is one Float field; a
/// complex type is two fields without `aggregate`.
struct Shape {
  enum class Primitive : std::uint8_t { Integer, Float, X87 };  // X87: x86's 80-bit long double
  struct Field {
    std::uint32_t offset = 0;  // bytes from the start of the value
    std::uint32_t size = 0;    // bytes
    Primitive primitive = Primitive::Integer;
  };
  std::uint64_t size = 0;     // bytes; 0: void (as a result) or an empty struct
  std::uint32_t align = 1;    // bytes
  std::vector<Field> fields;  // scalars, flattened; one for a scalar type
  bool aggregate = false;     // struct, class, union or array
  bool overlaps = false;  // there are arrays or unions in it (which only Rust's convention asks)
  bool by_reference = false;  // C++: not trivially copyable, passed by invisible reference
};

/// One run of bytes of a value and where it lives.
struct Piece {
  enum class Where : std::uint8_t {
    Register,  // general register, by DWARF number
    Vector,    // vector register, by index
    X87,       // x87 stack register, by index
    Stack,     // at SP + offset when the first instruction of the function executes
  };
  Where where = Where::Register;
  unsigned reg = 0;         // Register, Vector, X87
  std::int64_t offset = 0;  // Stack: bytes from the SP at entry
  std::uint32_t size = 0;   // bytes of the value held here
};

/// Where a value is. `indirect`: the pieces hold its address instead.
struct Place {
  bool indirect = false;
  // In memory order, without gaps; bytes of the value behind the last one are padding. Empty:
  // nowhere (void, empty struct) or not to be known (vectors of more than 16 bytes).
  std::vector<Piece> pieces;
};

/// Places of the arguments of a call, at the callee's first instruction. `result` matters because
/// a result returned in memory takes an argument register on x86-64. nullopt: this machine's
/// convention is not described (i386, arm).
std::optional<std::vector<Place>> place_arguments(Abi abi, std::span<const Shape> arguments,
                                                  const Shape& result);

/// Place of the result just after the call returned. x86-64 returns the address of a result in
/// memory in rax; arm64 does not give x8 back, so a result in memory is nowhere (empty pieces)
/// unless the caller kept x8 from the entry: then `indirect_address` says the register to keep.
struct ResultPlace {
  Place place;
  std::optional<unsigned>
      keep_at_entry;  // DWARF number of a register that holds the result's address at entry
};
std::optional<ResultPlace> place_result(Abi abi, const Shape& result);

/// General registers that hold the first integer arguments (DWARF numbers), in order; empty for a
/// machine that passes them on the stack.
std::span<const unsigned> argument_registers(Abi abi);
/// The general register of an integer result (DWARF number).
unsigned result_register(Abi abi);

}  // namespace ttrace
