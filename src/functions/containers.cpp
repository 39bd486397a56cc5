#include "functions/containers.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

#include "base/number.h"
#include "functions/container_table.h"
#include "functions/linked_elements.h"

namespace ttrace {

namespace {

using Form = ContainerShape::Form;
using Level = ObjectReader::Level;
using Bytes = std::span<const std::byte>;

// More elements than fit into memory are nobody's: the container is not constructed.
constexpr std::uint64_t kMostBytesOfAll = std::uint64_t{1} << 47;

/// One object that is made as `shape` says. Each read_…() gives nullopt when its content makes no
/// sense.
class Content {
 public:
  Content(const ContainerShape& shape, std::span<const Part> parts, Bytes bytes,
          ObjectReader& reader, Level level)
      : shape_(shape), parts_(parts), bytes_(bytes), reader_(reader), level_(level) {}

  std::optional<Value> read(const Type& type);

 private:
  [[nodiscard]] std::uint64_t number(std::size_t part) const {
    return load_number(bytes_of(parts_[part], bytes_));
  }
  [[nodiscard]] const Type* target(std::size_t part) const { return parts_[part].type->target; }

  std::optional<Value> read_text();
  std::optional<Value> read_libcxx_text();
  std::optional<Value> read_range();
  std::optional<Value> read_counted(const Type& type);
  std::optional<Value> read_bits();
  std::optional<Value> read_optional();
  std::optional<Value> read_owner();
  std::optional<Value> read_linked(const Type& type);
  std::optional<Value> read_tuple();
  std::optional<Value> read_only(const Type& type);
  std::optional<Value> counted_text(const Type* character, Address at, std::uint64_t count);

