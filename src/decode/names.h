// Names and numbers of syscalls, from libseccomp and the generated tables.
#pragma once

#include <cstdint>
#include <string_view>

#include "arch/abi.h"
#include "decode/tables.h"

namespace ttrace::names {

/// Above every number in use but ARM's private ones.
inline constexpr std::uint64_t kNumbers = 1024;

struct Entry {
  std::string_view name;                            // lives as long as the program
  const SyscallDescription* description = nullptr;  // the first of its name that this ABI has
};

/// What is known about a number. An unknown one is named "syscall_0x1ff".
/// The first time that a number is asked for, it is looked up in libseccomp. For one thread.
Entry lookup(Abi abi, std::uint64_t number);

/// The first description of a call with this name that the ABI has; null when there is none.
const SyscallDescription* description(Abi abi, std::string_view name);

/// True when `number` has a name of its own.
bool is_named(Abi abi, std::uint64_t number);

/// ARM's private calls (cacheflush, set_tls, …) have the numbers 0xf0001 to 0xf0006.
inline constexpr std::uint64_t kArmFirst = 0xf0001;
inline constexpr std::uint64_t kArmLast = 0xf0006;

}  // namespace ttrace::names
