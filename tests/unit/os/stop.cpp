#include "os/stop.h"

#include <doctest/doctest.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

#include <csignal>

using namespace ttrace;

namespace {

int stopped(int signal, int event = 0) {
  return event << 16 | signal << 8 | 0x7f;
}

template <class T>
T decode_as(int status) {
  Stop stop = decode_wait_status(status);
  REQUIRE(std::holds_alternative<T>(stop));
  return std::get<T>(stop);
}

}  // namespace

TEST_CASE("syscall stops are told from SIGTRAP by bit 7") {
  decode_as<stop::Syscall>(stopped(SIGTRAP | 0x80));
  CHECK(decode_as<stop::Signal>(stopped(SIGTRAP)).signal == SIGTRAP);
  CHECK(decode_as<stop::Signal>(stopped(SIGSEGV)).signal == SIGSEGV);
  CHECK(decode_as<stop::Signal>(stopped(64)).signal == 64);
}

TEST_CASE("events") {
  using How = stop::NewChild::How;
  CHECK(decode_as<stop::NewChild>(stopped(SIGTRAP, PTRACE_EVENT_FORK)).how == How::Fork);
  CHECK(decode_as<stop::NewChild>(stopped(SIGTRAP, PTRACE_EVENT_VFORK)).how == How::Vfork);
  CHECK(decode_as<stop::NewChild>(stopped(SIGTRAP, PTRACE_EVENT_CLONE)).how == How::Clone);
  decode_as<stop::VforkDone>(stopped(SIGTRAP, PTRACE_EVENT_VFORK_DONE));
  decode_as<stop::Exec>(stopped(SIGTRAP, PTRACE_EVENT_EXEC));
  decode_as<stop::AboutToExit>(stopped(SIGTRAP, PTRACE_EVENT_EXIT));
  decode_as<stop::Seccomp>(stopped(SIGTRAP, PTRACE_EVENT_SECCOMP));
}

TEST_CASE("an event stop with a stopping signal is a group-stop, with SIGTRAP an interrupt") {
  for (int signal : {SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU}) {
    CHECK(decode_as<stop::Group>(stopped(signal, PTRACE_EVENT_STOP)).signal == signal);
  }
  decode_as<stop::Interrupt>(stopped(SIGTRAP, PTRACE_EVENT_STOP));
}

TEST_CASE("ends") {
  CHECK(decode_as<stop::Exited>(0).status == 0);
  CHECK(decode_as<stop::Exited>(42 << 8).status == 42);
  CHECK(decode_as<stop::Killed>(SIGKILL).signal == SIGKILL);
  CHECK_FALSE(decode_as<stop::Killed>(SIGKILL).core_dumped);
  CHECK(decode_as<stop::Killed>(SIGSEGV | 0x80).core_dumped);
}

TEST_CASE("what is not known keeps its number") {
  CHECK(decode_as<stop::Unknown>(stopped(SIGTRAP, 99)).raw == stopped(SIGTRAP, 99));
  CHECK(decode_as<stop::Unknown>(0xffff).raw == 0xffff);  // WIFCONTINUED
}
