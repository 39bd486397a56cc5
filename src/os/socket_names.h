// What sockets are called: "TCP:[127.0.0.1:80->127.0.0.1:4711]".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "os/sock_diag.h"

namespace ttrace {

/// Names sockets as strace -yy does. For one thread.
///
/// The kernel is asked each time, because a socket's addresses change. What it said last is
/// remembered for two reasons: an existing connection is cheaper to confirm than to find, and one
/// that the other end has cut is not known to the kernel any more while the program still has it.
class SocketNames {
 public:
  /// `inode` identifies the socket; `kernel_name` is the system.sockprotoname attribute of its
  /// descriptor: "TCPv6". A socket that nothing is known about is "TCPv6:[INODE]", or
  /// "socket:[INODE]" when its protocol is not one that the kernel tells about.
  std::string name(std::uint64_t inode, std::string_view kernel_name);

 private:
  /// The newest that is known; null when nothing ever was. Valid until the next call.
  const SocketDetails* look(SocketProtocol protocol, std::uint64_t inode);

  SockDiag diag_;
  std::vector<SocketDetails> remembered_;  // by inode; inode 0: none
};

/// `protocol` is what stands before the colon: "UNIX-STREAM".
std::string socket_text(std::string_view protocol, const SocketDetails& details);

}  // namespace ttrace
