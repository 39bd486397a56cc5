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

TEST_CASE("a siginfo that is cut short reads as zeros") {
  Arena arena;
  std::string result;
  render(decode_siginfo({}, arena), result);
  CHECK(result.starts_with("{si_signo=0"));
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
