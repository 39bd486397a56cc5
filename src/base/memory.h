// Reading and writing another address space.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "base/address.h"
#include "base/result.h"

namespace ttrace {

/// A readable address space: a tracee's, or a fake one in tests.
class Memory {
 public:
  Memory() = default;
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;
  virtual ~Memory() = default;

  /// Copies up to out.size() bytes from `from`. Returns how many bytes from the start could be
  /// read: fewer than asked when an unreadable page follows, 0 when the first byte is unreadable.
  [[nodiscard]] virtual std::size_t read(Address from, std::span<std::byte> out) = 0;

  /// Reads a whole object; false when any byte of it is unreadable.
  template <class T>
  [[nodiscard]] bool read_object(Address from, T& to) {
    return read(from, std::as_writable_bytes(std::span(&to, 1))) == sizeof(T);
  }

  /// Reads a little-endian number of `size` (1 to 8) bytes; nullopt when any of them is unreadable.
  [[nodiscard]] std::optional<std::uint64_t> read_number(Address from, std::size_t size) {
    std::uint64_t number = 0;
    auto bytes = std::as_writable_bytes(std::span(&number, 1)).first(size);
    if (read(from, bytes) != size) return std::nullopt;
    return number;
  }

  /// Reads a NUL-terminated string of at most `out.size()` bytes, never past the end of the page
  /// that holds its terminator. Returns the bytes read without the NUL; `terminated` tells whether
  /// a NUL was found. 0 bytes and not terminated: unreadable.
  struct StringRead {
    std::size_t length = 0;
    bool terminated = false;
  };
  [[nodiscard]] StringRead read_string(Address from, std::span<char> out);
};

/// An address space that can also be written, text and read-only pages included.
class MutableMemory : public Memory {
 public:
  /// Writes all bytes, or fails (EIO: nothing mapped there; ESRCH: the process is gone). A failed
  /// write may have written a part.
  virtual Result<> write(Address to, std::span<const std::byte> bytes) = 0;
};

}  // namespace ttrace
