// Structures that come with their size: programs made for later kernels hand in longer ones.
#include <algorithm>

#include "decode/custom/custom.h"

namespace ttrace::custom {

Value unknown_fields(CallContext& context, Address at, std::size_t known, std::uint64_t size) {
  constexpr std::uint64_t kMax = 4096;  // the kernel takes no more than a page
  if (size <= known) return Value::none();
  const auto rest = static_cast<std::size_t>(std::min(size, kMax)) - known;
  const auto bytes = context.read(at + known, rest);
  if (bytes.size() != rest) return Value::verbatim("???");
  if (std::ranges::all_of(bytes, [](std::byte byte) { return byte == std::byte{0}; })) {
    return Value::none();
  }
  const std::size_t shown = std::min(rest, context.options().string_limit);
  const Value text = hex_string(context, bytes.first(shown), rest);
  return Value::verbatim(
      format(context.arena(), "/* bytes {}..{} */ {}", known, known + rest - 1, text.text));
}

Value with_field(CallContext& context, const Value& structure, const Value& field) {
  if (structure.kind != Value::Kind::Struct || field.kind == Value::Kind::None) return structure;
  auto fields = context.arena().allocate<Value>(structure.children.size() + 1);
  *std::ranges::copy(structure.children, fields.begin()).out = field;
  Value result = structure;
  result.children = fields;
  return result;
}

Value sized_structure(CallContext& context, tables::Index type_index, Address at,
                      std::uint64_t size) {
  const auto& type = tables::kTypes[type_index];
  const std::size_t known = type.size[context.abi_index()];
  if (at.null() || size < known) return Value::address(at);
  return with_field(context, context.pointee(type, at), unknown_fields(context, at, known, size));
}

Value open_how(CallContext& context, const CustomInput& input) {
  constexpr std::size_t kSize = 24;
  constexpr std::uint64_t kMakes = 0x40 | 0x400000;  // O_CREAT, __O_TMPFILE
  const Address at(input.value);
  if (at.null() || input.length < kSize) return Value::address(at);
  const auto bytes = context.read(at, kSize);
  if (bytes.size() != kSize) return Value::unreadable(at);
  const std::uint64_t flags = number_at(bytes, 0, 8);
  const std::uint64_t mode = number_at(bytes, 8, 8);
  ValueList<4> fields;
  fields.add("flags", context.flags(known::set::open_how_flags, flags));
  if (mode != 0 || (flags & kMakes) != 0) fields.add("mode", Value::octal(mode));
  fields.add("resolve", context.flags(known::set::resolve_flags, number_at(bytes, 16, 8)));
  return with_field(context, fields.structure(context.arena()),
                    unknown_fields(context, at, kSize, input.length));
}

}  // namespace ttrace::custom
