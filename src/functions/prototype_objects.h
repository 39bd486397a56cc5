// From bytes and addresses to values, by the types of prototypes.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "decode/type_reader.h"
#include "functions/prototype.h"
#include "functions/values.h"

namespace ttrace::prototypes {

/// Reads the objects of one call.
class Objects {
 public:
  Objects(const ValueSource& source, TypeReader& types) : source_(source), types_(types) {}

  /// A value out of its bytes; a floating-point one may come in the x87's own format (10 bytes).
  /// Too few bytes: OptimizedOut.
  Value object(const Type& type, std::span<const std::byte> bytes);
  /// What is at `at`: NULL and what cannot be read are shown as the address. `length`: of bytes and
  /// arrays.
  Value pointee(const Type& type, Address at, std::uint64_t length);
  /// Text of which no more than `most` bytes belong together, with or without a NUL.
  Value text(const Type& type, Address at, std::optional<std::uint64_t> most);
  /// All of a text, for who wants to know what it says; of a wide one what is not ASCII is '?'.
  /// nullopt: it cannot be read, or is longer than a page.
  std::optional<std::string> whole_text(const Type& type, Address at);

 private:
  Value floating(const Type& type, std::span<const std::byte> bytes);
  Value constant(const Type& type, std::uint64_t number);
  Value function(Address at);
  Value structure(const Structure& structure, std::span<const std::byte> bytes);
  Value array(const Type& element, Address at, std::uint64_t count);
  Value elements(const Type& element, std::span<const std::byte> bytes, bool more);
  Value plain_text(Address at, std::uint64_t most);
  Value wide_text(Address at, std::uint64_t most);
  std::span<std::byte> read(Address at, std::uint64_t size);

  const ValueSource& source_;
  TypeReader& types_;
  unsigned depth_ = 0;
};

}  // namespace ttrace::prototypes
