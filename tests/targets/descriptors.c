// Every kind of descriptor, and what strace's -y (`paths`) and -yy (`details`) show behind its
// number. Usage: descriptors EXPECTED MODE. Traced with `-f -a 0 -o FILE -e trace=CALLS`, CALLS as
// tests/trace/test_descriptors.py has them.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "expect.h"

static bool details;  // -yy
static char folder[256];

static unsigned long inode(int fd) {
  struct stat info;
  if (fstat(fd, &info) != 0) fail("fstat");
  return info.st_ino;
}

static int checked(int result, const char* what) {
  if (result < 0) fail(what);
  return result;
}

// Makes a call that shows `fd`, and expects it to be followed by the rest.
__attribute__((format(printf, 2, 3))) static void shown(int fd, const char* format, ...) {
  char name[2048];
  va_list args;
  va_start(args, format);
  vsnprintf(name, sizeof name, format, args);
  va_end(args);
  int state = checked(fcntl(fd, F_GETFD), "F_GETFD");
  expect_mine("fcntl(%d%s, F_GETFD) = %s", fd, name, state == 0 ? "0" : "0x1 (flags FD_CLOEXEC)");
}

static int made(const char* name) {
  return checked(open(name, O_RDWR | O_CREAT, 0600), name);
}

static void files(void) {
  int fd = made("plain");
  shown(fd, "<%s/plain>", folder);
  checked(unlink("plain"), "unlink");
  shown(fd, "<%s/plain>(deleted)", folder);
  int other = made("plain (deleted)");
  shown(fd, "<%s/plain>(deleted)", folder);
  shown(other, "<%s/plain (deleted)>", folder);
  close(other);
  expect_mine("close(%d<%s/plain (deleted)>) = 0", other, folder);
  close(fd);
  expect_mine("close(%d<%s/plain>(deleted)) = 0", fd, folder);
  close(fd);
  expect_mine("close(%d) = -1 EBADF (Bad file descriptor)", fd);
  close(-1);
  expect_mine("close(-1) = -1 EBADF (Bad file descriptor)");

  static const char odd[] = "a>b<1\"c\\d\ne\t\001\0022\177\303\251 ;";
  fd = made(odd);
  shown(fd, "<%s/a\\76b\\0741\\\"c\\\\d\\ne\\t\\1\\0022\\177\\303\\251 ;>", folder);
  checked(rename(odd, "renamed"), "rename");
  shown(fd, "<%s/renamed>", folder);
  close(fd);
  expect_mine("close(%d<%s/renamed>) = 0", fd, folder);
}

static void directories(void) {
  int root = checked(open("/", O_RDONLY | O_DIRECTORY), "/");
  syscall(SYS_faccessat, root, "none", F_OK);
  expect_mine("faccessat(%d</>, \"none\", F_OK) = -1 ENOENT (No such file or directory)", root);
  syscall(SYS_faccessat, AT_FDCWD, "none", F_OK);
  expect_mine("faccessat(AT_FDCWD<%s>, \"none\", F_OK) = -1 ENOENT (No such file or directory)",
              folder);
  checked(mkdir("<gone>", 0700), "mkdir");
  checked(chdir("<gone>"), "chdir");
  checked(rmdir("../<gone>"), "rmdir");
  syscall(SYS_faccessat, AT_FDCWD, "none", F_OK);
  expect_mine(
      "faccessat(AT_FDCWD<%s/\\74gone\\76 (deleted)>, \"none\", F_OK) = "
      "-1 ENOENT (No such file or directory)",
      folder);
  checked(chdir(folder), "chdir");
  close(root);
  expect_mine("close(%d</>) = 0", root);
}

