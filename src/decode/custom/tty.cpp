// Terminal modes.
#include <array>

#include "decode/custom/custom.h"

namespace ttrace::custom {

namespace {

constexpr std::array<std::string_view, 19> kCharacters{
    "[VINTR]",   "[VQUIT]",  "[VERASE]", "[VKILL]", "[VEOF]", "[VTIME]",    "[VMIN]",
    "[VSWTC]",   "[VSTART]", "[VSTOP]",  "[VSUSP]", "[VEOL]", "[VREPRINT]", "[VDISCARD]",
    "[VWERASE]", "[VLNEXT]", "[VEOL2]",  "[17]",    "[18]"};

// Modes, then as many control characters, then `speeds` numbers.
Value terminal(CallContext& context, Address at, tables::Index modes_type, std::size_t characters,
               std::size_t speeds) {
  const auto& type = tables::kTypes[modes_type];
  // The line discipline is a byte, and no padding follows it here.
  const std::size_t c_line = modes_type == known::type::termio_modes ? 8 : 16;
  const std::size_t end = c_line + 1 + characters;
  const std::size_t size = (end + 3) / 4 * 4 + speeds * 4;
  const auto bytes = context.read(at, modes_type == known::type::termio_modes ? end + 1 : size);
  if (at.null() || bytes.size() < end + speeds * 4) return Value::unreadable(at);
  const Value modes = context.load(type, bytes.first(type.size[context.abi_index()]));
  if (!context.verbose()) {
    return Value::list(Value::Kind::Struct, modes.children.first(modes.children.size() - 1), true);
  }
  ValueList<kCharacters.size()> shown;
  for (std::size_t i = 0; i < characters; ++i) {
    Value character = Value::hex(number_at(bytes, c_line + 1 + i, 1)).named(kCharacters.at(i));
    character.show_name = true;
    shown.add(kCharacters.at(i), character);
  }
  ValueList<8> fields;
  for (const Value& mode : modes.children)
    fields.add(mode.name, mode);
  fields.add("c_cc", shown.make(Value::Kind::Array, context.arena()));
  if (speeds > 0) {
    fields.add("c_ispeed", Value::natural(number_at(bytes, size - 8, 4)));
    fields.add("c_ospeed", Value::natural(number_at(bytes, size - 4, 4)));
  }
  return fields.structure(context.arena());
}

}  // namespace

Value termios(CallContext& context, const CustomInput& input) {
  return terminal(context, Address(input.value), known::type::termios_modes, 19, 0);
}

Value termios2(CallContext& context, const CustomInput& input) {
  return terminal(context, Address(input.value), known::type::termios_modes, 19, 2);
}

Value termio(CallContext& context, const CustomInput& input) {
  return terminal(context, Address(input.value), known::type::termio_modes, 8, 0);
}

}  // namespace ttrace::custom
