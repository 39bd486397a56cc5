// The command of an ioctl.
#include "decode/custom/custom.h"

namespace ttrace::custom {

namespace {

// asm-generic/ioctl.h: 8 bits of number, 8 of type, 14 of size, 2 of direction.
constexpr unsigned kNone = 1U << 0;
constexpr unsigned kWrite = 1U << 1;
constexpr unsigned kRead = 1U << 2;
constexpr unsigned kReadWrite = 1U << 3;

struct Command {
  explicit Command(std::uint64_t value)
      : number(value & 0xff),
        type(value >> 8 & 0xff),
        size(value >> 16 & 0x3fff),
        direction(value >> 30 & 3) {}
  std::uint64_t number;
  std::uint64_t type;
  std::uint64_t size;
  std::uint64_t direction;
};

// Commands that the kernel's headers make with a macro: of a size that the program chooses, or of a
// number that has a part of its own.
struct Macro {
  enum class Argument : std::uint8_t { Size, Axis, Events, Number };
  std::string_view name;
  unsigned directions;  // kNone …
  std::uint64_t type;
  std::uint64_t first;  // number
  std::uint64_t count = 1;
  Argument argument = Argument::Size;
};

using Argument = Macro::Argument;
constexpr std::array kMacros{
    Macro{"EVIOCGNAME", kRead, 'E', 0x06},
    Macro{"EVIOCGPHYS", kRead, 'E', 0x07},
    Macro{"EVIOCGUNIQ", kRead, 'E', 0x08},
    Macro{"EVIOCGPROP", kRead, 'E', 0x09},
    Macro{"EVIOCGMTSLOTS", kRead, 'E', 0x0a},
    Macro{"EVIOCGKEY", kRead, 'E', 0x18},
    Macro{"EVIOCGLED", kRead, 'E', 0x19},
    Macro{"EVIOCGSND", kRead, 'E', 0x1a},
    Macro{"EVIOCGSW", kRead, 'E', 0x1b},
    Macro{"EVIOCGBIT", kRead, 'E', 0x20, 0x20, Argument::Events},
    Macro{"EVIOCGABS", kRead, 'E', 0x40, 0x40, Argument::Axis},
    Macro{"EVIOCSABS", kWrite, 'E', 0xc0, 0x40, Argument::Axis},
    Macro{"HIDIOCGRAWNAME", kRead, 'H', 0x04},
    Macro{"HIDIOCGRAWPHYS", kRead, 'H', 0x05},
    Macro{"HIDIOCSFEATURE", kRead | kReadWrite, 'H', 0x06},
    Macro{"HIDIOCGFEATURE", kReadWrite, 'H', 0x07},
    Macro{"HIDIOCGRAWUNIQ", kRead, 'H', 0x08},
    Macro{"HIDIOCGPHYS", kRead, 'H', 0x12},
    Macro{"JSIOCGNAME", kRead, 'j', 0x13},
    Macro{"MIXER_READ", kRead, 'M', 0x00, 0x100, Argument::Number},
    Macro{"MIXER_WRITE", kWrite, 'M', 0x00, 0x100, Argument::Number},
    Macro{"SPI_IOC_MESSAGE", kWrite, 'k', 0x00},
    Macro{"UI_GET_SYSNAME", kRead, 'U', 0x2c},
};

Value macro_value(CallContext& context, const Macro& macro, const Command& command) {
  const std::uint64_t nth = command.number - macro.first;
  const Value size = Value::natural(command.size);
  const std::string_view name = macro.name;
  switch (macro.argument) {
    case Argument::Size:
      return Value::call(name, context.list(std::array{size}));
    case Argument::Axis:
      return Value::call(name,
                         context.list(std::array{context.symbol(known::set::input_axis, nth)}));
    case Argument::Events: {
      const Value all = Value::natural(0);
      const Value events = nth == 0 ? all : context.symbol(known::set::input_event, nth);
      return Value::call(name, context.list(std::array{events, size}));
    }
    case Argument::Number:
      return Value::call(name, context.list(std::array{Value::natural(nth)}));
  }
  return Value::hex(command.number);
}

const Macro* find_macro(const Command& command) {
  auto it = std::ranges::find_if(kMacros, [&](const Macro& m) {
    return m.type == command.type && (m.directions >> command.direction & 1) != 0 &&
           command.number >= m.first && command.number - m.first < m.count;
  });
  return it == kMacros.end() ? nullptr : it;
}

Value parts_value(CallContext& context, const Command& command) {
  static constexpr std::array<std::string_view, 4> kDirections{"_IOC_NONE", "_IOC_WRITE",
                                                               "_IOC_READ", "_IOC_READ|_IOC_WRITE"};
  const std::array parts{Value::symbol(kDirections.at(command.direction), command.direction),
                         Value::hex(command.type), Value::hex(command.number),
                         Value::hex(command.size)};
  return Value::call("_IOC", context.list(parts));
}

}  // namespace

Value ioctl_command(CallContext& context, const CustomInput& input) {
  const Command command(input.value);
  const Value name = context.symbol(known::set::ioctl_name, input.value);
  const bool named = name.kind == Value::Kind::Symbol;
  const Macro* macro = find_macro(command);
  if (macro == nullptr) return named ? name : parts_value(context, command);
  if (!named) return macro_value(context, *macro, command);
  // A number can be made by a macro and have a name, too: mtd's commands have the type of mixers.
  const std::uint64_t part =
      macro->argument == Argument::Size ? command.size : command.number - macro->first;
  return Value::symbol(format(context.arena(), "{}({}) or {}", macro->name, part, name.text),
                       input.value);
}

Value ioctl_data(CallContext& context, const CustomInput& input) {
  const Command command(context.argument(1));
  const Address at(input.value);
  // As a number: what it is, nobody knows.
  const Value number = Value::hex(input.value);
  if (at.null() || command.size == 0) return number;
  const Value now = hex_value(context, at, command.size);
  if (now.kind != Value::Kind::Text) return number;
  if (!context.at_exit() || input.before == nullptr || input.before->kind != Value::Kind::Text)
    return now;
  if (command.direction != 3) return now;
  return Value::list(Value::Kind::Change, context.list(std::array{input.before->named({}), now}));
}

}  // namespace ttrace::custom
