#include "functions/go_calls.h"

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>

#include "arch/machine.h"
#include "functions/go_convention.h"
#include "functions/object_reader.h"

namespace ttrace {

namespace {

Arguments raw_arguments(TracedFunction& function, const ValueSource& source) {
  Abi machine = source.registers.machine();
  const auto& said = function.layout().go_words;
  // What an assembler function takes is on the stack.
  if (!said || function.function().assembly) return {{}, true};
  auto registers = go_registers(machine);
  // The dictionary of a generic function's instance comes first.
  bool generic = function.function().name.find("[...]") != std::string::npos;
  bool dictionary = generic && !said->words.empty() && said->words.front().offset != 0;
  if (dictionary && !registers.empty()) registers = registers.subspan(1);
  registers = registers.first(std::min(registers.size(), said->words.size()));
  auto values = source.arena.allocate<Value>(registers.size());
  for (std::size_t i = 0; i < registers.size(); ++i) {
    Value value = Value::raw(source.registers.get(registers[i]));
    value.name = register_name(machine, registers[i]);
    value.show_name = true;
    new (&values[i]) Value(value);
  }
  return {values, !said->complete || said->words.size() > registers.size()};
}

Value read_one(const Parameter& parameter, const Place& place, ObjectReader& reader) {
  Value value = parameter.type != nullptr ? read_place(*parameter.type, place, reader)
                                          : Value::optimized_out();
  value.name = parameter.name;
  value.show_name = !parameter.name.empty();
  return value;
}

// The places of parameters or results, those of the compiler's own left out.
std::span<const Value> read_all(std::span<const Parameter> parameters,
                                std::span<const Place> places, const ValueSource& source) {
  auto values = source.arena.allocate<Value>(parameters.size());
  std::size_t count = 0;
  ObjectReader reader(source);
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    if (parameters[i].artificial) continue;
    Value value = read_one(parameters[i], i < places.size() ? places[i] : Place{}, reader);
    new (&values[count++]) Value(value);
  }
  return source.arena.shrink(values, count);
}

}  // namespace

Arguments read_go_arguments(TracedFunction& function, const ValueSource& source) {
  const auto& layout = function.layout();
  if (layout.signature == nullptr || !layout.signature->go || !layout.convention_known ||
      layout.untold)
    return raw_arguments(function, source);
  return {read_all(layout.signature->parameters, layout.arguments, source), false};
}

Value read_go_result(TracedFunction& function, const ValueSource& source) {
  const auto& layout = function.layout();
  if (layout.signature == nullptr || !layout.signature->go || !layout.convention_known)
    return Value::none();
  auto values = read_all(layout.signature->results, layout.results, source);
  if (values.empty()) return Value::none();
  if (values.size() == 1 && !values.front().show_name) return values.front();
  return Value::call("", values);
}

}  // namespace ttrace
