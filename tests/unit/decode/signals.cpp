#include <signal.h>

#include <cstring>

#include "unit/decode/call_text.h"

using namespace ttrace;
using namespace ttrace::test;

namespace {
std::string text(const siginfo_t& info) {
  Arena arena;
  std::string result;
  render(decode_siginfo(std::as_bytes(std::span(&info, 1)), arena), result);
  return result;
}
siginfo_t make(int signal, int code) {
  siginfo_t info;
  std::memset(&info, 0, sizeof(info));
  info.si_signo = signal;
  info.si_code = code;
  return info;
}
}  // namespace

TEST_CASE("siginfo of each kind") {
  siginfo_t child = make(SIGCHLD, CLD_EXITED);
  child.si_pid = 12;
  child.si_status = 9;
  CHECK(text(child) ==
        "{si_signo=SIGCHLD, si_code=CLD_EXITED, si_pid=12, si_uid=0, si_status=9, si_utime=0, "
        "si_stime=0}");
  child.si_code = CLD_KILLED;
  CHECK(text(child) ==
        "{si_signo=SIGCHLD, si_code=CLD_KILLED, si_pid=12, si_uid=0, si_status=SIGKILL, "
        "si_utime=0, si_stime=0}");
  CHECK(text(make(SIGSEGV, SEGV_MAPERR)) ==
        "{si_signo=SIGSEGV, si_code=SEGV_MAPERR, si_addr=NULL}");
  CHECK(text(make(SIGINT, SI_KERNEL)) == "{si_signo=SIGINT, si_code=SI_KERNEL}");
  siginfo_t user = make(SIGUSR1, SI_USER);
  user.si_pid = 5;
  CHECK(text(user) == "{si_signo=SIGUSR1, si_code=SI_USER, si_pid=5, si_uid=0}");
  CHECK(text(make(SIGTERM, SI_TKILL)) ==
        "{si_signo=SIGTERM, si_code=SI_TKILL, si_pid=0, si_uid=0}");
  siginfo_t queued = make(SIGUSR1, SI_QUEUE);
  CHECK(text(queued) == "{si_signo=SIGUSR1, si_code=SI_QUEUE, si_pid=0, si_uid=0}");
  queued.si_value.sival_ptr = nullptr;
  queued.si_value.sival_int = 7;
  CHECK(text(queued) ==
        "{si_signo=SIGUSR1, si_code=SI_QUEUE, si_pid=0, si_uid=0, si_int=7, si_ptr=0x7}");
  CHECK(text(make(SIGALRM, SI_TIMER)) ==
        "{si_signo=SIGALRM, si_code=SI_TIMER, si_timerid=0, si_overrun=0, si_int=0, si_ptr=NULL}");
  siginfo_t odd = make(SIGUSR2, -77);
  odd.si_errno = 2;
  CHECK(text(odd) == "{si_signo=SIGUSR2, si_code=0xffffffb3, si_errno=ENOENT, si_pid=0, si_uid=0}");
}

TEST_CASE("a siginfo without a signal is empty") {
  Arena arena;
  std::string result;
  render(decode_siginfo({}, arena), result);
  CHECK(result == "{}");
}

TEST_CASE("what faults and unknown codes say") {
  siginfo_t fault = make(SIGSEGV, SEGV_PKUERR);
  fault.si_pkey = 3;
  CHECK(text(fault) == "{si_signo=SIGSEGV, si_code=SEGV_PKUERR, si_addr=NULL, si_pkey=3}");
  fault = make(SIGSEGV, SEGV_BNDERR);
  CHECK(text(fault) ==
        "{si_signo=SIGSEGV, si_code=SEGV_BNDERR, si_addr=NULL, si_lower=NULL, si_upper=NULL}");
  fault = make(SIGBUS, BUS_MCEERR_AO);
  fault.si_addr_lsb = 12;
  CHECK(text(fault) == "{si_signo=SIGBUS, si_code=BUS_MCEERR_AO, si_addr=NULL, si_addr_lsb=0xc}");
  CHECK(text(make(SIGIO, 9)) == "{si_signo=SIGIO, si_code=0x9}");
  siginfo_t other = make(SIGUSR1, 3);
  other.si_pid = 5;
  other.si_int = 7;
  CHECK(text(other) == "{si_signo=SIGUSR1, si_code=0x3, si_pid=5, si_uid=0, si_int=7, si_ptr=0x7}");
  siginfo_t child = make(SIGCHLD, CLD_EXITED);
  child.si_utime = 150;
  CHECK(text(child).find("si_utime=150 /* 1.50 s */, si_stime=0}") != std::string::npos);
}

