// Making a syscall in a tracee.
#pragma once

#include <array>
#include <cstdint>

#include "arch/registers.h"
#include "base/address.h"
#include "base/memory.h"
#include "base/result.h"
#include "os/stopped_tracee.h"

namespace ttrace {

/// Makes `tracee` execute one syscall and brings it back to `regs`, which are its registers now. It
/// must be in a signal-delivery-stop outside any syscall (at a breakpoint), because a syscall that
/// was interrupted could not be restarted afterwards. Other threads go on meanwhile.
/// Errors: the thread was killed (its death is still to be waited for); it has a seccomp policy,
/// which might kill it for a call that is not its own; no syscall instruction was found in it; the
/// call's own errno.
Result<std::uint64_t> remote_syscall(StoppedTracee& tracee, Registers& regs, Memory& memory,
                                     std::uint64_t number, std::array<std::uint64_t, 6> args);

/// Maps a page of executable memory in `tracee`, as near to `near` as there is room. Conditions and
/// errors as for remote_syscall.
Result<Address> remote_map_text(StoppedTracee& tracee, Registers& regs, Memory& memory,
                                Address near);

}  // namespace ttrace
