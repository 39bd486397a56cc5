// A traced process's memory.
#pragma once

#include "base/address.h"
#include "base/fd.h"
#include "base/memory.h"
#include "base/result.h"

namespace ttrace {

/// Memory of the address space that thread `tid` has now. Belongs to that address space: make a
/// new one after exec.
class ProcessMemory : public MutableMemory {
 public:
  /// `tid` must be a tracee (any thread of the process) for as long as this object is used.
  explicit ProcessMemory(Tid tid) : tid_(tid) {}

  [[nodiscard]] std::size_t read(Address from, std::span<std::byte> out) override;
  /// Reads as the program itself could: never through /proc/TID/mem, which ignores page protection.
  [[nodiscard]] std::size_t read_as_program(Address from, std::span<std::byte> out);
  /// Goes through /proc/TID/mem, which may write read-only text: the page becomes private to the
  /// process, the file is untouched.
  Result<> write(Address to, std::span<const std::byte> bytes) override;

  /// Writes as the program itself could: read-only pages and guard pages are refused (EFAULT).
  Result<> write_as_program(Address to, std::span<const std::byte> bytes);

  /// Names another living thread of the same address space, when `tid` has ended.
  void set_tid(Tid tid) { tid_ = tid; }
  [[nodiscard]] Tid tid() const { return tid_; }

 private:
  std::size_t read_in_batches(Address from, std::span<std::byte> out, bool by_force);
  Result<int> mem_fd();

  Tid tid_;
  UniqueFd mem_;
};

}  // namespace ttrace
