#include "decode/decoder.h"

#include "unit/decode/call_text.h"

using namespace ttrace;
using namespace ttrace::test;
using namespace std::string_view_literals;

namespace {
constexpr std::uint64_t kMinusOne = ~std::uint64_t{0};
constexpr std::uint64_t kAtFdcwd = static_cast<std::uint64_t>(-100);
constexpr Address kA{0x1000}, kB{0x2000}, kC{0x3000};
}  // namespace

TEST_CASE("an argument that depends on flags is there only with them") {
  Calls calls;
  calls.memory.map(kA, "x\0"sv);
  CHECK(calls.call("openat", {kAtFdcwd, 0x1000, 0x80000, 0644}, 3) ==
        R"(openat(AT_FDCWD, "x", O_RDONLY|O_CLOEXEC) = 3)");
  CHECK(calls.call("openat", {kAtFdcwd, 0x1000, 0x241, 0644}, 3) ==
        R"(openat(AT_FDCWD, "x", O_WRONLY|O_CREAT|O_TRUNC, 0644) = 3)");
  CHECK(calls.call("openat", {5, 0x1000, 0x800003, 0}, -2) ==
        R"(openat(5, "x", O_ACCMODE|0x800000) = -1 ENOENT (No such file or directory))");
}

TEST_CASE("constants differ between architectures") {
  Calls calls(Abi::Aarch64);
  calls.memory.map(kA, "/\0"sv);
  CHECK(calls.call("openat", {kAtFdcwd, 0x1000, 0x4000}, 3) ==
        R"(openat(AT_FDCWD, "/", O_RDONLY|O_DIRECTORY) = 3)");
}

TEST_CASE("what the kernel fills in is shown when it has") {
  Calls calls;
  CHECK(calls.enter("read", {3, 0x1000, 100}) == "read(3");
  CHECK_FALSE(calls.complete);
  calls.memory.map(kA, "hello\n\0\1zzz"sv);
  CHECK(calls.exit(8) == R"(read(3, "hello\n\0\1", 100) = 8)");
  CHECK(calls.call("read", {3, 0x1000, 100}, 0) == R"(read(3, "", 100) = 0)");
  CHECK(calls.call("read", {3, 0x1000, 100}, -4) ==
        "read(3, 0x1000, 100) = -1 EINTR (Interrupted system call)");
  calls.enter("read", {3, 0x1000, 100});
}

TEST_CASE("long data is cut at -s, a path is not") {
  Calls calls;
  calls.memory.map(kA, std::string(40, 'x'));
  calls.memory.map(kB, std::string(40, 'p') + '\0');
  CHECK(calls.call("write", {1, 0x1000, 40}, 40) ==
        "write(1, \"" + std::string(32, 'x') + "\"..., 40) = 40");
  CHECK(calls.complete);
  CHECK(calls.call("chdir", {0x2000}, 0) == "chdir(\"" + std::string(40, 'p') + "\") = 0");
}

TEST_CASE("memory that cannot be read is its address") {
  Calls calls;
  CHECK(calls.call("chdir", {0x10}, -14) == "chdir(0x10) = -1 EFAULT (Bad address)");
  CHECK(calls.call("chdir", {0}, -14) == "chdir(NULL) = -1 EFAULT (Bad address)");
  calls.memory.map(kA, "unterminated");
  CHECK(calls.call("chdir", {0x1000}, -14) == "chdir(0x1000) = -1 EFAULT (Bad address)");
  calls.memory.map(kB, Bytes().u32(3).u16(1).u16(0).view());
  CHECK(calls.call("poll", {0x2000, 3, 0}, 0) ==
        "poll([{fd=3, events=POLLIN}, ... /* 0x2008 */], 3, 0) = 0 (Timeout)");
}

