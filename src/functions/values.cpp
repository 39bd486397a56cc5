#include "functions/values.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string>
#include <string_view>

#include "arch/machine.h"
#include "base/number.h"
#include "functions/go_calls.h"
#include "functions/object_reader.h"
#include "functions/scalars.h"
#include "functions/type_paths.h"

namespace ttrace {

Value read_place(const Type& type, const Place& place, ObjectReader& reader) {
  const ValueSource& source = reader.source();
  if (place.pieces.empty()) {
    bool empty = type.size == 0 && type.kind != Type::Kind::Unknown;
    return empty ? reader.read(type, {}, {}) : Value::optimized_out();
  }
  std::size_t size = 0;
  for (const Piece& piece : place.pieces)
    size += piece.size;
  size = std::min(size, kMostBytes);
  // An object's last piece may be wider than what is left of it, never narrower.
  auto bytes = source.arena.allocate<std::byte>(std::max(size, kWidestScalar));
  std::ranges::fill(bytes, std::byte{0});
  std::size_t at = 0;
  for (const Piece& piece : place.pieces) {
    if (at >= size) break;
    std::size_t part = std::min<std::size_t>(piece.size, size - at);
    if (!read_piece(piece, source, bytes.subspan(at, part))) {
      if (piece.where != Piece::Where::Stack) return Value::optimized_out();
      return Value::unreadable(source.registers.sp() + static_cast<std::uint64_t>(piece.offset));
    }
    at += part;
  }
  if (place.indirect) {
    auto pointer = bytes.first(word_size(source.registers.machine()));
    return reader.read_at(type, Address(load_number(pointer)), {});
  }
  // An x87 register holds every floating-point type in its own format.
  if (place.pieces.front().where == Piece::Where::X87 && type.kind == Type::Kind::Float) {
    return Value::real(load_x87(bytes));
  }
  return reader.read(type, bytes.first(std::max<std::size_t>(size, 1)), {});
}

namespace {

// Where a statement of the debug information puts a parameter; nullopt when it does not settle it:
// a value in several registers is not in one, and an object passed by reference is known to the
// calling convention.
std::optional<Place> stated_place(const Parameter& parameter, Abi machine) {
  const Type& type = *parameter.type;
  if (parameter.location.kind == EntryLocation::Kind::Address) {
    auto pointer = dwarf_piece(machine, parameter.location.reg,
                               static_cast<std::uint32_t>(word_size(machine)));
    return pointer ? std::optional(Place{true, {*pointer}}) : std::nullopt;
  }
  if (type.by_reference) return std::nullopt;
  auto size = static_cast<std::uint32_t>(std::min<std::uint64_t>(type.size, kMostBytes));
  if (parameter.location.kind == EntryLocation::Kind::Stack) {
    return Place{false, {Piece{Piece::Where::Stack, 0, parameter.location.offset, size}}};
  }
  if (parameter.location.kind != EntryLocation::Kind::Register) return std::nullopt;
  auto piece = dwarf_piece(machine, parameter.location.reg, size);
  if (!piece || (piece->where == Piece::Where::Register && size > sizeof(std::uint64_t))) {
    return std::nullopt;
  }
  return Place{false, {*piece}};
}

// Whether what is said of a parameter behind the prologue makes the convention's place believable.
bool agrees(const Place& convention, unsigned reg, Abi machine) {
  if (convention.indirect) return true;
  if (reg == EntryLocation::kFrame) {
    return std::ranges::any_of(
        convention.pieces, [](const Piece& piece) { return piece.where == Piece::Where::Stack; });
  }
  auto named = dwarf_piece(machine, reg, 1);
  return named && std::ranges::any_of(convention.pieces, [&](const Piece& piece) {
           return piece.where == named->where && piece.reg == named->reg;
         });
}

Value read_parameter(const Parameter& parameter, const Place* convention, ObjectReader& reader) {
  const ValueSource& source = reader.source();
  if (parameter.type == nullptr) return Value::optimized_out();
  const Type& type = *parameter.type;
  using Kind = EntryLocation::Kind;
  if (parameter.location.kind == Kind::Constant) {
    std::array<std::byte, kWidestScalar> bytes{};
    std::memcpy(bytes.data(), &parameter.location.offset, sizeof(parameter.location.offset));
    return reader.read(type, bytes, {});
  }
  if (auto place = stated_place(parameter, source.registers.machine())) {
    return read_place(type, *place, reader);
  }
  bool agreed = parameter.location.kind == Kind::None ||
                (parameter.location.kind == Kind::Later && convention != nullptr &&
                 agrees(*convention, parameter.location.reg, source.registers.machine()));
  if (convention == nullptr || !agreed) return Value::optimized_out();
  return read_place(type, *convention, reader);
}

Arguments raw_arguments(const ValueSource& source) {
  Abi machine = source.registers.machine();
  auto registers = argument_registers(machine);
  auto values = source.arena.allocate<Value>(registers.size());
  for (std::size_t i = 0; i < registers.size(); ++i) {
    Value value = Value::raw(source.registers.get(registers[i]));
    value.name = register_name(machine, registers[i]);
    value.show_name = true;
    new (&values[i]) Value(value);
  }
  return {values, true};
}

// A constructor's `this`: there is no object yet.
bool is_made_by(const Parameter& parameter, const Function& function) {
  if (!parameter.artificial || parameter.name != "this") return false;
  std::string_view name = function.name;
  auto last = name.rfind("::");
  if (last == std::string_view::npos) return false;
  std::string_view owner = without_arguments(name.substr(0, last));
  auto before = owner.rfind("::");
  if (before != std::string_view::npos) owner.remove_prefix(before + 2);
  return name.substr(last + 2) == owner;
}

Value read_bare_address(const Parameter& parameter, const Place* convention, ObjectReader& reader) {
  if (parameter.type == nullptr) return Value::optimized_out();
  Parameter bare = parameter;
  Type type;  // nothing but a size
  type.size = parameter.type->size;
  bare.type = &type;
  Value value = read_parameter(bare, convention, reader);
  return value.kind == Value::Kind::Raw ? Value::address(Address(value.number)) : value;
}

// The clones from which gcc leaves out what their callers do not use.
bool may_lack_result(const Function& function) {
  return function.clone && (function.linkage.find(".isra") != std::string::npos ||
                            function.linkage.find(".part") != std::string::npos);
}

}  // namespace

Value read_object(const Type& type, std::span<const std::byte> bytes, const ValueSource& source,
                  unsigned depth) {
  return ObjectReader(source).read(type, bytes, {depth, 0, 0});
}

bool read_piece(const Piece& piece, const ValueSource& source, std::span<std::byte> out) {
  if (out.empty()) return true;
  switch (piece.where) {
    case Piece::Where::Register: {
      std::uint64_t n = source.registers.get(piece.reg);
      std::memcpy(out.data(), &n, std::min(out.size(), sizeof(n)));
      return true;
    }
    case Piece::Where::Vector:
    case Piece::Where::X87: {
      auto floats = source.floats();
      if (!floats) return false;
      auto held =
          piece.where == Piece::Where::X87 ? floats->x87(piece.reg) : floats->vector(piece.reg);
      std::memcpy(out.data(), held.data(), std::min(out.size(), held.size()));
      return true;
    }
    case Piece::Where::Stack: {
      Address at = source.registers.sp() + static_cast<std::uint64_t>(piece.offset);
      return source.memory.read(at, out) == out.size();
    }
  }
  return false;
}

Value read_code(Address at, const ValueSource& source) {
  auto name = source.function_at ? source.function_at(at) : std::nullopt;
  if (!name) return Value::address(at);
  if (name->offset == 0) return Value::symbol(name->function, at.value());
  Value value = Value::address(at);
  value.note =
      source.arena.copy(std::string_view(fmt::format("{}+{:#x}", name->function, name->offset)));
  return value;
}

Arguments read_arguments(TracedFunction& function, const ValueSource& source) {
  if (function.function().go) return read_go_arguments(function, source);
  const auto& layout = function.layout();
  if (layout.signature == nullptr) return raw_arguments(source);
  const auto& parameters = layout.signature->parameters;
  auto values = source.arena.allocate<Value>(parameters.size());
  // A compiler's clone has a calling convention of its own: only what is stated about it is true.
  bool conventional =
      !function.function().clone && layout.convention_known && !layout.signature->incomplete;
  ObjectReader reader(source);
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const Place* convention =
        conventional && i < layout.arguments.size() ? &layout.arguments[i] : nullptr;
    Value value = is_made_by(parameters[i], function.function())
                      ? read_bare_address(parameters[i], convention, reader)
                      : read_parameter(parameters[i], convention, reader);
    value.name = parameters[i].name;
    value.show_name = !parameters[i].name.empty();
    new (&values[i]) Value(value);
  }
  return {values, layout.signature->variadic || layout.signature->incomplete};
}

Value read_result(TracedFunction& function, const ValueSource& source, std::uint64_t kept) {
  if (function.function().go) return read_go_result(function, source);
  const auto& layout = function.layout();
  Abi machine = source.registers.machine();
  if (layout.signature == nullptr) {
    Value value = Value::raw(source.registers.get(result_register(machine)));
    value.comment = register_name(machine, result_register(machine));
    return value;
  }
  const Type* type = layout.signature->result;
  if (type == nullptr || type->kind == Type::Kind::Void) return Value::none();
  if (!layout.convention_known) return Value::optimized_out();
  if (may_lack_result(function.function()) || layout.signature->unconventional)
    return Value::optimized_out();
  ObjectReader reader(source);
  if (layout.result.keep_at_entry) return reader.read_at(*type, Address(kept), {});
  return read_place(*type, layout.result.place, reader);
}

}  // namespace ttrace
