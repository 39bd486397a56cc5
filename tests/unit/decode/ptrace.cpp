// custom/ptrace.cpp and the requests of ptrace.
#include "unit/decode/call_text.h"

using namespace ttrace;
using namespace ttrace::test;
using namespace std::string_view_literals;

namespace {
constexpr Address kA{0x1000}, kB{0x2000};
constexpr std::uint64_t kPid = 7;

struct Vector {
  std::uint64_t base, length;
};
struct SyscallInfo {
  std::uint8_t op = 0, reserved = 0;
  std::uint16_t flags = 0;
  std::uint32_t arch = 0xc000003e;
  std::uint64_t instruction_pointer = 0x10, stack_pointer = 0x20;
  std::array<std::uint64_t, 8> rest{};
};
}  // namespace

TEST_CASE("a request has the arguments that it uses") {
  Calls calls;
  calls.memory.map_object(kA, std::uint64_t{0x55});
  CHECK(calls.call("ptrace", {0}, 0) == "ptrace(PTRACE_TRACEME) = 0");
  CHECK(calls.call("ptrace", {16, kPid}, 0) == "ptrace(PTRACE_ATTACH, 7) = 0");
  CHECK(calls.call("ptrace", {7, kPid, 0, 19}, 0) == "ptrace(PTRACE_CONT, 7, NULL, SIGSTOP) = 0");
  CHECK(calls.call("ptrace", {2, kPid, 0x10, 0x1000}, 0) ==
        "ptrace(PTRACE_PEEKDATA, 7, 0x10, [0x55]) = 0");
  CHECK(calls.call("ptrace", {0x4201, kPid, 0, 0x1000}, 0) ==
        "ptrace(PTRACE_GETEVENTMSG, 7, NULL, [85]) = 0");
  CHECK(calls.call("ptrace", {0x4200, kPid, 0, 0x100001}, 0) ==
        "ptrace(PTRACE_SETOPTIONS, 7, NULL, PTRACE_O_TRACESYSGOOD|PTRACE_O_EXITKILL) = 0");
  CHECK(calls.call("ptrace", {0x99, kPid, 0, 1}, -5) ==
        "ptrace(0x99 /* PTRACE_??? */, 7, NULL, 0x1) = -1 EIO (Input/output error)");
  CHECK(calls.call("ptrace", {0x420a, kPid, 8, 0x1000}, 0) ==
        "ptrace(PTRACE_GETSIGMASK, 7, 8, [HUP QUIT TRAP BUS]) = 0");
  CHECK(calls.call("ptrace", {0x420a, kPid, 4, 0x1000}, 0) ==
        "ptrace(PTRACE_GETSIGMASK, 7, 4, 0x1000) = 0");
}

TEST_CASE("offsets into struct user have names") {
  Calls calls;
  auto offset = [&](std::uint64_t at) {
    const std::string text = calls.call("ptrace", {6, kPid, at, 0}, 0);
    const std::string before = "ptrace(PTRACE_POKEUSER, 7, ";
    return text.substr(before.size(), text.find(", NULL)") - before.size());
  };
  CHECK(offset(0) == "8*R15");
  CHECK(offset(120) == "8*ORIG_RAX");
  CHECK(offset(124) == "8*ORIG_RAX+4");
  CHECK(offset(864) == "offsetof(struct user, u_debugreg)+16");
  CHECK(offset(912) == "sizeof(struct user)");
  CHECK(offset(913) == "0x391");
}

TEST_CASE("a register set is shown as far as it was filled in") {
  Calls calls;
  calls.memory.map_object(kB, std::array<std::uint64_t, 40>{1, 2, 3});
  calls.memory.map_object(kA, Vector{0x2000, 4096});
  CHECK(calls.enter("ptrace", {0x4204, kPid, 1, 0x1000}) ==
        "ptrace(PTRACE_GETREGSET, 7, NT_PRSTATUS");
  calls.memory.map_object(kA, Vector{0x2000, 24});
  CHECK(calls.exit(0) ==
        "ptrace(PTRACE_GETREGSET, 7, NT_PRSTATUS, {iov_base={r15=0x1, r14=0x2, r13=0x3}, "
        "iov_len=4096 => 24}) = 0");
  CHECK(calls.call("ptrace", {0x4204, kPid, 1, 0x1000}, -3) ==
        "ptrace(PTRACE_GETREGSET, 7, NT_PRSTATUS, {iov_base=0x2000, iov_len=24}) = -1 ESRCH "
        "(No such process)");
  calls.memory.map_object(kA, Vector{0x2000, 20});
  CHECK(calls.call("ptrace", {0x4205, kPid, 1, 0x1000}, 0) ==
        "ptrace(PTRACE_SETREGSET, 7, NT_PRSTATUS, {iov_base=0x2000, iov_len=20}) = 0");
  calls.memory.map_object(kA, Vector{0x2000, 40});
  CHECK(calls.call("ptrace", {0x4205, kPid, 2, 0x1000}, 0) ==
        "ptrace(PTRACE_SETREGSET, 7, NT_FPREGSET, {iov_base={cwd=0x1, swd=0, ftw=0, fop=0, "
        "rip=0x2, rdp=0x3, mxcsr=0, mxcr_mask=0, st_space=[0, 0]}, iov_len=40}) = 0");
  // Sets of other architectures, or without a known layout.
  CHECK(calls.call("ptrace", {0x4205, kPid, 0x202, 0x1000}, 0) ==
        "ptrace(PTRACE_SETREGSET, 7, NT_X86_XSTATE, {iov_base=0x2000, iov_len=40}) = 0");
}

