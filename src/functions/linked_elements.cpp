#include "functions/linked_elements.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

#include "base/number.h"

namespace ttrace {

namespace {

using Level = ObjectReader::Level;
using Bytes = std::span<const std::byte>;

constexpr std::uint64_t kMostElements = std::uint64_t{1} << 40;

/// Reads nodes and keeps what is in them.
class Nodes {
 public:
  Nodes(const Linked& of, ObjectReader& reader, Level level)
      : of_(of), reader_(reader), level_(level.inside()) {}

  /// Finds the parts of a node; false when it is not made as expected.
  bool prepare() {
    if (of_.node_type == nullptr) return false;
    const Type& type = *of_.node_type;
    auto next = find_path(type, of_.node->next);
    auto value = find_path(type, of_.node->value);
    if (!next || !value || type.size == 0 || type.size > kMostBytes) return false;
    next_ = *next;
    value_ = *value;
    if (!of_.node->other.empty()) {
      auto other = find_path(type, of_.node->other);
      if (!other) return false;
      other_ = *other;
    }
    return find_value(type) && fits(next_) && fits(other_) && fits(value_);
  }

  /// How many elements are to be shown of all.
  [[nodiscard]] std::size_t limit() const {
    return std::min(reader_.source().limits.elements, reader_.values_left());
  }

  struct Node {
    Bytes bytes;
    Address next;
    Address other;
  };
  std::optional<Node> read(Address at) {
    auto bytes = reader_.source().arena.allocate<std::byte>(of_.node_type->size);
    if (!reader_.fetch(at, bytes)) return std::nullopt;
    Node node{bytes, Address(load_number(bytes_of(next_, bytes))), {}};
    if (other_.type != nullptr) node.other = Address(load_number(bytes_of(other_, bytes)));
    return node;
  }

  void add(const Node& node) {
    reader_.spend();
    if (!of_.keyed) {
      values_.push_back(element(value_, node.bytes));
      return;
    }
    auto pair = reader_.source().arena.allocate<Value>(2);
    new (&pair[0]) Value(element(key_, node.bytes));
    new (&pair[1]) Value(element(mapped_, node.bytes));
    values_.push_back(Value::list(Value::Kind::Entry, pair));
  }
  [[nodiscard]] std::size_t size() const { return values_.size(); }

  /// The container, once its elements are there. `all`: how many it has; nullopt: more than shown.
  [[nodiscard]] Value list(std::optional<std::uint64_t> all, bool braces) const {
    auto children = reader_.source().arena.copy(std::span<const Value>(values_));
    auto kind = braces ? Value::Kind::Struct : Value::Kind::Array;
    Value value = Value::list(kind, children, !all || children.size() < *all);
    if (value.truncated && all) value.comment = reader_.counted(*all);
    return value;
  }

 private:
  // The element's place and type: raw storage has neither alignment nor type of its own.
  bool find_value(const Type& node) {
    constexpr std::array<std::string_view, 3> kStorage{"__aligned_membuf", "__aligned_buffer",
                                                       "aligned_storage"};
    auto tag = without_arguments(value_.type->tag);
    if (std::ranges::find(kStorage, tag) != kStorage.end()) {
      if (node.arguments.empty() || node.arguments[0].type == nullptr) return false;
      value_.type = node.arguments[0].type;
    }
    if (!of_.keyed) return true;
    for (std::string_view pair : {"__cc", "__cc_"}) {  // libc++ hides the pair
      auto hidden = find_member(*value_.type, pair);
      if (!hidden) continue;
      hidden->offset += value_.offset;
      value_ = *hidden;
      break;
    }
    auto key = find_member(*value_.type, "first");
    auto mapped = find_member(*value_.type, "second");
    if (!key || !mapped) return false;
    key_ = *key;
    mapped_ = *mapped;
    key_.offset += value_.offset;
    mapped_.offset += value_.offset;
    return true;
  }

  [[nodiscard]] bool fits(const Part& part) const {
    std::uint64_t size = of_.node_type->size;
    return part.type == nullptr || (part.offset <= size && part.type->size <= size - part.offset);
  }

  Value element(const Part& part, Bytes node) {
    return reader_.read(*part.type, bytes_of(part, node), level_);
  }