TEST_CASE("memory maps and addresses") {
  Calls calls;
  CHECK(
      calls.call("mmap", {0, 8192, 3, 0x22, kMinusOne, 0}, 0x7f0000001000) ==
      "mmap(NULL, 8192, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f0000001000");
  CHECK(calls.call("mprotect", {0x1000, 4096, 0}, 0) == "mprotect(0x1000, 4096, PROT_NONE) = 0");
  CHECK(calls.call("mmap", {0, 4096, 1, 0x54, 3, 0x1000}, -9) ==
        "mmap(NULL, 4096, PROT_READ, 0x4 /* MAP_??? */|MAP_FIXED|MAP_32BIT, 3, 0x1000) = "
        "-1 EBADF (Bad file descriptor)");
  CHECK(calls.call("brk", {0}, 0x5000) == "brk(NULL) = 0x5000");
  CHECK(calls.call("madvise", {0x1000, 1, 5}, -22) ==
        "madvise(0x1000, 1, 0x5 /* MADV_??? */) = -1 EINVAL (Invalid argument)");
}

TEST_CASE("stat shows what is of interest, -v everything") {
  Calls calls;
  Bytes bytes;
  bytes.u64(0xfe00).u64(7).u64(1).u32(0100644).u32(0).u32(0).u32(0).u64(0).u64(123).u64(4096).u64(
      8);
  bytes.zeros(96 - 24);
  bytes.zeros(24);
  calls.memory.map(kB, bytes.view());
  CHECK(calls.call("fstat", {3, 0x2000}, 0) ==
        "fstat(3, {st_mode=S_IFREG|0644, st_size=123, ...}) = 0");
  CHECK(calls.call("fstat", {3, 0x2000}, -9) ==
        "fstat(3, 0x2000) = -1 EBADF (Bad file descriptor)");
  Calls verbose(Abi::X86_64, unabridged());
  verbose.memory.map(kB, bytes.view());
  CHECK(verbose.call("fstat", {3, 0x2000}, 0) ==
        "fstat(3, {st_dev=makedev(0xfe, 0), st_ino=7, st_mode=S_IFREG|0644, st_nlink=1, st_uid=0, "
        "st_gid=0, st_blksize=4096, st_blocks=8, st_size=123, st_atime=0, st_atime_nsec=0, "
        "st_mtime=0, st_mtime_nsec=0, st_ctime=0, st_ctime_nsec=0}) = 0");
}

TEST_CASE("a device has a number instead of a size") {
  Calls calls;
  Bytes bytes;
  bytes.u64(6).u64(4).u64(1).u32(0020666).u32(0).u32(0).u32(0).u64(0x103).zeros(144 - 48);
  calls.memory.map(kB, bytes.view());
  CHECK(calls.call("fstat", {3, 0x2000}, 0) ==
        "fstat(3, {st_mode=S_IFCHR|0666, st_rdev=makedev(0x1, 0x3), ...}) = 0");
}

TEST_CASE("execve shows arguments and counts the environment") {
  Calls calls;
  calls.memory.map(kA, "/bin/ls\0ls\0-l\0"sv);
  calls.memory.map(kB, Bytes().u64(0x1008).u64(0x100b).u64(0).view());
  calls.memory.map(kC, Bytes().u64(1).u64(2).u64(0).view());
  CHECK(calls.call("execve", {0x1000, 0x2000, 0x3000}, 0) ==
        R"(execve("/bin/ls", ["ls", "-l"], 0x3000 /* 2 vars */) = 0)");
  calls.memory.map(kC, Bytes().u64(1).u64(0).view());
  CHECK(calls.call("execve", {0x1000, 0x2000, 0x3000}, 0) ==
        R"(execve("/bin/ls", ["ls", "-l"], 0x3000 /* 1 var */) = 0)");
}

TEST_CASE("i386 has the same calls with 4-byte words") {
  Calls calls(Abi::I386);
  calls.memory.map(kA, "/bin/ls\0ls\0"sv);
  calls.memory.map(kB, Bytes().u32(0x1008).u32(0).view());
  calls.memory.map(kC, Bytes().u32(0).view());
  CHECK(calls.call("execve", {0x1000, 0x2000, 0x3000}, 0) ==
        R"(execve("/bin/ls", ["ls"], 0x3000 /* 0 vars */) = 0)");
  calls.memory.map(kA, Bytes().u32(1).u32(2).view());
  CHECK(calls.call("nanosleep", {0x1000, 0}, 0) == "nanosleep({tv_sec=1, tv_nsec=2}, NULL) = 0");
}

