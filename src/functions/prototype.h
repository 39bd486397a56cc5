// What prototypes/*.prototypes say of functions that no debug information describes: plain data,
// made by prototype_parser, read by prototype_values.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "arch/abi.h"
#include "decode/tables.h"

namespace ttrace::prototypes {

template <class T>
using PerAbi = std::array<T, kAbiCount>;

constexpr std::size_t index_of(Abi abi) {
  return static_cast<std::size_t>(abi);
}

/// Where a number comes from while a call is being read.
struct Operand {
  enum class Source : std::uint8_t {
    Literal,   // `number`
    Argument,  // the argument `number`
    Pointed,   // what the argument `number` points to
    Return,    // what the call returned
  };
  Source source = Source::Literal;
  std::uint64_t number = 0;
};

/// How many elements or bytes there are: the product of its operands, of which there are one or
/// two.
using Length = std::vector<Operand>;

/// Stands for a constant on an architecture that lacks it: equal to nothing, without bits.
inline constexpr std::uint64_t kLacks = ~std::uint64_t{0} - 1;

struct Condition {
  enum class Test : std::uint8_t { NotZero, AnyBit, Is, IsNot, Above };
  Operand operand;
  Test test = Test::NotZero;
  std::vector<PerAbi<std::uint64_t>> values;  // one of which holds
};

struct ConstantSet;
struct Structure;

/// A value in a register, or something in memory.
struct Type {
  enum class Kind : std::uint8_t {
    Void,
    Described,   // one of syscalls/: `described`
    Char,        // shown as a character, too; 1, or 4 bytes of wchar_t
    Bool,        // false, true
    Float,       // float, double
    LongDouble,  // x86's 80 bits, arm64's 128
    Function,    // the address of one, shown by its name
    Set,         // of `set`
    // In memory:
    Bytes,       // `length` of them
    CharArray,   // up to its NUL, at most size
    Text,        // char up to a NUL, or `length` of them
    WideText,    // wchar_t likewise
    Format,      // text that says what the variable arguments of printf are
    WideFormat,  // the same of wprintf, in wchar_t
    ScanFormat,  // the same of scanf
    Struct,      // of `structure`
    Array,       // `length` of the type `element`
  };
  Kind kind = Kind::Void;
  tables::Index described = tables::kNone;
  std::shared_ptr<const ConstantSet> set;
  std::shared_ptr<const Structure> structure;
  std::shared_ptr<const Type> element;
  Length length;                 // also of a Described one that wants a length: a socket address
  PerAbi<std::uint32_t> size{};  // bytes; 0: not known beforehand
  PerAbi<std::uint32_t> align{};

  [[nodiscard]] bool in_memory() const;
};

/// `name` stands for `values` in the bits of `mask`.
struct Constant {
  std::string name;
  PerAbi<std::optional<std::uint64_t>> values;
  std::uint64_t mask = 0;
};

struct ConstantSet {
  std::string name;
  std::string family;  // "RTLD_???": what stands behind an unknown value; may be empty
  bool flags = false;
  bool is_signed = false;  // how a value without a name is shown
  bool decimal = false;
  std::vector<Constant> constants;
};

enum class Direction : std::uint8_t { Value, In, Out, InOut };

struct Field {
  std::string name;  // one that begins with '_' is not shown
  Type type;
  Direction direction = Direction::Value;  // a pointer that is followed
  PerAbi<std::uint32_t> offset{};
};

struct Structure {
  std::string name;
  std::vector<Field> fields;
  PerAbi<std::uint32_t> size{};
  PerAbi<std::uint32_t> align{};
};

struct Argument {
  std::string name;
  Type type;  // of the value; of what is pointed to when `direction` is not Value
  Direction direction = Direction::Value;
  // When it is there; of one that the call fills in and whose condition is on `ret`: when it does.
  std::optional<Condition> condition;
  bool variable = false;  // it is there only for some values of others, passed as by `...`
};

/// One function.
struct Prototype {
  std::string name;
  std::uint8_t abis = 0xff;  // bit n: of ABI n
  std::vector<Argument> arguments;
  Type result;
  Direction result_direction = Direction::Value;
  // Whether it succeeded, so that what it fills in is valid: the usual meanings of a result.
  enum class Success : std::uint8_t { Always, NotNegative, NotNull, Zero };
  Success success = Success::Always;
  bool sets_errno = false;  // when it did not succeed
  bool own = false;         // of the user's: it is believed more than debug information
  bool variadic = false;    // `...`: more arguments, whose types a format says or nobody knows
  std::shared_ptr<const std::vector<std::string>> libraries;  // globs of sonames; "static"

  [[nodiscard]] bool has(Abi abi) const { return (abis >> index_of(abi) & 1) != 0; }
};

}  // namespace ttrace::prototypes
