// Memory for the values of one event: allocated by bumping a pointer, freed all at once.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>
#include <type_traits>
#include <vector>

namespace ttrace {

/// A bump allocator. reset() keeps the blocks, so in the steady state nothing is allocated; only
/// what a single large event took is given back. Holds only trivially destructible types: nothing
/// is destroyed. With AddressSanitizer, a use behind the end of an allocation or after reset() is
/// found.
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
  /// Keeps the first `count` objects of `all`. The memory of the others can be used again when
  /// `all` is what was allocated last.
  template <class T>
  std::span<T> shrink(std::span<T> all, std::size_t count) {
    const auto kept = all.first(count);
    take_back(all.data() + count, (all.size() - count) * sizeof(T));
    return kept;
  }

  /// Frees everything. `budget`: how many bytes left() has to offer from now on.
  void reset(std::size_t budget = kUnlimited);

  /// Bytes handed out since reset(), what alignment costs included.
  [[nodiscard]] std::size_t used() const { return before_ + used_; }
  /// Bytes that it holds, handed out or not.
  [[nodiscard]] std::size_t capacity() const;
  /// Bytes of the budget that are not handed out. Nobody is stopped from taking more: who allocates
  /// by a count that comes from a tracee asks before.
  [[nodiscard]] std::size_t left() const { return budget_ - std::min(used(), budget_); }

 private:
  static constexpr std::size_t kUnlimited = ~std::size_t{0};
  struct Block {
    std::unique_ptr<std::byte[]> data;
    std::size_t size = 0;
  };
  void* raw(std::size_t size, std::size_t align);
  void take_back(void* from, std::size_t size);

  std::vector<Block> blocks_;
  std::size_t block_ = 0;   // index of the block in use
  std::size_t used_ = 0;    // bytes used of it
  std::size_t before_ = 0;  // bytes used of those before it
  std::size_t budget_ = kUnlimited;
};

}  // namespace ttrace
