// How the containers of the C++ and Rust libraries are made: the names of their members, as data.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

namespace ttrace {

/// A node of a tree or a list. `value` is the element, or the storage for one whose type is the
/// node's first template argument.
struct NodeShape {
  std::string_view tag;
  std::string_view value;
  std::string_view next;   // in the list, or the left child
  std::string_view other;  // the right child
};

/// One way in which a type may be made. The first whose paths all exist is taken.
struct ContainerShape {
  enum class Form : std::uint8_t {
    Text,        // pointer, length
    LibcxxText,  // its representation: a union of a long and a short form
    Range,       // pointers to the first element, behind the last, behind the storage
    Counted,     // pointer to the first element, number of elements
    Bits,        // pointer to the first word, pointer to the last, bits used of the last
    Optional,    // whether there is a value, the value
    Owner,       // pointer, and where in what it points to the value is (empty: it is the value)
    Tree,        // pointer to the root, number of elements
    Chain,       // pointer to the first node, number of elements (empty: up to the last node)
    Deque,       // iterators to the first element and behind the last
    Tuple,       // the part with the elements, the name of the member that each of them is
    Only,        // a member that is all there is to see
    Alone,       // the same, if it is as large as the whole
    Size,        // number of elements; they themselves are not read
  };
  std::string_view
      tag;  // the type's name without template arguments; a prefix where it ends in '['
  Form form = Form::Only;
  std::array<std::string_view, 3> paths{};
  const NodeShape* node = nullptr;
  bool keyed = false;  // the elements are pairs of a key and a value
};

std::span<const ContainerShape> container_shapes();

}  // namespace ttrace