TEST_CASE("64 bits in 32-bit registers") {
  Calls i386(Abi::I386);
  i386.memory.map(kA, "abcd");
  CHECK(i386.call("pread64", {3, 0x1000, 4, 0x10, 1}, 4) ==
        R"(pread64(3, "abcd", 4, 4294967312) = 4)");
  // The ARM ABI begins at an even register.
  Calls arm(Abi::Arm);
  arm.memory.map(kA, "abcd");
  CHECK(arm.call("pread64", {3, 0x1000, 4, 99, 0x10, 1}, 4) ==
        R"(pread64(3, "abcd", 4, 4294967312) = 4)");
}

TEST_CASE("variants are chosen by the command") {
  Calls calls;
  CHECK(calls.call("fcntl", {3, 3, 77}, 0x8002) ==
        "fcntl(3, F_GETFL) = 0x8002 (flags O_RDWR|O_LARGEFILE)");
  CHECK(calls.call("fcntl", {3, 1, 77}, 0) == "fcntl(3, F_GETFD) = 0");
  CHECK(calls.call("fcntl", {3, 1, 77}, 1) == "fcntl(3, F_GETFD) = 0x1 (flags FD_CLOEXEC)");
  CHECK(calls.call("fcntl", {3, 2, 1}, 0) == "fcntl(3, F_SETFD, FD_CLOEXEC) = 0");
  CHECK(calls.call("fcntl", {3, 4, 0x800}, 0) == "fcntl(3, F_SETFL, O_RDONLY|O_NONBLOCK) = 0");
  CHECK(calls.call("fcntl", {3, 99, 5}, -22) ==
        "fcntl(3, 0x63 /* F_??? */, 0x5) = -1 EINVAL (Invalid argument)");
  CHECK(calls.call("futex", {0x1000, 129, 1}, 0) == "futex(0x1000, FUTEX_WAKE_PRIVATE, 1) = 0");
  CHECK(
      calls.call("futex", {0x1000, 0x109, 0, 0, 0, 0xffffffff}, 0) ==
      "futex(0x1000, FUTEX_WAIT_BITSET|FUTEX_CLOCK_REALTIME, 0, NULL, FUTEX_BITSET_MATCH_ANY) = 0");
  CHECK(calls.call("futex", {0x1000, 5, 1, 0, 0, 5}, 0) ==
        "futex(0x1000, FUTEX_WAKE_OP, 1, 0, NULL, FUTEX_OP_SET<<28|0<<12|FUTEX_OP_CMP_EQ<<24|0x5) "
        "= 0");
}

TEST_CASE("clone's arguments are shown with names and in another order") {
  Calls calls;
  CHECK(calls.call("clone", {0x1200011, 0, 0, 0x7000, 0}, 123) ==
        "clone(child_stack=NULL, flags=CLONE_CHILD_CLEARTID|CLONE_CHILD_SETTID|SIGCHLD, "
        "child_tidptr=0x7000) = 123");
  calls.memory.map(kA, Bytes().u32(55).view());
  CHECK(calls.call("clone", {0x180100 | 255, 0x9000, 0x1000, 0, 0x40}, 55) ==
        "clone(child_stack=0x9000, flags=CLONE_VM|CLONE_SETTLS|CLONE_PARENT_SETTID|255, "
        "parent_tid=[55], tls=0x40) = 55");
}

TEST_CASE("clone3 shows what the kernel filled in") {
  Calls calls;
  calls.memory.map(
      kA, Bytes().u64(0x100100).u64(0).u64(0).u64(0x2000).u64(17).u64(0).u64(0).u64(0).view());
  calls.memory.map(kB, Bytes().u32(77).view());
  CHECK(calls.call("clone3", {0x1000, 64}, 77) ==
        "clone3({flags=CLONE_VM|CLONE_PARENT_SETTID, parent_tid=0x2000, exit_signal=SIGCHLD, "
        "stack=NULL, stack_size=0} => {parent_tid=[77]}, 64) = 77");
}

