// Signals: handlers within handlers, restarted and interrupted calls, stops, death. Traced with
// `-f -a 0 -e trace=kill,sigreturn,rt_sigreturn,read,clock_nanosleep,restart_syscall -o FILE`.
// Usage: signals EXPECTED MODE.
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>

#include "expect.h"

// A 32-bit program's handlers without SA_SIGINFO return with the older call.
#if defined(__i386__) || defined(__arm__)
#define SIGRETURN "sigreturn"
#else
#define SIGRETURN "rt_sigreturn"
#endif

static int ends[2];

static void expect_signal(const char* name, pid_t sender) {
  expect_mine("--- %s {si_signo=%s, si_code=SI_USER, si_pid=%d, si_uid=%d} ---", name, name,
              (int)sender, (int)getuid());
}

static void send_self(int signal, const char* name) {
  expect_mine("kill(%d, %s) = 0", (int)getpid(), name);
  expect_signal(name, getpid());
  kill(getpid(), signal);
}

static void inner_handler(int signal) {
  (void)signal;
  expect_mine(SIGRETURN "({mask=[USR1]}) = 0");
}

static void outer_handler(int signal) {
  (void)signal;
  send_self(SIGUSR2, "SIGUSR2");
  expect_mine(SIGRETURN "({mask=[]}) = 0");
}

static void handle(int signal, void (*handler)(int), int flags) {
  struct sigaction action = {.sa_handler = handler, .sa_flags = flags};
  if (sigaction(signal, &action, NULL) != 0) fail("sigaction");
}

static int do_nested(void) {
  handle(SIGUSR1, outer_handler, 0);
  handle(SIGUSR2, inner_handler, 0);
  send_self(SIGUSR1, "SIGUSR1");
  signal(SIGUSR1, SIG_IGN);
  expect_mine("kill(%d, SIGUSR1) = 0", (int)getpid());
  expect_signal("SIGUSR1", getpid());
  kill(getpid(), SIGUSR1);
  return 0;
}

static void start_timer(void) {
  struct itimerval soon = {.it_value = {.tv_usec = 200000}};
  setitimer(ITIMER_REAL, &soon, NULL);
}

static void feeding_handler(int signal) {
  (void)signal;
  struct iovec byte = {.iov_base = "x", .iov_len = 1};
  (void)!writev(ends[1], &byte, 1);
}

static void empty_handler(int signal) {
  (void)signal;
}

// read is interrupted by a handler that lets it go on: it is restarted and finds the byte.
static int do_restart(void) {
  handle(SIGALRM, feeding_handler, SA_RESTART);
  static char buffer[1];
  expect_mine("read(%d, %p, 1) = ? ERESTARTSYS (To be restarted if SA_RESTART is set)", ends[0],
              (void*)buffer);
  expect_mine("--- SIGALRM {si_signo=SIGALRM, si_code=SI_KERNEL} ---");
  // The call that is made again: its number is back in the register of the result (x86), or its
  // first argument (arm).
#if defined(__aarch64__) || defined(__arm__)
  expect_mine(SIGRETURN "({mask=[]}) = %d", ends[0]);
#else
  expect_mine(SIGRETURN "({mask=[]}) = %d", SYS_read);
#endif
  expect_mine("read(%d, \"x\", 1) = 1", ends[0]);
  start_timer();
  return read(ends[0], buffer, 1) == 1 ? 0 : 1;
}

static int do_interrupted(void) {
  handle(SIGALRM, empty_handler, 0);
  static char buffer[1];
  expect_mine("read(%d, %p, 1) = ? ERESTARTSYS (To be restarted if SA_RESTART is set)", ends[0],
              (void*)buffer);
  expect_mine("--- SIGALRM {si_signo=SIGALRM, si_code=SI_KERNEL} ---");
  expect_mine(SIGRETURN "({mask=[]}) = -1 EINTR (Interrupted system call)");
  start_timer();
  return read(ends[0], buffer, 1) < 0 && errno == EINTR ? 0 : 1;
}

