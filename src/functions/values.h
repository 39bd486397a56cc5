// From registers, memory and types to values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string_view>

#include "arch/registers.h"
#include "base/address.h"
#include "base/arena.h"
#include "base/memory.h"
#include "event/value.h"
#include "functions/traced_function.h"
#include "symbols/types.h"

namespace ttrace {

struct GoTypeSource;

/// How much of a value is shown.
struct ValueLimits {
  std::size_t string = 32;    // bytes of a string, -s
  std::size_t elements = 32;  // of an array or a container, -s
  unsigned depth = 3;         // of nested structures
  std::size_t members = 32;   // of a structure
  unsigned pointers = 1;      // followed on the way to a value; references and containers are free
};

/// A place in the program's text.
struct CodeName {
  std::string_view function;
  std::uint64_t offset = 0;  // bytes from its start
};

/// What a value may be made of. `floats` is asked only when a vector register is needed.
struct ValueSource {
  const Registers& registers;
  std::function<std::optional<FloatRegisters>()> floats;
  Memory& memory;
  Arena& arena;
  ValueLimits limits;
  // The function that has an address, and how far behind its start that is; nullopt: none is known.
  // Empty: nobody can be asked.
  std::function<std::optional<CodeName>(Address)> function_at = {};
  // In a Go program: the types of what is behind interfaces; null: they cannot be found.
  const GoTypeSource* go = nullptr;
};

/// Copies what one piece of a value holds; false when it cannot be had.
bool read_piece(const Piece& piece, const ValueSource& source, std::span<std::byte> out);
/// An address that should be code's: the name of the function that begins there, or the address
/// with <name+0x…> behind it.
Value read_code(Address at, const ValueSource& source);

/// The arguments of a call whose first instruction is about to execute, in order, named. Without
/// debug information: the registers of the convention's integer arguments, marked raw by their
/// names; `truncated` is set then, because nobody knows how many there are.
struct Arguments {
  std::span<const Value> values;
  bool truncated = false;
};
Arguments read_arguments(TracedFunction& function, const ValueSource& source);

/// The result of a call that has just returned. Kind::None for void. `kept` is the register that
/// the layout wanted kept from the entry (0 when none). Of a Go function: at one of its return
/// instructions; several results, or those with names, are `(n=5, err=nil)`: a Call without a name.
Value read_result(TracedFunction& function, const ValueSource& source, std::uint64_t kept);

/// One object of `type` from its bytes. Never reads past them; follows what ObjectReader follows.
Value read_object(const Type& type, std::span<const std::byte> bytes, const ValueSource& source,
                  unsigned depth = 0);

}  // namespace ttrace
