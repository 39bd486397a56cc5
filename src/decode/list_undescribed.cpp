// Prints the calls that have a name but no description: "x86_64 101 ptrace"; then how much of the
// descriptions the kernel's headers of the build machine confirm, and how many calls are described.
#include <fmt/format.h>

#include <string>

#include "decode/names.h"

// Counted by the generated kernel_checks.c while it was compiled.
extern "C" {
extern const unsigned kCheckedConstants;
extern const unsigned kDescribedConstants;
extern const unsigned kCheckedStructures;
extern const unsigned kDescribedStructures;
}

int main() {
  using namespace ttrace;
  std::string summary;
  for (int i = 0; i < kAbiCount; ++i) {
    const auto abi = static_cast<Abi>(i);
    int known = 0;
    int described = 0;
    for (std::uint64_t number = 0; number < names::kNumbers; ++number) {
      if (!names::is_named(abi, number)) continue;
      const auto entry = names::lookup(abi, number);
      ++known;
      if (entry.description != nullptr) {
        ++described;
      } else {
        fmt::print("{} {} {}\n", abi_name(abi), number, entry.name);
      }
    }
    summary += fmt::format("{}{} {}/{}", i == 0 ? "" : ", ", abi_name(abi), described, known);
  }
  fmt::print("compared with this machine's headers: constants {}/{}, structures {}/{}\n",
             kCheckedConstants, kDescribedConstants, kCheckedStructures, kDescribedStructures);
  fmt::print("described calls: {}\n", summary);
}
