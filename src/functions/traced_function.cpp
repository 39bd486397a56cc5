#include "functions/traced_function.h"

#include <algorithm>
#include <utility>

#include "functions/go_convention.h"
#include "functions/rust_convention.h"
#include "symbols/pattern.h"

namespace ttrace {

namespace {

// Four long doubles is the largest thing that any convention passes in registers (an AAPCS64 HFA).
constexpr std::uint64_t kLargestInRegisters = 64;
constexpr std::size_t kMostFields = 64;
constexpr unsigned kDeepest = 16;

void add_scalar(const Type& type, std::uint64_t offset, Shape& shape) {
  using Kind = Type::Kind;
  auto primitive = Shape::Primitive::Integer;
  if (type.kind == Kind::Float) {
    primitive = type.x87 ? Shape::Primitive::X87 : Shape::Primitive::Float;
  }
  shape.fields.push_back(
      {static_cast<std::uint32_t>(offset), static_cast<std::uint32_t>(type.size), primitive});
}

// The bytes that it touches: the conventions ask where bit-fields are, but not for alignment.
void add_bitfield(const Member& member, std::uint64_t offset, Shape& shape) {
  std::uint64_t bytes = (member.bit_offset + member.bit_size + 7) / 8;
  for (std::uint64_t i = 0; i < bytes && shape.fields.size() <= kMostFields; ++i) {
    shape.fields.push_back(
        {static_cast<std::uint32_t>(offset + member.offset + i), 1, Shape::Primitive::Integer});
  }
}

// False: too much to describe.
bool flatten(const Type& type, std::uint64_t offset, unsigned depth, Shape& shape) {
  if (depth > kDeepest || shape.fields.size() > kMostFields || offset > kLargestInRegisters) {
    return false;
  }
  switch (type.kind) {
    case Type::Kind::Void:
      return true;
    case Type::Kind::Struct:
    case Type::Kind::Union:
      shape.overlaps = shape.overlaps || (type.kind == Type::Kind::Union && type.size != 0);
      if (type.discriminant && type.discriminant->type != nullptr) {
        const Member& by = *type.discriminant;
        add_scalar(*by.type, offset + by.offset, shape);
      }
      for (const Member& member : type.members) {
        if (member.bit_size != 0) {
          add_bitfield(member, offset, shape);
          continue;
        }
        if (member.type != nullptr &&
            !flatten(*member.type, offset + member.offset, depth + 1, shape)) {
          return false;
        }
      }
      return true;
    case Type::Kind::Array:
      if (type.target == nullptr || type.target->size == 0) return true;
      shape.overlaps = shape.overlaps || type.count != 0;
      for (std::uint64_t i = 0; i < type.count; ++i) {
        if (!flatten(*type.target, offset + i * type.target->size, depth + 1, shape)) return false;
      }
      return true;
    case Type::Kind::Signed:
    case Type::Kind::Unsigned:
    case Type::Kind::Char:
    case Type::Kind::Bool:
    case Type::Kind::Float:
    case Type::Kind::Enum:
    case Type::Kind::Pointer:
    case Type::Kind::Reference:
    case Type::Kind::MemberPointer:
    case Type::Kind::Function:
    case Type::Kind::Unknown:
      add_scalar(type, offset, shape);
      return true;
  }
  return false;
}

bool is_aggregate(const Type& type) {
  return type.kind == Type::Kind::Struct || type.kind == Type::Kind::Union ||
         type.kind == Type::Kind::Array;
}

// The alignment that decides where an argument goes: the strictest of its scalars, unless the
// debug information gives one.
std::uint32_t alignment(const Type& type, const Shape& shape) {
  if (type.align != 0) return type.align;
  std::uint32_t align = 1;
  for (const Shape::Field& field : shape.fields)
    align = std::max(align, field.size);
  return std::min<std::uint32_t>(align, 16);
}

// A class that is only declared (clang describes the C++ library's so) has no size: nobody knows
// where it is, nor what is passed behind it. A result of such a type may take the first register.
bool is_unknown(const Type* type) {
  return type != nullptr && type->kind == Type::Kind::Unknown && type->size == 0;
}

void drop_unknown(const Signature& signature, std::vector<Place>& places) {
  bool known = !is_unknown(signature.result);
  for (std::size_t i = 0; i < places.size(); ++i) {
    known = known && !is_unknown(signature.parameters[i].type);
    if (!known) places[i] = {};
  }
}

}  // namespace

Shape shape_of(const Type* type) {
  Shape shape;
  if (type == nullptr || type->kind == Type::Kind::Void) return shape;
  shape.size = type->size;
  shape.aggregate = is_aggregate(*type);
  shape.by_reference = type->by_reference;
  if (type->size <= kLargestInRegisters && !flatten(*type, 0, 0, shape)) shape.fields.clear();
  shape.align = alignment(*type, shape);
  return shape;
}

const TracedFunction::Layout& TracedFunction::layout() {
  if (layout_) return *layout_;
  layout_ = Layout();
  layout_->signature = module_->signature(function_);
  if (function_.go) layout_->go_words = module_->go_arguments(function_);
  if (layout_->signature == nullptr) return *layout_;
  if (layout_->signature->go) {
    lay_out_go(*layout_);
    return *layout_;
  }
  std::vector<Shape> shapes;
  shapes.reserve(layout_->signature->parameters.size());
  for (const Parameter& parameter : layout_->signature->parameters) {
    shapes.push_back(shape_of(parameter.type));
  }
  Shape result = shape_of(layout_->signature->result);
  bool rust = layout_->signature->rust;
  auto places =
      rust ? rust_arguments(machine(), shapes, result) : place_arguments(machine(), shapes, result);
  auto back = rust ? rust_result(machine(), result) : place_result(machine(), result);
  layout_->convention_known = places.has_value() && back.has_value();
  if (places) drop_unknown(*layout_->signature, *places);
  if (places) layout_->arguments = std::move(*places);
  if (back) layout_->result = std::move(*back);
  return *layout_;
}

void TracedFunction::lay_out_go(Layout& layout) {
  // What the linker makes for callers in assembly has the name of what it calls, and this behind
  // it.
  bool on_stack = function_.assembly || function_.linkage.ends_with(".abi0");
  // Go before 1.20 does not describe parameters without a name; what it writes for its tracebacks
  // counts them.
  constexpr unsigned kDescribesAll = 20;
  const auto& parameters = layout.signature->parameters;
  const auto& said = layout.go_words;
  const auto described =
      static_cast<std::size_t>(std::ranges::count(parameters, false, &Parameter::artificial));
  const GoProgram* program = module_->go();
  const bool complete = program == nullptr || program->minor >= kDescribesAll || !said ||
                        said->words.empty() || said->words.back().parameter < described;
  auto places = place_go(machine(), !on_stack, parameters, layout.signature->results, complete);
  // The assembler describes no arguments, and Go before 1.20 none of the methods that it makes for
  // interfaces.
  if (parameters.empty()) layout.untold = said ? !said->words.empty() : function_.assembly;
  layout.convention_known = !go_registers(machine()).empty();
  layout.arguments = std::move(places.arguments);
  layout.results = std::move(places.results);
}

namespace {

// The assembler describes a function's place and not what it takes: that looks like a function
// without arguments and result.
bool says_nothing(const Signature* signature) {
  return signature == nullptr ||
         (signature->parameters.empty() && signature->result == nullptr && !signature->variadic);
}

}  // namespace

const prototypes::Prototype* TracedFunction::prototype() {
  prototypes::PrototypeBook* book = std::exchange(book_, nullptr);
  if (book == nullptr) return prototype_;
  if (function_.clone) return nullptr;  // it has other arguments than its name says
  const std::string_view linkage = unversioned(function_.linkage);
  prototype_ = book->find(linkage, library_, machine(), true);
  if (prototype_ == nullptr && says_nothing(layout().signature)) {
    prototype_ = book->find(linkage, library_, machine());
  }
  return prototype_;
}

}  // namespace ttrace