TEST_CASE("wait statuses") {
  Calls calls;
  auto wait = [&](std::uint32_t status) {
    calls.memory.map(kA, Bytes().u32(status).view());
    return calls.call("wait4", {kMinusOne, 0x1000, 0, 0}, 99);
  };
  CHECK(wait(0) == "wait4(-1, [{WIFEXITED(s) && WEXITSTATUS(s) == 0}], 0, NULL) = 99");
  CHECK(wait(0x300) == "wait4(-1, [{WIFEXITED(s) && WEXITSTATUS(s) == 3}], 0, NULL) = 99");
  CHECK(wait(6) == "wait4(-1, [{WIFSIGNALED(s) && WTERMSIG(s) == SIGABRT}], 0, NULL) = 99");
  CHECK(wait(0x8b) ==
        "wait4(-1, [{WIFSIGNALED(s) && WTERMSIG(s) == SIGSEGV && WCOREDUMP(s)}], 0, NULL) = 99");
  CHECK(wait(0x137f) == "wait4(-1, [{WIFSTOPPED(s) && WSTOPSIG(s) == SIGSTOP}], 0, NULL) = 99");
  CHECK(wait(0xffff) == "wait4(-1, [{WIFCONTINUED(s)}], 0, NULL) = 99");
  CHECK(calls.call("wait4", {kMinusOne, 0x1000, 1, 0}, 0) ==
        "wait4(-1, 0x1000, WNOHANG, NULL) = 0");
}

TEST_CASE("what was found ready comes after the result") {
  Calls calls;
  calls.memory.map(kA, Bytes().u32(3).u16(1).u16(1).u32(4).u16(4).u16(0).view());
  CHECK(calls.call("poll", {0x1000, 2, kMinusOne}, 1) ==
        "poll([{fd=3, events=POLLIN}, {fd=4, events=POLLOUT}], 2, -1) = 1 ([{fd=3, "
        "revents=POLLIN}])");
  calls.memory.map(kA, Bytes().u64(8).view());
  calls.memory.map(kB, Bytes().u64(1).u64(9).view());
  CHECK(
      calls.call("select", {4, 0x1000, 0, 0, 0x2000}, 1) ==
      "select(4, [3], NULL, NULL, {tv_sec=1, tv_usec=9}) = 1 (in [3], left {tv_sec=1, tv_usec=9})");
  CHECK(calls.call("select", {4, 0x1000, 0, 0, 0x2000}, 0) ==
        "select(4, [3], NULL, NULL, {tv_sec=1, tv_usec=9}) = 0 (Timeout)");
}

TEST_CASE("an argument that the call changes") {
  Calls calls;
  calls.memory.map(kA, Bytes().u32(128).view());
  CHECK(calls.enter("accept4", {3, 0x2000, 0x1000, 0x80000}) == "accept4(3");
  calls.memory.map(kA, Bytes().u32(16).view());
  calls.memory.map(kB, Bytes().u16(2).u16(0x5000).u32(0x0100007f).zeros(8).view());
  CHECK(
      calls.exit(4) ==
      R"(accept4(3, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("127.0.0.1")}, [128 => 16], SOCK_CLOEXEC) = 4)");
  CHECK(
      calls.call("getsockname", {3, 0x2000, 0x1000}, 0) ==
      R"(getsockname(3, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("127.0.0.1")}, [16]) = 0)");
}

