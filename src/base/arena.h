// Memory for the values of one event: allocated by bumping a pointer, freed all at once.
#pragma once

#include <cstddef>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>
#include <type_traits>
#include <vector>

namespace ttrace {

/// A bump allocator. reset() keeps the blocks, so in the steady state nothing is allocated.
/// Holds only trivially destructible types: nothing is destroyed.
class Arena {
 public:
  Arena() = default;
  Arena(Arena&&) = default;
  Arena& operator=(Arena&&) = default;
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;
  ~Arena() = default;

  /// Uninitialised storage for `count` objects of T; valid until reset().
  template <class T>
  std::span<T> allocate(std::size_t count) {
    static_assert(std::is_trivially_destructible_v<T>);
    return {static_cast<T*>(raw(count * sizeof(T), alignof(T))), count};
  }
  template <class T>
  std::span<T> copy(std::span<const T> from) {
    static_assert(std::is_trivially_copyable_v<T>);
    auto to = allocate<T>(from.size());
    if (!from.empty()) std::memcpy(to.data(), from.data(), from.size_bytes());
    return to;
  }
  std::string_view copy(std::string_view text) {
    auto to = copy(std::span<const char>(text.data(), text.size()));
    return {to.data(), to.size()};
  }
  void reset() {
    block_ = 0;
    used_ = 0;
  }

 private:
  struct Block {
    std::unique_ptr<std::byte[]> data;
    std::size_t size = 0;
  };
  void* raw(std::size_t size, std::size_t align);

  std::vector<Block> blocks_;
  std::size_t block_ = 0;  // index of the block in use
  std::size_t used_ = 0;   // bytes used of it
};

}  // namespace ttrace
