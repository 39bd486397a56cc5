#include "os/process_memory.h"

#include <fcntl.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string>

namespace ttrace {

namespace {
constexpr std::uint64_t kPage = 4096;
constexpr std::size_t kBatch = 64;  // pages read with one call
}  // namespace

std::size_t ProcessMemory::read(Address from, std::span<std::byte> out) {
  return read_in_batches(from, out, true);
}

std::size_t ProcessMemory::read_as_program(Address from, std::span<std::byte> out) {
  return read_in_batches(from, out, false);
}

std::size_t ProcessMemory::read_in_batches(Address from, std::span<std::byte> out, bool by_force) {
  std::size_t done = 0;
  while (done < out.size()) {
    // One remote element a page: the kernel promises partial transfers only between elements
    // (process_vm_readv(2)).
    std::array<iovec, kBatch> remote;
    std::size_t count = 0;
    std::size_t length = 0;
    while (count < kBatch && done + length < out.size()) {
      std::uint64_t at = from.value() + done + length;
      std::size_t part =
          std::min<std::size_t>(kPage - (at & (kPage - 1)), out.size() - done - length);
      // NOLINTNEXTLINE(performance-no-int-to-ptr): an address of another process
      remote[count++] = {reinterpret_cast<void*>(at), part};
      length += part;
    }
    iovec local{out.data() + done, length};
    ssize_t got = process_vm_readv(tid_.value, &local, 1, remote.data(), count, 0);
    if (got < 0 && by_force && (errno == ENOSYS || errno == EPERM)) {
      // A container's seccomp policy may forbid the call and still allow ptrace.
      auto fd = mem_fd();
      if (fd) got = pread(*fd, local.iov_base, length, static_cast<off_t>(from.value() + done));
    }
    if (got <= 0) break;
    done += static_cast<std::size_t>(got);
    if (static_cast<std::size_t>(got) < length) break;
  }
  return done;
}

Result<int> ProcessMemory::mem_fd() {
  if (!mem_.valid()) {
    std::string path = "/proc/" + std::to_string(tid_.value) + "/mem";
    mem_.reset(open(path.c_str(), O_RDWR | O_CLOEXEC));
    if (!mem_.valid()) return os_error("open " + path);
  }
  return mem_.get();
}

Result<> ProcessMemory::write_as_program(Address to, std::span<const std::byte> bytes) {
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-const-cast): iovec serves both directions
  iovec local{const_cast<std::byte*>(bytes.data()), bytes.size()};
  // NOLINTNEXTLINE(performance-no-int-to-ptr): an address of another process
  iovec remote{reinterpret_cast<void*>(to.value()), bytes.size()};
  ssize_t n = process_vm_writev(tid_.value, &local, 1, &remote, 1, 0);
  if (n < 0) return os_error("write the memory of process " + std::to_string(tid_.value));
  if (static_cast<std::size_t>(n) < bytes.size()) {
    return Error{EFAULT, "write the memory of process " + std::to_string(tid_.value)};
  }
  return {};
}

Result<> ProcessMemory::write(Address to, std::span<const std::byte> bytes) {
  auto fd = mem_fd();
  if (!fd) return fd.error();
  std::size_t done = 0;
  while (done < bytes.size()) {
    ssize_t n = pwrite(*fd, bytes.data() + done, bytes.size() - done,
                       static_cast<off_t>(to.value() + done));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return os_error("write the memory of process " + std::to_string(tid_.value));
    if (n == 0) return Error{EIO, "write the memory of process " + std::to_string(tid_.value)};
    done += static_cast<std::size_t>(n);
  }
  return {};
}

}  // namespace ttrace
