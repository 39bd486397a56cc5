// The types of a program, as its debug information describes them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "symbols/go_kind.h"

namespace ttrace {

struct Type;

/// A member of a struct, class or union.
struct Member {
  std::string name;  // empty for a base class or an anonymous member
  const Type* type = nullptr;
  std::uint64_t offset = 0;      // bytes
  std::uint32_t bit_size = 0;    // 0: not a bitfield
  std::uint32_t bit_offset = 0;  // bits from the start of the containing byte `offset`
  bool base_class = false;
  bool artificial = false;  // the compiler's own: a vtable pointer
  bool in_variant = false;  // there only when Type::variants says so
};

/// One alternative of a Rust enum: which members are there when the discriminant has this value.
struct Variant {
  std::optional<std::uint64_t> value;  // as many low bits as the discriminant has; nullopt: any
                                       // that no other variant has
  std::size_t first = 0;               // of its members
  std::size_t count = 0;
};

/// A template argument that is a type.
struct TypeArgument {
  std::string name;  // of the template parameter
  const Type* type = nullptr;
};

struct Enumerator {
  std::string name;
  std::int64_t value = 0;
};

/// One type. Owned by the module it comes from; typedefs and cv-qualifiers are already looked
/// through (`name` keeps the typedef's name where there was one).
struct Type {
  enum class Kind : std::uint8_t {
    Void,
    Signed,
    Unsigned,
    Char,  // a character type: size 1 (char, signed char, unsigned char), 2, 4 (wchar_t, char32_t)
    Bool,
    Float,  // size 4, 8, 16 (x87 long double is 16 bytes with `x87` set)
    Enum,
    Pointer,
    Reference,  // of both kinds
    MemberPointer,
    Struct,
    Union,
    Array,
    Function,
    Unknown,  // described in a way that is not understood, only declared, or too deeply nested:
              // nothing is known but the name and the size (0: not even that)
  };
  Kind kind = Kind::Unknown;
  // Go's own word for it. Its strings, slices and interfaces are structures for `kind`, maps and
  // channels pointers, complex numbers Unknown, functions are Function with a pointer's size.
  GoKind go = GoKind::None;
  bool x87 = false;
  bool by_reference = false;  // C++: not trivial for the purpose of calls (DW_AT_calling_convention
                              // or, without it, a user-provided copy constructor or destructor)
  std::uint64_t size = 0;     // bytes
  std::uint32_t align = 0;    // bytes; 0: natural
  std::string name;
  std::string tag;  // the type's own name, also where `name` is a typedef's
  // Of a pointer, reference or array; an enum's underlying type. nullptr: the file does not say, or
  // it lies behind more pointers than are followed (six from a parameter, template arguments
  // counting as pointers).
  const Type* target = nullptr;
  std::uint64_t count = 0;  // elements of an array
  std::vector<Member> members;
  std::vector<Enumerator> enumerators;
  std::vector<TypeArgument> arguments;
  // A variant part (DWARF 5, 5.7.10). None: all members are always there.
  std::vector<Variant> variants;
  std::optional<Member> discriminant;  // nullopt with one variant: there is nothing to choose
};

/// Where debug information says a parameter is when the function's first instruction executes.
/// Only what is true at that instruction stands here: a location list entry that covers it.
struct EntryLocation {
  enum class Kind : std::uint8_t {
    None,      // no statement (or a frame location, not yet true): use the calling convention
    Register,  // DWARF register `reg`
    Stack,     // at SP-at-entry + offset (frame base DW_OP_call_frame_cfa + n)
    Address,   // the object is in memory, and DWARF register `reg` holds its address
    // Stated only for what follows the prologue: where the calling convention says, if that agrees,
    // by passing a reference, or by naming DWARF register `reg` (kFrame: by using the stack).
    Later,
    Constant,  // the value itself is `offset`: its low bytes, as many as the type has
    OptimizedOut,
  };
  static constexpr unsigned kFrame = ~0U;
  Kind kind = Kind::None;
  unsigned reg = 0;
  std::int64_t offset = 0;
};

struct Parameter {
  std::string name;  // may be empty
  const Type* type = nullptr;
  EntryLocation location;
  bool artificial = false;  // `this` and its like
};

/// A function's parameters and result.
struct Signature {
  std::vector<Parameter> parameters;
  const Type* result = nullptr;  // nullptr: void
  bool variadic = false;
  // There are parameters that the compiler did not describe (clang leaves out unused ones that are
  // passed by reference): where the convention puts the others cannot be said.
  bool incomplete = false;
  // The compiler may have changed where arguments and results are, for callers that it knows all
  // of: only what is stated about a parameter is true, and nothing is about the result.
  bool unconventional = false;
  bool rust = false;  // called by Rust's own convention, not by the platform's
  // Called by Go's: `results` has what it returns, `result` nothing. A parameter's location is not
  // more than a hint at whether all before it are described: Register: its first one; Stack.
  bool go = false;
  std::vector<Parameter> results;  // their names are empty when the source has none
};

}  // namespace ttrace
