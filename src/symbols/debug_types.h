// Types from DWARF.
#pragma once

#include <elfutils/libdw.h>

#include <cstdint>
#include <deque>
#include <limits>
#include <string>
#include <unordered_map>
#include <vector>

#include "arch/abi.h"
#include "symbols/types.h"

namespace ttrace {

/// Reads types when they are asked for and keeps them. Types form a graph: a struct is entered
/// before its members are, so that it may point to itself. What lies behind more than
/// kDeepestPointer pointers is left unread until somebody asks from nearer by. In the finished
/// graph, following members and elements (not pointers) always ends, and at most kDeepestValue
/// levels down, whatever the file says.
class DebugTypes {
 public:
  explicit DebugTypes(Abi abi) : abi_(abi) {}
  DebugTypes(const DebugTypes&) = delete;
  DebugTypes& operator=(const DebugTypes&) = delete;
  ~DebugTypes() = default;

  /// The type that the DIE is. Lives as long as this object; never nullptr.
  const Type* read(Dwarf_Die die);

 private:
  static constexpr int kDeepestPointer = 6;
  static constexpr int kDeepestValue = 64;

  struct Node {
    Type type;
    Node* origin = nullptr;    // of a typedef: the node of what it names
    GoKind go = GoKind::None;  // of a typedef: Go's maps, channels and interfaces are made of them
    Dwarf_Die die{};
    int depth = std::numeric_limits<int>::max();  // pointers away from who asked, when filled
    bool filled = false;
    bool by_reference_known = false;
    bool vector = false;  // an array that the calling convention treats as one value
    enum class Visit : std::uint8_t { New, Open, Done } visit = Visit::New;
    int height = 0;              // levels of members below
    std::vector<Node*> outside;  // what it has not by value: template arguments
    std::vector<Node*> parts;    // what it has by value: one for each member, or the element
    std::vector<Node*> aliases;  // its typedefs
  };

  Node* resolve(Dwarf_Die die, int depth);
  Node* concrete(Dwarf_Die die);
  Node* void_node();
  void enqueue(Node& node, int depth);

  void fill(Node& node);
  void fill_struct(Node& node);
  void fill_array(Node& node);
  void add_member(Node& node, Dwarf_Die member);
  void add_argument(Node& node, Dwarf_Die argument);
  bool add_variants(Node& node, Dwarf_Die variant_part);
  static Node* whole(Node* part);

  static void finish(Node& start);
  static void finish_one(Node& node);

  Abi abi_;
  std::deque<Node> nodes_;  // a deque: nodes point to each other, and their types are given out
  std::unordered_map<const void*, Node*> by_die_;    // by the DIE's place in the mapped file
  std::unordered_map<const void*, Node*> typedefs_;  // likewise
  std::vector<Node*> work_;
  std::vector<Node*> changed_;
  Node* void_ = nullptr;
  std::size_t budget_ = 0;
};

}  // namespace ttrace
