// A traced child of the test that executes single instructions on this processor, x86-64 or i386.
#pragma once

#if defined(__x86_64__)

#include <doctest/doctest.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#if __has_include(<sys/rseq.h>)
#include <sys/rseq.h>
#endif

#include <array>
#include <csignal>
#include <cstring>
#include <string>
#include <vector>

#include "arch/registers.h"
#include "base/memory.h"

namespace ttrace::test {

// Shared with the child, at the same addresses in both; below 2 GiB for the i386 half.
inline constexpr std::uint64_t kCode = 0x10000000;
inline constexpr std::uint64_t kSlot = 0x10100000;
inline constexpr std::uint64_t kData = 0x10200000;
inline constexpr std::size_t kDataSize = 0x2000;
inline constexpr std::size_t kCodeSize = 0x1000;
inline constexpr std::uint64_t kAt = kCode + 0x100;
inline constexpr std::uint64_t kCopyAt = kSlot + 0x200;

using Bytes = std::vector<std::byte>;
using DataPages = std::array<std::byte, kDataSize>;

inline std::byte* pointer(std::uint64_t address) {
  return reinterpret_cast<std::byte*>(address);  // mapped here too
}

inline std::string hex(const Bytes& bytes) {
  std::string text;
  for (std::byte b : bytes) {
    constexpr const char* kDigits = "0123456789abcdef";
    text += kDigits[static_cast<unsigned>(b) >> 4];
    text += kDigits[static_cast<unsigned>(b) & 15];
  }
  return text;
}

// The data pages, and nothing else.
class DataMemory : public MutableMemory {
 public:
  int accesses = 0;

  std::size_t read(Address from, std::span<std::byte> out) override {
    ++accesses;
    std::size_t done = 0;
    while (done < out.size() && inside(from + done)) {
      out[done] = *pointer((from + done).value());
      ++done;
    }
    return done;
  }
  Result<> write(Address to, std::span<const std::byte> bytes) override {
    ++accesses;
    if (!inside(to) || !inside(to + bytes.size() - 1)) return Error{EIO, "write"};
    std::memcpy(pointer(to.value()), bytes.data(), bytes.size());
    return {};
  }

