// A threaded server on a Unix socket, to attach to while it works, and its client.
//
//   server serve SOCKET THREADS      prints "ready" and answers until SIGTERM; exit status 0
//   server storm SOCKET THREADS      the same, while signals arrive, threads come and go, and
//   children
//                                    are made with vfork
//   server ask SOCKET CLIENTS COUNT  each of CLIENTS threads asks COUNT times over one connection;
//                                    prints how many of the answers were right
//   server amble SOCKET CLIENTS COUNT  the same, with a millisecond between the questions
//   server calls SOCKET              prints how often the server called answer()
//
// A request is one int; its answer is answer(int). A negative request asks for the number of calls.
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "expect.h"

static atomic_int calls;

TRACED int scramble(int value) {
  __asm__ volatile("");
  return value * 7 + 3;
}

// Returns its argument. Its first instruction is one that no tracer emulates.
int vectorial(int value);
__asm__(
    ".text\n.globl vectorial\n.type vectorial, %function\nvectorial:\n"
#if defined(__x86_64__)
    "movd %edi, %xmm0\n"
    "movd %xmm0, %eax\n"
#else
    "fmov s0, w0\n"
    "fmov w0, s0\n"
#endif
    "ret\n"
    ".size vectorial, . - vectorial\n");

TRACED int answer(int question) {
  atomic_fetch_add(&calls, 1);
  int part = scramble(vectorial(question));
  __asm__ volatile("" : "+r"(part));
  return part + question;
}

static struct sockaddr_un address_of(const char* path) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  if (strlen(path) >= sizeof address.sun_path) fail("socket name too long");
  strcpy(address.sun_path, path);
  return address;
}

static void* serve_one(void* argument) {
  int listener = *(int*)argument;
  for (;;) {
    int connection = accept(listener, NULL, NULL);
    if (connection < 0) continue;
    int question;
    while (recv(connection, &question, sizeof question, MSG_WAITALL) == sizeof question) {
      int reply = question < 0 ? atomic_load(&calls) : answer(question);
      if (send(connection, &reply, sizeof reply, MSG_NOSIGNAL) != sizeof reply) break;
    }
    close(connection);
  }
  return NULL;
}

// What may be going on when a tracer comes or goes.

TRACED void in_handler(int signal) {
  __asm__ volatile("" : : "r"(signal));
}

static void check(int true_value, const char* what) {
  if (true_value) return;
  fprintf(stderr, "wrong: %s\n", what);
  _exit(98);
}

TRACED int short_lived(int value) {
  return vectorial(value) * 2;
}

static void* live_shortly(void* argument) {
  check(short_lived((int)(long)argument) == (int)(long)argument * 2, "short_lived");
  return argument;
}

static void* make_threads(void* unused) {
  for (long i = 0;; ++i) {
    pthread_t thread;
    void* result = NULL;
    if (pthread_create(&thread, NULL, live_shortly, (void*)i) != 0) fail("pthread_create");
    pthread_join(thread, &result);
    check(result == (void*)i, "a thread's result");
    usleep(300);
  }
  return unused;
}

static void make_child(int number) {
  pid_t child = vfork();
  if (child == 0) _exit(scramble(number) % 100);
  int status = 0;
  while (waitpid(child, &status, 0) < 0) {
  }
  check(WIFEXITED(status) && WEXITSTATUS(status) == scramble(number) % 100, "a child's status");
}

static void* make_children(void* unused) {
  for (int i = 0;; i = (i + 1) % 100) {
    make_child(i);
    usleep(500);
  }
  return unused;
}

static void* step(void* unused) {
  for (int i = 0;; i = (i + 1) % 1000) {
    check(vectorial(i) == i, "vectorial");
    usleep(100);
  }
  return unused;
}

static pthread_t workers[64];

static void* send_signals(void* count) {
  for (long i = 0;; ++i) {
    pthread_kill(workers[i % (long)count], SIGUSR1);
    usleep(400);
  }
  return NULL;
}

static void begin_storm(int threads) {
  struct sigaction action = {.sa_handler = in_handler, .sa_flags = SA_RESTART};
  sigaction(SIGUSR1, &action, NULL);
  void* (*const disturbers[])(void*) = {make_threads, make_children, step, send_signals};
  for (size_t i = 0; i < sizeof(disturbers) / sizeof(*disturbers); ++i) {
    pthread_t thread;
    if (pthread_create(&thread, NULL, disturbers[i], (void*)(long)threads) != 0) {
      fail("pthread_create");
    }
  }
}

static int serve(const char* path, int threads, int storm) {
  if (threads > 64) return 2;
  // Blocked before the threads are made: only sigwait below takes it.
  sigset_t ending;
  sigemptyset(&ending);
  sigaddset(&ending, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &ending, NULL);
  static int listener;
  listener = socket(AF_UNIX, SOCK_STREAM, 0);
  struct sockaddr_un address = address_of(path);
  if (bind(listener, (struct sockaddr*)&address, sizeof address) != 0) fail("bind");
  if (listen(listener, 64) != 0) fail("listen");
  for (int i = 0; i < threads; ++i) {
    if (pthread_create(&workers[i], NULL, serve_one, &listener) != 0) fail("pthread_create");
  }
  if (storm) begin_storm(threads);
  puts("ready");
  fflush(stdout);
  int signal;
  sigwait(&ending, &signal);
  return 0;
}

static int connect_to(const char* path) {
  int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  struct sockaddr_un address = address_of(path);
  if (connect(fd, (struct sockaddr*)&address, sizeof address) != 0) fail("connect");
  return fd;
}

static int ask(int fd, int question) {
  int reply = 0;
  if (send(fd, &question, sizeof question, MSG_NOSIGNAL) != sizeof question) fail("send");
  if (recv(fd, &reply, sizeof reply, MSG_WAITALL) != sizeof reply) fail("recv");
  return reply;
}

static const char* socket_path;
static int questions;
static unsigned pause_between;  // microseconds
static atomic_int right;

static void* client(void* unused) {
  (void)unused;
  int fd = connect_to(socket_path);
  for (int i = 0; i < questions; ++i) {
    if (ask(fd, i) == i * 7 + 3 + i) atomic_fetch_add(&right, 1);
    if (pause_between > 0) usleep(pause_between);
  }
  close(fd);
  return NULL;
}

int main(int argc, char** argv) {
  if (argc == 4 && strcmp(argv[1], "serve") == 0) return serve(argv[2], atoi(argv[3]), 0);
  if (argc == 4 && strcmp(argv[1], "storm") == 0) return serve(argv[2], atoi(argv[3]), 1);
  if (argc == 3 && strcmp(argv[1], "calls") == 0) {
    printf("%d\n", ask(connect_to(argv[2]), -1));
    return 0;
  }
  if (argc != 5) return 2;
  if (strcmp(argv[1], "amble") == 0)
    pause_between = 1000;
  else if (strcmp(argv[1], "ask") != 0)
    return 2;
  socket_path = argv[2];
  questions = atoi(argv[4]);
  pthread_t threads[64];
  int clients = atoi(argv[3]);
  if (clients > 64) return 2;
  for (int i = 0; i < clients; ++i) {
    if (pthread_create(&threads[i], NULL, client, NULL) != 0) fail("pthread_create");
  }
  for (int i = 0; i < clients; ++i)
    pthread_join(threads[i], NULL);
  printf("%d\n", atomic_load(&right));
  return 0;
}
