// The rows of the tables that syscalls/generate.py makes of syscalls/*.syscalls. Rows refer to each
// other by index, so that the tables are constants that need no relocation or construction.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "arch/abi.h"
#include "event/value.h"

namespace ttrace {

class CallContext;
struct CustomInput;

namespace tables {

using Index = std::uint16_t;
inline constexpr Index kNone = 0xffff;

template <class T>
using PerAbi = std::array<T, kAbiCount>;

/// A run of rows in another table.
struct Slice {
  Index first = 0;
  Index count = 0;
};

/// `name` stands for `value` in the bits of `mask`; a row with `group` instead of a name gives
/// these bits to an enum; one with neither is an empty text where no bit is left.
struct Constant {
  std::string_view name;
  std::uint64_t value = 0;
  std::uint64_t mask = 0;
  Index group = kNone;
};

struct ConstantSet {
  std::string_view
      family;  // "PROT_???": what an unknown value is said to be; empty: prints it alone
  bool is_signed = false;  // how an unknown value without a family is printed
  /// What has no name: hexadecimal; a file mode (S_IFREG|0644); decimal, of an enum.
  enum class Rest : std::uint8_t { Hex, Octal, Decimal };
  Rest rest = Rest::Hex;
  PerAbi<Slice> constants;  // of kConstants; those of an enum are sorted by value
};

/// Where a number comes from while a call is being decoded.
struct Operand {
  enum class Source : std::uint8_t {
    Literal,   // `literal`
    Argument,  // the argument `index`
    Pointed,   // what the argument `index` points to
    Field,     // of the structure being decoded, or `index` structures around it, at `offset`
    Return,    // what the call returned
    Error,     // the errno that the call returned, 0 on success
    Verbose,   // 1 with -v
  };
  Source source = Source::Literal;
  Index index = 0;
  std::uint64_t literal = 0;
  PerAbi<std::uint16_t> offset{};
  PerAbi<std::uint8_t> size{};  // bytes of the argument's, pointee's or field's type
};

struct Condition {
  enum class Test : std::uint8_t { AnyBit, NoBit, Is, IsNot, Above, UpTo };
  Index operand = kNone;
  Test test = Test::AnyBit;
  PerAbi<std::uint64_t> mask{};  // applied to the operand first
  Slice values;                  // of kConditionValues; without any AnyBit is anything but 0
  Index also = kNone;            // a condition that must hold, too
};

struct Type {
  enum class Kind : std::uint8_t {
    None,  // a call that does not return
    // Held in a register, or in `size` bytes of memory:
    Signed,
    Unsigned,
    Hex,
    Octal,
    Id,  // unsigned, but -1
    Fd,
    Address,
    Enum,        // of the set `ref`
    Flags,       // of the set `ref`
    Custom,      // decoded by kCustoms[ref]
    Pointer,     // to the type `ref`
    OutPointer,  // the same, for what the kernel fills in
    // Held in memory:
    String,
    Path,   // a string that is never cut short
    Bytes,  // `length` of them
    CharArray,
    Struct,        // kStructs[ref]; with a `length` that is how many bytes the program has
    Array,         // `length` of the type `ref`
    CustomMemory,  // decoded by kCustoms[ref], which gets the address and `length`
    CustomText,    // the same, for text: shown even where structures are not
  };
  Kind kind = Kind::None;
  Index ref = kNone;
  Index length = kNone;  // an operand
  PerAbi<std::uint16_t> size{};
};

struct Field {
  std::string_view name;
  Index type = kNone;
  Index condition = kNone;
  std::uint16_t offset = 0;
  /// When and how it is shown: with what it was before the call (4 => 1); when the call succeeded;
  /// never (but it is known); when it is not 0.
  enum class How : std::uint8_t { Plain, Changing, Filled, Hidden, Nonzero };
  bool brief = false;  // shown without -v
  How how = How::Plain;
};

struct Struct {
  PerAbi<Index> layout{};    // of kLayouts
  bool abbreviated = false;  // without -v only the fields that are `brief`
  bool changing = false;     // it has Changing or Filled fields: no `before => after` of the whole
};

enum class Direction : std::uint8_t { Value, In, Out, InOut };

struct Argument {
  std::string_view name;
  Index type = kNone;  // of the value; of what is pointed to when `direction` is not Value
  Direction direction = Direction::Value;
  bool show_name = false;
  Index present = kNone;  // condition for the argument to be there
  Index filled = kNone;   // condition on the result for what it points to to be valid
  Index match = kNone;    // condition that makes this the right variant of the call
  PerAbi<std::uint8_t> reg{};
};

struct Note {
  std::string_view label;
  Index type = kNone;
};

/// A name with a bit for each class (%file, %desc, ...): of one class, or of a call those that it
/// is in.
struct CallClass {
  std::string_view name;
  std::uint32_t classes = 0;
};

using CustomDecoder = Value (*)(CallContext&, const CustomInput&);

/// A type by its name in the descriptions: a scalar, str, path, a set, a structure without
/// parameters, or a custom type.
struct NamedType {
  std::string_view name;
  Index type = kNone;
};

}  // namespace tables

/// One call, or one variant of it.
struct SyscallDescription {
  std::string_view name;
  std::uint8_t abis = 0;     // bit n: ABI n has this description
  std::int16_t number = -1;  // on every ABI, for calls too new for libseccomp; else -1
  tables::Slice arguments;
  tables::Index result = tables::kNone;
  tables::Slice notes;
  bool in_memory = false;  // the arguments are words in memory: the first register points to them

  [[nodiscard]] bool has(Abi abi) const { return (abis >> static_cast<unsigned>(abi) & 1) != 0; }
};

namespace tables {

// Sorted by name; the variants of a call come before the call itself.
extern const std::span<const SyscallDescription> kCalls;
extern const std::span<const Argument> kArguments;
extern const std::span<const Note> kNotes;
extern const std::span<const Type> kTypes;
extern const std::span<const Struct> kStructs;
extern const std::span<const Slice> kLayouts;  // of kFields, in the order of printing
extern const std::span<const Field> kFields;
extern const std::span<const ConstantSet> kSets;
extern const std::span<const Constant> kConstants;
extern const std::span<const Operand> kOperands;
extern const std::span<const Condition> kConditions;
extern const std::span<const PerAbi<std::uint64_t>> kConditionValues;
extern const std::span<const CallClass> kClasses;       // by name, as the user types it
extern const std::span<const CallClass> kClassedCalls;  // by the call's name
extern const std::span<const CustomDecoder> kCustoms;
extern const std::span<const NamedType> kNamedTypes;  // by name

}  // namespace tables
}  // namespace ttrace
