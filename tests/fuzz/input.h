// The bytes of an input as the choices that a fuzz target makes.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace ttrace::fuzz {

/// A fast generator of numbers that look random; the same seed gives the same numbers.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next() {  // splitmix64
    std::uint64_t z = state_ += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
  }

 private:
  std::uint64_t state_;
};

/// Takes an input apart from its front. When it is used up, what follows depends on all of it, so
/// that short inputs choose as much as long ones.
class Input {
 public:
  explicit Input(std::span<const std::uint8_t> bytes) : bytes_(bytes), rest_(hash(bytes)) {}

  std::uint8_t byte() {
    if (bytes_.empty()) return static_cast<std::uint8_t>(rest_.next());
    const std::uint8_t first = bytes_.front();
    bytes_ = bytes_.subspan(1);
    return first;
  }
  std::uint64_t number(unsigned size) {
    std::uint64_t value = 0;
    for (unsigned i = 0; i < size; ++i)
      value |= std::uint64_t{byte()} << (8 * i);
    return value;
  }
  /// True once in `n` times, n up to 256.
  bool one_in(unsigned n) { return byte() % n == 0; }
  template <class T, std::size_t N>
  const T& one_of(const std::array<T, N>& choices) {
    return choices[byte() % N];
  }

 private:
  static std::uint64_t hash(std::span<const std::uint8_t> bytes) {
    std::uint64_t h = 0xcbf29ce484222325;
    for (const std::uint8_t byte : bytes)
      h = (h ^ byte) * 0x100000001b3;
    return h;
  }

  std::span<const std::uint8_t> bytes_;
  Random rest_;
};

}  // namespace ttrace::fuzz
