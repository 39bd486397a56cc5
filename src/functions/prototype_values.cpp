#include "functions/prototype_values.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "base/number.h"
#include "functions/format_arguments.h"
#include "functions/prototype_objects.h"
#include "functions/prototype_places.h"

namespace ttrace::prototypes {

namespace {

using Kind = Type::Kind;

std::uint64_t truncated(std::uint64_t raw, std::uint32_t size) {
  return truncate_to(raw, std::min<std::size_t>(size, sizeof(raw)));
}

/// One call while its values are read.
class Reading {
 public:
  Reading(const Prototype& prototype, const ValueSource& source, TypeReader& types,
          const Numbers& numbers)
      : prototype_(prototype), source_(source), numbers_(numbers), objects_(source, types) {}

  void set_returned(std::int64_t returned) { returned_ = returned; }

  [[nodiscard]] std::uint64_t evaluate(const Operand& operand) const;
  [[nodiscard]] std::uint64_t evaluate(const Length& length) const;
  [[nodiscard]] bool holds(const Condition& condition) const;
  [[nodiscard]] bool succeeded() const;
  [[nodiscard]] bool is_there(const Argument& argument) const;
  [[nodiscard]] bool is_filled(const Argument& argument) const;
  Value pointee(const Type& type, Address at) {
    return objects_.pointee(type, at, evaluate(type.length));
  }
  Value input(const Argument& argument, std::size_t index, std::span<const std::byte> bytes);
  Value variable(const std::vector<FormatArgument>& all, std::size_t index,
                 std::span<const std::byte> bytes);
  Objects& objects() { return objects_; }