TEST_CASE("what PTRACE_GET_SYSCALL_INFO tells depends on the kind of stop") {
  Calls calls;
  auto shown = [&](const SyscallInfo& info, std::int64_t size) {
    calls.memory.map_object(kA, info);
    const std::string text = calls.call("ptrace", {0x420e, kPid, 88, 0x1000}, size);
    return text.substr(text.find("88, ") + 4);
  };
  CHECK(shown({}, 0) == "0x1000) = 0");
  CHECK(shown({}, 8) == "{op=PTRACE_SYSCALL_INFO_NONE, arch=AUDIT_ARCH_X86_64}) = 8");
  CHECK(shown({.op = 1, .rest = {5, 6, 7}}, 48) ==
        "{op=PTRACE_SYSCALL_INFO_ENTRY, arch=AUDIT_ARCH_X86_64, instruction_pointer=0x10, "
        "stack_pointer=0x20, entry={nr=5, args=[0x6, 0x7]}}) = 48");
  CHECK(shown({.op = 2, .flags = 3, .rest = {static_cast<std::uint64_t>(-22), 1}}, 33) ==
        "{op=PTRACE_SYSCALL_INFO_EXIT, flags=0x3, arch=AUDIT_ARCH_X86_64, "
        "instruction_pointer=0x10, stack_pointer=0x20, exit={rval=-EINVAL, is_error=1}}) = 33");
  CHECK(shown({.op = 2, .rest = {static_cast<std::uint64_t>(-22), 0}}, 33) ==
        "{op=PTRACE_SYSCALL_INFO_EXIT, arch=AUDIT_ARCH_X86_64, instruction_pointer=0x10, "
        "stack_pointer=0x20, exit={rval=-22, is_error=0}}) = 33");
  CHECK(shown({.op = 3, .rest = {5, 1, 2, 3, 4, 5, 6, 9}}, 84) ==
        "{op=PTRACE_SYSCALL_INFO_SECCOMP, arch=AUDIT_ARCH_X86_64, instruction_pointer=0x10, "
        "stack_pointer=0x20, seccomp={nr=5, args=[0x1, 0x2, 0x3, 0x4, 0x5, 0x6], "
        "ret_data=9}}) = 84");
}

TEST_CASE("a filter's flags are known when the kernel gave them") {
  Calls calls;
  calls.memory.map_object(kA, std::array<std::uint64_t, 2>{1, 2});
  CHECK(calls.call("ptrace", {0x420d, kPid, 16, 0x1000}, 16) ==
        "ptrace(PTRACE_SECCOMP_GET_METADATA, 7, 16, {filter_off=1, "
        "flags=SECCOMP_FILTER_FLAG_LOG}) = 16");
  CHECK(calls.call("ptrace", {0x420d, kPid, 16, 0x1000}, -3) ==
        "ptrace(PTRACE_SECCOMP_GET_METADATA, 7, 16, {filter_off=1}) = -1 ESRCH (No such process)");
}

TEST_CASE("with -v a filter's instructions are shown") {
  struct Instruction {
    std::uint16_t code = 0;
    std::uint8_t if_true = 0, if_false = 0;
    std::uint32_t k = 0;
  };
  const std::array<Instruction, 6> filter{{{.code = 0x20, .k = 4},
                                           {.code = 0x15, .if_false = 3, .k = 0x28},
                                           {.code = 0x06, .k = 0x50001},
                                           {.code = 0x16},
                                           {.code = 0x0a},
                                           {.code = 0x87, .k = 1}}};
  Calls calls(Abi::X86_64, unabridged());
  calls.memory.map_object(kB, filter);
  calls.memory.map_object(kA, std::array<std::uint64_t, 2>{filter.size(), 0x2000});
  CHECK(calls.call("seccomp", {1, 0, 0x1000}, 0) ==
        "seccomp(SECCOMP_SET_MODE_FILTER, 0, {len=6, filter=[BPF_STMT(BPF_LD|BPF_W|BPF_ABS, 0x4), "
        "BPF_JUMP(BPF_JMP|BPF_K|BPF_JEQ, 0x28, 0, 0x3), BPF_STMT(BPF_RET|BPF_K, "
        "SECCOMP_RET_ERRNO|0x1), BPF_STMT(BPF_RET|BPF_A, SECCOMP_RET_KILL_THREAD), "
        "BPF_STMT(BPF_ST|0x8 /* BPF_??? */, 0), BPF_STMT(BPF_MISC|BPF_TXA, 0x1)]}) = 0");
  CHECK(calls.call("ptrace", {0x420c, kPid, 0, 0x2000}, 1) ==
        "ptrace(PTRACE_SECCOMP_GET_FILTER, 7, 0, [BPF_STMT(BPF_LD|BPF_W|BPF_ABS, 0x4)]) = 1");
  Calls brief;
  brief.memory.map_object(kA, std::array<std::uint64_t, 2>{filter.size(), 0x2000});
  CHECK(brief.call("seccomp", {1, 0, 0x1000}, 0) ==
        "seccomp(SECCOMP_SET_MODE_FILTER, 0, {len=6, filter=0x2000}) = 0");
}
