#include "functions/prototype_objects.h"

#include <algorithm>
#include <array>

#include "base/number.h"
#include "base/quote.h"
#include "symbols/types.h"

namespace ttrace::prototypes {

namespace {

using Kind = Type::Kind;

constexpr std::size_t kWide = 4;  // bytes of a wchar_t on Linux
constexpr std::size_t kMostAtOnce = 65536;
constexpr std::uint64_t kUnlimited = ~std::uint64_t{0};

std::uint32_t size_on(const Type& type, const ValueSource& source) {
  return type.size.at(index_of(source.registers.machine()));
}

void append_utf8(std::uint32_t code, std::string& out) {
  auto add = [&](std::uint32_t byte) { out += static_cast<char>(byte); };
  if (code < 0x80) {
    add(code);
  } else if (code < 0x800) {
    add(0xc0 | code >> 6);
    add(0x80 | (code & 0x3f));
  } else if (code < 0x10000) {
    add(0xe0 | code >> 12);
    add(0x80 | (code >> 6 & 0x3f));
    add(0x80 | (code & 0x3f));
  } else {
    add(0xf0 | code >> 18);
    add(0x80 | (code >> 12 & 0x3f));
    add(0x80 | (code >> 6 & 0x3f));
    add(0x80 | (code & 0x3f));
  }
}

// A character inside L"…" as C would have it written.
void append_wide(std::uint32_t code, std::string& out) {
  if (code < 0x80) {
    const char c = static_cast<char>(code);
    std::string quoted;
    append_quoted({&c, 1}, quoted);
    out += std::string_view(quoted).substr(1, quoted.size() - 2);
  } else if (code < 0xa0 || code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    out += "\\x";
    for (int shift = 28; shift >= 0; shift -= 4)
      out += kDigits[code >> shift & 0xf];
  } else {
    append_utf8(code, out);
  }
}

}  // namespace

Value Objects::object(const Type& type, std::span<const std::byte> bytes) {
  const std::size_t size = size_on(type, source_);
  const bool floats = type.kind == Kind::Float || type.kind == Kind::LongDouble;
  if (bytes.empty() || (bytes.size() < size && !floats)) return Value::optimized_out();
  const auto own = bytes.first(std::min(size, bytes.size()));
  const std::uint64_t number = load_number(own.first(std::min<std::size_t>(own.size(), 8)));
  switch (type.kind) {
    case Kind::Void:
      return Value::none();
    case Kind::Described:
      return is_scalar(type.described) ? types_.scalar(type.described, number)
                                       : types_.object(type.described, own);
    case Kind::Char:
      return Value::character(sign_extend(number, size));
    case Kind::Bool:
      return Value::boolean(number != 0);
    case Kind::Float:
    case Kind::LongDouble:
      return floating(type, bytes);
    case Kind::Function:
      return function(Address(number));
    case Kind::Set:
      return constant(type, number);
    case Kind::CharArray: {
      std::string_view all(reinterpret_cast<const char*>(own.data()), own.size());
      all = all.substr(0, std::min(all.find('\0'), all.size()));
      const std::size_t shown = std::min(all.size(), source_.limits.string);
      return Value::string(source_.arena.copy(all.substr(0, shown)), shown < all.size());
    }
    case Kind::Struct:
      return structure(*type.structure, own);
    case Kind::Array:
      return elements(*type.element, own, false);
    case Kind::Bytes: {
      const std::size_t shown = std::min(own.size(), source_.limits.string);
      std::string_view all(reinterpret_cast<const char*>(own.data()), shown);
      return Value::string(source_.arena.copy(all), shown < own.size());
    }
    case Kind::Text:
    case Kind::WideText:
    case Kind::Format:
    case Kind::WideFormat:
    case Kind::ScanFormat:
      break;
  }
  return Value::optimized_out();
}

// The reader of debug information's types knows the formats of floating-point numbers.
Value Objects::floating(const Type& type, std::span<const std::byte> bytes) {
  constexpr std::size_t kX87Bytes = 10;
  const Abi abi = source_.registers.machine();
  const std::size_t size = size_on(type, source_);
  ttrace::Type plain;
  plain.kind = ttrace::Type::Kind::Float;
  const bool x86 = abi == Abi::X86_64 || abi == Abi::I386;
  plain.x87 =
      bytes.size() >= kX87Bytes && x86 && (type.kind == Kind::LongDouble || size != bytes.size());
  plain.size = plain.x87 ? bytes.size() : size;
  return read_object(plain, bytes, source_);
}

Value Objects::constant(const Type& type, std::uint64_t number) {
  const std::size_t abi = index_of(source_.registers.machine());
  const ConstantSet& set = *type.set;
  const std::size_t size = size_on(type, source_);
  auto value_of = [&](const Constant& c) { return c.values.at(abi); };
  auto nameless = [&] {
    Value value =
        set.is_signed ? Value::integer(sign_extend(number, size)) : Value::natural(number);
    if (set.decimal) {
      value.comment = set.family;
    } else if (!set.family.empty()) {
      value = Value::unknown_symbol(number, set.family);
    }
    return value;
  };
  if (!set.flags) {
    for (const Constant& c : set.constants) {
      if (value_of(c) && truncate_to(*value_of(c), size) == number)
        return Value::symbol(c.name, number);
    }
    return nameless();
  }
  auto children = source_.arena.allocate<Value>(set.constants.size() + 1);
  std::size_t count = 0;
  std::uint64_t rest = number;
  for (const Constant& c : set.constants) {
    if (!value_of(c)) continue;
    const std::uint64_t mask = c.mask != 0 ? c.mask : *value_of(c);
    const bool zero = mask == 0 && number == 0;
    if (!zero &&
        (mask == 0 || (number & mask) != *value_of(c) || (*value_of(c) != 0 && (rest & mask) == 0)))
      continue;
    new (&children[count++]) Value(Value::symbol(c.name, *value_of(c)));
    rest &= ~mask;
  }
  if (count == 0) return number == 0 ? Value::hex(0) : nameless();
  if (rest != 0) new (&children[count++]) Value(Value::hex(rest));
  Value value = Value::list(Value::Kind::Flags, children.first(count));
  value.number = number;
  return value;
}

Value Objects::function(Address at) {
  return at.null() ? Value::address(at) : read_code(at, source_);
}

Value Objects::structure(const Structure& structure, std::span<const std::byte> bytes) {
  if (depth_ >= source_.limits.depth) return Value::list(Value::Kind::Struct, {}, true);
  ++depth_;
  const std::size_t abi = index_of(source_.registers.machine());
  auto children = source_.arena.allocate<Value>(structure.fields.size());
  std::size_t count = 0;
  for (const Field& field : structure.fields) {
    if (field.name.starts_with('_')) continue;
    const auto rest = bytes.subspan(std::min<std::size_t>(field.offset.at(abi), bytes.size()));
    Value value;
    if (field.direction == Direction::Value) {
      const std::size_t size = size_on(field.type, source_);
      value = object(field.type, rest.first(std::min(size, rest.size())));
    } else {
      const std::size_t word = word_size(source_.registers.machine());
      const Address at(load_number(rest.first(std::min(word, rest.size()))));
      const bool literal = field.type.length.size() == 1;
      value = pointee(field.type, at, literal ? field.type.length.front().number : 0);
    }
    new (&children[count++]) Value(value.named(field.name));
  }
  --depth_;
  return Value::list(Value::Kind::Struct, children.first(count));
}

std::span<std::byte> Objects::read(Address at, std::uint64_t size) {
  auto bytes = source_.arena.allocate<std::byte>(
      static_cast<std::size_t>(std::min<std::uint64_t>(size, kMostAtOnce)));
  return bytes.first(source_.memory.read(at, bytes));
}

Value Objects::array(const Type& element, Address at, std::uint64_t count) {
  const std::uint64_t shown = std::min<std::uint64_t>(count, source_.limits.elements);
  const std::uint64_t size = std::max(size_on(element, source_), 1U);
  const auto bytes = read(at, shown * size);
  if (bytes.size() != shown * size) return Value::unreadable(at);
  return elements(element, bytes, shown < count);
}

Value Objects::elements(const Type& element, std::span<const std::byte> bytes, bool more) {
  if (depth_ >= source_.limits.depth) return Value::list(Value::Kind::Array, {}, true);
  ++depth_;
  const std::size_t size = std::max(size_on(element, source_), 1U);
  const std::size_t all = bytes.size() / size;
  const std::size_t shown = std::min(all, source_.limits.elements);
  auto children = source_.arena.allocate<Value>(shown);
  for (std::size_t i = 0; i < shown; ++i)
    new (&children[i]) Value(object(element, bytes.subspan(i * size, size)));
  --depth_;
  return Value::list(Value::Kind::Array, children, more || shown < all);
}

Value Objects::pointee(const Type& type, Address at, std::uint64_t length) {
  if (at.null()) return Value::address(at);
  // As deep as structures go: what points to what may be a ring.
  if (depth_ >= source_.limits.depth) return Value::address(at);
  switch (type.kind) {
    case Kind::Described:
      return types_.pointee(type.described, at, length);
    case Kind::Bytes:
      return types_.bytes(at, length);
    case Kind::Text:
    case Kind::WideText:
      return text(type, at, type.length.empty() ? std::nullopt : std::optional(length));
    case Kind::Format:
    case Kind::WideFormat:
    case Kind::ScanFormat:
      return text(type, at, std::nullopt);
    case Kind::Array:
      return array(*type.element, at, length);
    case Kind::CharArray:
    case Kind::Struct:
    case Kind::Char:
    case Kind::Bool:
    case Kind::Float:
    case Kind::LongDouble:
    case Kind::Function:
    case Kind::Set:
    case Kind::Void:
      break;
  }
  const std::size_t size = size_on(type, source_);
  const auto bytes = read(at, size);
  if (size == 0 || bytes.size() != size) return Value::unreadable(at);
  const Value value = object(type, bytes);
  if (type.in_memory()) return value;
  return Value::list(Value::Kind::Array, source_.arena.copy(std::span<const Value>(&value, 1)));
}

Value Objects::text(const Type& type, Address at, std::optional<std::uint64_t> most) {
  if (at.null()) return Value::address(at);
  const bool wide = type.kind == Kind::WideText || type.kind == Kind::WideFormat;
  return wide ? wide_text(at, most.value_or(kUnlimited))
              : plain_text(at, most.value_or(kUnlimited));
}

Value Objects::plain_text(Address at, std::uint64_t most) {
  const std::size_t limit = source_.limits.string;
  const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(most, limit + 1));
  if (wanted == 0) return Value::string({}, false);
  auto room = source_.arena.allocate<char>(wanted);
  const auto got = source_.memory.read_string(at, room);
  if (!got.terminated && got.length < wanted) return Value::unreadable(at);
  return Value::string({room.data(), std::min(got.length, limit)}, got.length > limit);
}

