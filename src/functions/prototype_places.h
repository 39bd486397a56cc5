// Where the values of a described function are.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "arch/calling.h"
#include "functions/prototype.h"
#include "functions/values.h"

namespace ttrace::prototypes {

/// A type as the calling convention sees it; of a pointer to it when `pointed`.
Shape shape_of(const Type& type, bool pointed, Abi abi);
/// Those of all described arguments, also of those that are not always there (they come last).
std::vector<Shape> shapes_of(const Prototype& prototype, Abi abi);
Shape result_shape(const Prototype& prototype, Abi abi);

/// The bytes of a value of `size` bytes, in the source's arena: of a floating-point one in an x87
/// register that register's. Empty: they cannot be had.
std::span<const std::byte> bytes_at(const Place& place, std::size_t size,
                                    const ValueSource& source);

}  // namespace ttrace::prototypes
