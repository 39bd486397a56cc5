// The texts of Go's errors, without asking the program to make them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "functions/go_values.h"

namespace ttrace {

/// What Error() of a known type of the standard library returns, from what it is made of: the types
/// and what their methods do with their fields are those of Go 1.16 to 1.27. nullopt: another type,
/// or one that is not made as expected, holds an error of another type, or cannot be read.
std::optional<std::string> go_error_text(const GoDynamic& error, ObjectReader& reader);

/// syscall.Errno's text: the C library's, in Go's spelling.
std::string go_errno_text(std::uint64_t number);

/// An address as net.IP has it, of 4 or 16 bytes: "127.0.0.1", "::1"; nullopt: of another length.
std::optional<std::string> go_ip_text(std::span<const std::byte> bytes);

}  // namespace ttrace