  const ContainerShape& shape_;
  std::span<const Part> parts_;
  Bytes bytes_;
  ObjectReader& reader_;
  Level level_;
};

std::optional<Value> Content::read(const Type& type) {
  switch (shape_.form) {
    case Form::Text:
      return read_text();
    case Form::LibcxxText:
      return read_libcxx_text();
    case Form::Range:
      return read_range();
    case Form::Counted:
      return read_counted(type);
    case Form::Bits:
      return read_bits();
    case Form::Optional:
      return read_optional();
    case Form::Owner:
      return read_owner();
    case Form::Tree:
    case Form::Chain:
    case Form::Deque:
    case Form::Size:
      return read_linked(type);
    case Form::Tuple:
      return read_tuple();
    case Form::Only:
    case Form::Alone:
      return read_only(type);
  }
  return std::nullopt;
}

// --- strings ----------------------------------------------------------------------------------

std::optional<Value> Content::counted_text(const Type* character, Address at, std::uint64_t count) {
  if (character == nullptr || count > kMostBytesOfAll) return std::nullopt;
  if (character->kind == Type::Kind::Unsigned && character->size == 1) {  // Rust's u8
    return read_counted_bytes(at, count, reader_.text_source());
  }
  if (text_kind(character) == TextKind::None) return std::nullopt;
  return read_counted_text(*character, at, count, reader_.text_source());
}

std::optional<Value> Content::read_text() {
  if (!reader_.spend()) return Value::verbatim("...");
  const Type* character = target(0);
  Address at(number(0));
  std::uint64_t count = number(1);
  if (at.null() && count != 0) return std::nullopt;
  // The C++ strings end in a NUL: one that does not is not constructed.
  if (shape_.tag == "basic_string" && character != nullptr) {
    std::array<std::byte, 8> end{};
    auto nul = std::span(end).first(std::clamp<std::size_t>(character->size, 1, end.size()));
    if (count > kMostBytesOfAll || !reader_.fetch(at + count * nul.size(), nul)) {
      return std::nullopt;
    }
    if (load_number(nul) != 0) return std::nullopt;
  }
  return counted_text(character, at, count);
}

// The short form's first bits hold its length, and whether it is the short one: in a byte that
// `__is_long_` and `__size_` share (LLVM 15 and later), or that is its length times two (before).
std::optional<Value> Content::read_libcxx_text() {
  if (!reader_.spend()) return Value::verbatim("...");
  const Type& type = *parts_[0].type;
  Bytes bytes = bytes_of(parts_[0], bytes_);
  auto size = find_path(type, "__s.__size_");
  auto text = find_path(type, "__s.__data_");
  auto is_long = find_path(type, "__s.__is_long_");
  auto long_data = find_path(type, "__l.__data_");
  auto long_size = find_path(type, "__l.__size_");
  if (!size || !text || !long_data || !long_size) return std::nullopt;
  auto bits = [&](const Part& part) {
    std::uint64_t n = load_number(bytes_of(part, bytes));
    const Member& member = *part.member;
    if (member.bit_size == 0) return n;
    return n >> member.bit_offset & ((std::uint64_t{1} << std::min(member.bit_size, 63U)) - 1);
  };
  std::uint64_t first = bits(*size);
  bool in_heap = is_long ? bits(*is_long) != 0 : (first & 1) != 0;
  if (in_heap) {
    Address at(load_number(bytes_of(*long_data, bytes)));
    std::uint64_t count = load_number(bytes_of(*long_size, bytes));
    std::array<std::byte, 8> end{};
    const Type* character = long_data->type->target;
    if (character == nullptr || count > kMostBytesOfAll) return std::nullopt;
    auto nul = std::span(end).first(std::clamp<std::size_t>(character->size, 1, end.size()));
    if (!reader_.fetch(at + count * nul.size(), nul) || load_number(nul) != 0) return std::nullopt;
    return counted_text(character, at, count);
  }
  std::uint64_t count = is_long ? first : first >> 1;
  const Type* character = text->type->target;
  Bytes all = bytes_of(*text, bytes);
  if (character == nullptr || text_kind(character) == TextKind::None) return std::nullopt;
  if (count * character->size > all.size()) return std::nullopt;
  return text_of_bytes(*character, all.first(count * character->size), false, false,
                       reader_.text_source());
}

// --- elements one after the other -------------------------------------------------------------

std::optional<Value> Content::read_range() {
  const Type* element = target(0);
  std::uint64_t first = number(0);
  std::uint64_t last = number(1);
  std::uint64_t end = number(2);
  if (element == nullptr || element->size == 0 || first > last || last > end) return std::nullopt;
  if ((last - first) % element->size != 0 || (end - first) % element->size != 0) {
    return std::nullopt;
  }
  if (end - first > kMostBytesOfAll || (first == 0 && end != 0)) return std::nullopt;
  return reader_.read_elements(*element, Address(first), (last - first) / element->size, level_);
}

std::optional<Value> Content::read_counted(const Type& type) {
  const Type* element = type.arguments.empty() ? target(0) : type.arguments[0].type;
  std::uint64_t count = number(1);
  if (shape_.tag == "Box") {
    if (type.tag.find('[') == std::string::npos) return read_text();
    element = target(0);
  }
  if (element == nullptr || count > kMostBytesOfAll) return std::nullopt;
  return reader_.read_elements(*element, Address(number(0)), count, level_);
}

std::optional<Value> Content::read_bits() {
  constexpr std::uint64_t kBitsOfByte = 8;
  std::uint64_t first = number(0);
  std::uint64_t last = number(1);
  std::uint64_t used = number(2);
  std::uint64_t word = target(0) == nullptr ? 0 : target(0)->size;
  if (first > last || last - first > kMostBytesOfAll || used >= word * kBitsOfByte) {
    return std::nullopt;
  }
  std::uint64_t count = (last - first) * kBitsOfByte + used;
  std::size_t limit = std::min(reader_.source().limits.elements, kMostBytes);
  std::size_t shown = std::min<std::uint64_t>(count, std::min(limit, reader_.values_left()));
  Arena& arena = reader_.source().arena;
  auto bytes = arena.allocate<std::byte>((shown + kBitsOfByte - 1) / kBitsOfByte);
  if (!bytes.empty() && !reader_.fetch(Address(first), bytes)) return std::nullopt;
  auto values = arena.allocate<Value>(shown);
  for (std::size_t i = 0; i < shown; ++i) {
    auto byte = std::to_integer<unsigned>(bytes[i / kBitsOfByte]);
    new (&values[i]) Value(Value::boolean((byte >> i % kBitsOfByte & 1) != 0));
    reader_.spend();
  }
  Value list = Value::list(Value::Kind::Array, values, shown < count);
  if (list.truncated) list.comment = reader_.counted(count);
  return list;
}

std::optional<Value> Content::read_linked(const Type& type) {
  Linked linked;
  linked.node = shape_.node;
  linked.keyed = shape_.keyed;
  if (shape_.form == Form::Deque) {
    return read_deque(parts_[0], parts_[1], bytes_, reader_, level_);
  }
  if (shape_.form == Form::Size) return size_only(number(0), reader_);
  linked.braces = shape_.tag.ends_with("map") || shape_.tag.ends_with("set");
  linked.node_type = find_related(type, shape_.node->tag);
  linked.first = Address(number(0));
  if (!shape_.paths[1].empty()) linked.count = number(1);
  return shape_.form == Form::Tree ? read_tree(linked, reader_, level_)
                                   : read_chain(linked, reader_, level_);
}

// --- at most one element ------------------------------------------------------------------------

std::optional<Value> Content::read_optional() {
  std::uint64_t engaged = number(0);
  if (engaged > 1) return std::nullopt;
  if (engaged == 0) return Value::symbol("nullopt", 0);
  return reader_.read(*parts_[1].type, bytes_of(parts_[1], bytes_), level_);
}

std::optional<Value> Content::read_owner() {
  const Type* pointer = parts_[0].type;
  // A deleter may have a pointer type of its own.
  if (pointer->kind != Type::Kind::Pointer) return std::nullopt;
  Address at(number(0));
  std::string_view inside = shape_.paths[1];
  if (inside.empty() || pointer->target == nullptr || at.null()) {
    return reader_.read_pointee(pointer->target, at, level_);
  }
  auto value = find_path(*pointer->target, inside);
  if (!value) return std::nullopt;
  return reader_.read_pointee(value->type, at + value->offset, level_);
}

std::optional<Value> Content::read_tuple() {
  auto elements = find_all(*parts_[0].type, shape_.paths[1]);
  Bytes bytes = bytes_of(parts_[0], bytes_);
  if (elements.empty() || reader_.too_deep(level_)) return std::nullopt;
  // Of an empty class, libc++ stores no member.
  if (!shape_.paths[0].empty()) {
    const auto& bases = parts_[0].type->members;
    auto leaves = std::ranges::count_if(bases, &Member::base_class);
    if (static_cast<std::size_t>(leaves) != elements.size()) return std::nullopt;
  }
  auto values = reader_.source().arena.allocate<Value>(elements.size());
  std::size_t shown = 0;
  for (; shown < elements.size() && reader_.spend(); ++shown) {
    const Part& element = elements[shown];
    new (&values[shown])
        Value(reader_.read(*element.type, bytes_of(element, bytes), level_.inside()));
  }
  return Value::list(Value::Kind::Call, values.first(shown), shown < elements.size());
}

std::optional<Value> Content::read_only(const Type& type) {
  if (shape_.form == Form::Alone && parts_[0].type->size != type.size) return std::nullopt;
  return reader_.read(*parts_[0].type, bytes_of(parts_[0], bytes_), level_);
}

// --- recognising
// ----------------------------------------------------------------------------------

// What kind of type a path must lead to, for each form; Unknown: any.
struct Expected {
  Form form;
  std::array<Type::Kind, 3> kinds;
};
constexpr auto kAny = Type::Kind::Unknown;
constexpr auto kPointer = Type::Kind::Pointer;
constexpr auto kNumber = Type::Kind::Unsigned;
constexpr auto kExpected = std::to_array<Expected>({
    {Form::Text, {kPointer, kNumber, kAny}},
    {Form::LibcxxText, {kAny, kAny, kAny}},
    {Form::Range, {kPointer, kPointer, kPointer}},
    {Form::Counted, {kPointer, kNumber, kAny}},
    {Form::Bits, {kPointer, kPointer, kNumber}},
    {Form::Optional, {Type::Kind::Bool, kAny, kAny}},
    {Form::Owner, {kPointer, kAny, kAny}},
    {Form::Tree, {kPointer, kNumber, kAny}},
    {Form::Chain, {kPointer, kNumber, kAny}},
    {Form::Deque, {kAny, kAny, kAny}},
    {Form::Tuple, {kAny, kAny, kAny}},
    {Form::Only, {kAny, kAny, kAny}},
    {Form::Alone, {kAny, kAny, kAny}},
    {Form::Size, {kNumber, kAny, kAny}},
});

bool is_as_expected(const Type& type, Type::Kind expected) {
  return expected == kAny || type.kind == expected;
}

bool has_tag(const ContainerShape& shape, std::string_view tag) {
  if (shape.tag.ends_with('[')) return tag.starts_with(shape.tag);
  std::string_view name = without_arguments(tag);
  // Rust's boxes are named with their path.
  auto path = name.rfind("::");
  return (path == std::string_view::npos ? name : name.substr(path + 2)) == shape.tag;
}

// How many of the paths lead into the object itself.
std::size_t paths_inside(const ContainerShape& shape) {
  if (shape.form == Form::Owner || shape.form == Form::Tuple) return 1;
  auto end = std::ranges::find_if(shape.paths, &std::string_view::empty);
  return static_cast<std::size_t>(end - shape.paths.begin());
}

// The parts of an object of this type that the shape names; empty: it is not made so.
std::vector<Part> parts_of(const Type& type, const ContainerShape& shape) {
  const auto expected = std::ranges::find(kExpected, shape.form, &Expected::form);
  std::vector<Part> parts;
  for (std::size_t i = 0; i < paths_inside(shape); ++i) {
    auto part = find_path(type, shape.paths.at(i));
    bool sound = part && part->offset <= type.size && part->type->size <= type.size - part->offset;
    if (!sound || !is_as_expected(*part->type, expected->kinds.at(i))) return {};
    parts.push_back(*part);
  }
  if (shape.form == Form::Tuple && find_all(*parts[0].type, shape.paths[1]).empty()) return {};
  return parts;
}

}  // namespace

std::optional<Value> read_container(const Type& type, std::span<const std::byte> bytes,
                                    ObjectReader& reader, ObjectReader::Level level) {
  if (type.kind != Type::Kind::Struct || type.tag.empty()) return std::nullopt;
  for (const ContainerShape& shape : container_shapes()) {
    if (!has_tag(shape, type.tag)) continue;
    auto parts = parts_of(type, shape);
    if (!parts.empty()) return Content(shape, parts, bytes, reader, level).read(type);
  }
  return std::nullopt;
}

}  // namespace ttrace
