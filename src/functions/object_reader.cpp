#include "functions/object_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <string_view>

#include "arch/machine.h"
#include "base/number.h"
#include "functions/containers.h"
#include "functions/go_values.h"
#include "functions/scalars.h"

namespace ttrace {

namespace {

using Kind = Type::Kind;

bool is_aggregate(const Type& type) {
  return type.kind == Kind::Struct || type.kind == Kind::Union || type.kind == Kind::Array;
}

// Rust's references and boxes always point to a value, whatever its type is.
bool is_rust_reference(const Type& pointer) {
  std::string_view name = without_arguments(pointer.name);
  return name.starts_with('&') || name == "Box" || name.ends_with("::Box");
}

// A character type of one byte that is used for numbers.
bool is_byte(const Type& type) {
  return type.kind == Kind::Char && type.size == 1 && text_kind(&type) == TextKind::None;
}

// Rust's tuples and tuple structures have members __0, __1, and so on.
bool is_position(std::string_view name) {
  return name.size() > 2 && name.starts_with("__") &&
         std::ranges::all_of(name.substr(2), [](char c) { return c >= '0' && c <= '9'; });
}

bool has_no_content(const Type& type) {
  return type.kind == Kind::Struct && type.size == 0;
}

}  // namespace

std::size_t ObjectReader::word() const {
  return word_size(source_.registers.machine());
}

bool ObjectReader::fetch(Address at, std::span<std::byte> out) {
  if (reads_ == kMostReads) return false;
  ++reads_;
  return source_.memory.read(at, out) == out.size();
}

std::size_t ObjectReader::values_left() const {
  std::size_t most = kMostValues + 2 * source_.limits.elements;
  return most - std::min(most, values_);
}

bool ObjectReader::spend() {
  if (values_left() == 0) return false;
  ++values_;
  return true;
}

Value ObjectReader::read_at(const Type& type, Address at, Level level) {
  auto bytes = source_.arena.allocate<std::byte>(std::min<std::size_t>(type.size, kMostBytes));
  if (!bytes.empty() && !fetch(at, bytes)) return Value::unreadable(at);
  return read(type, bytes, level);
}

Value ObjectReader::read(const Type& type, std::span<const std::byte> bytes, Level level) {
  if (++level.steps > kMostSteps) return Value::verbatim("...");
  bool scalar = !is_aggregate(type);
  if (scalar && type.size > bytes.size()) return Value::optimized_out();
  auto own = bytes.first(std::min<std::size_t>(bytes.size(), type.size));
  if (type.go != GoKind::None) {
    if (auto content = read_go(type, own, *this, level)) return *content;
  }
  switch (type.kind) {
    case Kind::Void:
    case Kind::Function:
      return Value::none();
    case Kind::Signed:
    case Kind::Unsigned:
    case Kind::Char:
    case Kind::Bool:
    case Kind::Float:
    case Kind::Enum:
    case Kind::Unknown:
      return read_scalar(type, own, source_.arena);
    case Kind::Pointer:
    case Kind::Reference:
      return read_pointer(type, Address(load_number(own)), level);
    case Kind::MemberPointer:
      return read_member_pointer(type, own);
    case Kind::Struct:
    case Kind::Union:
      if (!type.variants.empty()) return read_variant(type, own, level);
      if (own.size() == type.size && type.go == GoKind::None) {
        if (auto content = read_container(type, own, *this, level)) return *content;
      }
      return read_members(type, own, level);
    case Kind::Array:
      return read_array(type, own, level);
  }
  return Value::none();
}

// --- pointers -----------------------------------------------------------------------------------

// Itanium C++ ABI 2.3: a function's address, or 1 plus its place in the vtable, and what `this` is
// adjusted by. On ARM the vtable's bit is in the adjustment ("C++ ABI for the Arm Architecture",
// 3.2.1).
Value ObjectReader::read_member_pointer(const Type& type, std::span<const std::byte> bytes) const {
  if (bytes.size() != 2 * word()) return read_scalar(type, bytes, source_.arena);
  std::uint64_t function = load_number(bytes.first(word()));
  std::uint64_t adjustment = load_number(bytes.subspan(word()));
  if (function == 0 && adjustment == 0) return Value::address(Address());
  if ((function & 1) != 0 || adjustment != 0) return read_scalar(type, bytes, source_.arena);
  return read_code(Address(function), source_);
}

Value ObjectReader::read_pointer(const Type& type, Address at, Level level) {
  const Type* target = type.target;
  if (at.null() || target == nullptr) return Value::address(at);
  if (target->kind == Kind::Function) return read_code(at, source_);
  if (type.kind == Kind::Reference) {
    bool whole = target->kind != Kind::Unknown && target->kind != Kind::Void;
    return whole && spend() ? read_at(*target, at, level) : Value::address(at);
  }
  if (text_kind(target) != TextKind::None && !is_rust_reference(type)) {
    return spend() ? read_terminated_text(*target, at, text_source()) : Value::address(at);
  }
  bool followed = is_aggregate(*target) || is_rust_reference(type);
  return followed ? read_pointee(target, at, level) : Value::address(at);
}

Value ObjectReader::read_pointee(const Type* target, Address at, Level level) {
  bool whole = target != nullptr && target->kind != Kind::Unknown && target->kind != Kind::Void;
  if (at.null() || !whole || level.pointers >= source_.limits.pointers || !spend()) {
    return Value::address(at);
  }
  Value value = read_at(*target, at, level.behind_pointer());
  if (value.kind == Value::Kind::Unreadable && value.number == at.value()) return value;
  auto child = source_.arena.allocate<Value>(1);
  new (child.data()) Value(value);
  return Value::list(Value::Kind::Pointer, child);
}

// --- arrays and structures
// ------------------------------------------------------------------------

Value ObjectReader::read_array(const Type& type, std::span<const std::byte> bytes, Level level) {
  const Type* element = type.target;
  if (element == nullptr || element->size == 0) {
    return Value::list(Value::Kind::Array, {}, type.count != 0);
  }
  if (text_kind(element) != TextKind::None) {
    return text_of_bytes(*element, bytes, true, bytes.size() < type.size, text_source());
  }
  return read_list(*element, bytes, type.count, level);
}

Value ObjectReader::read_list(const Type& element, std::span<const std::byte> bytes,
                              std::uint64_t count, Level level) {
  if (too_deep(level)) return Value::list(Value::Kind::Array, {}, count != 0);
  std::size_t there = std::min<std::uint64_t>(count, bytes.size() / element.size);
  std::size_t most = std::min({there, source_.limits.elements, values_left()});
  auto children = source_.arena.allocate<Value>(most);
  std::size_t shown = 0;
  for (; shown < most && spend(); ++shown) {
    auto own = bytes.subspan(shown * element.size, element.size);
    Value value = is_byte(element) ? Value::integer(static_cast<std::int64_t>(load_number(own)))
                                   : read(element, own, level.inside());
    new (&children[shown]) Value(value);
  }
  return Value::list(Value::Kind::Array, children.first(shown), shown < count);
}

std::optional<Value> ObjectReader::read_elements(const Type& element, Address at,
                                                 std::uint64_t count, Level level) {
  if (element.size == 0) return Value::list(Value::Kind::Array, {}, count != 0);
  std::size_t shown = std::min<std::uint64_t>(count, source_.limits.elements);
  shown = std::min<std::size_t>(shown, kMostBytes / element.size);
  auto bytes = source_.arena.allocate<std::byte>(shown * element.size);
  if (!bytes.empty() && !fetch(at, bytes)) return std::nullopt;
  Value list = read_list(element, bytes, count, level);
  if (list.truncated) list.comment = counted(count);
  return list;
}

std::string_view ObjectReader::counted(std::uint64_t count) const {
  return source_.arena.copy(
      std::string_view(fmt::format("{} element{}", count, count == 1 ? "" : "s")));
}

namespace {

// How many values its members have at most, up to a limit.
std::size_t shown_members(const Type& type, std::size_t limit, unsigned depth = 0) {
  constexpr unsigned kDeepest = 64;
  std::size_t count = 0;
  for (const Member& member : type.members) {
    bool inside = member.base_class && member.type != nullptr && depth < kDeepest;
    count += inside ? std::max<std::size_t>(
                          1, shown_members(*member.type, limit - std::min(limit, count), depth + 1))
                    : 1;
    if (count >= limit) return limit;
  }
  return count;
}

}  // namespace

/// Where the values of a structure's members are gathered.
struct ObjectReader::Members {
  std::span<Value> values;
  std::size_t count = 0;
  bool more = false;
  bool positions = true;  // every name is that of a position in a tuple
};

void ObjectReader::add_members(const Type& type, std::span<const std::byte> bytes, Level level,
                               Members& to) {
  for (const Member& member : type.members) {
    // A vtable's address is the compiler's business; markers have no content.
    if (member.artificial || (member.type != nullptr && has_no_content(*member.type))) continue;
    if (to.count == to.values.size() || member.offset > bytes.size() || !spend()) {
      to.more = true;
      return;
    }
    auto rest = bytes.subspan(member.offset);
    if (member.base_class && member.type != nullptr && member.type->kind == Kind::Struct &&
        member.type->variants.empty()) {
      // Found by the names of their own members, as the program does; but a container is one.
      auto own = rest.first(std::min<std::size_t>(rest.size(), member.type->size));
      auto content = own.size() == member.type->size
                         ? read_container(*member.type, own, *this, level)
                         : std::nullopt;
      if (!content) {
        add_members(*member.type, own, level, to);
        if (to.more) return;
        continue;
      }
      new (&to.values[to.count++]) Value(*content);
      to.positions = false;
      continue;
    }
    Value value = Value::verbatim("?");
    if (member.type != nullptr) {
      // What is not among the bytes is behind the part of a large object that was read.
      bool whole =
          member.bit_size != 0 || is_aggregate(*member.type) || member.type->size <= rest.size();
      if (!whole || (rest.empty() && member.type->size != 0)) {
        to.more = true;
        return;
      }
      value = member.bit_size != 0 ? read_bitfield(member, rest, source_.arena)
                                   : read(*member.type, rest, level.inside());
    }
    to.positions = to.positions && is_position(member.name);
    new (&to.values[to.count++]) Value(value.named(member.name));
  }
}

Value ObjectReader::read_members(const Type& type, std::span<const std::byte> bytes, Level level) {
  if (too_deep(level)) return Value::list(Value::Kind::Struct, {}, true);
  Members members;
  std::size_t limit = std::min(source_.limits.members, values_left());
  members.values = source_.arena.allocate<Value>(shown_members(type, limit));
  add_members(type, bytes, level, members);
  auto values = source_.arena.shrink(members.values, members.count);
  bool tuple = values.empty() ? type.tag == "()" : members.positions;
  Value value = Value::list(tuple ? Value::Kind::Call : Value::Kind::Struct, values, members.more);
  if (tuple && !type.tag.starts_with('(')) value.text = without_arguments(type.tag);
  return value;
}

// --- Rust's enums -----------------------------------------------------------------------------

Value ObjectReader::read_variant(const Type& type, std::span<const std::byte> bytes, Level level) {
  const Variant* found = nullptr;
  if (!type.discriminant) {
    if (type.variants.size() == 1) found = type.variants.data();
  } else if (type.discriminant->type != nullptr) {
    const Member& by = *type.discriminant;
    std::size_t size = by.type->size;
    if (size > 8 || by.offset > bytes.size() || size > bytes.size() - by.offset) {
      return Value::verbatim("?");
    }
    std::uint64_t number = load_number(bytes.subspan(by.offset, size));
    for (const Variant& variant : type.variants) {
      if (variant.value && truncate_to(*variant.value, size) == number) {
        found = &variant;
        break;
      }
      if (!variant.value) found = &variant;
    }
    if (found == nullptr) {
      Value value = Value::raw(number);
      value.comment = "no variant";
      return value;
    }
  }
  if (found == nullptr || found->count != 1 || found->first >= type.members.size()) {
    return Value::verbatim("?");
  }
  return read_payload(type.members[found->first], bytes, level);
}

// A variant is a structure named like it, at some place in the enum.
Value ObjectReader::read_payload(const Member& member, std::span<const std::byte> bytes,
                                 Level level) {
  if (member.type == nullptr || member.offset > bytes.size()) return Value::verbatim("?");
  bool bare = std::ranges::all_of(member.type->members, [](const Member& each) {
    return each.type != nullptr && has_no_content(*each.type);
  });
  if (bare) return Value::symbol(member.name, 0);
  Value value = read_members(*member.type, bytes.subspan(member.offset), level);
  value.text = member.name;
  return value;
}

}  // namespace ttrace
