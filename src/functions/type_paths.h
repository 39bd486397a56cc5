// Finding members of a type by their names, as a program would.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "symbols/types.h"

namespace ttrace {

/// A part of an object: what it is and where it begins, in bytes from the object's start.
struct Part {
  const Type* type = nullptr;
  std::uint64_t offset = 0;
  const Member* member = nullptr;  // the last one on the way; nullptr: the object itself
};

/// The member `name` of `type`, also of its base classes and anonymous members: of several, the one
/// that hides the others, as C++ has it. nullopt: there is none, or its type is not known.
std::optional<Part> find_member(const Type& type, std::string_view name);

/// A member of a member, names joined by dots: "_M_impl._M_start".
std::optional<Part> find_path(const Type& type, std::string_view path);

/// Every member `name`, those of nearer base classes first: the elements of a tuple, each of which
/// is in a base class of its own.
std::vector<Part> find_all(const Type& type, std::string_view name);

/// A type whose name before its template arguments is `tag`, among the base classes, members and
/// template arguments of `type`, nearest first: a container's nodes are the argument of an
/// allocator that it has or derives from. nullptr: none that is described whole.
const Type* find_related(const Type& type, std::string_view tag);

/// The bytes of a part, as far as they are there.
inline std::span<const std::byte> bytes_of(const Part& part, std::span<const std::byte> bytes) {
  if (part.offset >= bytes.size()) return {};
  auto rest = bytes.subspan(part.offset);
  return rest.first(std::min<std::uint64_t>(rest.size(), part.type->size));
}

/// A name without its template arguments: "vector" of "vector<int, std::allocator<int> >".
inline std::string_view without_arguments(std::string_view name) {
  return name.substr(0, name.find('<'));
}

}  // namespace ttrace
