// i386 has two calls that hold many: socketcall(2) all of sockets, ipc(2) all of System V IPC. They
// are shown as what is inside, as strace does.
#pragma once

#include <string_view>

#include "decode/decoder.h"

namespace ttrace {

/// A call that is inside another.
struct InnerCall {
  std::string_view name;          // as it is shown; empty: there is none
  std::string_view described_as;  // the name of its description
};

/// The call that `request` holds, whose arguments then are in `request`. None, and `request` as it
/// was, when it holds nothing that is known, or when the arguments' memory cannot be read.
InnerCall unpack_call(SyscallRequest& request, Memory& memory);

}  // namespace ttrace
