// Which of a tracee's sockets carry netlink messages, by what the kernel tells about them.
#pragma once

#include <optional>

#include "base/netlink_sockets.h"
#include "os/sock_diag.h"

namespace ttrace {

/// Looks at /proc/TID/fd and asks the kernel for the family of a netlink socket. For one thread.
class ProcNetlinkSockets : public NetlinkSockets {
 public:
  std::optional<int> family(Tid tid, int fd) override;

 private:
  SockDiag diag_;
  std::optional<SocketDetails> last_;  // the one that was found last: a family is for good
};

}  // namespace ttrace