static int do_sleep(void) {
  handle(SIGALRM, empty_handler, 0);
  struct timespec wanted = {.tv_sec = 10}, left = {0};
  start_timer();
  if (clock_nanosleep(CLOCK_REALTIME, 0, &wanted, &left) != EINTR) return 1;
  expect_mine(
      "clock_nanosleep(CLOCK_REALTIME, 0, {tv_sec=10, tv_nsec=0}, {tv_sec=%ld, tv_nsec=%ld}) = ? "
      "ERESTART_RESTARTBLOCK (Interrupted by signal)",
      (long)left.tv_sec, (long)left.tv_nsec);
  expect_mine("--- SIGALRM {si_signo=SIGALRM, si_code=SI_KERNEL} ---");
  expect_mine(SIGRETURN "({mask=[]}) = -1 EINTR (Interrupted system call)");
  return 0;
}

static char state_of(pid_t pid) {
  char path[64], text[512] = "";
  snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
  int fd = open(path, O_RDONLY);
  if (fd < 0) fail(path);
  // pread: the test traces read.
  if (pread(fd, text, sizeof text - 1, 0) <= 0) fail(path);
  close(fd);
  char* name_end = strrchr(text, ')');
  return name_end ? name_end[2] : '?';
}

// A child is stopped in its sleep and goes on: a stop, a continue, and the sleep's rest.
static int do_stop(void) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGCHLD);
  sigprocmask(SIG_BLOCK, &set, NULL);
  pid_t parent = getpid();
  pid_t child = fork();
  if (child < 0) fail("fork");
  if (child == 0) {
    expect_mine(
        "clock_nanosleep(CLOCK_REALTIME, 0, {tv_sec=1, tv_nsec=0}, NULL) = ? "
        "ERESTART_RESTARTBLOCK (Interrupted by signal)");
    expect_signal("SIGSTOP", parent);
    expect_mine("--- stopped by SIGSTOP ---");
    expect_signal("SIGCONT", parent);
    expect_mine("restart_syscall(<... resuming interrupted clock_nanosleep ...>) = 0");
    expect_mine("+++ exited with 3 +++");
    struct timespec second = {.tv_sec = 1};
    // A 32-bit C library passes a place of its own instead of NULL.
    syscall(SYS_clock_nanosleep, CLOCK_REALTIME, 0, &second, NULL);
    _exit(3);
  }
  while (state_of(child) != 'S')
    poll(NULL, 0, 10);
  expect_mine("kill(%d, SIGSTOP) = 0", (int)child);
  kill(child, SIGSTOP);
  int status;
  if (waitpid(child, &status, WUNTRACED) != child || !WIFSTOPPED(status)) fail("no stop");
  expect_mine("kill(%d, SIGCONT) = 0", (int)child);
  kill(child, SIGCONT);
  if (waitpid(child, &status, 0) != child || !WIFEXITED(status)) fail("no exit");
  return WEXITSTATUS(status) == 3 ? 0 : 1;
}

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  expect_into(argv[1]);
  const char* mode = argv[2];
  if (pipe(ends) != 0) fail("pipe");
  int status;
  if (strcmp(mode, "nested") == 0) {
    status = do_nested();
  } else if (strcmp(mode, "restart") == 0) {
    status = do_restart();
  } else if (strcmp(mode, "interrupted") == 0) {
    status = do_interrupted();
  } else if (strcmp(mode, "sleep") == 0) {
    status = do_sleep();
  } else if (strcmp(mode, "stop") == 0) {
    status = do_stop();
  } else if (strcmp(mode, "die") == 0) {
    expect_mine("kill(%d, SIGTERM) = 0", (int)getpid());
    expect_signal("SIGTERM", getpid());
    expect_mine("+++ killed by SIGTERM +++");
    kill(getpid(), SIGTERM);
    return 1;
  } else if (strcmp(mode, "crash") == 0) {
    expect_mine("--- SIGSEGV {si_signo=SIGSEGV, si_code=SEGV_MAPERR, si_addr=0x10} ---");
    expect_mine("+++ killed by SIGSEGV +++");
    *(volatile char*)0x10 = 1;
    return 1;
  } else {
    return 2;
  }
  expect_mine("+++ exited with %d +++", status);
  return status;
}