  const Linked& of_;
  ObjectReader& reader_;
  Level level_;
  Part next_;
  Part other_;
  Part value_;
  Part key_;
  Part mapped_;
  std::vector<Value> values_;
};

}  // namespace

Value size_only(std::uint64_t count, const ObjectReader& reader) {
  Value value = Value::list(Value::Kind::Struct, {}, count != 0);
  if (count != 0) value.comment = reader.counted(count);
  return value;
}

std::optional<Value> read_tree(const Linked& tree, ObjectReader& reader, Level level) {
  // A balanced tree of 2^40 nodes is not higher.
  constexpr std::size_t kHighest = 80;
  std::uint64_t count = tree.count.value_or(0);
  if (count > kMostElements || tree.first.null() != (count == 0)) return std::nullopt;
  Nodes nodes(tree, reader, level);
  if (count == 0) return Value::list(Value::Kind::Struct, {});
  if (reader.too_deep(level) || !nodes.prepare()) return size_only(count, reader);
  std::size_t limit = std::min<std::uint64_t>(nodes.limit(), count);
  std::vector<Nodes::Node> path;
  Address at = tree.first;
  while (nodes.size() < limit) {
    while (!at.null()) {
      auto node = path.size() < kHighest ? nodes.read(at) : std::nullopt;
      if (!node) return std::nullopt;
      path.push_back(*node);
      at = node->next;
    }
    if (path.empty()) return std::nullopt;  // fewer than it says
    nodes.add(path.back());
    at = path.back().other;
    path.pop_back();
  }
  return nodes.list(count, true);
}

std::optional<Value> read_chain(const Linked& chain, ObjectReader& reader, Level level) {
  bool braces = chain.braces;
  std::uint64_t count = chain.count.value_or(kMostElements);
  if (count > kMostElements) return std::nullopt;
  Nodes nodes(chain, reader, level);
  auto kind = braces ? Value::Kind::Struct : Value::Kind::Array;
  if (count == 0 || (!chain.count && chain.first.null())) return Value::list(kind, {});
  if (chain.first.null()) return std::nullopt;
  if (reader.too_deep(level) || !nodes.prepare()) {
    return chain.count ? std::optional(size_only(count, reader)) : std::nullopt;
  }
  std::size_t limit = std::min<std::uint64_t>(nodes.limit(), count);
  Address at = chain.first;
  while (nodes.size() < limit && !at.null()) {
    auto node = nodes.read(at);
    if (!node) return std::nullopt;
    nodes.add(*node);
    at = node->next;
  }
  if (!chain.count) {
    return nodes.list(at.null() ? std::optional<std::uint64_t>(nodes.size()) : std::nullopt,
                      braces);
  }
  if (nodes.size() < limit) return std::nullopt;  // fewer than it says
  return nodes.list(count, braces);
}

namespace {

// An iterator of a deque: into which block, and where in it. Blocks are all of one size.
struct Position {
  std::uint64_t current = 0;
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  std::uint64_t block = 0;  // the address of the block's address
};

std::optional<Position> position_in(const Part& iterator, Bytes bytes) {
  constexpr std::array<std::string_view, 4> kNames{"_M_cur", "_M_first", "_M_last", "_M_node"};
  std::array<std::uint64_t, kNames.size()> numbers{};
  Bytes own = bytes_of(iterator, bytes);
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    auto part = find_member(*iterator.type, kNames.at(i));
    if (!part || part->type->kind != Type::Kind::Pointer) return std::nullopt;
    numbers.at(i) = load_number(bytes_of(*part, own));
  }
  return Position{numbers[0], numbers[1], numbers[2], numbers[3]};
}

// How many elements lie between two positions; nullopt when that makes no sense.
std::optional<std::uint64_t> distance(const Position& from, const Position& to, std::uint64_t size,
                                      std::uint64_t word) {
  std::uint64_t block = from.last - from.first;
  bool sound = from.first <= from.current && from.current < from.last && to.first <= to.current &&
               to.current < to.last && to.last - to.first == block && block % size == 0 &&
               (from.current - from.first) % size == 0 && (to.current - to.first) % size == 0 &&
               from.block <= to.block && (to.block - from.block) % word == 0;
  if (!sound) return std::nullopt;
  std::uint64_t blocks = (to.block - from.block) / word;
  if (block > kMostElements || blocks > kMostElements / (block / size)) return std::nullopt;
  std::uint64_t end = blocks * (block / size) + (to.current - to.first) / size;
  std::uint64_t begin = (from.current - from.first) / size;
  if (begin > end) return std::nullopt;
  return end - begin;
}

}  // namespace

std::optional<Value> read_deque(const Part& start, const Part& finish, Bytes bytes,
                                ObjectReader& reader, Level level) {
  auto from = position_in(start, bytes);
  auto to = position_in(finish, bytes);
  auto current = find_member(*start.type, "_M_cur");
  const Type* element = current ? current->type->target : nullptr;
  if (!from || !to || element == nullptr || element->size == 0 || element->size > kMostBytes) {
    return std::nullopt;
  }
  auto count = distance(*from, *to, element->size, reader.word());
  if (!count) return std::nullopt;
  if (reader.too_deep(level)) return Value::list(Value::Kind::Array, {}, *count != 0);
  Arena& arena = reader.source().arena;
  std::size_t shown =
      std::min<std::uint64_t>({*count, reader.source().limits.elements, reader.values_left()});
  auto values = arena.allocate<Value>(shown);
  for (std::size_t i = 0; i < shown; ++i) {
    if (from->current == from->last) {
      std::array<std::byte, 8> pointer{};
      from->block += reader.word();
      if (!reader.fetch(Address(from->block), std::span(pointer).first(reader.word()))) {
        return std::nullopt;
      }
      std::uint64_t size = from->last - from->first;
      from->first = from->current = load_number(pointer);
      from->last = from->first + size;
    }
    auto object = arena.allocate<std::byte>(element->size);
    if (!reader.fetch(Address(from->current), object)) return std::nullopt;
    reader.spend();
    new (&values[i]) Value(reader.read(*element, object, level.inside()));
    from->current += element->size;
  }
  Value list = Value::list(Value::Kind::Array, values, shown < *count);
  if (list.truncated) list.comment = reader.counted(*count);
  return list;
}

}  // namespace ttrace
