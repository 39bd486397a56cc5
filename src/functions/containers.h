// What the containers, strings and smart pointers of the C++ and Rust libraries hold.
#pragma once

#include <cstddef>
#include <optional>
#include <span>

#include "functions/object_reader.h"

namespace ttrace {

/// The content of a container, as its user thinks of it, from all of its bytes:
///
///   strings            "text"                 sequences, sets        [1, 2, 3]
///   maps               {["a"]=1, ["b"]=2}     tuples                 (1, "a")
///   smart pointers     &5, &{x=1}, NULL       optional               5, or nullopt
///
/// Types are recognised by their names, and everything in them is found by the names of members in
/// the debug information; nothing is assumed about how they are laid out. nullopt: not such a type,
/// or not made as expected, or its content makes no sense (it is not constructed yet): then it is
/// to be shown as the structure that it is.
std::optional<Value> read_container(const Type& type, std::span<const std::byte> bytes,
                                    ObjectReader& reader, ObjectReader::Level level);

}  // namespace ttrace
