// Every ptrace request that is legal only while a thread is stopped.
#pragma once

#include <csignal>
#include <cstdint>
#include <optional>
#include <vector>

#include "arch/abi.h"
#include "arch/registers.h"
#include "base/address.h"
#include "base/result.h"
#include "os/stop.h"

namespace ttrace {

/// What PTRACE_GET_SYSCALL_INFO reports (ptrace(2), Linux 5.3).
struct SyscallStopInfo {
  Abi abi = Abi::X86_64;
  Address sp;
  // At the entry:
  std::uint64_t number = 0;
  std::uint64_t args[6] = {};
  // At the exit:
  std::int64_t rval = 0;
  bool is_error = false;
};

/// Which end of a syscall a syscall-stop is (PTRACE_GETEVENTMSG, Linux 5.3).
enum class SyscallEnd : std::uint8_t { Entry, Exit, Unknown };

enum class Resume : std::uint8_t {
  Syscall,   // until the next syscall entry or exit
  Continue,  // until a signal or event
  Step,      // one instruction
  Listen,    // stay in group-stop, but report what ends it
};

/// A thread that is stopped now. Made when wait reported the stop; consumed by resume() or
/// detach(), after which the thread runs. Every method may fail with ESRCH when the thread was
/// killed meanwhile: its death will be reported by wait.
class StoppedTracee {
 public:
  explicit StoppedTracee(Tid tid) : tid_(tid) {}
  StoppedTracee(StoppedTracee&&) = default;
  StoppedTracee& operator=(StoppedTracee&&) = default;
  StoppedTracee(const StoppedTracee&) = delete;
  StoppedTracee& operator=(const StoppedTracee&) = delete;
  ~StoppedTracee() = default;

  [[nodiscard]] Tid tid() const { return tid_; }

  /// The event's message: a new child's tid, the former tid at exec, a seccomp filter's data.
  [[nodiscard]] Result<unsigned long> event_message() const;
  /// At a syscall-stop: which end.
  [[nodiscard]] Result<SyscallEnd> syscall_end() const;
  /// At a syscall-stop: the call. Only the fields of that end are filled.
  [[nodiscard]] Result<SyscallStopInfo> syscall_info() const;
  [[nodiscard]] Result<siginfo_t> siginfo() const;
  Result<> set_siginfo(const siginfo_t& info);
  /// The general registers, in the layout of the mode the thread executes in (PTRACE_GETREGSET
  /// tells by its length whether that is the 32-bit one).
  [[nodiscard]] Result<Registers> registers() const;
  Result<> set_registers(Registers& regs);
  /// The base of a 32-bit x86 thread's gs segment, which its own register block does not have.
  [[nodiscard]] Result<Address> i386_gs_base() const;
  /// arm64: what thread-local storage is found by (tpidr_el0, the regset NT_ARM_TLS). EINVAL on
  /// other machines.
  [[nodiscard]] Result<Address> arm64_thread_pointer() const;
  /// arm64: the bits of an address of code that hold its signature (the regset NT_ARM_PAC_MASK).
  /// EINVAL where addresses are not signed.
  [[nodiscard]] Result<std::uint64_t> arm64_signature_mask() const;
  [[nodiscard]] Result<FloatRegisters> float_registers(Abi machine) const;
  /// Whether a signal `signal` waits in this thread's own queue (PTRACE_PEEKSIGINFO).
  [[nodiscard]] Result<bool> has_pending(int signal) const;
  /// Whether the thread has stopped, because it was interrupted or its group is, before the SIGTRAP
  /// of a trap that it has already hit: once nobody catches that, it kills the program.
  [[nodiscard]] bool hides_trap(const Stop& stop) const;
  /// The thread's blocked signals, one bit a signal (signal 1 is bit 0).
  [[nodiscard]] Result<std::uint64_t> signal_mask() const;
  Result<> set_signal_mask(std::uint64_t mask);

  /// Lets the thread go on; `signal` is delivered to it (0: none).
  Result<> resume(Resume how, int signal = 0) &&;
  /// Ends the tracing of this thread; `signal` is delivered to it (0: none).
  Result<> detach(int signal = 0) &&;

 private:
  Tid tid_;
};

}  // namespace ttrace
