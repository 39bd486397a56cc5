// Prints the calls that have a name but no description: "x86_64 101 ptrace".
#include <fmt/format.h>

#include "decode/names.h"

int main() {
  using namespace ttrace;
  for (int i = 0; i < kAbiCount; ++i) {
    const auto abi = static_cast<Abi>(i);
    for (std::uint64_t number = 0; number < names::kNumbers; ++number) {
      const auto entry = names::lookup(abi, number);
      if (!names::is_named(abi, number) || entry.description != nullptr) continue;
      fmt::print("{} {} {}\n", abi_name(abi), number, entry.name);
    }
  }
}
