#include "os/remote_syscall.h"

#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <ctime>
#include <optional>
#include <variant>
#include <vector>

#include "arch/machine.h"
#include "os/proc.h"
#include "os/stop.h"

namespace ttrace {

namespace {

// The vdso has a syscall instruction for what it cannot answer itself, on every machine; should it
// be switched off, some library's text has one.
std::optional<Address> find_instruction(Tid tid, Memory& memory,
                                        std::span<const std::byte> instruction) {
  std::vector<Mapping> maps = read_maps(tid);
  std::stable_partition(maps.begin(), maps.end(),
                        [](const Mapping& m) { return m.path == "[vdso]"; });
  constexpr std::uint64_t kMost = std::uint64_t{4} << 20;
  for (const Mapping& m : maps) {
    if (!m.executable || !m.readable) continue;
    std::vector<std::byte> text(std::min(m.end - m.start, kMost));
    text.resize(memory.read(m.start, text));
    auto found = std::search(text.begin(), text.end(), instruction.begin(), instruction.end());
    if (found != text.end()) return m.start + static_cast<std::uint64_t>(found - text.begin());
  }
  return std::nullopt;
}

// Waits for this thread alone. A death is left for the tracer's own wait to find; that of a
// process's first thread is not even reported before its siblings were waited for, so it is looked
// for in /proc.
Result<Stop> wait_for(Tid tid) {
  for (;;) {
    siginfo_t info{};
    auto id = static_cast<id_t>(tid.value);
    int done = waitid(P_PID, id, &info, WSTOPPED | WEXITED | WNOWAIT | WNOHANG | __WALL);
    if (done != 0 && errno != EINTR)
      return os_error("wait for thread " + std::to_string(tid.value));
    if (done == 0 && info.si_pid != 0) {
      bool dead = info.si_code != CLD_STOPPED && info.si_code != CLD_TRAPPED;
      if (dead) return Error{ESRCH, "thread " + std::to_string(tid.value)};
      break;
    }
    auto status = read_status(tid);
    if (!status || status->ended()) {
      return Error{ESRCH, "thread " + std::to_string(tid.value)};
    }
    constexpr timespec kPause{0, 50'000};
    nanosleep(&kPause, nullptr);
  }
  int status = 0;
  while (wait4(tid.value, &status, __WALL, nullptr) < 0) {
    if (errno != EINTR) return os_error("wait for thread " + std::to_string(tid.value));
  }
  return decode_wait_status(status);
}

// Runs to the next syscall-stop. All signals are blocked but SIGKILL and SIGSTOP, which is sent
// again afterwards.
Result<> run_to_syscall_stop(Tid tid, bool& stop_again) {
  for (;;) {
    if (auto resumed = StoppedTracee(tid).resume(Resume::Syscall); !resumed) return resumed;
    auto stop = wait_for(tid);
    if (!stop) return stop.error();
    if (std::holds_alternative<stop::Syscall>(*stop)) return {};
    const auto* signal = std::get_if<stop::Signal>(&*stop);
    stop_again = stop_again || (signal != nullptr && signal->signal == SIGSTOP);
  }
}

std::optional<Address> free_page_near(Tid tid, Address near, std::uint64_t page) {
  constexpr std::uint64_t kLowest = 0x100000;  // above any vm.mmap_min_addr in use
  std::optional<Address> best;
  auto offer = [&](std::uint64_t at) {
    auto distance = [&](std::uint64_t a) {
      return a > near.value() ? a - near.value() : near.value() - a;
    };
    if (!best || distance(at) < distance(best->value())) best = Address(at);
  };
  std::uint64_t previous_end = kLowest;
  for (const Mapping& m : read_maps(tid)) {
    if (m.start.value() >= previous_end + 2 * page) {
      offer(previous_end + page);
      offer(m.start.value() - 2 * page);
    }
    previous_end = std::max(previous_end, m.end.value());
  }
  return best;
}

}  // namespace

Result<std::uint64_t> remote_syscall(StoppedTracee& tracee, Registers& regs, Memory& memory,
                                     std::uint64_t number, std::array<std::uint64_t, 6> args) {
  Tid tid = tracee.tid();
  auto status = read_status(tid);
  if (!status) return Error{ESRCH, "thread " + std::to_string(tid.value)};
  if (status->seccomp != 0) return Error{0, "the program runs under a seccomp policy"};
  const SyscallConvention& convention = syscall_convention(regs.machine());
  auto instruction = find_instruction(tid, memory, convention.instruction);
  if (!instruction) return Error{0, "no syscall instruction in the program"};
  auto mask = tracee.signal_mask();
  if (!mask) return mask.error();
  if (auto set = tracee.set_signal_mask(~std::uint64_t{0}); !set) return set.error();

  Registers call = regs;
  call.set_pc(*instruction);
  call.set_orig_syscall(-1);
  call.set(convention.number, number);
  for (std::size_t i = 0; i < args.size(); ++i)
    call.set(convention.arguments.at(i), args.at(i));
  bool stop_again = false;
  if (auto set = tracee.set_registers(call); !set) return set.error();
  if (auto entry = run_to_syscall_stop(tid, stop_again); !entry) return entry.error();
  if (auto exit = run_to_syscall_stop(tid, stop_again); !exit) return exit.error();
  auto info = tracee.syscall_info();
  if (!info) return info.error();

  regs.set_orig_syscall(-1);
  if (auto set = tracee.set_registers(regs); !set) return set.error();
  if (auto set = tracee.set_signal_mask(*mask); !set) return set.error();
  if (stop_again) syscall(SYS_tgkill, status->tgid.value, tid.value, SIGSTOP);
  if (info->is_error) return Error{static_cast<int>(-info->rval), "syscall in the program"};
  return static_cast<std::uint64_t>(info->rval);
}

Result<Address> remote_map_text(StoppedTracee& tracee, Registers& regs, Memory& memory,
                                Address near) {
  auto page = static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  auto at = free_page_near(tracee.tid(), near, page);
  if (!at) return Error{ENOMEM, "find room in the program's address space"};
  constexpr std::uint64_t kNoFile = ~std::uint64_t{0};
  auto mapped = remote_syscall(tracee, regs, memory, syscall_convention(regs.machine()).mmap,
                               {at->value(), page, PROT_READ | PROT_EXEC,
                                MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, kNoFile, 0});
  if (!mapped) return mapped.error();
  return Address(*mapped);
}

}  // namespace ttrace
