#include "functions/call_values.h"

#include "os/stopped_tracee.h"

namespace ttrace {

namespace {

// What the offsets of thread-local variables count from.
std::optional<Address> thread_pointer(const Registers& registers, AddressSpace& space) {
  if (registers.machine() == Abi::X86_64) return Address(registers.get(kDwarfX86FsBase));
  if (registers.machine() != Abi::Aarch64) return std::nullopt;
  const auto pointer = StoppedTracee(space.thread()).arm64_thread_pointer();
  return pointer ? std::optional(*pointer) : std::nullopt;
}

// The thread's errno, where the C library says where it is.
std::optional<int> error_number(const Registers& registers, AddressSpace& space) {
  for (const LoadedModule& loaded : space.mapped().modules) {
    const auto place = loaded.module->error_number();
    if (!place) continue;
    const auto word = space.read_number(Address(loaded.bias) + place->slot.value(), 8);
    if (!word) return std::nullopt;
    const auto pointer = thread_pointer(registers, space);
    if (!pointer) return std::nullopt;
    const auto number = space.read_number(*pointer + *word + place->offset, sizeof(int));
    if (!number) return std::nullopt;
    return static_cast<int>(*number);
  }
  return std::nullopt;
}

prototypes::PrototypeReader::Thread thread_of(AddressSpace& space, const Registers& registers) {
  return {space.thread(), [&space, &registers] { return error_number(registers, space); }};
}

ValueSource with_types(ValueSource source, const std::optional<GoTypeSource>& types) {
  source.go = types ? &*types : nullptr;
  return source;
}

}  // namespace

// Where the program of a Go function has its types. What an earlier call's values refer to may go.
std::optional<GoTypeSource> CallValues::go_types(const TracedFunction& function,
                                                 AddressSpace& space) {
  const GoProgram* program = function.module()->go();
  if (program == nullptr) return std::nullopt;
  GoRuntimeTypes& types = go_types_[function.module()];
  types.tidy();
  for (const LoadedModule& loaded : space.mapped().modules) {
    if (loaded.module != function.module() || program->types.null()) continue;
    return GoTypeSource{
        types, {program->types + loaded.bias, program->types_end + loaded.bias, program->minor}};
  }
  return GoTypeSource{types, {Address(), Address(), program->minor}};
}

Arguments CallValues::entered(TracedFunction& function, const ValueSource& source,
                              AddressSpace& space, prototypes::Numbers& numbers) {
  if (function.function().go) {
    auto types = go_types(function, space);
    return read_arguments(function, with_types(source, types));
  }
  if (const auto* prototype = function.prototype()) {
    auto arguments =
        reader_.arguments(*prototype, source, thread_of(space, source.registers), numbers);
    if (arguments) return *arguments;
  }
  return read_arguments(function, source);
}

prototypes::Returned CallValues::returned(const OpenCall& call, const ValueSource& source,
                                          AddressSpace& space) {
  if (call.function->function().go) {
    auto types = go_types(*call.function, space);
    return {read_result(*call.function, with_types(source, types), call.kept), {}};
  }
  if (const auto* prototype = call.function->prototype()) {
    return reader_.returned(*prototype, source, thread_of(space, source.registers), call.numbers);
  }
  return {read_result(*call.function, source, call.kept), {}};
}

}  // namespace ttrace
