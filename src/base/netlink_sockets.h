// Which sockets carry netlink messages.
#pragma once

#include <optional>

#include "base/address.h"

namespace ttrace {

/// Tells netlink sockets from others, those of a tracee or, in tests, made-up ones.
class NetlinkSockets {
 public:
  static constexpr int kUnknown = -1;  // a netlink socket of a family that nobody tells

  NetlinkSockets() = default;
  NetlinkSockets(const NetlinkSockets&) = delete;
  NetlinkSockets& operator=(const NetlinkSockets&) = delete;
  virtual ~NetlinkSockets() = default;

  /// NETLINK_ROUTE, ..., kUnknown; nullopt when descriptor `fd` of a thread is no netlink socket,
  /// is not open or cannot be looked at.
  virtual std::optional<int> family(Tid tid, int fd) = 0;
};

}  // namespace ttrace