static void copies(void) {
  int fd = made("copied");
  int copy = checked(dup(fd), "dup");
  expect_mine("dup(%d<%s/copied>) = %d<%s/copied>", fd, folder, copy, folder);
  dup3(fd, 50, 0);  // dup2 is not a call of every machine
  expect_mine("dup3(%d<%s/copied>, 50, 0) = 50<%s/copied>", fd, folder, folder);
  dup3(fd, 1000000000, 0);
  expect_mine("dup3(%d<%s/copied>, 1000000000, 0) = -1 EBADF (Bad file descriptor)", fd, folder);
  int pipes[2];
  checked(pipe2(pipes, 0), "pipe2");
  unsigned long p = inode(pipes[0]);
  expect_mine("pipe2([%d<pipe:[%lu]>, %d<pipe:[%lu]>], 0) = 0", pipes[0], p, pipes[1], p);
  dup3(pipes[0], 50, O_CLOEXEC);
  expect_mine("dup3(%d<pipe:[%lu]>, 50<%s/copied>, O_CLOEXEC) = 50<pipe:[%lu]>", pipes[0], p,
              folder, p);
  int high = checked(fcntl(fd, F_DUPFD, 60), "F_DUPFD");
  expect_mine("fcntl(%d<%s/copied>, F_DUPFD, 60) = %d<%s/copied>", fd, folder, high, folder);
  struct pollfd polled[3] = {{.fd = pipes[1], .events = POLLOUT}, {.fd = -1}, {.fd = 777}};
  const struct timespec none = {0};
  checked(ppoll(polled, 3, &none, NULL), "ppoll");
  expect_mine(
      "ppoll([{fd=%d<pipe:[%lu]>, events=POLLOUT}, {fd=-1}, {fd=777, events=0}], 3, "
      "{tv_sec=0, tv_nsec=0}, NULL, 8) = 2 "
      "([{fd=%d, revents=POLLOUT}, {fd=777, revents=POLLNVAL}], left {tv_sec=0, tv_nsec=0})",
      pipes[1], p, pipes[1]);
  int epoll = checked(epoll_create1(0), "epoll_create1");
  expect_mine("epoll_create1(0) = %d<anon_inode:[eventpoll]>", epoll);
  struct epoll_event event = {.events = EPOLLIN};
  checked(epoll_ctl(epoll, EPOLL_CTL_ADD, pipes[0], &event), "epoll_ctl");
  expect_mine(
      "epoll_ctl(%d<anon_inode:[eventpoll]>, EPOLL_CTL_ADD, %d<pipe:[%lu]>, "
      "{events=EPOLLIN, data=0}) = 0",
      epoll, pipes[0], p);
}

static void anonymous(void) {
  shown(checked(memfd_create("memory", 0), "memfd_create"), "</memfd:memory>(deleted)");
  int event = checked(eventfd(5, 0), "eventfd");
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGHUP);
  sigaddset(&signals, SIGUSR1);
  int signal_fd = checked(signalfd(-1, &signals, 0), "signalfd");
  int process = checked((int)syscall(SYS_pidfd_open, getpid(), 0), "pidfd_open");
  int null = checked(open("/dev/null", O_RDWR), "/dev/null");
  if (!details) {
    shown(event, "<anon_inode:[eventfd]>");
    shown(signal_fd, "<anon_inode:[signalfd]>");
    shown(process, "<anon_inode:[pidfd]>");
    shown(null, "</dev/null>");
    return;
  }
  shown(signal_fd, "<signalfd:[HUP USR1]>");
  shown(process, "<pid:%d>", getpid());
  shown(null, "</dev/null<char 1:3>>");
  // What more there is differs from kernel to kernel: only the beginning is compared.
  fcntl(event, F_GETFD);
  expect_mine("fcntl(%d<{eventfd-count=0x5", event);
}

static void local_sockets(void) {
  const char* stream = details ? "UNIX-STREAM" : "socket";
  int pair[2];
  checked(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), "socketpair");
  unsigned long a = inode(pair[0]), b = inode(pair[1]);
  char names[2][64];
  snprintf(names[0], sizeof names[0], details ? "%s:[%lu->%lu]" : "%s:[%lu]", stream, a, b);
  snprintf(names[1], sizeof names[1], details ? "%s:[%lu->%lu]" : "%s:[%lu]", stream, b, a);
  expect_mine("socketpair(AF_UNIX, SOCK_STREAM, 0, [%d<%s>, %d<%s>]) = 0", pair[0], names[0],
              pair[1], names[1]);
  close(pair[1]);
  expect_mine("close(%d<%s>) = 0", pair[1], names[1]);
  shown(pair[0], "<%s>", names[0]);

  int listener = checked(socket(AF_UNIX, SOCK_STREAM, 0), "socket");
  expect_mine("socket(AF_UNIX, SOCK_STREAM, 0) = %d<%s:[%lu]>", listener, stream, inode(listener));
  struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "so\"<k>\net"};
  checked(bind(listener, (struct sockaddr*)&address, sizeof address), "bind");
  checked(listen(listener, 1), "listen");
  const char* path = details ? ",\"so\\\"<k>\\net\"" : "";
  shown(listener, "<%s:[%lu%s]>", stream, inode(listener), path);
  int client = checked(socket(AF_UNIX, SOCK_STREAM, 0), "socket");
  expect_mine("socket(AF_UNIX, SOCK_STREAM, 0) = %d<%s:[%lu]>", client, stream, inode(client));
  checked(connect(client, (struct sockaddr*)&address, sizeof address), "connect");
  int accepted = checked(accept(listener, NULL, NULL), "accept");
  a = inode(accepted), b = inode(client);
  snprintf(names[0], sizeof names[0], details ? "%s:[%lu->%lu%s]" : "%s:[%lu]", stream, a, b, path);
  expect_mine("accept(%d<%s:[%lu%s]>, NULL, NULL) = %d<%s>", listener, stream, inode(listener),
              path, accepted, names[0]);
  if (details) {
    shown(client, "<%s:[%lu->%lu]>", stream, b, a);
  } else {
    shown(client, "<%s:[%lu]>", stream, b);
  }

  int datagram = checked(socket(AF_UNIX, SOCK_DGRAM, 0), "socket");
  const char* kind = details ? "UNIX" : "socket";
  expect_mine("socket(AF_UNIX, SOCK_DGRAM, 0) = %d<%s:[%lu]>", datagram, kind, inode(datagram));
  struct sockaddr_un abstract = {.sun_family = AF_UNIX};
  int length = snprintf(abstract.sun_path + 1, 64, "ttrace-%d\n", getpid());
  checked(bind(datagram, (struct sockaddr*)&abstract,
               (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)length)),
          "bind");
  if (details) {
    shown(datagram, "<UNIX:[%lu,@\"ttrace-%d\\n\"]>", inode(datagram), getpid());
  } else {
    shown(datagram, "<socket:[%lu]>", inode(datagram));
  }
}

