#include "os/netlink_sockets.h"

#include <sys/socket.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstring>
#include <string_view>

#include "os/fd_names.h"

namespace ttrace {

std::optional<int> ProcNetlinkSockets::family(Tid tid, int fd) {
  std::array<char, 64> path{};
  (void)std::snprintf(path.data(), path.size(), "/proc/%d/fd/%d", tid.value, fd);
  std::array<char, 32> text{};
  // sockfs tells the protocol's name ("NETLINK", with its NUL) as an attribute of the file.
  const ssize_t size = getxattr(path.data(), "system.sockprotoname", text.data(), text.size());
  if (size <= 0) return std::nullopt;
  if (std::string_view(text.data(), strnlen(text.data(), text.size())) != "NETLINK") {
    return std::nullopt;
  }
  const ssize_t length = readlink(path.data(), text.data(), text.size());
  if (length <= 0) return kUnknown;
  const auto inode = socket_inode({text.data(), static_cast<std::size_t>(length)});
  if (!inode) return kUnknown;
  if (!last_ || last_->inode != *inode) {
    last_ = diag_.find({AF_NETLINK, 0}, *inode);
  }
  // One that is not bound yet is not told about.
  return last_ ? static_cast<int>(last_->netlink_family) : kUnknown;
}

}  // namespace ttrace