TEST_CASE("socket addresses") {
  Calls calls;
  calls.memory.map(kA, Bytes().u16(1).text("/run/x\0zz"sv).view());
  CHECK(calls.call("connect", {3, 0x1000, 11}, 0) ==
        R"(connect(3, {sa_family=AF_UNIX, sun_path="/run/x"}, 11) = 0)");
  calls.memory.map(kA, Bytes().u16(1).text("\0abs\1q"sv).view());
  CHECK(calls.call("bind", {3, 0x1000, 8}, 0) ==
        R"(bind(3, {sa_family=AF_UNIX, sun_path=@"abs\1q"}, 8) = 0)");
  // 8 is no octal digit: only the 7 asks for all three digits before it.
  calls.memory.map(kA, Bytes().u16(1).text("\0abs\1"sv).text("8x\1").text("7").view());
  CHECK(calls.call("bind", {3, 0x1000, 11}, 0) ==
        R"(bind(3, {sa_family=AF_UNIX, sun_path=@"abs\18x\0017"}, 11) = 0)");
  calls.memory.map(kA, Bytes().u16(10).u16(0x5000).u32(0).zeros(15).text("\1").u32(2).view());
  CHECK(
      calls.call("bind", {3, 0x1000, 28}, 0) ==
      R"(bind(3, {sa_family=AF_INET6, sin6_port=htons(80), sin6_flowinfo=htonl(0), inet_pton(AF_INET6, "::1", &sin6_addr), sin6_scope_id=2}, 28) = 0)");
  CHECK(calls.call("bind", {3, 0x1000, 0x40000000}, -22) ==
        "bind(3, 0x1000, 1073741824) = -1 EINVAL (Invalid argument)");
  CHECK(calls.call("socket", {2, 0x80802, 0}, 3) ==
        "socket(AF_INET, SOCK_DGRAM|SOCK_CLOEXEC|SOCK_NONBLOCK, IPPROTO_IP) = 3");
}

TEST_CASE("socket options") {
  Calls calls;
  calls.memory.map(kA, Bytes().u32(1).u32(2).view());
  CHECK(calls.call("setsockopt", {3, 1, 2, 0x1000, 4}, 0) ==
        "setsockopt(3, SOL_SOCKET, SO_REUSEADDR, [1], 4) = 0");
  CHECK(calls.call("setsockopt", {3, 1, 13, 0x1000, 8}, 0) ==
        "setsockopt(3, SOL_SOCKET, SO_LINGER, {l_onoff=1, l_linger=2}, 8) = 0");
  CHECK(calls.call("setsockopt", {3, 6, 1, 0x1000, 4}, 0) ==
        "setsockopt(3, SOL_TCP, TCP_NODELAY, [1], 4) = 0");
}

TEST_CASE("messages") {
  Calls calls;
  calls.memory.map(kA, Bytes().u64(0).u64(0).u64(0x2000).u64(2).u64(0).u64(0).u32(0).view());
  calls.memory.map(kB, Bytes().u64(0x3000).u64(1).u64(0x3001).u64(2).view());
  calls.memory.map(kC, "abc");
  CHECK(
      calls.call("sendmsg", {3, 0x1000, 0}, 3) ==
      R"(sendmsg(3, {msg_name=NULL, msg_namelen=0, msg_iov=[{iov_base="a", iov_len=1}, {iov_base="bc", iov_len=2}], msg_iovlen=2, msg_controllen=0, msg_flags=0}, 0) = 3)");
  CHECK(calls.call("recvmsg", {3, 0x1000, 0}, -11) ==
        "recvmsg(3, {msg_namelen=0}, 0) = -1 EAGAIN (Resource temporarily unavailable)");
  CHECK(calls.call("readv", {3, 0x2000, 2}, 2) ==
        R"(readv(3, [{iov_base="a", iov_len=1}, {iov_base="b", iov_len=2}], 2) = 2)");
}

