// The types of values behind Go's interfaces, as the running program describes them to itself.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/address.h"
#include "base/memory.h"
#include "symbols/types.h"

namespace ttrace {

/// Where a process has the types of its program.
struct GoTypeRegion {
  Address begin;       // what offsets of names count from; null: not known, and types have no names
  Address end;         // behind the last; types elsewhere were made by package reflect
  unsigned minor = 0;  // of Go's version (19 of 1.19); 0: not known, then a new one
};

/// Reads descriptions of types (runtime._type of Go 1.19 src/runtime/type.go, abi.Type of Go 1.27
/// src/internal/abi/type.go) and keeps them, for all processes of a program. Everything that is
/// read is bounded and may be nonsense: then there is no type.
class GoRuntimeTypes {
 public:
  struct Found {
    const Type* type = nullptr;
    bool direct = false;  // an interface holds the value itself, not its address
  };
  /// The type that is described at `at`. What lies behind more than two pointers is left out. The
  /// result is valid until tidy(). nullopt: nothing that could be read, or could be a type.
  std::optional<Found> find(Address at, const GoTypeRegion& region, Memory& memory);

  /// To be called when no result is used any more, before each call's values: forgets the types
  /// that the program may free, and all when they have become too many; find() may read as much
  /// again.
  void tidy();

 private:
  struct Node {
    Type type;
    bool direct = false;
    bool good = false;
    int depth = std::numeric_limits<int>::max();  // pointers away from who asked, when read
  };
  struct Reading;
  struct Work {
    Node* node;
    Address at;
    int depth;
  };
  Node* resolve(Address at, int depth, Reading& reading);
  static bool read_header(Node& node, Address at, std::span<const std::byte> bytes,
                          Reading& reading);
  static void read_node(const Work& work, Reading& reading, GoRuntimeTypes& types);
  static bool read_struct(Node& node, std::span<const std::byte> tail, int depth, Reading& reading,
                          GoRuntimeTypes& types);

  static constexpr std::size_t kMostReads = 5'000;  // of memory, for one call's values

  std::size_t reads_left_ = kMostReads;
  std::unordered_map<std::uint64_t, Node> kept_;       // by offset in the region
  std::unordered_map<std::uint64_t, Node> temporary_;  // by address
};

}  // namespace ttrace
