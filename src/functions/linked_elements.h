// The elements of containers that do not keep them one after the other.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "functions/container_table.h"
#include "functions/object_reader.h"

namespace ttrace {

/// A container of nodes.
struct Linked {
  const Type* node_type = nullptr;  // nullptr: the debug information does not describe the nodes
  const NodeShape* node = nullptr;
  bool keyed = false;
  bool braces = false;                 // around the elements: a map or a set
  Address first;                       // the first node, or the root; null: none
  std::optional<std::uint64_t> count;  // as the container says; nullopt: it does not
};

/// Each gives nullopt when the nodes cannot be read, or are not as many as the container says.
std::optional<Value> read_tree(const Linked& tree, ObjectReader& reader, ObjectReader::Level level);
std::optional<Value> read_chain(const Linked& chain, ObjectReader& reader,
                                ObjectReader::Level level);
/// libstdc++'s deque, from its iterators to the first element and behind the last.
std::optional<Value> read_deque(const Part& start, const Part& finish,
                                std::span<const std::byte> bytes, ObjectReader& reader,
                                ObjectReader::Level level);
/// {...} /* 3 elements */
Value size_only(std::uint64_t count, const ObjectReader& reader);

}  // namespace ttrace
