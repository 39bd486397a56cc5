// Distinct types for the numbers that must never be mixed up.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>

namespace ttrace {

/// An address in a tracee's memory. Never dereferenced here.
class Address {
 public:
  constexpr Address() = default;
  constexpr explicit Address(std::uint64_t value) : value_(value) {}
  [[nodiscard]] constexpr std::uint64_t value() const { return value_; }
  [[nodiscard]] constexpr bool null() const { return value_ == 0; }
  constexpr auto operator<=>(const Address&) const = default;
  // Wraps like the processor's own arithmetic does.
  constexpr Address operator+(std::uint64_t n) const { return Address(value_ + n); }
  constexpr Address operator-(std::uint64_t n) const { return Address(value_ - n); }
  constexpr std::uint64_t operator-(Address other) const { return value_ - other.value_; }

 private:
  std::uint64_t value_ = 0;
};

/// A byte offset in a file.
struct FileOffset {
  std::uint64_t value = 0;
  constexpr auto operator<=>(const FileOffset&) const = default;
};

/// A process (thread group) id, as seen in ttrace's own pid namespace.
struct Pid {
  int value = 0;
  constexpr auto operator<=>(const Pid&) const = default;
};

/// A thread id, as seen in ttrace's own pid namespace.
struct Tid {
  int value = 0;
  constexpr auto operator<=>(const Tid&) const = default;
};

}  // namespace ttrace

template <>
struct std::hash<ttrace::Address> {
  std::size_t operator()(ttrace::Address a) const noexcept {
    return std::hash<std::uint64_t>()(a.value());
  }
};
template <>
struct std::hash<ttrace::Tid> {
  std::size_t operator()(ttrace::Tid t) const noexcept { return std::hash<int>()(t.value); }
};
