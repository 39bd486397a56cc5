// Types by their names: those of syscalls/, those that functions need beyond them, and those that
// prototype files define.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "functions/prototype.h"
#include "functions/prototype_parser.h"

namespace ttrace::prototypes {

/// The type of this name, without a length; nullopt: there is none.
std::optional<Type> type_named(std::string_view name, const NamedTypes& types);
/// Every name that type_named() knows.
std::vector<std::string_view> known_types(const NamedTypes& types);

/// The value of a constant of the set that `type` is; nullopt: it is none, or the set lacks it.
std::optional<PerAbi<std::uint64_t>> constant_value(const Type& type, std::string_view name);

/// Whether a length or a condition can be made of it.
bool is_number(const Type& type);

/// Puts the fields one behind the other by the C compiler's rules, and sets size and alignment.
/// False: it is larger than 65535 bytes.
bool lay_out(Structure& structure);

/// The largest array or structure, in bytes.
inline constexpr std::uint64_t kLargest = 65535;

}  // namespace ttrace::prototypes
