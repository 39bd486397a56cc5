// What values are read from while a thread is stopped at a trap.
#pragma once

#include <functional>
#include <optional>

#include "arch/registers.h"
#include "base/address.h"
#include "functions/address_space.h"
#include "functions/values.h"
#include "os/stopped_tracee.h"

namespace ttrace {

/// A thread's vector registers: 512 bytes, read when the first is asked for.
class FloatsOnDemand {
 public:
  FloatsOnDemand(const StoppedTracee& tracee, Abi machine) : tracee_(tracee), machine_(machine) {}

  std::optional<FloatRegisters> operator()() {
    if (!held_) {
      if (auto got = tracee_.float_registers(machine_)) held_ = *got;
    }
    return held_;
  }

 private:
  const StoppedTracee& tracee_;
  Abi machine_;
  std::optional<FloatRegisters> held_;
};

/// What function pointers point to.
std::function<std::optional<CodeName>(Address)> functions_of(const AddressSpace& space);

}  // namespace ttrace
