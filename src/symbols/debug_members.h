// What a DIE of a struct, class, union or enumeration says about its parts.
#pragma once

#include <elfutils/libdw.h>

#include <optional>
#include <vector>

#include "symbols/types.h"

namespace ttrace {

/// A member or base class without its type; nullopt: not a part of each object (a static member, a
/// virtual base, whose place differs from object to object).
std::optional<Member> member_from(Dwarf_Die die);
/// The enumerators, in the order of the source.
std::vector<Enumerator> enumerators_of(Dwarf_Die enumeration);
/// Whether the C++ ABI passes objects of this class by reference (Itanium C++ ABI 3.1.2), as far
/// as the class itself says: the caller adds what its bases and members say. `certain` tells that
/// the file said it, so that nothing is to be added.
struct Passing {
  bool by_reference = false;
  bool certain = false;
};
Passing passing_of(Dwarf_Die class_die);

}  // namespace ttrace
