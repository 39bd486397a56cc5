// What the kernel tells about sockets: questions to NETLINK_SOCK_DIAG and its answers
// (sock_diag(7)).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/fd.h"

namespace ttrace {

/// A protocol that has sockets of its own. `protocol` is an IPPROTO_… number of AF_INET and
/// AF_INET6, and 0 otherwise.
struct SocketProtocol {
  int family = 0;
  int protocol = 0;
  bool operator==(const SocketProtocol&) const = default;
};

/// One end of a connection. The address' bytes are in network order, four of them for AF_INET.
struct InternetEnd {
  std::array<std::uint8_t, 16> address{};
  std::uint16_t port = 0;
  bool operator==(const InternetEnd&) const = default;
};

/// What is known about one socket.
struct SocketDetails {
  SocketProtocol protocol;
  std::uint64_t inode = 0;
  InternetEnd local;                 // AF_INET, AF_INET6
  InternetEnd remote;                // port 0: not connected
  std::uint32_t interface = 0;       // the network interface that it is bound to; 0: none
  std::string path;                  // AF_UNIX; an abstract name begins with a NUL
  std::uint32_t peer = 0;            // AF_UNIX: the inode of the other end; 0: none
  std::uint32_t netlink_family = 0;  // AF_NETLINK: NETLINK_ROUTE, …
  std::uint32_t port_id = 0;         // AF_NETLINK
};

/// Asks about sockets of the network namespace in which it was made.
class SockDiag {
 public:
  /// The socket of a protocol that has this inode. nullopt when there is none, or the kernel does
  /// not tell of this protocol.
  std::optional<SocketDetails> find(SocketProtocol protocol, std::uint64_t inode);
  /// Whether `known`, found earlier, is still what it was then; costs far less than find() on a
  /// machine with many connections. Always false where the kernel cannot be asked about one socket.
  bool still_is(const SocketDetails& known);

 private:
  bool connect();
  bool ask(std::span<std::byte> question);
  /// Reads answers until `inode` is found or they end.
  std::optional<SocketDetails> read_answers(SocketProtocol protocol, std::uint64_t inode);

  UniqueFd socket_;
  bool failed_ = false;  // the kernel has no such sockets
  std::vector<std::byte> buffer_;
  std::uint32_t sequence_ = 0;
};

namespace sock_diag {

/// What a piece of an answer, as recv(2) gives it, holds.
struct Answer {
  std::optional<SocketDetails> found;
  bool last = false;    // nothing follows: it was one socket, the end of a list, or an error
  bool broken = false;  // it makes no sense from some byte on
};

/// Looks for a socket in a piece of the answer to the question `sequence`. Trusts no length in it.
Answer parse(std::span<const std::byte> bytes, SocketProtocol protocol, std::uint64_t inode,
             std::uint32_t sequence);

}  // namespace sock_diag
}  // namespace ttrace
