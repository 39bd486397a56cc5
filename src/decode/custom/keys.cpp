// Buffers and parameters of keyctl.
#include <algorithm>
#include <array>

#include "decode/custom/custom.h"

namespace ttrace::custom {

namespace {

// How much of a buffer of `length` bytes the kernel filled in: the result is what there is, which
// may be more.
std::uint64_t filled(CallContext& context, std::uint64_t length) {
  if (!context.at_exit() || context.error() != 0) return 0;
  return std::min(length,
                  static_cast<std::uint64_t>(std::max<std::int64_t>(context.returned(), 0)));
}

// A buffer whose length is in the structure that the second argument points to.
Value described_buffer(CallContext& context, Address at, std::size_t offset) {
  std::uint32_t length = 0;
  const Address structure(context.argument(1));
  constexpr std::size_t kSize = 40;  // struct keyctl_pkey_params
  if (structure.null() || context.read(structure, kSize).size() != kSize ||
      !context.memory().read_object(structure + offset, length)) {
    return Value::unreadable(at);
  }
  return context.bytes(at, length);
}

}  // namespace

Value key_text(CallContext& context, const CustomInput& input) {
  const Address at(input.value);
  std::uint64_t length = filled(context, input.length);
  if (at.null()) return Value::address(at);
  // The NUL at the end is part of the result, where the buffer had room for it.
  if (length > 0 && static_cast<std::int64_t>(length) == context.returned()) --length;
  return context.bytes(at, length);
}

Value key_bytes(CallContext& context, const CustomInput& input) {
  return context.bytes(Address(input.value), filled(context, input.length));
}

Value key_abilities(CallContext& context, const CustomInput& input) {
  const Address at(input.value);
  if (at.null()) return Value::address(at);
  constexpr std::uint64_t kMost = 64;
  const auto size = static_cast<std::size_t>(std::min(filled(context, input.length), kMost));
  const auto bytes = context.read(at, size);
  if (bytes.size() != size) return Value::unreadable(at);
  auto values = context.arena().allocate<Value>(size);
  for (std::size_t i = 0; i < size; ++i) {
    const std::uint64_t byte = number_at(bytes, i, 1);
    if (i == 0) {
      values[i] = context.flags(known::set::key_abilities0, byte);
    } else if (i == 1) {
      values[i] = context.flags(known::set::key_abilities1, byte);
    } else {
      values[i] = Value::hex(byte);
    }
  }
  return Value::list(Value::Kind::Array, values);
}

Value key_input(CallContext& context, const CustomInput& input) {
  return described_buffer(context, Address(input.value), 4);
}

Value key_output(CallContext& context, const CustomInput& input) {
  return described_buffer(context, Address(input.value), 8);
}

Value key_error(CallContext& context, const CustomInput& input) {
  const std::string_view name = errno_name(static_cast<int>(input.value));
  return name.empty() ? Value::natural(input.value)
                      : Value::symbol(context.text(name), input.value);
}

}  // namespace ttrace::custom
