// Processes and threads that come and go. Traced with `-f -a 0 -e trace=getppid,execve -o FILE`
// (getppid alone for the modes without exec). Usage: processes EXPECTED MODE.
//
// Lines of different threads may come in any order where nothing orders them: tests compare the
// lines of each thread.
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>

#include "expect.h"

extern char** environ;

static const char* expected_path;

static void one_call(void) {
  expect_mine("getppid() = %ld", syscall(SYS_getppid));
}

// A pending SIGCHLD would be shown, with times in it that nobody here knows.
static void block_sigchld(void) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGCHLD);
  sigprocmask(SIG_BLOCK, &set, NULL);
}

static int do_fork(void) {
  for (int status = 0; status < 5; ++status) {
    one_call();
    pid_t child = fork();
    if (child < 0) fail("fork");
    if (child == 0) {
      one_call();
      one_call();
      expect_mine("+++ exited with %d +++", status);
      _exit(status);
    }
    if (waitpid(child, NULL, 0) != child) fail("waitpid");
  }
  return 0;
}

static void execute_self(const char* mode) {
  char self[] = "/proc/self/exe";
  char* args[] = {self, (char*)expected_path, (char*)mode, NULL};
  int vars = 0;
  while (environ[vars])
    ++vars;
  expect_mine(
      "execve(\"/proc/self/exe\", [\"/proc/self/exe\", \"%s\", \"%s\"], %p /* %d vars */) = 0",
      expected_path, mode, (void*)environ, vars);
  execve(self, args, environ);
  fail("execve");
}

static int do_vfork(void) {
  for (int i = 0; i < 3; ++i) {
    pid_t child = vfork();
    if (child < 0) fail("vfork");
    if (child == 0) execute_self("once");
    int status;
    if (waitpid(child, &status, 0) != child || status != 0) fail("waitpid");
    one_call();
  }
  return 0;
}

static int calls_each = 1;

static void* thread_main(void* unused) {
  (void)unused;
  for (int i = 0; i < calls_each; ++i)
    one_call();
  expect_mine("+++ exited with 0 +++");
  return NULL;
}

static int do_threads(int count, int calls) {
  calls_each = calls;
  pthread_t threads[200];
  for (int i = 0; i < count; ++i) {
    if (pthread_create(&threads[i], NULL, thread_main, NULL) != 0) fail("pthread_create");
  }
  for (int i = 0; i < count; ++i)
    pthread_join(threads[i], NULL);
  one_call();
  return 0;
}

// The thread that executes a program becomes the leader: its call ends on the leader's line.
// The call that made the thread has ended: an exec before that would take its end away.
static volatile int created;

static void* thread_exec_main(void* leader) {
  while (!created) {
  }
  char self[] = "/proc/self/exe";
  char* args[] = {self, (char*)expected_path, "once", NULL};
  int vars = 0;
  while (environ[vars])
    ++vars;
  long tid = syscall(SYS_gettid);
  expect_mine(
      "execve(\"/proc/self/exe\", [\"/proc/self/exe\", \"%s\", \"once\"], %p /* %d vars */ "
      "<pid changed to %ld ...>",
      expected_path, (void*)environ, vars, *(long*)leader);
  expect("%-5ld +++ superseded by execve in pid %ld +++", *(long*)leader, tid);
  expect("%-5ld <... execve resumed>) = 0", *(long*)leader);
  execve(self, args, environ);
  fail("execve");
  return NULL;
}

static int do_thread_exec(void) {
  static long leader;
  leader = getpid();
  one_call();
  pthread_t thread;
  if (pthread_create(&thread, NULL, thread_exec_main, &leader) != 0) fail("pthread_create");
  created = 1;
  pthread_join(thread, NULL);
  return 1;
}

// Children that are killed while they make calls as fast as they can.
static int do_killed(void) {
  for (int i = 0; i < 50; ++i) {
    int ready[2];
    if (pipe(ready) != 0) fail("pipe");
    pid_t child = fork();
    if (child < 0) fail("fork");
    if (child == 0) {
      syscall(SYS_getppid);
      if (write(ready[1], "", 1) != 1) _exit(1);
      for (;;)
        syscall(SYS_getppid);
    }
    char byte;
    if (read(ready[0], &byte, 1) != 1) fail("read");
    kill(child, SIGKILL);
    int status;
    if (waitpid(child, &status, 0) != child) fail("waitpid");
    if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL) fail("the child was not killed");
    expect("%-5d +++ killed by SIGKILL +++", (int)child);
    close(ready[0]);
    close(ready[1]);
  }
  return 0;
}

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  expected_path = argv[1];
  expect_into(expected_path);
  const char* mode = argv[2];
  block_sigchld();
  int status;
  if (strcmp(mode, "fork") == 0) {
    status = do_fork();
  } else if (strcmp(mode, "vfork") == 0) {
    status = do_vfork();
  } else if (strcmp(mode, "threads") == 0) {
    status = do_threads(5, 3);
  } else if (strcmp(mode, "many-threads") == 0) {
    status = do_threads(200, 10);
  } else if (strcmp(mode, "thread-exec") == 0) {
    status = do_thread_exec();
  } else if (strcmp(mode, "killed") == 0) {
    status = do_killed();
  } else if (strcmp(mode, "once") == 0) {
    one_call();
    status = 0;
  } else {
    return 2;
  }
  expect_mine("+++ exited with %d +++", status);
  return status;
}
