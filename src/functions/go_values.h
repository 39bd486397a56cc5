// What Go's own kinds of values hold: strings, slices, interfaces and so on.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

#include "functions/go_runtime_types.h"
#include "functions/object_reader.h"

namespace ttrace {

/// Where to find out of what type a value behind an interface is.
struct GoTypeSource {
  GoRuntimeTypes& types;
  GoTypeRegion region;
};

/// A value of one of Go's types, from all of its bytes, as its user thinks of it:
///
///   strings, byte slices   "text"              slices               [1, 2, 3]
///   maps                   map[string]int(len=2)
///   channels               chan int(len=1, cap=3)
///   functions              main.main.func1     interfaces           int(5), *main.T(&{x=1})
///   errors                 *fs.PathError("open x: no such file or directory")
///
/// and nil. nullopt: it is shown as what it is made of, as a C value of its Type::kind. What makes
/// no sense (it is not initialised) is shown by its words.
std::optional<Value> read_go(const Type& type, std::span<const std::byte> bytes,
                             ObjectReader& reader, ObjectReader::Level level);

/// What an interface holds. Nothing: it is nil.
struct GoDynamic {
  const Type* type = nullptr;
  Address at;              // of the value, unless it is direct
  std::uint64_t word = 0;  // a direct value itself
  bool direct = false;
};
/// `tab` and `data` are an interface's words, neither of them of a nil one; `empty`: it is one
/// without methods. nullopt: its type cannot be read.
std::optional<GoDynamic> go_dynamic(std::uint64_t tab, std::uint64_t data, bool empty,
                                    ObjectReader& reader);
/// Whether an interface type has no methods.
bool is_empty_interface(const Type& type);

/// A type's name as %T prints it: of a package's path the last part, and without what only the
/// compiler calls type arguments ("go.shape.int_0").
std::string_view go_type_name(const Type& type, Arena& arena);

}  // namespace ttrace
