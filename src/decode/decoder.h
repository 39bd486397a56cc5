// From a syscall's number, registers and memory to named values, driven by the tables that
// syscalls/generate.py makes of syscalls/*.syscalls.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "arch/abi.h"
#include "base/address.h"
#include "base/arena.h"
#include "base/fd_names.h"
#include "base/memory.h"
#include "base/netlink_sockets.h"
#include "event/event.h"
#include "event/value.h"

namespace ttrace {

/// What PTRACE_GET_SYSCALL_INFO says at a syscall's entry.
struct SyscallRequest {
  Abi abi = Abi::X86_64;
  std::uint64_t number = 0;
  std::array<std::uint64_t, 6> args{};
  std::uint64_t stack_pointer = 0;  // finds rt_sigreturn's frame; 0: not known
};

/// What it says at the exit: rval is a negative errno when is_error.
struct SyscallOutcome {
  std::int64_t rval = 0;
  bool is_error = false;
};

/// Some syscalls: a set of numbers for each ABI. Numbers without a name are always in it, as in
/// strace's.
class SyscallFilter {
 public:
  /// Everything.
  SyscallFilter() = default;
  [[nodiscard]] bool wants(Abi abi, std::uint64_t number) const;
  /// Parses the argument of -e trace=: names, "%class"es and "/regex"es separated by commas, each
  /// with "?" in front when it need not exist and "@64" or "@32" behind for the ABIs with such
  /// words; "all", "none"; "!" in front of everything to invert. Error: the message that strace
  /// would print, "invalid system call 'nosuch'".
  static Result<SyscallFilter> parse(std::string_view set);

 private:
  std::array<std::optional<std::vector<bool>>, kAbiCount> wanted_{};  // nullopt: all
};

/// How much is decoded and shown.
struct DecodeOptions {
  std::size_t string_limit = 32;  // bytes of a string and elements of an array, -s
  SyscallFilter abbreviated;      // of the others all fields, elements and variables are shown
  SyscallFilter dereferenced;     // of the others structures and arrays are shown as addresses
  FdNames* fd_names = nullptr;    // -y; outlives the decoder
  NetlinkSockets* netlink_sockets = nullptr;  // outlives the decoder; null: there are none
  bool names_only = false;  // -c: no arguments, and of the result only whether it failed
};

struct SyscallDescription;  // a row of the generated tables

/// One call between its entry and its exit. Owned by the thread that makes it, reused for the next.
struct PendingSyscall {
  SyscallRequest request;
  Tid tid;  // whose call it is: for the names of its descriptors
  bool verbose = false;
  bool dereference = true;
  const SyscallDescription* description = nullptr;
  std::string_view name;
  std::string_view interrupted;        // the last call that restart_syscall would resume
  Arena arena;                         // holds everything that `args` refer to
  std::array<Value, 8> args{};         // decoded so far
  std::array<std::uint8_t, 8> rows{};  // which argument of the description each of them is
  std::size_t count = 0;               // how many arguments the call has
  std::size_t shown_at_entry = 0;      // how many of them enter() gave out
};

/// Decodes syscalls. Has no state but tables and options: one serves all threads.
class Decoder {
 public:
  explicit Decoder(DecodeOptions options) : options_(std::move(options)) {}

  /// The name of a syscall as strace prints it: "openat"; for an unknown number "syscall_0x1ff".
  /// The text is static or lives as long as the program.
  static std::string_view name(Abi abi, std::uint64_t number);

  /// At the entry: fills `pending` (resetting it) and returns the event. Reads `memory` for
  /// arguments that the program passes in.
  SyscallEntered enter(const SyscallRequest& request, PendingSyscall& pending,
                       Memory& memory) const;

  /// At the exit: the remaining arguments and the result. `duration` is left for the caller.
  SyscallReturned exit(const SyscallOutcome& outcome, PendingSyscall& pending,
                       Memory& memory) const;

 private:
  DecodeOptions options_;
};

/// A siginfo as strace prints it: {si_signo=SIGCHLD, si_code=CLD_EXITED, …}. `raw` is the kernel's
/// siginfo_t of ttrace's own ABI. Values live in `arena`.
Value decode_siginfo(std::span<const std::byte> raw, Arena& arena);

/// "SIGCHLD", "SIGRT_3"; a number without a name prints as itself. Static text.
std::string_view signal_name(int signal);
/// The number of a signal given as "SIGHUP", "HUP", "hup" or "1"; nullopt when there is none.
std::optional<int> signal_number(std::string_view text);
/// "ENOENT"; empty when the number has no name.
std::string_view errno_name(int error);

}  // namespace ttrace
