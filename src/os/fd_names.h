// What /proc says about descriptors, in strace's words.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/fd_names.h"
#include "os/socket_names.h"

namespace ttrace {

/// Names descriptors by /proc/TID/fd and /proc/TID/fdinfo, sockets by what the kernel says about
/// them. What a descriptor is is not remembered from one call to the next: it is closed, replaced
/// and passed on in more ways than a tracer can see. For one thread.
class ProcFdNames : public FdNames {
 public:
  explicit ProcFdNames(FdDetails details) : details_(details) {}

  FdName name(Tid tid, int fd, Arena& arena) override;
  std::string_view working_directory(Tid tid, Arena& arena) override;

 private:
  /// Of a file. `path` may end in " (deleted)", as the kernel says it.
  [[nodiscard]] FdName file(Tid tid, int fd, std::string_view path, Arena& arena) const;
  /// Of what only the kernel knows, out of its fdinfo; empty when this is none of the kinds that
  /// were asked for.
  [[nodiscard]] FdName special(Tid tid, int fd, std::string_view link, Arena& arena) const;

  FdName socket(Tid tid, int fd, std::uint64_t inode, Arena& arena);

  FdDetails details_;
  SocketNames sockets_;
};

/// What the text of a /proc/PID/fdinfo file (proc(5)) says; nullopt when it does not. `key` is what
/// stands before the colon.
std::optional<std::uint64_t> fdinfo_number(std::string_view fdinfo, std::string_view key, int base);
/// "{eventfd-count=0x5, eventfd-id=1, eventfd-semaphore=0}"; empty when the text is not an
/// eventfd's. An old kernel says less.
std::string eventfd_name(std::string_view fdinfo);
/// "pid:5"; empty when the process has ended or is not of our PID namespace.
std::string pidfd_name(std::string_view fdinfo);
/// The number of a link like "socket:[123]"; nullopt when it is not one of a socket.
std::optional<std::uint64_t> socket_inode(std::string_view link);
/// A path with every byte escaped that could be taken for something else, < and > among them.
std::string escaped_path(std::string_view path);

}  // namespace ttrace
