// Where a program's stacks are.
#pragma once

#include <cstdint>
#include <map>

#include "base/address.h"

namespace ttrace {

/// A range of addresses with a stack in it.
struct StackRange {
  enum class Kind : std::uint8_t {
    Mapping,  // a mapping: usually one stack, but an allocator may have put several there
    Main,     // the mapping that the kernel made for the first thread's stack
    Made,     // given to makecontext(3)
    Signal,   // given to sigaltstack(2): what runs there was called by what was interrupted
  };
  Address low;
  Address high;
  Kind kind = Kind::Mapping;

  /// Whether a stack pointer, or a CFA, is in it: the top of a stack belongs to it.
  [[nodiscard]] bool holds(Address sp) const { return sp > low && sp <= high; }
  /// Nothing but one stack is in it.
  [[nodiscard]] bool is_one_stack() const { return kind != Kind::Mapping; }
  /// The program said that it is one.
  [[nodiscard]] bool is_announced() const { return kind == Kind::Made || kind == Kind::Signal; }
  bool operator==(const StackRange&) const = default;
};

/// The stacks of one address space.
class Stacks {
 public:
  /// The program says that a stack is at `range`; what it said before of places in it is over.
  void announce(const StackRange& range);
  /// The range that holds `sp`: an announced one, otherwise `last` if it is not announced and holds
  /// it, otherwise what /proc says of the living thread `tid`; an empty range when nothing is
  /// there.
  [[nodiscard]] StackRange find(Address sp, const StackRange& last, Tid tid) const;
  /// Whether a frame at `cfa` lies on the stack of `range`, which find() gave.
  [[nodiscard]] bool is_on(const StackRange& range, Address cfa) const;

 private:
  [[nodiscard]] const StackRange* announced_at(Address sp) const;

  std::map<Address, StackRange> announced_;  // by `high`; they do not overlap
};

}  // namespace ttrace