static void passed_on(void) {
  int pair[2];
  checked(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair), "socketpair");
  const char* kind = details ? "UNIX" : "socket";
  unsigned long a = inode(pair[0]), b = inode(pair[1]);
  char names[2][64];
  snprintf(names[0], sizeof names[0], details ? "%s:[%lu->%lu]" : "%s:[%lu]", kind, a, b);
  snprintf(names[1], sizeof names[1], details ? "%s:[%lu->%lu]" : "%s:[%lu]", kind, b, a);
  expect_mine("socketpair(AF_UNIX, SOCK_DGRAM, 0, [%d<%s>, %d<%s>]) = 0", pair[0], names[0],
              pair[1], names[1]);
  int given = checked(open("/", O_RDONLY), "/");
  char data = 'x';
  struct iovec part = {&data, 1};
  union {
    struct cmsghdr header;
    char bytes[CMSG_SPACE(sizeof given)];
  } control = {.header = {.cmsg_len = CMSG_LEN(sizeof given),
                          .cmsg_level = SOL_SOCKET,
                          .cmsg_type = SCM_RIGHTS}};
  memcpy(CMSG_DATA(&control.header), &given, sizeof given);
  struct msghdr message = {.msg_iov = &part,
                           .msg_iovlen = 1,
                           .msg_control = control.bytes,
                           .msg_controllen = sizeof control.bytes};
  static const char text[] =
      "{msg_name=NULL, msg_namelen=0, msg_iov=[{iov_base=\"x\", iov_len=1}], msg_iovlen=1, "
      "msg_control=[{cmsg_len=20, cmsg_level=SOL_SOCKET, cmsg_type=SCM_RIGHTS, "
      "cmsg_data=[%d</>]}], msg_controllen=24, msg_flags=0}";
  char line[1024];
  checked((int)sendmsg(pair[0], &message, 0), "sendmsg");
  snprintf(line, sizeof line, text, given);
  expect_mine("sendmsg(%d<%s>, %s, 0) = 1", pair[0], names[0], line);
  checked((int)recvmsg(pair[1], &message, 0), "recvmsg");
  memcpy(&given, CMSG_DATA(&control.header), sizeof given);
  snprintf(line, sizeof line, text, given);
  expect_mine("recvmsg(%d<%s>, %s, 0) = 1", pair[1], names[1], line);
}

