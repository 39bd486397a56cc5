// The command of an ioctl.
#include "decode/custom/custom.h"

namespace ttrace::custom {

Value ioctl_command(CallContext& context, const CustomInput& input) {
  const Value name = context.symbol(known::set::ioctl_name, input.value);
  if (name.kind == Value::Kind::Symbol) return name;
  // asm-generic/ioctl.h: 8 bits of number, 8 of type, 14 of size, 2 of direction.
  static constexpr std::array<std::string_view, 4> kDirections{"_IOC_NONE", "_IOC_WRITE",
                                                               "_IOC_READ", "_IOC_READ|_IOC_WRITE"};
  const std::uint64_t direction = input.value >> 30 & 3;
  const std::array parts{Value::symbol(kDirections.at(direction), direction),
                         Value::hex(input.value >> 8 & 0xff), Value::hex(input.value & 0xff),
                         Value::hex(input.value >> 16 & 0x3fff)};
  return Value::call("_IOC", context.list(parts));
}

}  // namespace ttrace::custom
