#include "functions/scalars.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string_view>

#include "base/number.h"

namespace ttrace {

namespace {

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

// A number of more bytes than a word in hexadecimal: nothing is known of it but its bits.
Value unknown_bits(std::span<const std::byte> bytes, Arena& arena) {
  if (bytes.size() <= sizeof(std::uint64_t)) return Value::raw(load_number(bytes));
  if (bytes.size() > kWidestScalar) return Value::verbatim("?");
  static constexpr std::string_view kDigits = "0123456789abcdef";
  std::array<char, 2 + 2 * kWidestScalar> text{'0', 'x'};
  std::size_t at = 2;
  for (std::size_t i = bytes.size(); i-- > 0;) {
    auto byte = std::to_integer<unsigned>(bytes[i]);
    text.at(at++) = kDigits[byte >> 4];
    text.at(at++) = kDigits[byte & 0xf];
  }
  std::string_view shown(text.data(), at);
  std::size_t zeros = std::min(shown.find_first_not_of('0', 2), shown.size() - 1);
  std::array<char, text.size()> trimmed{'0', 'x'};
  std::size_t rest = shown.copy(trimmed.data() + 2, shown.size() - zeros, zeros);
  return Value::verbatim(arena.copy(std::string_view(trimmed.data(), 2 + rest)));
}

// A number of 64 bits of significand, the first of which is the integer, and a sign and an exponent
// as the long formats have them.
double scaled(std::uint64_t significand, unsigned sign_and_exponent) {
  const auto exponent = static_cast<int>(sign_and_exponent & 0x7fff);
  double magnitude = 0;
  if (exponent == 0x7fff) {
    magnitude = (significand << 1) == 0 ? std::numeric_limits<double>::infinity()
                                        : std::numeric_limits<double>::quiet_NaN();
  } else {
    magnitude = __builtin_ldexp(static_cast<double>(significand), exponent - 16383 - 63);
  }
  return (sign_and_exponent & 0x8000) != 0 ? -magnitude : magnitude;
}

// IEEE 754's binary128 (arm64's long double): 112 bits of fraction, then sign and a 15-bit
// exponent.
double load_binary128(std::span<const std::byte> bytes) {
  const std::uint64_t low = load_number(bytes.first(8)), high = load_number(bytes.subspan(8, 8));
  const auto sign_and_exponent = static_cast<unsigned>(high >> 48);
  const std::uint64_t integer = (sign_and_exponent & 0x7fff) == 0 ? 0 : std::uint64_t{1} << 63;
  // What does not fit is in the last bit: rounding takes place once, to a double.
  const std::uint64_t rest = (low << 15) != 0 ? 1 : 0;
  return scaled(integer | (high << 16 >> 1) | low >> 49 | rest, sign_and_exponent);
}

Value read_float(const Type& type, std::span<const std::byte> bytes, Arena& arena) {
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
  constexpr std::size_t kBinary128 = 16;
  if (type.size == kBinary128 && bytes.size() >= kBinary128) {
    return Value::real(load_binary128(bytes));
  }
  return unknown_bits(bytes, arena);
}

bool is_signed_enum(const Type& type) {
  return type.target == nullptr || type.target->kind != Type::Kind::Unsigned;
}

// Whether the enumerators are flags: at least two are single bits, the others are made of those,
// and they do not just count from 0 (0, 1, 2).
bool is_flags(const Type& type) {
  std::uint64_t bits = 0;
  std::int64_t highest = 0;
  for (const Enumerator& e : type.enumerators) {
    if (e.value < 0 && is_signed_enum(type)) return false;
    if (std::has_single_bit(static_cast<std::uint64_t>(e.value)))
      bits |= static_cast<std::uint64_t>(e.value);
    highest = std::max(highest, e.value);
  }
  bool has_zero = false;
  for (const Enumerator& e : type.enumerators) {
    if ((static_cast<std::uint64_t>(e.value) & ~bits) != 0) return false;
    has_zero = has_zero || e.value == 0;
  }
  constexpr std::uint64_t kCounting = 3;  // 1 and 2, which follow a 0 in any enumeration
  return std::popcount(bits) >= 2 && !(has_zero && bits == kCounting && highest == 2);
}

Value flags(const Type& type, std::uint64_t number, Arena& arena) {
  auto children = arena.allocate<Value>(65);
  std::size_t count = 0;
  std::uint64_t left = number;
  for (const Enumerator& e : type.enumerators) {
    auto bit = static_cast<std::uint64_t>(e.value);
    if (!std::has_single_bit(bit) || (left & bit) == 0) continue;
    new (&children[count++]) Value(Value::symbol(e.name, bit));
    left &= ~bit;
  }
  if (left == number) return Value::hex(number);
  if (left != 0) new (&children[count++]) Value(Value::hex(left));
  return Value::list(Value::Kind::Flags, arena.shrink(children, count));
}

Value read_char(const Type& type, std::span<const std::byte> own) {
  bool is_unsigned = type.size > 1 || type.name.starts_with('u') || type.tag.starts_with('u');
  return Value::character(is_unsigned ? static_cast<std::int64_t>(load_number(own))
                                      : sign_extend(load_number(own), own.size()));
}

}  // namespace

// The 80-bit format of the x87: 64 bits of significand with an explicit integer bit, then sign and
// a 15-bit exponent (Intel SDM volume 1, 4.2.2).
double load_x87(std::span<const std::byte> bytes) {
  return scaled(load_number(bytes.first(8)),
                static_cast<unsigned>(load_number(bytes.subspan(8, 2))));
}

Value read_enum(const Type& type, std::uint64_t bits, std::size_t size, Arena& arena) {
  bool is_signed = is_signed_enum(type);
  std::int64_t number = is_signed ? sign_extend(bits, size) : static_cast<std::int64_t>(bits);
  for (const Enumerator& e : type.enumerators) {
    // A compiler may write the value of an enumerator in a signed form whatever its type is.
    if (e.value == number || truncate_to(static_cast<std::uint64_t>(e.value), size) == bits)
      return Value::symbol(e.name, static_cast<std::uint64_t>(number));
  }
  if (bits != 0 && is_flags(type)) return flags(type, bits, arena);
  return is_signed ? Value::integer(number) : Value::natural(bits);
}

Value read_scalar(const Type& type, std::span<const std::byte> bytes, Arena& arena) {
  auto own = bytes.first(std::min<std::size_t>(bytes.size(), type.size));
  using Kind = Type::Kind;
  switch (type.kind) {
    case Kind::Signed:
      if (type.size == kWidestScalar) return wide_integer(own, true, arena);
      return Value::integer(sign_extend(load_number(own), own.size()));
    case Kind::Unsigned:
      if (type.size == kWidestScalar) return wide_integer(own, false, arena);
      return Value::natural(load_number(own));
    case Kind::Char:
      return read_char(type, own);
    case Kind::Bool:
      return Value::boolean(load_number(own) != 0);
    case Kind::Float:
      return read_float(type, own, arena);
    case Kind::Enum:
      return own.size() > 8 ? Value::verbatim("?")
                            : read_enum(type, load_number(own), own.size(), arena);
    case Kind::MemberPointer:
    case Kind::Unknown:
    case Kind::Pointer:
    case Kind::Reference:
      return own.empty() ? Value::verbatim("?") : unknown_bits(own, arena);
    case Kind::Void:
    case Kind::Function:
    case Kind::Struct:
    case Kind::Union:
    case Kind::Array:
      return Value::none();
  }
  return Value::none();
}

Value read_bitfield(const Member& member, std::span<const std::byte> bytes, Arena& arena) {
  constexpr std::uint32_t kWidestShown = 64;
  std::size_t touched = (member.bit_offset + member.bit_size + 7) / 8;
  if (touched > bytes.size() || member.bit_offset > 7) return Value::optimized_out();
  if (member.bit_size > kWidestShown) return Value::verbatim("?");
  // 64 bits can begin in the middle of one byte, and end in the ninth.
  __extension__ unsigned __int128 window = 0;
  std::memcpy(&window, bytes.data(), touched);
  auto n = static_cast<std::uint64_t>(window >> member.bit_offset);
  if (member.bit_size < 64) n &= (std::uint64_t{1} << member.bit_size) - 1;
  std::int64_t extended = static_cast<std::int64_t>(n);
  if (member.bit_size < 64) {
    std::uint64_t sign = std::uint64_t{1} << (member.bit_size - 1);
    extended = static_cast<std::int64_t>((n ^ sign) - sign);
  }
  switch (member.type->kind) {
    case Type::Kind::Bool:
      return Value::boolean(n != 0);
    case Type::Kind::Enum: {
      // Both signs are tried: an enumeration's bit-field is as wide as its enumerators need.
      bool negative = is_signed_enum(*member.type) &&
                      std::ranges::any_of(member.type->enumerators,
                                          [](const Enumerator& e) { return e.value < 0; });
      return read_enum(*member.type, negative ? static_cast<std::uint64_t>(extended) : n, 8, arena);
    }
    case Type::Kind::Signed:
    case Type::Kind::Char:
      return member.type->kind == Type::Kind::Char &&
                     (member.type->name.starts_with('u') || member.type->tag.starts_with('u'))
                 ? Value::natural(n)
                 : Value::integer(extended);
    case Type::Kind::Unsigned:
      return Value::natural(n);
    case Type::Kind::Void:
    case Type::Kind::Float:
    case Type::Kind::Pointer:
    case Type::Kind::Reference:
    case Type::Kind::MemberPointer:
    case Type::Kind::Struct:
    case Type::Kind::Union:
    case Type::Kind::Array:
    case Type::Kind::Function:
    case Type::Kind::Unknown:
      return Value::raw(n);
  }
  return Value::raw(n);
}

}  // namespace ttrace
