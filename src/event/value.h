// What an argument, a result or a field holds, as plain data: one tree that every output prints.
#pragma once

#include <bit>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/address.h"

namespace ttrace {

/// One node of a value tree. Trivially copyable: text and children live in an Arena (or are
/// static) and outlive every use of the node by an output. Make one with the functions below.
struct Value {
  enum class Kind : std::uint8_t {
    None,     // nothing: a void result
    Number,   // `number` printed in `base`
    Bool,     // `number`: false, true
    Char,     // `number`: a character, printed 65 'A'
    Float,    // `number` holds the bits of a double
    Address,  // `number`: NULL or hexadecimal
    Symbol,   // `text` names the constant `number`; with empty text: 0x7 /* comment */
    Flags,    // `children` (Symbol or Number) joined by '|'; none: prints `number` in hexadecimal
    Set,      // `children` in brackets, separated by blanks: [INT CHLD]; `inverted`: ~[KILL]
    String,   // `text` holds bytes, printed quoted and escaped; `truncated`: followed by ...
    Struct,   // `children` with their `name`s: {a=1, b=2}; `truncated`: {a=1, ...};
              // `text`, when there is any, is a type name printed before the brace
    Array,    // `children` in brackets: [1, 2]; `truncated`: [1, 2, ...]
    Entry,    // two children, of a map: [key]=value
    Pointer,  // one child: what is pointed to, printed &child
    Change,   // two children, before and after a call: 128 => 16
    Call,     // `text` is a macro's or constructor's name, `children` its arguments: htons(80)
    Text,     // `text` printed as it is
    Raw,      // `number` in hexadecimal: a register of a call whose types are not known
    Unreadable,    // `number`: an address that could not be read, printed in hexadecimal
    OptimizedOut,  // the compiler left no place where the value could be found
  };
  enum class Base : std::uint8_t { Signed, Unsigned, Hex, Octal };

  Kind kind = Kind::None;
  Base base = Base::Signed;
  bool truncated = false;  // more elements, fields or bytes exist than are here
  bool inverted = false;   // Set: all but the children
  bool show_name = false;  // printed name=value
  bool deleted = false;    // what `note` names exists no more: printed <note>(deleted)
  std::uint64_t number = 0;
  std::string_view text;
  std::string_view name;     // of an argument or of a struct's field; may be empty
  std::string_view comment;  // printed after the value as /* comment */
  std::string_view note;     // printed after the value as <note>: a descriptor's path, a symbol
  std::span<const Value> children;

  [[nodiscard]] Value named(std::string_view n) const {
    Value v = *this;
    v.name = n;
    return v;
  }

  // --- makers -----------------------------------------------------------------------------
  static Value none() { return {}; }
  static Value of(Kind kind, std::uint64_t number) {
    Value v;
    v.kind = kind;
    v.number = number;
    return v;
  }
  static Value numeric(std::uint64_t n, Base base) {
    Value v = of(Kind::Number, n);
    v.base = base;
    return v;
  }
  static Value integer(std::int64_t n) {
    return numeric(static_cast<std::uint64_t>(n), Base::Signed);
  }
  static Value natural(std::uint64_t n) { return numeric(n, Base::Unsigned); }
  static Value hex(std::uint64_t n) { return numeric(n, Base::Hex); }
  static Value octal(std::uint64_t n) { return numeric(n, Base::Octal); }
  static Value boolean(bool b) { return of(Kind::Bool, b ? 1 : 0); }
  static Value character(std::int64_t c) { return of(Kind::Char, static_cast<std::uint64_t>(c)); }
  static Value real(double d) { return of(Kind::Float, std::bit_cast<std::uint64_t>(d)); }
  static Value address(Address a) { return of(Kind::Address, a.value()); }
  static Value unreadable(Address a) { return of(Kind::Unreadable, a.value()); }
  static Value raw(std::uint64_t n) { return of(Kind::Raw, n); }
  static Value optimized_out() { return of(Kind::OptimizedOut, 0); }
  static Value verbatim(std::string_view text) {
    Value v = of(Kind::Text, 0);
    v.text = text;
    return v;
  }
  static Value symbol(std::string_view constant, std::uint64_t n) {
    Value v = of(Kind::Symbol, n);
    v.text = constant;
    return v;
  }
  /// A number that no constant of the family `comment` ("AF_???") has.
  static Value unknown_symbol(std::uint64_t n, std::string_view family) {
    Value v = of(Kind::Symbol, n);
    v.comment = family;
    return v;
  }
  static Value string(std::string_view bytes, bool cut) {
    Value v = of(Kind::String, 0);
    v.text = bytes;
    v.truncated = cut;
    return v;
  }
  static Value list(Kind kind, std::span<const Value> children, bool cut = false) {
    Value v = of(kind, 0);
    v.children = children;
    v.truncated = cut;
    return v;
  }
  static Value call(std::string_view function, std::span<const Value> arguments) {
    Value v = list(Kind::Call, arguments);
    v.text = function;
    return v;
  }

  [[nodiscard]] double as_double() const { return std::bit_cast<double>(number); }
};

}  // namespace ttrace