TEST_CASE("signal actions and masks") {
  Calls calls;
  calls.memory.map(kA, Bytes().u64(0).u64(0x04000000).u64(0x77).u64(0).view());
  CHECK(calls.call("rt_sigaction", {2, 0x1000, 0, 8}, 0) ==
        "rt_sigaction(SIGINT, {sa_handler=SIG_DFL, sa_mask=[], sa_flags=SA_RESTORER, "
        "sa_restorer=0x77}, NULL, 8) = 0");
  calls.memory.map(kA, Bytes().u64(0x10002).view());
  CHECK(calls.call("rt_sigprocmask", {0, 0x1000, 0, 8}, 0) ==
        "rt_sigprocmask(SIG_BLOCK, [INT CHLD], NULL, 8) = 0");
  CHECK(calls.call("rt_sigprocmask", {0, 0x1000, 0, 4}, -22) ==
        "rt_sigprocmask(SIG_BLOCK, 0x1000, NULL, 4) = -1 EINVAL (Invalid argument)");
  calls.memory.map(kA, Bytes().u64(~(3ULL << 31)).view());
  CHECK(calls.call("rt_sigprocmask", {2, 0x1000, 0, 8}, 0) ==
        "rt_sigprocmask(SIG_SETMASK, ~[RTMIN RT_1], NULL, 8) = 0");
  calls.memory.map(Address(0x5000 + 296), Bytes().u64(2).view());
  calls.stack_pointer = 0x5000;
  CHECK(calls.call("rt_sigreturn", {}, 7) == "rt_sigreturn({mask=[INT]}) = 7");
}

TEST_CASE("calls that a signal interrupts") {
  Calls calls;
  calls.memory.map(kA, Bytes().u64(1).u64(0).view());
  calls.memory.map(kB, Bytes().u64(0).u64(5).view());
  CHECK(calls.call("nanosleep", {0x1000, 0x2000}, 0) ==
        "nanosleep({tv_sec=1, tv_nsec=0}, 0x2000) = 0");
  CHECK(calls.call("nanosleep", {0x1000, 0x2000}, -516) ==
        "nanosleep({tv_sec=1, tv_nsec=0}, {tv_sec=0, tv_nsec=5}) = ? ERESTART_RESTARTBLOCK "
        "(Interrupted by signal)");
  CHECK(calls.call("read", {0, 0x9000, 1}, -512) ==
        "read(0, 0x9000, 1) = ? ERESTARTSYS (To be restarted if SA_RESTART is set)");
  CHECK(calls.call("pause", {}, -514) ==
        "pause() = ? ERESTARTNOHAND (To be restarted if no handler)");
}

TEST_CASE("limits") {
  Calls calls;
  calls.memory.map(kA, Bytes().u64(8192 * 1024).u64(kMinusOne).view());
  CHECK(calls.call("prlimit64", {0, 3, 0, 0x1000}, 0) ==
        "prlimit64(0, RLIMIT_STACK, NULL, {rlim_cur=8192*1024, rlim_max=RLIM64_INFINITY}) = 0");
}

TEST_CASE("ioctl commands with and without a name") {
  Calls calls;
  calls.memory.map(kA, Bytes().u16(24).u16(80).u16(0).u16(0).view());
  CHECK(calls.call("ioctl", {1, 0x5413, 0x1000}, 0) ==
        "ioctl(1, TIOCGWINSZ, {ws_row=24, ws_col=80, ws_xpixel=0, ws_ypixel=0}) = 0");
  CHECK(calls.call("ioctl", {1, 0x5401, 0x2000}, -25) ==
        "ioctl(1, TCGETS, 0x2000) = -1 ENOTTY (Inappropriate ioctl for device)");
  CHECK(calls.call("ioctl", {1, 0xc0101234, 0x2000}, -25) ==
        "ioctl(1, _IOC(_IOC_READ|_IOC_WRITE, 0x12, 0x34, 0x10), 0x2000) = "
        "-1 ENOTTY (Inappropriate ioctl for device)");
}

TEST_CASE("directories are counted") {
  Calls calls;
  calls.memory.map(kA, Bytes()
                           .u64(1)
                           .u64(1)
                           .u16(24)
                           .text("\4.\0\0\0\0"sv)
                           .u64(2)
                           .u64(2)
                           .u16(24)
                           .text("\10a\0\0\0\0"sv)
                           .view());
  CHECK(calls.call("getdents64", {3, 0x1000, 32768}, 48) ==
        "getdents64(3, 0x1000 /* 2 entries */, 32768) = 48");
  CHECK(calls.call("getdents64", {3, 0x1000, 32768}, 0) ==
        "getdents64(3, 0x1000 /* 0 entries */, 32768) = 0");
}

