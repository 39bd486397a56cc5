// What /proc says about a process.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/address.h"
#include "base/result.h"

namespace ttrace {

/// Fields of /proc/TID/status (proc(5)).
struct ThreadStatus {
  std::string name;
  char state = '?';  // R S D T t Z X
  Pid tgid;
  Pid parent;
  Tid tracer;            // 0: none
  unsigned uid[4] = {};  // real, effective, saved, filesystem
  std::uint64_t effective_capabilities = 0;
  int seccomp = 0;  // 0: none, 1: strict, 2: filter

  /// A zombie, or on its way there: no code of it will run.
  [[nodiscard]] bool ended() const { return state == 'Z' || state == 'X'; }
};
/// nullopt when the thread does not exist.
std::optional<ThreadStatus> read_status(Tid tid);

/// One line of /proc/PID/maps.
struct Mapping {
  Address start;
  Address end;
  bool readable = false;
  bool writable = false;
  bool executable = false;
  FileOffset offset;
  std::uint64_t device = 0;  // major << 32 | minor
  std::uint64_t inode = 0;   // 0: not a file
  std::string path;          // as shown: may end in " (deleted)"; "[heap]", "[vdso]" or empty
};
/// What is mapped in the address space of thread `tid`. Empty when the thread has ended (a process
/// may go on without its first thread) or the file cannot be read.
std::vector<Mapping> read_maps(Tid tid);
/// Parses the text of a maps file; lines that make no sense are left out.
std::vector<Mapping> parse_maps(const std::string& text);

/// All processes that /proc shows.
std::vector<Pid> read_processes();
/// All threads of a process; empty when it is gone.
std::vector<Tid> read_tasks(Pid pid);
/// True while the thread has an address space: not for a kernel thread, nor for one that is ending.
bool has_memory(Tid tid);
/// Whether both threads have one address space (kcmp(2) KCMP_VM). False, too, when one of them has
/// none or the kernel cannot say.
bool same_address_space(Tid a, Tid b);
/// A whole small file; nullopt when it cannot be read.
std::optional<std::string> read_file(const std::string& path);

}  // namespace ttrace
