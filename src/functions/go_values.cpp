#include "functions/go_values.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <string>

#include "base/number.h"
#include "decode/decoder.h"
#include "functions/go_errors.h"
#include "functions/go_times.h"
#include "functions/texts.h"

namespace ttrace {

namespace {

constexpr std::size_t kWord = 8;
// No program has more of anything: what claims to is not initialised.
constexpr std::uint64_t kMostElements = std::uint64_t{1} << 47U;

using Level = ObjectReader::Level;

std::uint64_t word(std::span<const std::byte> bytes, std::size_t index) {
  return load_number(bytes.subspan(index * kWord, kWord));
}

Value nil() {
  return Value::verbatim("nil");
}

Value text_value(const std::string& text, ObjectReader& reader) {
  return Value::verbatim(reader.source().arena.copy(std::string_view(text)));
}

// `value` between parentheses behind a name.
Value wrapped(std::string_view name, Value value, ObjectReader& reader) {
  auto child = reader.source().arena.allocate<Value>(1);
  new (child.data()) Value(value);
  return Value::call(name, child);
}

// The words that a value is made of, when it makes no sense as what it should be.
Value words(std::span<const std::byte> bytes, std::span<const std::string_view> names,
            ObjectReader& reader) {
  auto values = reader.source().arena.allocate<Value>(names.size());
  for (std::size_t i = 0; i < names.size(); ++i)
    new (&values[i]) Value(Value::hex(word(bytes, i)).named(names[i]));
  return Value::list(Value::Kind::Struct, values);
}

// --- numbers ------------------------------------------------------------------------------------

// As strconv writes it, with the fewest digits that stand for the number alone.
template <class Float>
std::string real_text(std::span<const std::byte> bytes) {
  Float number = 0;
  std::memcpy(&number, bytes.data(), sizeof(number));
  if (std::isnan(number)) return "NaN";
  if (std::isinf(number)) return number < 0 ? "-Inf" : "+Inf";
  return fmt::format("{}", number);
}

std::string half_text(std::span<const std::byte> bytes) {
  return bytes.size() == sizeof(float) ? real_text<float>(bytes) : real_text<double>(bytes);
}

Value read_complex(std::span<const std::byte> bytes, ObjectReader& reader) {
  auto half = bytes.size() / 2;
  std::string real = half_text(bytes.first(half));
  std::string imaginary = half_text(bytes.subspan(half));
  bool has_sign = imaginary.starts_with('-') || imaginary.starts_with('+');
  return text_value('(' + real + (has_sign ? "" : "+") + imaginary + "i)", reader);
}

Value read_errno(std::uint64_t number, ObjectReader& reader) {
  std::string_view name = number < 4096 ? errno_name(static_cast<int>(number)) : "";
  auto children = reader.source().arena.allocate<Value>(2);
  new (children.data()) Value(name.empty() ? Value::natural(number) : Value::symbol(name, number));
  std::string text = go_errno_text(number);
  std::string_view kept = reader.source().arena.copy(std::string_view(text));
  new (&children[1]) Value(Value::string(kept, false));
  return Value::call("syscall.Errno", children);
}

// Not one of another package that is called the same.
bool is_type(const Type& type, std::string_view name) {
  return type.name == name && (type.tag.empty() || type.tag == name);
}

std::optional<Value> read_number(const Type& type, std::span<const std::byte> bytes,
                                 ObjectReader& reader) {
  if (is_type(type, "time.Duration") && bytes.size() == kWord)
    return text_value(go_duration_text(static_cast<std::int64_t>(load_number(bytes))), reader);
  if (is_type(type, "syscall.Errno") && bytes.size() == kWord)
    return read_errno(load_number(bytes), reader);
  if (type.go == GoKind::Uintptr) return Value::hex(load_number(bytes));
  return std::nullopt;
}

// --- strings and slices -------------------------------------------------------------------------

Value read_string(std::span<const std::byte> bytes, ObjectReader& reader) {
  static constexpr std::array<std::string_view, 2> kNames{"str", "len"};
  Address at(word(bytes, 0));
  std::uint64_t length = word(bytes, 1);
  if (length == 0) return Value::string("", false);
  if (at.null() || length > kMostElements) return words(bytes, kNames, reader);
  if (!reader.spend()) return Value::string("", true);
  auto text = read_counted_bytes(at, length, reader.text_source());
  return text ? *text : Value::unreadable(at);
}

const Type* element_of(const Type& slice) {
  if (slice.target != nullptr) return slice.target;
  const Type* array = slice.members.empty() ? nullptr : slice.members.front().type;
  return array != nullptr ? array->target : nullptr;
}

std::optional<Value> read_ip(Address at, std::uint64_t length, ObjectReader& reader) {
  constexpr std::size_t kLongest = 16;
  std::array<std::byte, kLongest> buffer{};
  if (length > kLongest) return std::nullopt;
  auto bytes = std::span(buffer).first(static_cast<std::size_t>(length));
  if (!reader.fetch(at, bytes)) return std::nullopt;
  auto text = go_ip_text(bytes);
  return text ? std::optional(text_value(*text, reader)) : std::nullopt;
}

Value read_slice(const Type& type, std::span<const std::byte> bytes, ObjectReader& reader,
                 Level level) {
  static constexpr std::array<std::string_view, 3> kNames{"array", "len", "cap"};
  Address at(word(bytes, 0));
  std::uint64_t length = word(bytes, 1);
  std::uint64_t capacity = word(bytes, 2);
  const Type* element = element_of(type);
  if (at.null() && length == 0 && capacity == 0) return nil();
  bool sound = !at.null() && length <= capacity && capacity <= kMostElements;
  if (!sound || element == nullptr) return words(bytes, kNames, reader);
  if (is_type(type, "net.IP") && length != 0)
    if (auto ip = read_ip(at, length, reader)) return *ip;
  if (element->go == GoKind::Uint8) return read_string(bytes, reader);
  if (length == 0) return Value::list(Value::Kind::Array, {});
  if (!reader.spend()) return Value::list(Value::Kind::Array, {}, true);
  auto list = reader.read_elements(*element, at, length, level);
  return list ? *list : Value::unreadable(at);
}

// --- maps, channels, functions, pointers --------------------------------------------------------

Value counted(const Type& type, std::span<const Value> counts, ObjectReader& reader) {
  return Value::call(go_type_name(type, reader.source().arena), counts);
}

// The number of elements is the first word of a map of any version: the compiler's len() relies on
// it (Go 1.19 src/runtime/map.go, hmap; Go 1.24 src/internal/runtime/maps/map.go, Map).
Value read_map(const Type& type, Address at, ObjectReader& reader) {
  if (at.null()) return nil();
  std::array<std::byte, kWord> bytes{};
  if (!reader.fetch(at, bytes)) return Value::unreadable(at);
  if (word(bytes, 0) > kMostElements) return Value::address(at);
  auto counts = reader.source().arena.allocate<Value>(1);
  Value length = Value::natural(word(bytes, 0)).named("len");
  length.show_name = true;
  new (counts.data()) Value(length);
  return counted(type, counts, reader);
}

// qcount and dataqsiz are the first words of a channel (runtime.hchan; Go 1.16 to 1.27).
Value read_channel(const Type& type, Address at, ObjectReader& reader) {
  if (at.null()) return nil();
  std::array<std::byte, 2 * kWord> bytes{};
  if (!reader.fetch(at, bytes)) return Value::unreadable(at);
  if (word(bytes, 0) > word(bytes, 1) || word(bytes, 1) > kMostElements) return Value::address(at);
  auto counts = reader.source().arena.allocate<Value>(2);
  for (std::size_t i = 0; i < 2; ++i) {
    Value count = Value::natural(word(bytes, i)).named(i == 0 ? "len" : "cap");
    count.show_name = true;
    new (&counts[i]) Value(count);
  }
  return counted(type, counts, reader);
}

// A function value points to a closure, whose first word is the address of the code.
Value read_function(Address at, ObjectReader& reader) {
  if (at.null()) return nil();
  std::array<std::byte, kWord> bytes{};
  if (!reader.fetch(at, bytes)) return Value::unreadable(at);
  return read_code(Address(word(bytes, 0)), reader.source());
}

Value read_pointer(const Type& type, Address at, ObjectReader& reader, Level level) {
  if (at.null()) return nil();
  const Type* target = type.target;
  bool followed =
      target != nullptr && (target->go == GoKind::Struct || target->go == GoKind::Array);
  return followed ? reader.read_pointee(target, at, level) : Value::address(at);
}

// --- interfaces ---------------------------------------------------------------------------------

// What is known by its own name already.
bool says_its_type(const Value& value, std::string_view name) {
  return value.kind == Value::Kind::Call && value.text == name;
}

Value read_dynamic(const GoDynamic& dynamic, ObjectReader& reader, Level level) {
  std::string_view name = go_type_name(*dynamic.type, reader.source().arena);
  // A number of the kernel's is shown by its name, too, wherever it is.
  auto text = name == "syscall.Errno" ? std::nullopt : go_error_text(dynamic, reader);
  if (text) {
    std::string_view kept = reader.source().arena.copy(std::string_view(*text));
    return wrapped(name, Value::string(kept, false), reader);
  }
  Value value;
  if (dynamic.direct) {
    std::array<std::byte, kWord> bytes{};
    std::memcpy(bytes.data(), &dynamic.word, kWord);
    value = reader.read(*dynamic.type, bytes, level);
  } else {
    value = reader.read_at(*dynamic.type, dynamic.at, level);
  }
  if (says_its_type(value, name)) return value;
  if (value.kind == Value::Kind::Struct && value.text.empty()) {
    value.text = name;
    return value;
  }
  return wrapped(name, value, reader);
}

Value read_interface(const Type& type, std::span<const std::byte> bytes, ObjectReader& reader,
                     Level level) {
  static constexpr std::array<std::string_view, 2> kEmpty{"_type", "data"};
  static constexpr std::array<std::string_view, 2> kMethods{"tab", "data"};
  if (word(bytes, 0) == 0) return nil();
  bool empty = is_empty_interface(type);
  auto dynamic =
      reader.spend() ? go_dynamic(word(bytes, 0), word(bytes, 1), empty, reader) : std::nullopt;
  if (!dynamic) return words(bytes, empty ? kEmpty : kMethods, reader);
  return read_dynamic(*dynamic, reader, level);
}

// --- structures ---------------------------------------------------------------------------------

std::optional<Value> read_struct(const Type& type, std::span<const std::byte> bytes,
                                 ObjectReader& reader) {
  constexpr std::size_t kTime = 24;  // wall, ext and a location
  if (!is_type(type, "time.Time") || bytes.size() != kTime) return std::nullopt;
  auto text = go_time_text(word(bytes, 0), static_cast<std::int64_t>(word(bytes, 1)));
  return text ? std::optional(text_value(*text, reader)) : std::nullopt;
}

}  // namespace

bool is_empty_interface(const Type& type) {
  return type.members.empty() ? type.count == 0 : type.members.front().name == "_type";
}

std::optional<GoDynamic> go_dynamic(std::uint64_t tab, std::uint64_t data, bool empty,
                                    ObjectReader& reader) {
  const GoTypeSource* go = reader.source().go;
  if (go == nullptr) return std::nullopt;
  Address description(tab);
  if (!empty) {
    // runtime.itab: the interface's type, then the value's.
    std::array<std::byte, kWord> bytes{};
    if (!reader.fetch(description + kWord, bytes)) return std::nullopt;
    description = Address(word(bytes, 0));
  }
  auto found = go->types.find(description, go->region, reader.source().memory);
  if (!found) return std::nullopt;
  return GoDynamic{found->type, Address(data), data, found->direct};
}

std::string_view go_type_name(const Type& type, Arena& arena) {
  constexpr std::string_view kShape = "go.shape.";
  constexpr std::string_view kBetween = "[](){}*,; ";
  constexpr std::string_view kDigits = "0123456789";
  std::string_view name = type.name;
  // Package reflect makes types whose names are nowhere to be found.
  if (name.empty()) return type.go == GoKind::Map ? "map" : type.go == GoKind::Chan ? "chan" : "?";
  if (name.find('/') == std::string_view::npos && name.find(kShape) == std::string_view::npos)
    return arena.copy(name);
  std::string shown;
  bool shape = false;
  while (!name.empty()) {
    auto between = std::min(name.find_first_not_of(kBetween), name.size());
    shown += name.substr(0, between);
    name.remove_prefix(between);
    auto end = std::min(name.find_first_of(kBetween), name.size());
    std::string_view word = name.substr(0, end);
    name.remove_prefix(end);
    // go.shape.*main.T_0 is two words.
    const bool begins = word.starts_with(kShape);
    if (begins) word.remove_prefix(kShape.size());
    shape = begins || (shape && between != 0 && shown.ends_with('*'));
    if (auto path = word.rfind('/'); path != std::string_view::npos) word.remove_prefix(path + 1);
    // Go 1.18 and 1.19 number type arguments: int_0.
    auto number = word.rfind('_');
    bool numbered = shape && number != std::string_view::npos && number + 1 < word.size() &&
                    word.find_first_not_of(kDigits, number + 1) == std::string_view::npos;
    shown += numbered ? word.substr(0, number) : word;
  }
  return arena.copy(std::string_view(shown));
}

std::optional<Value> read_go(const Type& type, std::span<const std::byte> bytes,
                             ObjectReader& reader, ObjectReader::Level level) {
  if (bytes.size() != type.size) return std::nullopt;
  Address first(bytes.size() >= kWord ? word(bytes, 0) : 0);
  // What the kinds say of sizes was checked for the runtime's types, not for debug information.
  auto has = [&](std::size_t count) { return bytes.size() == count * kWord; };
  switch (type.go) {
    case GoKind::None:
    case GoKind::Bool:
    case GoKind::Array:
      return std::nullopt;
    case GoKind::Int:
    case GoKind::Int8:
    case GoKind::Int16:
    case GoKind::Int32:
    case GoKind::Int64:
    case GoKind::Uint:
    case GoKind::Uint8:
    case GoKind::Uint16:
    case GoKind::Uint32:
    case GoKind::Uint64:
    case GoKind::Uintptr:
      return read_number(type, bytes, reader);
    case GoKind::Float32:
    case GoKind::Float64:
      if (bytes.size() != sizeof(float) && !has(1)) return std::nullopt;
      return text_value(half_text(bytes), reader);
    case GoKind::Complex64:
    case GoKind::Complex128:
      return has(1) || has(2) ? std::optional(read_complex(bytes, reader)) : std::nullopt;
    case GoKind::Chan:
      return has(1) ? std::optional(read_channel(type, first, reader)) : std::nullopt;
    case GoKind::Func:
      return has(1) ? std::optional(read_function(first, reader)) : std::nullopt;
    case GoKind::Interface:
      return has(2) ? std::optional(read_interface(type, bytes, reader, level)) : std::nullopt;
    case GoKind::Map:
      return has(1) ? std::optional(read_map(type, first, reader)) : std::nullopt;
    case GoKind::Pointer:
    case GoKind::UnsafePointer:
      return has(1) ? std::optional(read_pointer(type, first, reader, level)) : std::nullopt;
    case GoKind::Slice:
      return has(3) ? std::optional(read_slice(type, bytes, reader, level)) : std::nullopt;
    case GoKind::String:
      return has(2) ? std::optional(read_string(bytes, reader)) : std::nullopt;
    case GoKind::Struct:
      return read_struct(type, bytes, reader);
  }
  return std::nullopt;
}

}  // namespace ttrace