 private:
  static bool inside(Address a) { return a.value() >= kData && a.value() < kData + kDataSize; }
};

inline DataPages save_data() {
  DataPages data;
  std::memcpy(data.data(), pointer(kData), kDataSize);
  return data;
}
inline void restore_data(const DataPages& data) {
  std::memcpy(pointer(kData), data.data(), kDataSize);
}

// i386's registers in the kernel's x86-64 block, in the order of Registers' i386 block.
inline std::array<unsigned long long user_regs_struct::*, 17> i386_slots() {
  return {&user_regs_struct::rbx, &user_regs_struct::rcx, &user_regs_struct::rdx,
          &user_regs_struct::rsi, &user_regs_struct::rdi, &user_regs_struct::rbp,
          &user_regs_struct::rax, &user_regs_struct::ds,  &user_regs_struct::es,
          &user_regs_struct::fs,  &user_regs_struct::gs,  &user_regs_struct::orig_rax,
          &user_regs_struct::rip, &user_regs_struct::cs,  &user_regs_struct::eflags,
          &user_regs_struct::rsp, &user_regs_struct::ss};
}

// The kernel kills a thread whose restartable-sequence area has been unmapped.
inline void leave_rseq() {
#if __has_include(<sys/rseq.h>)
  auto* area = static_cast<std::byte*>(__builtin_thread_pointer()) + __rseq_offset;
  constexpr unsigned kRegisteredSize = 32;  // glibc registers more than __rseq_size says
  for (unsigned size : {kRegisteredSize, __rseq_size}) {
    syscall(SYS_rseq, area, size, RSEQ_FLAG_UNREGISTER, RSEQ_SIG);
  }
#endif
}

// A stopped child that executes one instruction at a time.
class Processor {
 public:
  Processor() {
    for (auto [address, size] :
         {std::pair{kCode, kCodeSize}, {kSlot, kCodeSize}, {kData, kDataSize}}) {
      void* got = mmap(pointer(address), size, PROT_READ | PROT_WRITE | PROT_EXEC,
                       MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
      REQUIRE(got == pointer(address));
    }
    child_ = fork();
    if (child_ == 0) {
      leave_rseq();
      ptrace(PTRACE_TRACEME, 0, 0, 0);
      raise(SIGSTOP);
      _exit(1);
    }
    int status = 0;
    REQUIRE(waitpid(child_, &status, 0) == child_);
    REQUIRE(WIFSTOPPED(status));
    REQUIRE(ptrace(PTRACE_SETOPTIONS, child_, 0, PTRACE_O_EXITKILL) == 0);
    REQUIRE(ptrace(PTRACE_GETREGS, child_, 0, &initial_) == 0);
    // Nothing else may be there for an instruction to find: it would not be restored.
    constexpr std::uint64_t kEnd = 0x7ffffffff000;
    unmap(0, kCode);
    unmap(kCode + kCodeSize, kSlot);
    unmap(kSlot + kCodeSize, kData);
    unmap(kData + kDataSize, kEnd);
  }
  Processor(const Processor&) = delete;
  Processor& operator=(const Processor&) = delete;
  ~Processor() {
    kill(child_, SIGKILL);
    waitpid(child_, nullptr, 0);
    munmap(pointer(kCode), kCodeSize);
    munmap(pointer(kSlot), kCodeSize);
    munmap(pointer(kData), kDataSize);
  }

  // Registers with the system's part (segments) filled in.
  Registers registers(Abi machine) const {
    Registers regs(machine);
    user_regs_struct kernel = initial_;
    kernel.eflags = 0x202;
    kernel.orig_rax = ~0ULL;
    if (machine == Abi::I386) {
      kernel.cs = 0x23;  // the kernel's 32-bit code segment
      kernel.ds = kernel.es = kernel.ss = 0x2b;
    }
    from_kernel(kernel, regs);
    return regs;
  }

  // True when one instruction was executed; false when it faulted.
  bool step(Registers& regs) { return resume(PTRACE_SINGLESTEP, regs); }
  // Runs to a breakpoint instruction.
  bool run(Registers& regs) { return resume(PTRACE_CONT, regs); }

 private:
  void unmap(std::uint64_t from, std::uint64_t to) {
    constexpr std::array kSyscall{std::byte{0x0f}, std::byte{0x05}};
    std::memcpy(pointer(kAt), kSyscall.data(), kSyscall.size());
    Registers regs = registers(Abi::X86_64);
    constexpr std::uint64_t kMunmap = 11;
    constexpr unsigned kRax = 0;
    constexpr unsigned kRdi = 5;
    constexpr unsigned kRsi = 4;
    regs.set(kRax, kMunmap);
    regs.set(kRdi, from);
    regs.set(kRsi, to - from);
    regs.set_pc(Address(kAt));
    REQUIRE(step(regs));
    REQUIRE(regs.get(kRax) == 0);
  }

  bool resume(decltype(PTRACE_CONT) how, Registers& regs) {
    user_regs_struct kernel = initial_;
    to_kernel(regs, kernel);
    REQUIRE(ptrace(PTRACE_SETREGS, child_, 0, &kernel) == 0);
    REQUIRE(ptrace(how, child_, 0, 0) == 0);
    int status = 0;
    REQUIRE(waitpid(child_, &status, 0) == child_);
    REQUIRE(WIFSTOPPED(status));
    REQUIRE(ptrace(PTRACE_GETREGS, child_, 0, &kernel) == 0);
    from_kernel(kernel, regs);
    return WSTOPSIG(status) == SIGTRAP;
  }

  static void from_kernel(const user_regs_struct& kernel, Registers& regs) {
    if (regs.machine() == Abi::X86_64) {
      std::memcpy(regs.raw().data(), &kernel, sizeof kernel);
      return;
    }
    auto slots = i386_slots();
    for (std::size_t i = 0; i < slots.size(); ++i) {
      auto value = static_cast<std::uint32_t>(kernel.*slots[i]);
      std::memcpy(regs.raw().subspan(i * 4).data(), &value, 4);
    }
  }
  static void to_kernel(const Registers& regs, user_regs_struct& kernel) {
    if (regs.machine() == Abi::X86_64) {
      std::memcpy(&kernel, regs.raw().data(), sizeof kernel);
    } else {
      auto slots = i386_slots();
      for (std::size_t i = 0; i < slots.size(); ++i) {
        std::uint32_t value = 0;
        std::memcpy(&value, regs.raw().subspan(i * 4).data(), 4);
        kernel.*slots[i] = value;
      }
    }
    kernel.orig_rax = ~0ULL;
  }

  pid_t child_ = -1;
  user_regs_struct initial_{};
};

}  // namespace ttrace::test

#endif
