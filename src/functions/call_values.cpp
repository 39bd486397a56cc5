#include "functions/call_values.h"

#include <string_view>

namespace ttrace {

namespace {

// The name of the function that begins at an address, in what the process has mapped.
std::string_view name_at(const AddressSpace& space, Address at) {
  for (const LoadedModule& loaded : space.mapped().modules) {
    if (at < loaded.start || at >= loaded.end) continue;
    const Address in_file(at.value() - loaded.bias);
    const Function* function = loaded.module->function_at(in_file);
    if (function != nullptr && function->address == in_file) return function->name;
  }
  return {};
}

prototypes::PrototypeReader::Thread thread_of(AddressSpace& space) {
  return {space.thread(), [&space](Address at) { return name_at(space, at); }};
}

}  // namespace

Arguments CallValues::entered(TracedFunction& function, const ValueSource& source,
                              AddressSpace& space, prototypes::Numbers& numbers) {
  if (const auto* prototype = function.prototype()) {
    auto arguments = reader_.arguments(*prototype, source, thread_of(space), numbers);
    if (arguments) return *arguments;
  }
  return read_arguments(function, source);
}

prototypes::Returned CallValues::returned(const OpenCall& call, const ValueSource& source,
                                          AddressSpace& space) {
  if (const auto* prototype = call.function->prototype()) {
    return reader_.returned(*prototype, source, thread_of(space), call.numbers);
  }
  return {read_result(*call.function, source, call.kept), {}};
}

}  // namespace ttrace