 private:
  const Prototype& prototype_;
  const ValueSource& source_;
  const Numbers& numbers_;
  Objects objects_;
  std::int64_t returned_ = 0;
};

std::uint64_t Reading::evaluate(const Operand& operand) const {
  switch (operand.source) {
    case Operand::Source::Literal:
      return operand.number;
    case Operand::Source::Argument:
      return operand.number < numbers_.size() ? numbers_[operand.number] : 0;
    case Operand::Source::Pointed: {
      if (operand.number >= numbers_.size()) return 0;
      const Type& type = prototype_.arguments[operand.number].type;
      const auto size = std::min<std::size_t>(type.size.at(index_of(source_.registers.machine())),
                                              sizeof(std::uint64_t));
      return source_.memory.read_number(Address(numbers_[operand.number]), size).value_or(0);
    }
    case Operand::Source::Return:
      return static_cast<std::uint64_t>(returned_);
  }
  return 0;
}

std::uint64_t Reading::evaluate(const Length& length) const {
  std::uint64_t product = 1;
  for (const Operand& operand : length) {
    if (__builtin_mul_overflow(product, evaluate(operand), &product)) return ~std::uint64_t{0};
  }
  return length.empty() ? 0 : product;
}

bool Reading::holds(const Condition& condition) const {
  using Test = Condition::Test;
  const std::uint64_t value = evaluate(condition.operand);
  const std::size_t abi = index_of(source_.registers.machine());
  const bool is_signed = condition.operand.source == Operand::Source::Return;
  auto holds_for = [&](const PerAbi<std::uint64_t>& row) {
    const std::uint64_t other = row.at(abi);
    switch (condition.test) {
      case Test::NotZero:
        return value != 0;
      case Test::AnyBit:
        return other != kLacks && (value & other) != 0;
      case Test::Is:
      case Test::IsNot:
        return value == other;
      case Test::Above:
        return is_signed ? static_cast<std::int64_t>(value) > static_cast<std::int64_t>(other)
                         : value > other;
    }
    return false;
  };
  if (condition.test == Test::NotZero) return value != 0;
  return std::ranges::any_of(condition.values, holds_for) == (condition.test != Test::IsNot);
}

bool Reading::succeeded() const {
  switch (prototype_.success) {
    case Prototype::Success::Always:
      return true;
    case Prototype::Success::NotNegative:
      return returned_ >= 0;
    case Prototype::Success::NotNull:
      return returned_ != 0;
    case Prototype::Success::Zero:
      return returned_ == 0;
  }
  return false;
}

bool Reading::is_there(const Argument& argument) const {
  return !argument.variable || holds(*argument.condition);
}

bool Reading::is_filled(const Argument& argument) const {
  if (argument.direction != Direction::Out && argument.direction != Direction::InOut) return false;
  if (!argument.condition) return succeeded();
  const bool on_result = argument.condition->operand.source == Operand::Source::Return;
  return holds(*argument.condition) && (on_result || succeeded());
}

Value Reading::input(const Argument& argument, std::size_t index,
                     std::span<const std::byte> bytes) {
  if (argument.direction == Direction::Out) return Value::address(Address(numbers_[index]));
  if (argument.direction == Direction::Value) return objects_.object(argument.type, bytes);
  return pointee(argument.type, Address(numbers_[index]));
}

Value Reading::variable(const std::vector<FormatArgument>& all, std::size_t index,
                        std::span<const std::byte> bytes) {
  const FormatArgument& argument = all[index];
  const std::size_t own = prototype_.arguments.size();
  if (argument.filled) return Value::address(Address(numbers_[own + index]));
  if (!argument.pointed) return objects_.object(argument.type, bytes);
  auto most = argument.most;
  if (argument.most_from) {
    // A negative precision is as none.
    const auto said = static_cast<std::int32_t>(numbers_[own + *argument.most_from]);
    if (said >= 0) most = static_cast<std::uint64_t>(said);
  }
  return objects_.text(argument.type, Address(numbers_[own + index]), most);
}

Value named(Value value, std::string_view name) {
  value.name = name;
  value.show_name = !name.empty();
  return value;
}

// What the format among the arguments says of those behind them; nullopt: there is none, or it
// cannot be read, or not be understood.
std::optional<std::vector<FormatArgument>> variable_arguments(const Prototype& prototype,
                                                              const Numbers& numbers,
                                                              Objects& objects) {
  if (!prototype.variadic) return std::vector<FormatArgument>();
  for (std::size_t i = 0; i < prototype.arguments.size(); ++i) {
    const Kind kind = prototype.arguments[i].type.kind;
    if (kind != Kind::Format && kind != Kind::WideFormat && kind != Kind::ScanFormat) continue;
    auto text = objects.whole_text(prototype.arguments[i].type, Address(numbers[i]));
    if (!text) return std::nullopt;
    return kind == Kind::ScanFormat ? scanf_arguments(*text) : printf_arguments(*text);
  }
  return std::nullopt;
}

// -1 ENOENT (No such file or directory), as the result of a syscall. An errno that has no name was
// not set by the call.
Value failure(const Value& result, int error, Arena& arena) {
  const std::string_view name = errno_name(error);
  const char* text = strerrordesc_np(error);
  if (name.empty() || text == nullptr) return result;
  const bool null = result.kind == Value::Kind::Address && result.number == 0;
  return Value::verbatim(
      arena.copy(std::string_view(fmt::format("{} {} ({})", null ? "NULL" : "-1", name, text))));
}

// The word of a number or pointer in a place; 0 for what is neither.
std::uint64_t number_at(std::span<const std::byte> bytes, std::uint32_t size) {
  return truncated(load_number(bytes.first(std::min<std::size_t>(bytes.size(), 8))), size);
}

}  // namespace

std::optional<Arguments> PrototypeReader::arguments(const Prototype& prototype,
                                                    const ValueSource& source, const Thread& thread,
                                                    Numbers& numbers) {
  const Abi abi = source.registers.machine();
  types_.begin(abi, thread.tid, source.memory, std::nullopt);
  Reading reading(prototype, source, types_, numbers);
  std::vector<Shape> shapes = shapes_of(prototype, abi);
  const Shape result = result_shape(prototype, abi);
  auto places = place_arguments(abi, shapes, result);
  if (!places) return std::nullopt;
  numbers.clear();
  auto read = [&](std::size_t i) {
    auto bytes = bytes_at(places->at(i), shapes[i].size, source);
    numbers.push_back(number_at(bytes, static_cast<std::uint32_t>(shapes[i].size)));
    return bytes;
  };
  std::vector<std::span<const std::byte>> held;
  for (std::size_t i = 0; i < prototype.arguments.size(); ++i)
    held.push_back(read(i));
  auto variable = variable_arguments(prototype, numbers, reading.objects());
  if (variable && !variable->empty()) {
    for (const FormatArgument& argument : *variable)
      shapes.push_back(shape_of(argument.type, argument.pointed, abi));
    places = place_arguments(abi, shapes, result);
    for (std::size_t i = held.size(); i < shapes.size(); ++i)
      held.push_back(read(i));
  }
  auto values = source.arena.allocate<Value>(held.size());
  std::size_t count = 0;
  for (std::size_t i = 0; i < held.size(); ++i) {
    const bool own = i < prototype.arguments.size();
    if (own && !reading.is_there(prototype.arguments[i])) continue;
    const std::size_t among = i - prototype.arguments.size();
    const std::string_view name = own ? std::string_view(prototype.arguments[i].name) : "";
    Value value = Value::optimized_out();
    if (!held[i].empty()) {
      value = own ? reading.input(prototype.arguments[i], i, held[i])
                  : reading.variable(*variable, among, held[i]);
    }
    value = named(value, name);
    new (&values[count++]) Value(value);
  }
  return Arguments{values.first(count), !variable.has_value()};
}

Returned PrototypeReader::returned(const Prototype& prototype, const ValueSource& source,
                                   const Thread& thread, const Numbers& numbers) {
  const Abi abi = source.registers.machine();
  const Shape shape = result_shape(prototype, abi);
  auto place = place_result(abi, shape);
  Returned out;
  if (!place) {
    out.result = Value::optimized_out();
    return out;
  }
  std::span<const std::byte> bytes;
  std::int64_t number = 0;
  if (prototype.result.kind != Kind::Void) {
    bytes = bytes_at(place->place, shape.size, source);
    number = static_cast<std::int64_t>(number_at(bytes, static_cast<std::uint32_t>(shape.size)));
    if (prototype.success == Prototype::Success::NotNegative) {
      number = sign_extend(static_cast<std::uint64_t>(number), shape.size);
    }
  }
  types_.begin(abi, thread.tid, source.memory, number);
  Reading reading(prototype, source, types_, numbers);
  reading.set_returned(number);
  if (prototype.result.kind != Kind::Void) {
    const Address at(static_cast<std::uint64_t>(number));
    out.result = prototype.result_direction == Direction::Out
                     ? reading.pointee(prototype.result, at)
                     : reading.objects().object(prototype.result, bytes);
  }
  if (prototype.sets_errno && !reading.succeeded() && thread.error_number) {
    if (auto error = thread.error_number()) out.result = failure(out.result, *error, source.arena);
  }
  const std::size_t own = prototype.arguments.size();
  if (numbers.size() < own) return out;  // they were not known
  std::vector<FormatArgument> variable;
  if (prototype.variadic && numbers.size() > own) {
    variable = variable_arguments(prototype, numbers, reading.objects()).value_or(variable);
  }
  auto values = source.arena.allocate<Value>(own + variable.size());
  std::size_t count = 0;
  for (std::size_t i = 0; i < own; ++i) {
    const Argument& argument = prototype.arguments[i];
    if (numbers[i] == 0 || !reading.is_filled(argument)) continue;
    new (&values[count++])
        Value(named(reading.pointee(argument.type, Address(numbers[i])), argument.name));
  }
  std::int64_t filled = 0;
  for (std::size_t i = 0; i < variable.size() && own + i < numbers.size(); ++i) {
    if (!variable[i].filled || filled++ >= number) continue;
    new (&values[count++]) Value(reading.pointee(variable[i].type, Address(numbers[own + i])));
  }
  out.outputs = values.first(count);
  return out;
}

}  // namespace ttrace::prototypes
