#include "os/wait.h"

#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>

#include <array>
#include <cerrno>
#include <csignal>

#include "base/clock.h"

namespace ttrace {

namespace {

constexpr std::array<int, 4> kEndingSignals{SIGINT, SIGTERM, SIGHUP, SIGQUIT};

// Signal handlers can reach nothing but static objects.
volatile std::sig_atomic_t ending_signal_seen = 0;

// Signals that ttrace handles or ignores whatever it was started with.
constexpr std::array<int, 7> kTakenOver{SIGINT,  SIGTERM, SIGHUP, SIGQUIT,
                                        SIGALRM, SIGPIPE, SIGCHLD};
std::array<bool, kTakenOver.size()> was_ignored{};

// A wake-up that arrives just before wait4 blocks would be slept through, so the timer repeats
// until the loop has seen it and disarms it.
constexpr suseconds_t kRepeat = 20'000;  // microseconds

void arm(std::int64_t nanoseconds) {
  itimerval timer{};
  std::int64_t us = nanoseconds / 1000 + 1;
  timer.it_value.tv_sec = us / 1'000'000;
  timer.it_value.tv_usec = us % 1'000'000;
  timer.it_interval.tv_usec = kRepeat;
  setitimer(ITIMER_REAL, &timer, nullptr);
}

void on_ending_signal(int signal) {
  int saved = errno;
  if (ending_signal_seen == 0) ending_signal_seen = signal;
  arm(1000);
  errno = saved;
}

void on_alarm(int /*signal*/) {}

std::int64_t nanoseconds(const timeval& time) {
  return time.tv_sec * std::int64_t{1'000'000'000} + time.tv_usec * std::int64_t{1000};
}

bool ignored(int signal) {
  struct sigaction now {};
  sigaction(signal, nullptr, &now);
  return now.sa_handler == SIG_IGN;
}

void handle(int signal, void (*handler)(int)) {
  struct sigaction action {};
  action.sa_handler = handler;  // no SA_RESTART: wait4 must return
  sigaction(signal, &action, nullptr);
}

}  // namespace

WakeUps::WakeUps() {
  for (std::size_t i = 0; i < kTakenOver.size(); ++i)
    was_ignored[i] = ignored(kTakenOver[i]);
  for (int signal : kEndingSignals) {
    // What runs under nohup goes on without its terminal.
    bool keep = signal == SIGHUP && ignored(signal);
    if (!keep) handle(signal, on_ending_signal);
  }
  handle(SIGALRM, on_alarm);
  handle(SIGPIPE, SIG_IGN);
  handle(SIGCHLD, SIG_DFL);  // ignored, it would make wait4 lose statuses
}

void WakeUps::restore_for_child() {
  for (std::size_t i = 0; i < kTakenOver.size(); ++i) {
    handle(kTakenOver[i], was_ignored[i] ? SIG_IGN : SIG_DFL);
  }
}

WakeUps::~WakeUps() {
  itimerval none{};
  setitimer(ITIMER_REAL, &none, nullptr);
}

int WakeUps::ending_signal() {
  return ending_signal_seen;
}

void WakeUps::wake_at(std::int64_t time) {
  if (time == armed_) return;
  armed_ = time;
  if (time == 0) {
    itimerval none{};
    setitimer(ITIMER_REAL, &none, nullptr);
    // A signal that came meanwhile must still wake the next wait.
    if (ending_signal_seen != 0) arm(1000);
    return;
  }
  std::int64_t left = time - realtime_now();
  arm(left > 0 && ending_signal_seen == 0 ? left : 0);
}

void WakeUps::stop_listening() {
  itimerval none{};
  setitimer(ITIMER_REAL, &none, nullptr);
  handle(SIGTERM, SIG_DFL);
  handle(SIGHUP, SIG_DFL);
  handle(SIGINT, SIG_IGN);
  handle(SIGQUIT, SIG_IGN);
}

int end_like(int signal) {
  rlimit no_core{0, 0};
  setrlimit(RLIMIT_CORE, &no_core);
  (void)std::signal(signal, SIG_DFL);
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, signal);
  sigprocmask(SIG_UNBLOCK, &set, nullptr);
  (void)std::raise(signal);
  constexpr int kShellBase = 128;
  return kShellBase + signal;
}

Result<std::optional<WaitStatus>> wait_any(bool block, bool measure) {
  int status = 0;
  rusage usage{};
  pid_t tid = wait4(-1, &status, __WALL | (block ? 0 : WNOHANG), measure ? &usage : nullptr);
  if (tid > 0) return std::optional(WaitStatus{Tid{tid}, status, nanoseconds(usage.ru_stime)});
  if (tid == 0) return std::optional<WaitStatus>();
  if (errno == EINTR) return std::optional<WaitStatus>();
  return os_error("wait for the traced program");
}

}  // namespace ttrace
