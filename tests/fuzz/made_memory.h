// An address space made of a fuzz input: pages of every kind of content that leads a decoder
// astray.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "base/memory.h"
#include "fuzz/input.h"

namespace ttrace::fuzz {

/// Counts what is read. Pages are made when they are first read. There are
///   - kPages pages one after the other, of any kind, unmapped ones among them;
///   - a large area, all of it readable, in which the first of these pages repeat;
///   - the last page of the address space, behind which addresses wrap around.
class MadeMemory final : public Memory {
 public:
  static constexpr std::uint64_t kPage = 4096;
  static constexpr std::size_t kPages = 16;
  static constexpr std::uint64_t kFirst = 0x10000;
  static constexpr std::uint64_t kLarge = 0x8000000;
  static constexpr std::uint64_t kLargeSize = 0x4000000;

  /// `word`: bytes in a pointer. Takes the kind and the seed of each page from `input`.
  MadeMemory(unsigned word, Input& input);
  [[nodiscard]] std::size_t read(Address from, std::span<std::byte> out) override;

  /// Changes one page, as another thread may while the call lasts.
  void change(Input& input);
  /// An address that leads somewhere: mostly into a page or to its last bytes.
  [[nodiscard]] std::uint64_t pointer(std::uint64_t choice) const;

  std::size_t reads = 0;       // calls of read()
  std::size_t bytes_read = 0;  // that they returned

 private:
  enum class Kind : std::uint8_t {
    Unmapped,
    Noise,
    Pointers,   // words that point into the pages
    Small,      // numbers of 4 bytes
    Endless,    // text without a NUL
    Text,       // strings
    Lengths,    // words: 0, 1, 2^31, 2^32-1, 2^63, …
    Vectors,    // a pointer into the same page, a length, …: iovec, msghdr, argv
    Messages,   // length, type, data: control and netlink messages, directory entries
    Addresses,  // of sockets
    Given,      // bytes of the input, repeated
    Ones,
    Zeros,
    Count,
  };
  struct Page {
    Kind kind = Kind::Unmapped;
    bool made = false;
    std::uint64_t seed = 0;
    std::array<std::uint8_t, 64> given{};
  };
  using Content = std::array<std::uint8_t, kPage>;

  void choose(Page& page, Input& input) const;
  /// The page with this number; -1: nothing is there.
  [[nodiscard]] int page_at(std::uint64_t page_number) const;
  const Content& content(std::size_t index);
  void make(std::size_t index, Content& to);
  void make_words(Page& page, std::uint64_t own, Content& to) const;
  void make_messages(std::uint64_t seed, Content& to) const;
  static void make_text(std::uint64_t seed, bool with_nuls, Content& to);

  unsigned word_;
  std::array<Page, kPages + 1> pages_;  // the last is that at the end of the address space
};

/// A number at which code goes wrong: 0, 1, powers of two and their neighbours.
std::uint64_t edge_number(std::uint64_t choice);

}  // namespace ttrace::fuzz
