#include "os/stopped_tracee.h"

#include <elf.h>
#include <sys/ptrace.h>
#include <sys/uio.h>

#include <array>
#include <cstring>
#include <variant>

namespace ttrace {

namespace {

// linux/ptrace.h has these, but cannot be included beside sys/ptrace.h; ptrace(2),
// PTRACE_GETEVENTMSG.
constexpr unsigned long kEventMessageEntry = 1;  // PTRACE_EVENTMSG_SYSCALL_ENTRY
constexpr unsigned long kEventMessageExit = 2;   // PTRACE_EVENTMSG_SYSCALL_EXIT

// glibc's wrapper wants its own enum for the request; the kernel takes the number.
long request(int what, Tid tid, std::uintptr_t address, const void* data) {
  return ptrace(static_cast<__ptrace_request>(what), tid.value,
                reinterpret_cast<void*>(address),  // NOLINT(performance-no-int-to-ptr)
                const_cast<void*>(data));          // NOLINT(cppcoreguidelines-pro-type-const-cast)
}

}  // namespace

Result<unsigned long> StoppedTracee::event_message() const {
  unsigned long message = 0;
  if (request(PTRACE_GETEVENTMSG, tid_, 0, &message) != 0) return os_error("PTRACE_GETEVENTMSG");
  return message;
}

Result<SyscallEnd> StoppedTracee::syscall_end() const {
  auto message = event_message();
  if (!message) return message.error();
  if (*message == kEventMessageEntry) return SyscallEnd::Entry;
  if (*message == kEventMessageExit) return SyscallEnd::Exit;
  return SyscallEnd::Unknown;
}

Result<SyscallStopInfo> StoppedTracee::syscall_info() const {
  // The kernel's own struct: glibc's <sys/ptrace.h> names it with a prefix that differs by version.
  struct KernelInfo {
    std::uint8_t op;
    std::uint8_t pad[3];
    std::uint32_t arch;
    std::uint64_t instruction_pointer;
    std::uint64_t stack_pointer;
    union {
      struct {
        std::uint64_t nr;
        std::uint64_t args[6];
        std::uint32_t ret_data;
      } entry;  // also the beginning of the seccomp form
      struct {
        std::int64_t rval;
        std::uint8_t is_error;
      } exit;
    };
  } raw{};
  constexpr int kGetSyscallInfo = 0x420e;
  constexpr std::uint8_t kEntry = 1;
  constexpr std::uint8_t kExit = 2;
  constexpr std::uint8_t kSeccomp = 3;
  if (request(kGetSyscallInfo, tid_, sizeof(raw), &raw) < 0) {
    return os_error("PTRACE_GET_SYSCALL_INFO");
  }
  SyscallStopInfo info;
  // x32 says x86_64; what else ttrace does not know is taken for the host's own.
  info.abi = abi_from_audit(raw.arch).value_or(host_abi());
  info.sp = Address(raw.stack_pointer);
  if (raw.op == kEntry || raw.op == kSeccomp) {
    info.number = raw.entry.nr;
    std::memcpy(info.args, raw.entry.args, sizeof(info.args));
  } else if (raw.op == kExit) {
    info.rval = raw.exit.rval;
    info.is_error = raw.exit.is_error != 0;
  }
  return info;
}

Result<siginfo_t> StoppedTracee::siginfo() const {
  siginfo_t info;
  std::memset(&info, 0, sizeof(info));
  if (request(PTRACE_GETSIGINFO, tid_, 0, &info) != 0) return os_error("PTRACE_GETSIGINFO");
  return info;
}

Result<> StoppedTracee::set_siginfo(const siginfo_t& info) {
  if (request(PTRACE_SETSIGINFO, tid_, 0, &info) != 0) return os_error("PTRACE_SETSIGINFO");
  return {};
}

Result<Registers> StoppedTracee::registers() const {
  Registers regs(host_abi());
  iovec vec{regs.raw().data(), regs.raw().size()};
  if (request(PTRACE_GETREGSET, tid_, NT_PRSTATUS, &vec) != 0) return os_error("PTRACE_GETREGSET");
  // A 32-bit program's block is known by its length.
  for (Abi machine : {Abi::I386, Abi::Arm}) {
    Registers compat(machine);
    if (compat.raw().size() != vec.iov_len) continue;
    std::memcpy(compat.raw().data(), regs.raw().data(), vec.iov_len);
    return compat;
  }
  return regs;
}

Result<> StoppedTracee::set_registers(Registers& regs) {
  iovec vec{regs.raw().data(), regs.raw().size()};
  if (request(PTRACE_SETREGSET, tid_, NT_PRSTATUS, &vec) != 0) return os_error("PTRACE_SETREGSET");
  return {};
}

Result<Address> StoppedTracee::i386_gs_base() const {
  // The 64-bit block of a 32-bit thread has it: gs_base is word 22 of user_regs_struct.
  constexpr std::uintptr_t kGsBase = 22 * 8;
  errno = 0;
  long word = request(PTRACE_PEEKUSER, tid_, kGsBase, nullptr);
  if (word == -1 && errno != 0) return os_error("PTRACE_PEEKUSER");
  return Address(static_cast<std::uint64_t>(word));
}

Result<Address> StoppedTracee::arm64_thread_pointer() const {
  std::uint64_t pointer = 0;
  iovec vec{&pointer, sizeof(pointer)};
  if (request(PTRACE_GETREGSET, tid_, NT_ARM_TLS, &vec) != 0) return os_error("PTRACE_GETREGSET");
  return Address(pointer);
}

Result<std::uint64_t> StoppedTracee::arm64_signature_mask() const {
  struct {
    std::uint64_t data, instructions;
  } masks{};                                  // struct user_pac_mask
  constexpr std::uintptr_t kPacMask = 0x406;  // NT_ARM_PAC_MASK
  iovec vec{&masks, sizeof(masks)};
  if (request(PTRACE_GETREGSET, tid_, kPacMask, &vec) != 0) return os_error("PTRACE_GETREGSET");
  return masks.instructions;
}

Result<FloatRegisters> StoppedTracee::float_registers(Abi machine) const {
  FloatRegisters regs(machine);
  iovec vec{regs.raw().data(), regs.raw().size()};
  if (request(PTRACE_GETREGSET, tid_, NT_PRFPREG, &vec) != 0) return os_error("PTRACE_GETREGSET");
  return regs;
}

Result<bool> StoppedTracee::has_pending(int signal) const {
  constexpr int kBatch = 8;
  std::array<siginfo_t, kBatch> batch;
  __ptrace_peeksiginfo_args args{};
  args.nr = kBatch;
  for (;;) {
    std::memset(batch.data(), 0, sizeof(batch));
    long got =
        ptrace(static_cast<__ptrace_request>(PTRACE_PEEKSIGINFO), tid_.value, &args, batch.data());
    if (got < 0) return os_error("PTRACE_PEEKSIGINFO");
    for (long i = 0; i < got; ++i) {
      if (batch[static_cast<std::size_t>(i)].si_signo == signal) return true;
    }
    if (got < kBatch) return false;
    args.off += static_cast<std::uint64_t>(got);
  }
}

bool StoppedTracee::hides_trap(const Stop& stop) const {
  if (!std::holds_alternative<stop::Interrupt>(stop) &&
      !std::holds_alternative<stop::Group>(stop)) {
    return false;
  }
  auto pending = has_pending(SIGTRAP);
  return pending && *pending;
}

Result<std::uint64_t> StoppedTracee::signal_mask() const {
  std::uint64_t mask = 0;
  if (request(PTRACE_GETSIGMASK, tid_, sizeof(mask), &mask) != 0) {
    return os_error("PTRACE_GETSIGMASK");
  }
  return mask;
}

Result<> StoppedTracee::set_signal_mask(std::uint64_t mask) {
  if (request(PTRACE_SETSIGMASK, tid_, sizeof(mask), &mask) != 0) {
    return os_error("PTRACE_SETSIGMASK");
  }
  return {};
}

Result<> StoppedTracee::resume(Resume how, int signal) && {
  static constexpr std::array<int, 4> kRequests{PTRACE_SYSCALL, PTRACE_CONT, PTRACE_SINGLESTEP,
                                                PTRACE_LISTEN};
  // NOLINTNEXTLINE(performance-no-int-to-ptr): the kernel takes the signal in the data argument
  const void* data = reinterpret_cast<const void*>(static_cast<std::uintptr_t>(signal));
  if (request(kRequests.at(static_cast<std::size_t>(how)), tid_, 0, data) != 0) {
    return os_error("resume thread " + std::to_string(tid_.value));
  }
  return {};
}

Result<> StoppedTracee::detach(int signal) && {
  // NOLINTNEXTLINE(performance-no-int-to-ptr): the kernel takes the signal in the data argument
  const void* data = reinterpret_cast<const void*>(static_cast<std::uintptr_t>(signal));
  if (request(PTRACE_DETACH, tid_, 0, data) != 0) {
    return os_error("detach from thread " + std::to_string(tid_.value));
  }
  return {};
}

}  // namespace ttrace
