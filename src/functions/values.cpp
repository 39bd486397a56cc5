#include "functions/values.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <string_view>

#include "arch/machine.h"
#include "base/number.h"

namespace ttrace {

namespace {

// The widest scalar: __int128, long double and AArch64's vectors.
constexpr std::size_t kWidest = 16;
// An object larger than this is read only in part; what is shown of it is less anyway.
constexpr std::size_t kMostBytes = 4096;

Value wide_integer(std::span<const std::byte> bytes, bool is_signed, Arena& arena) {
  __extension__ using Wide = unsigned __int128;
  Wide n = 0;
  std::memcpy(&n, bytes.data(), sizeof(n));
  bool negative = is_signed && (n >> 127) != 0;
  if (negative) n = ~n + 1;
  std::array<char, 40> digits{};
  std::size_t at = digits.size();
  do {
    digits[--at] = static_cast<char>('0' + static_cast<int>(n % 10));
    n /= 10;
  } while (n != 0);
  if (negative) digits[--at] = '-';
  return Value::verbatim(arena.copy(std::string_view(digits.data() + at, digits.size() - at)));
}

// The 80-bit format of the x87: 64 bits of significand with an explicit integer bit, then sign and
// a 15-bit exponent (Intel SDM volume 1, 4.2.2).
double load_x87(std::span<const std::byte> bytes) {
  std::uint64_t significand = load_number(bytes.first(8));
  auto top = static_cast<unsigned>(load_number(bytes.subspan(8, 2)));
  bool negative = (top & 0x8000) != 0;
  int exponent = static_cast<int>(top & 0x7fff);
  double magnitude = 0;
  if (exponent == 0x7fff) {
    magnitude = (significand << 1) == 0 ? std::numeric_limits<double>::infinity()
                                        : std::numeric_limits<double>::quiet_NaN();
  } else {
    magnitude = __builtin_ldexp(static_cast<double>(significand), exponent - 16383 - 63);
  }
  return negative ? -magnitude : magnitude;
}

Value read_float(const Type& type, std::span<const std::byte> bytes) {
  if (type.x87 && bytes.size() >= 10) return Value::real(load_x87(bytes));
  if (type.size == sizeof(float)) {
    float f = 0;
    std::memcpy(&f, bytes.data(), sizeof(f));
    return Value::real(static_cast<double>(f));
  }
  if (type.size == sizeof(double)) {
    double d = 0;
    std::memcpy(&d, bytes.data(), sizeof(d));
    return Value::real(d);
  }
  return Value::raw(load_number(bytes));
}

Value read_enum(const Type& type, std::span<const std::byte> bytes) {
  bool is_unsigned = type.target != nullptr && type.target->kind == Type::Kind::Unsigned;
  std::uint64_t raw = load_number(bytes.first(std::min<std::size_t>(bytes.size(), 8)));
  std::int64_t number =
      is_unsigned ? static_cast<std::int64_t>(raw) : sign_extend(raw, bytes.size());
  for (const Enumerator& e : type.enumerators) {
    if (e.value == number) return Value::symbol(e.name, static_cast<std::uint64_t>(number));
  }
  return is_unsigned ? Value::natural(raw) : Value::integer(number);
}

// Whether a pointer to it is shown as a string: plain char only, since bytes of other names are
// usually buffers without an end.
bool is_text(const Type* type) {
  static constexpr std::array<std::string_view, 6> kBytes{
      "unsigned char", "signed char", "uint8_t", "int8_t", "u_char", "u_int8_t"};
  return type != nullptr && type->kind == Type::Kind::Char && type->size == 1 &&
         std::ranges::find(kBytes, type->name) == kBytes.end();
}

Value read_text(Address at, const ValueSource& source) {
  auto room = source.arena.allocate<char>(source.limits.string + 1);
  auto got = source.memory.read_string(at, room);
  if (got.length == 0 && !got.terminated) return Value::unreadable(at);
  bool cut = got.length > source.limits.string || !got.terminated;
  return Value::string({room.data(), std::min(got.length, source.limits.string)}, cut);
}

Value read_pointer(const Type& type, std::span<const std::byte> bytes, const ValueSource& source) {
  Address at(load_number(bytes));
  if (type.kind == Type::Kind::Pointer && !at.null() && is_text(type.target)) {
    return read_text(at, source);
  }
  return Value::address(at);
}

Value read_bitfield(const Member& member, std::span<const std::byte> bytes) {
  std::uint64_t window = load_number(bytes.first(std::min<std::size_t>(bytes.size(), 8)));
  std::uint64_t n = member.bit_offset < 64 ? window >> member.bit_offset : 0;
  if (member.bit_size < 64) n &= (std::uint64_t{1} << member.bit_size) - 1;
  if (member.type->kind == Type::Kind::Bool) return Value::boolean(n != 0);
  if (member.type->kind != Type::Kind::Signed || member.bit_size >= 64) return Value::natural(n);
  std::uint64_t sign = std::uint64_t{1} << (member.bit_size - 1);
  return Value::integer(static_cast<std::int64_t>((n ^ sign) - sign));
}

Value read_member(const Member& member, std::span<const std::byte> bytes, const ValueSource& source,
                  unsigned depth) {
  if (member.type == nullptr || member.offset > bytes.size()) return Value::verbatim("?");
  auto rest = bytes.subspan(member.offset);
  Value value = member.bit_size != 0 ? read_bitfield(member, rest)
                                     : read_object(*member.type, rest, source, depth + 1);
  return value.named(member.name);
}

Value read_struct(const Type& type, std::span<const std::byte> bytes, const ValueSource& source,
                  unsigned depth) {
  if (depth >= source.limits.depth) return Value::list(Value::Kind::Struct, {}, true);
  std::size_t shown = std::min(type.members.size(), source.limits.elements);
  auto children = source.arena.allocate<Value>(shown);
  for (std::size_t i = 0; i < shown; ++i) {
    new (&children[i]) Value(read_member(type.members[i], bytes, source, depth));
  }
  return Value::list(Value::Kind::Struct, children, shown < type.members.size());
}

Value read_array(const Type& type, std::span<const std::byte> bytes, const ValueSource& source,
                 unsigned depth) {
  if (type.target == nullptr || type.target->size == 0) {
    return Value::list(Value::Kind::Array, {}, type.count != 0);
  }
  if (is_text(type.target)) {
    std::string_view text(reinterpret_cast<const char*>(bytes.data()),
                          std::min<std::size_t>(bytes.size(), type.count));
    std::size_t end = std::min(text.find('\0'), text.size());
    bool cut = end > source.limits.string;
    return Value::string(source.arena.copy(text.substr(0, std::min(end, source.limits.string))),
                         cut);
  }
  if (depth >= source.limits.depth) return Value::list(Value::Kind::Array, {}, true);
  std::size_t there = std::min<std::uint64_t>(type.count, bytes.size() / type.target->size);
  std::size_t shown = std::min(there, source.limits.elements);
  auto children = source.arena.allocate<Value>(shown);
  for (std::size_t i = 0; i < shown; ++i) {
    auto element = bytes.subspan(i * type.target->size, type.target->size);
    new (&children[i]) Value(read_object(*type.target, element, source, depth + 1));
  }
  return Value::list(Value::Kind::Array, children, shown < type.count);
}

// Copies what one piece holds; false when it cannot be had.
bool read_piece(const Piece& piece, const ValueSource& source, std::span<std::byte> out) {
  switch (piece.where) {
    case Piece::Where::Register: {
      std::uint64_t n = source.registers.get(piece.reg);
      std::memcpy(out.data(), &n, std::min(out.size(), sizeof(n)));
      return true;
    }
    case Piece::Where::Vector:
    case Piece::Where::X87: {
      auto floats = source.floats();
      if (!floats) return false;
      auto held =
          piece.where == Piece::Where::X87 ? floats->x87(piece.reg) : floats->vector(piece.reg);
      std::memcpy(out.data(), held.data(), std::min(out.size(), held.size()));
      return true;
    }
    case Piece::Where::Stack: {
      Address at = source.registers.sp() + static_cast<std::uint64_t>(piece.offset);
      return source.memory.read(at, out) == out.size();
    }
  }
  return false;
}

Value read_at(const Type& type, Address at, const ValueSource& source) {
  auto bytes = source.arena.allocate<std::byte>(std::min<std::size_t>(type.size, kMostBytes));
  if (source.memory.read(at, bytes) != bytes.size()) return Value::unreadable(at);
  return read_object(type, bytes, source);
}

Value read_place(const Type& type, const Place& place, const ValueSource& source) {
  if (place.pieces.empty()) {
    return type.size == 0 ? Value::list(Value::Kind::Struct, {}) : Value::optimized_out();
  }
  std::size_t size = 0;
  for (const Piece& piece : place.pieces)
    size += piece.size;
  size = std::min(size, kMostBytes);
  // An object's last piece may be wider than what is left of it, never narrower.
  auto bytes = source.arena.allocate<std::byte>(std::max(size, kWidest));
  std::ranges::fill(bytes, std::byte{0});
  std::size_t at = 0;
  for (const Piece& piece : place.pieces) {
    if (at >= size) break;
    std::size_t part = std::min<std::size_t>(piece.size, size - at);
    if (!read_piece(piece, source, bytes.subspan(at, part))) {
      if (piece.where != Piece::Where::Stack) return Value::optimized_out();
      return Value::unreadable(source.registers.sp() + static_cast<std::uint64_t>(piece.offset));
    }
    at += part;
  }
  if (place.indirect) {
    auto pointer = bytes.first(word_size(source.registers.machine()));
    return read_at(type, Address(load_number(pointer)), source);
  }
  // An x87 register holds every floating-point type in its own format.
  if (place.pieces.front().where == Piece::Where::X87 && type.kind == Type::Kind::Float) {
    return Value::real(load_x87(bytes));
  }
  return read_object(type, bytes.first(std::max<std::size_t>(size, 1)), source);
}

// Where a statement of the debug information puts a parameter; nullopt when it does not settle it:
// a value in several registers is not in one, and an object passed by reference is known to the
// calling convention.
std::optional<Place> stated_place(const Parameter& parameter, Abi machine) {
  const Type& type = *parameter.type;
  if (type.by_reference) return std::nullopt;
  auto size = static_cast<std::uint32_t>(std::min<std::uint64_t>(type.size, kMostBytes));
  if (parameter.location.kind == EntryLocation::Kind::Stack) {
    return Place{false, {Piece{Piece::Where::Stack, 0, parameter.location.offset, size}}};
  }
  if (parameter.location.kind != EntryLocation::Kind::Register) return std::nullopt;
  auto piece = dwarf_piece(machine, parameter.location.reg, size);
  if (!piece || (piece->where == Piece::Where::Register && size > sizeof(std::uint64_t))) {
    return std::nullopt;
  }
  return Place{false, {*piece}};
}

Value read_parameter(const Parameter& parameter, const Place* convention,
                     const ValueSource& source) {
  if (parameter.type == nullptr) return Value::optimized_out();
  const Type& type = *parameter.type;
  using Kind = EntryLocation::Kind;
  if (parameter.location.kind == Kind::Constant) {
    std::array<std::byte, kWidest> bytes{};
    std::memcpy(bytes.data(), &parameter.location.offset, sizeof(parameter.location.offset));
    return read_object(type, bytes, source);
  }
  if (auto place = stated_place(parameter, source.registers.machine())) {
    return read_place(type, *place, source);
  }
  bool gone = parameter.location.kind == Kind::OptimizedOut && !type.by_reference;
  return gone || convention == nullptr ? Value::optimized_out()
                                       : read_place(type, *convention, source);
}

Arguments raw_arguments(const ValueSource& source) {
  Abi machine = source.registers.machine();
  auto registers = argument_registers(machine);
  auto values = source.arena.allocate<Value>(registers.size());
  for (std::size_t i = 0; i < registers.size(); ++i) {
    Value value = Value::raw(source.registers.get(registers[i]));
    value.name = register_name(machine, registers[i]);
    value.show_name = true;
    new (&values[i]) Value(value);
  }
  return {values, true};
}

}  // namespace

Value read_object(const Type& type, std::span<const std::byte> bytes, const ValueSource& source,
                  unsigned depth) {
  using Kind = Type::Kind;
  bool scalar = type.kind != Kind::Struct && type.kind != Kind::Union && type.kind != Kind::Array;
  if (scalar && type.size > bytes.size()) return Value::optimized_out();
  auto own = bytes.first(std::min<std::size_t>(bytes.size(), type.size));
  switch (type.kind) {
    case Kind::Void:
    case Kind::Function:
      return Value::none();
    case Kind::Signed:
      if (type.size == kWidest) return wide_integer(own, true, source.arena);
      return Value::integer(sign_extend(load_number(own), own.size()));
    case Kind::Unsigned:
      if (type.size == kWidest) return wide_integer(own, false, source.arena);
      return Value::natural(load_number(own));
    case Kind::Char:
      return Value::character(type.name.starts_with('u')
                                  ? static_cast<std::int64_t>(load_number(own))
                                  : sign_extend(load_number(own), own.size()));
    case Kind::Bool:
      return Value::boolean(load_number(own) != 0);
    case Kind::Float:
      return read_float(type, own);
    case Kind::Enum:
      return read_enum(type, own);
    case Kind::Pointer:
    case Kind::Reference:
      return read_pointer(type, own, source);
    case Kind::MemberPointer:
    case Kind::Unknown:
      return Value::raw(load_number(own));
    case Kind::Struct:
    case Kind::Union:
      return read_struct(type, own, source, depth);
    case Kind::Array:
      return read_array(type, own, source, depth);
  }
  return Value::none();
}

Arguments read_arguments(TracedFunction& function, const ValueSource& source) {
  const auto& layout = function.layout();
  if (layout.signature == nullptr) return raw_arguments(source);
  const auto& parameters = layout.signature->parameters;
  auto values = source.arena.allocate<Value>(parameters.size());
  // A compiler's clone has a calling convention of its own: only what is stated about it is true.
  bool conventional = !function.function().clone && layout.convention_known;
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const Place* convention =
        conventional && i < layout.arguments.size() ? &layout.arguments[i] : nullptr;
    Value value = read_parameter(parameters[i], convention, source);
    value.name = parameters[i].name;
    value.show_name = !parameters[i].name.empty();
    new (&values[i]) Value(value);
  }
  return {values, layout.signature->variadic};
}

Value read_result(TracedFunction& function, const ValueSource& source, std::uint64_t kept) {
  const auto& layout = function.layout();
  Abi machine = source.registers.machine();
  if (layout.signature == nullptr) {
    Value value = Value::raw(source.registers.get(result_register(machine)));
    value.comment = register_name(machine, result_register(machine));
    return value;
  }
  const Type* type = layout.signature->result;
  if (type == nullptr || type->kind == Type::Kind::Void) return Value::none();
  if (!layout.convention_known) return Value::optimized_out();
  if (layout.result.keep_at_entry) return read_at(*type, Address(kept), source);
  return read_place(*type, layout.result.place, source);
}

}  // namespace ttrace
