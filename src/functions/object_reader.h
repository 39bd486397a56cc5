// One object of any type, from its bytes and from what they point to.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "functions/texts.h"
#include "functions/type_paths.h"
#include "functions/values.h"

namespace ttrace {

/// Reads the values of one event. What they may cost together is bounded, whatever the types and
/// the memory are: when that is spent, lists and structures end in `...`.
///
/// Followed are: text pointers, everywhere; references, which are shown as what they refer to; the
/// insides of containers; and pointers to structures, unions and arrays (Rust's references: to
/// anything), shown as &{...}, of which one at most is on the way to any value.
class ObjectReader {
 public:
  explicit ObjectReader(const ValueSource& source) : source_(source) {}

  /// How far away from the argument an object is.
  struct Level {
    unsigned depth = 0;     // structures and lists around it
    unsigned pointers = 0;  // followed on the way
    unsigned steps = 0;     // of any kind

    [[nodiscard]] Level inside() const { return {depth + 1, pointers, steps}; }
    [[nodiscard]] Level behind_pointer() const { return {depth, pointers + 1, steps}; }
  };

  /// An object from its bytes, which may be fewer than it has: then what they do not hold is not
  /// shown. `type` may be of any kind.
  Value read(const Type& type, std::span<const std::byte> bytes, Level level);
  /// An object in memory; Unreadable when it cannot be read.
  Value read_at(const Type& type, Address at, Level level);
  /// &value, or NULL, or the address when there is nothing that could be read.
  Value read_pointee(const Type* target, Address at, Level level);
  /// `count` objects that lie one after the other, as an array; nullopt when those that would be
  /// shown cannot all be read.
  std::optional<Value> read_elements(const Type& element, Address at, std::uint64_t count,
                                     Level level);
  /// The members of a structure, without a name in front, whatever it is.
  Value read_members(const Type& type, std::span<const std::byte> bytes, Level level);

  /// Reads all of `out`; false also when too much was read already.
  bool fetch(Address at, std::span<std::byte> out);
  /// Whether one more value may be made.
  bool spend();
  [[nodiscard]] std::size_t values_left() const;
  /// "3 elements", for a list that is not shown whole.
  [[nodiscard]] std::string_view counted(std::uint64_t count) const;
  [[nodiscard]] bool too_deep(Level level) const { return level.depth >= source_.limits.depth; }
  [[nodiscard]] TextSource text_source() const {
    return {source_.memory, source_.arena, source_.limits.string};
  }
  [[nodiscard]] const ValueSource& source() const { return source_; }
  [[nodiscard]] std::size_t word() const;

 private:
  Value read_pointer(const Type& type, Address at, Level level);
  Value read_member_pointer(const Type& type, std::span<const std::byte> bytes) const;
  Value read_array(const Type& type, std::span<const std::byte> bytes, Level level);
  Value read_list(const Type& element, std::span<const std::byte> bytes, std::uint64_t count,
                  Level level);
  Value read_variant(const Type& type, std::span<const std::byte> bytes, Level level);
  Value read_payload(const Member& member, std::span<const std::byte> bytes, Level level);
  struct Members;
  void add_members(const Type& type, std::span<const std::byte> bytes, Level level, Members& to);

  static constexpr unsigned kMostSteps = 32;
  static constexpr std::size_t kMostValues = 1000;  // and more when long lists are asked for
  static constexpr unsigned kMostReads = 500;

  const ValueSource& source_;
  std::size_t values_ = 0;
  unsigned reads_ = 0;
};

/// The value at a place where registers and the stack hold it. OptimizedOut: it is nowhere.
Value read_place(const Type& type, const Place& place, ObjectReader& reader);

/// The largest object that is read whole; of a larger one the beginning is shown.
inline constexpr std::size_t kMostBytes = 4096;

}  // namespace ttrace
