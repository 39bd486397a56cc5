#include "arch/calling.h"

#include <array>

#include "arch/calling_internal.h"

namespace ttrace {

namespace {

constexpr std::array<unsigned, 6> kX86_64Arguments{5, 4, 1, 2, 8, 9};  // rdi rsi rdx rcx r8 r9
constexpr std::array<unsigned, 8> kAarch64Arguments{0, 1, 2, 3, 4, 5, 6, 7};
constexpr std::array<unsigned, 4> kArmArguments{0, 1, 2, 3};

struct Convention {
  std::span<const unsigned> arguments;
  unsigned result;
  calling::PlaceArguments place_arguments;
  calling::PlaceResult place_result;
};

constexpr std::array<Convention, kAbiCount> kConventions{{
    {kX86_64Arguments, 0, calling::x86_64_arguments, calling::x86_64_result},
    {{}, 0, calling::i386_arguments, calling::i386_result},
    {kAarch64Arguments, 0, calling::aarch64_arguments, calling::aarch64_result},
    {kArmArguments, 0, nullptr, nullptr},
}};

const Convention& convention(Abi abi) {
  return kConventions.at(static_cast<std::size_t>(abi));
}

}  // namespace

std::optional<std::vector<Place>> place_arguments(Abi abi, std::span<const Shape> arguments,
                                                  const Shape& result) {
  const Convention& c = convention(abi);
  if (c.place_arguments == nullptr) return std::nullopt;
  return c.place_arguments(arguments, result);
}

std::optional<ResultPlace> place_result(Abi abi, const Shape& result) {
  const Convention& c = convention(abi);
  if (c.place_result == nullptr) return std::nullopt;
  return c.place_result(result);
}

std::span<const unsigned> argument_registers(Abi abi) {
  return convention(abi).arguments;
}
unsigned result_register(Abi abi) {
  return convention(abi).result;
}

}  // namespace ttrace