TEST_CASE("epoll events are packed on x86-64 only") {
  Calls calls;
  calls.memory.map(kA, Bytes().u32(1).u64(5).view());
  CHECK(calls.call("epoll_wait", {4, 0x1000, 10, kMinusOne}, 1) ==
        "epoll_wait(4, [{events=EPOLLIN, data=0x5}], 10, -1) = 1");
  Calls arm(Abi::Aarch64);
  arm.memory.map(kA, Bytes().u32(1).u32(0).u64(5).view());
  CHECK(arm.call("epoll_pwait", {4, 0x1000, 10, kMinusOne, 0, 8}, 1) ==
        "epoll_pwait(4, [{events=EPOLLIN, data=0x5}], 10, -1, NULL, 8) = 1");
}

TEST_CASE("calls that never return") {
  Calls calls;
  calls.enter("exit_group", {7});
  CHECK(calls.complete);
}

TEST_CASE("calls that nobody has described show all registers") {
  Calls calls;
  Decoder decoder({});
  const auto event = decoder.enter({.abi = Abi::X86_64, .number = 1000, .args = {1, 0, 3, 4, 5, 6}},
                                   calls.pending, calls.memory);
  CHECK(event.name == "syscall_0x3e8");
  CHECK(event.args.size() == 6);
  CHECK(event.args[0].kind == Value::Kind::Raw);
  CHECK(event.complete);
  const auto end = decoder.exit({.rval = -38, .is_error = true}, calls.pending, calls.memory);
  CHECK(end.args.empty());
  CHECK(end.result.error_name == "ENOSYS");

  // Nobody knows what it means: hexadecimal, as strace has it.
  const auto success = decoder.exit({.rval = 100'000}, calls.pending, calls.memory);
  CHECK(success.result.value.number == 100'000);
  CHECK(success.result.value.base == Value::Base::Hex);
}

TEST_CASE("names of calls on every ABI") {
  CHECK(Decoder::name(Abi::X86_64, 0) == "read");
  CHECK(Decoder::name(Abi::I386, 3) == "read");
  CHECK(Decoder::name(Abi::Aarch64, 63) == "read");
  CHECK(Decoder::name(Abi::Arm, 3) == "read");
  CHECK(Decoder::name(Abi::Arm, 0xf0005) == "set_tls");
  CHECK(Decoder::name(Abi::Arm, 270) == "fadvise64_64");
  CHECK(Decoder::name(Abi::Arm, 341) == "sync_file_range2");
  CHECK(Decoder::name(Abi::X86_64, 0xf0005) == "syscall_0xf0005");
  CHECK(Decoder::name(Abi::X86_64, 462) == "mseal");
  CHECK(Decoder::name(Abi::X86_64, 511) == "syscall_0x1ff");
}

TEST_CASE("hostile lengths and pointers do no harm") {
  // Every described call on every ABI, with arguments that point into one small piece of memory.
  for (const Abi abi : {Abi::X86_64, Abi::I386, Abi::Aarch64, Abi::Arm}) {
    for (const std::uint64_t base : {std::uint64_t{0}, std::uint64_t{0x1000}, kMinusOne}) {
      Calls calls(abi);
      calls.memory.map(kA, std::string(64, '\xff'));
      for (std::uint64_t number = 0; number < 470; ++number) {
        Decoder decoder({});
        SyscallRequest request{.abi = abi, .number = number};
        request.args.fill(base);
        decoder.enter(request, calls.pending, calls.memory);
        decoder.exit({.rval = 0x7fffffff, .is_error = false}, calls.pending, calls.memory);
        CHECK(calls.pending.count <= calls.pending.args.size());
      }
    }
  }
}