static void internet_sockets(int family) {
  const char* end = family == AF_INET ? "127.0.0.1" : "[::1]";
  const char* kind = !details ? "socket" : family == AF_INET ? "TCP" : "TCPv6";
  union {
    struct sockaddr any;
    struct sockaddr_in four;
    struct sockaddr_in6 six;
  } address = {.any = {.sa_family = (sa_family_t)family}};
  socklen_t size = sizeof address.four;
  if (family == AF_INET) {
    address.four.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  } else {
    address.six.sin6_addr = in6addr_loopback;
    size = sizeof address.six;
  }
  const char* name = family == AF_INET ? "AF_INET" : "AF_INET6";
  int listener = socket(family, SOCK_STREAM, 0);
  if (listener < 0) fail("socket");
  expect_mine("socket(%s, SOCK_STREAM, IPPROTO_IP) = %d<%s:[%lu]>", name, listener, kind,
              inode(listener));
  checked(bind(listener, &address.any, size), "bind");
  checked(listen(listener, 1), "listen");
  checked(getsockname(listener, &address.any, &size), "getsockname");
  int port = ntohs(family == AF_INET ? address.four.sin_port : address.six.sin6_port);
  int client = checked(socket(family, SOCK_STREAM, 0), "socket");
  expect_mine("socket(%s, SOCK_STREAM, IPPROTO_IP) = %d<%s:[%lu]>", name, client, kind,
              inode(client));
  checked(connect(client, &address.any, size), "connect");
  checked(getsockname(client, &address.any, &size), "getsockname");
  int own = ntohs(family == AF_INET ? address.four.sin_port : address.six.sin6_port);
  int accepted = checked(accept(listener, NULL, NULL), "accept");
  if (details) {
    expect_mine("accept(%d<%s:[%s:%d]>, NULL, NULL) = %d<%s:[%s:%d->%s:%d]>", listener, kind, end,
                port, accepted, kind, end, port, end, own);
    shown(client, "<%s:[%s:%d->%s:%d]>", kind, end, own, end, port);
    // After a reset the kernel knows the connection no more.
    struct linger at_once = {1, 0};
    checked(setsockopt(accepted, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once), "SO_LINGER");
    close(accepted);
    expect_mine("close(%d<%s:[%s:%d->%s:%d]>) = 0", accepted, kind, end, port, end, own);
    shown(client, "<%s:[%s:%d->%s:%d]>", kind, end, own, end, port);
  } else {
    expect_mine("accept(%d<socket:[%lu]>, NULL, NULL) = %d<socket:[%lu]>", listener,
                inode(listener), accepted, inode(accepted));
    shown(client, "<socket:[%lu]>", inode(client));
  }
}

static void* another_table(void* fd_of_file) {
  int fd = *(int*)fd_of_file;
  checked(unshare(CLONE_FILES), "unshare");
  shown(fd, "<%s/shared>", folder);
  int root = checked(open("/", O_RDONLY), "/");
  dup3(root, fd, 0);
  expect_mine("dup3(%d</>, %d<%s/shared>, 0) = %d</>", root, fd, folder, fd);
  shown(fd, "</>");
  return NULL;
}

// A thread may have descriptors of its own.
static void threads(void) {
  int fd = made("shared");
  pthread_t thread;
  if (pthread_create(&thread, NULL, another_table, &fd) != 0) fail("pthread_create");
  pthread_join(thread, NULL);
  shown(fd, "<%s/shared>", folder);
}

static void across_exec(const char* self) {
  int kept = made("kept");
  int left = checked(open("left", O_RDWR | O_CREAT | O_CLOEXEC, 0600), "left");
  shown(kept, "<%s/kept>", folder);
  shown(left, "<%s/left>", folder);
  char numbers[2][16], to[16];
  snprintf(numbers[0], 16, "%d", kept);
  snprintf(numbers[1], 16, "%d", left);
  snprintf(to, sizeof to, "%d", expect_fd);
  execl(self, self, to, "after-exec", numbers[0], numbers[1], NULL);
  fail("execl");
}

static void after_exec(char** argv) {
  expect_fd = atoi(argv[1]);
  int kept = atoi(argv[3]);
  int left = atoi(argv[4]);
  shown(kept, "<%s/kept>", folder);
  fcntl(left, F_GETFD);
  expect_mine("fcntl(%d, F_GETFD) = -1 EBADF (Bad file descriptor)", left);
}

int main(int argc, char** argv) {
  if (argc < 3) return 98;
  if (getcwd(folder, sizeof folder) == NULL) fail("getcwd");
  const char* mode = argv[2];
  if (strcmp(mode, "after-exec") == 0 && argc == 5) {
    after_exec(argv);
    return 0;
  }
  expect_into(argv[1]);
  details = strcmp(mode, "details") == 0;
  if (strcmp(mode, "exec") == 0) across_exec(argv[0]);
  if (strcmp(mode, "threads") == 0) {
    threads();
    return 0;
  }
  files();
  directories();
  copies();
  anonymous();
  local_sockets();
  passed_on();
  internet_sockets(AF_INET);
  internet_sockets(AF_INET6);
  return 0;
}