TEST_CASE("the mask that a return from a handler sets") {
  Calls i386(Abi::I386);
  i386.stack_pointer = 0x1000;
  i386.memory.map(Address(0x1000), Bytes().zeros(80).u32(0x4002).zeros(628).u32(0x80).view());
  CHECK(i386.call("sigreturn", {}, 0) == "sigreturn({mask=[INT TERM RT_8]}) = 0");
  Calls arm(Abi::Arm);
  arm.stack_pointer = 0x1000;
  arm.memory.map(Address(0x1000), Bytes().zeros(104).u64(0x4002).zeros(120).u64(1).view());
  CHECK(arm.call("sigreturn", {}, 0) == "sigreturn({mask=[INT TERM]}) = 0");
  CHECK(arm.call("rt_sigreturn", {}, 0) == "rt_sigreturn({mask=[HUP]}) = 0");
}

TEST_CASE("what restart_syscall resumes") {
  Calls calls;
  CHECK(calls.call("restart_syscall", {}, 0) ==
        "restart_syscall(<... resuming interrupted system call ...>) = 0");
  calls.memory.map(Address(0x2000), Bytes().u64(1).u64(0).view());
  calls.call("nanosleep", {0x2000, 0}, -516);
  CHECK(calls.call("restart_syscall", {}, 0) ==
        "restart_syscall(<... resuming interrupted nanosleep ...>) = 0");
}

TEST_CASE("masks of 32 bits") {
  Calls calls(Abi::I386);
  calls.memory.map(Address(0x2000), Bytes().u32(0x4002).u32(0xfffffffe).view());
  CHECK(calls.call("sigprocmask", {2, 0x2000, 0x2004}, 0) ==
        "sigprocmask(SIG_SETMASK, [INT TERM], ~[HUP]) = 0");
  CHECK(calls.call("ssetmask", {2}, 0x4002) == "ssetmask([INT]) = 0x4002 (old mask [INT TERM])");
  CHECK(calls.call("sgetmask", {}, 0) == "sgetmask() = 0 (mask [])");
  CHECK(calls.call("signal", {10, 0x4000}, 1) == "signal(SIGUSR1, 0x4000) = 0x1 (SIG_IGN)");
  CHECK(calls.call("rt_sigpending", {0x2000, 4}, 0) == "rt_sigpending([INT TERM], 4) = 0");
  CHECK(calls.call("rt_sigprocmask", {0, 0x2000, 0, 2}, 0) ==
        "rt_sigprocmask(SIG_BLOCK, 0x2000, NULL, 2) = 0");
}

TEST_CASE("what a sigevent asks for") {
  Calls calls;
  calls.memory.map(Address(0x2000), Bytes().u64(7).u32(10).u32(4).u32(77).zeros(12).view());
  CHECK(calls.call("timer_create", {1, 0x2000, 0}, 0) ==
        "timer_create(CLOCK_MONOTONIC, {sigev_value={sival_int=7, sival_ptr=0x7}, "
        "sigev_signo=SIGUSR1, sigev_notify=SIGEV_THREAD_ID, sigev_notify_thread_id=77}, NULL) = 0");
  calls.memory.map(Address(0x3000), Bytes().u64(0).u32(10).u32(1).zeros(16).view());
  CHECK(calls.call("mq_notify", {3, 0x3000}, 0) ==
        "mq_notify(3, {sigev_signo=10, sigev_notify=SIGEV_NONE}) = 0");
  CHECK(calls.call("mq_notify", {3, 0x9000}, 0) == "mq_notify(3, 0x9000) = 0");
}

TEST_CASE("names and numbers of signals") {
  CHECK(signal_name(17) == "SIGCHLD");
  CHECK(signal_name(32) == "SIGRTMIN");
  CHECK(signal_name(35) == "SIGRT_3");
  CHECK(signal_name(0) == "0");
  CHECK(signal_name(99) == "99");
  CHECK(signal_number("SIGHUP") == 1);
  CHECK(signal_number("HUP") == 1);
  CHECK(signal_number("hup") == 1);
  CHECK(signal_number("1") == 1);
  CHECK(signal_number("65") == std::nullopt);
  CHECK(signal_number("nosuch") == std::nullopt);
  CHECK(signal_number("") == std::nullopt);
}

TEST_CASE("names of errors") {
  CHECK(errno_name(2) == "ENOENT");
  CHECK(errno_name(11) == "EAGAIN");
  CHECK(errno_name(4000).empty());
}