Value Objects::wide_text(Address at, std::uint64_t most) {
  const std::size_t limit = source_.limits.string;
  std::string shown = "L\"";
  std::size_t count = 0;
  bool cut = false;
  for (; count < most; ++count) {
    const auto code = source_.memory.read_number(at + count * kWide, kWide);
    if (!code) return Value::unreadable(at);
    if (*code == 0) break;
    cut = count == limit;
    if (cut) break;
    append_wide(static_cast<std::uint32_t>(*code), shown);
  }
  shown += cut ? "\"..." : "\"";
  return Value::verbatim(source_.arena.copy(std::string_view(shown)));
}

std::optional<std::string> Objects::whole_text(const Type& type, Address at) {
  constexpr std::size_t kMost = 4096;
  std::string all;
  if (type.kind != Kind::WideFormat) {
    auto room = source_.arena.allocate<char>(kMost);
    const auto got = source_.memory.read_string(at, room);
    if (!got.terminated) return std::nullopt;
    all.assign(room.data(), got.length);
    return all;
  }
  while (all.size() < kMost / kWide) {
    const auto code = source_.memory.read_number(at + all.size() * kWide, kWide);
    if (!code) return std::nullopt;
    if (*code == 0) return all;
    all += *code < 0x80 ? static_cast<char>(*code) : '?';
  }
  return std::nullopt;
}

}  // namespace ttrace::prototypes
