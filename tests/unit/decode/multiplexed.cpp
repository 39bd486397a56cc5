#include "decode/multiplexed.h"

#include "unit/decode/call_text.h"

using namespace ttrace;
using namespace ttrace::test;

TEST_CASE("socketcall is shown as the call that it holds") {
  Calls calls(Abi::I386);
  calls.memory.map(Address(0x2000), Bytes().u32(2).u32(1).u32(6).view());
  CHECK(calls.call("socketcall", {1, 0x2000}, 3) ==
        "socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3");
  calls.memory.map(Address(0x3000), Bytes().u32(3).u32(0x4000).u32(5).u32(0x4000).view());
  calls.memory.map(Address(0x4000), "hello");
  CHECK(calls.call("socketcall", {9, 0x3000}, 5) == "send(3, \"hello\", 5, MSG_NOSIGNAL) = 5");
  CHECK(calls.call("socketcall", {10, 0x3000}, 2) == "recv(3, \"he\", 5, MSG_NOSIGNAL) = 2");
}

TEST_CASE("a socketcall that holds nothing known") {
  Calls calls(Abi::I386);
  calls.memory.map(Address(0x2000), Bytes().u32(2).u32(1).view());
  CHECK(calls.call("socketcall", {1, 0x2000}, -14) ==
        "socketcall(SYS_SOCKET, 0x2000) = -1 EFAULT (Bad address)");
  CHECK(calls.call("socketcall", {0, 0x2000}, -22) ==
        "socketcall(0, 0x2000) = -1 EINVAL (Invalid argument)");
  CHECK(calls.call("socketcall", {21, 0}, -22) ==
        "socketcall(21, NULL) = -1 EINVAL (Invalid argument)");
  CHECK(Calls(Abi::I386).call("socketcall", {0xffffffff, 0}, -22) ==
        "socketcall(-1, NULL) = -1 EINVAL (Invalid argument)");
}

TEST_CASE("ipc is shown as the call that it holds") {
  Calls calls(Abi::I386);
  CHECK(calls.call("ipc", {2, 0, 3, 01600}, 5) == "semget(IPC_PRIVATE, 3, IPC_CREAT|0600) = 5");
  calls.memory.map(Address(0x2000), Bytes().u32(0x3000).u32(7).view());
  CHECK(calls.call("ipc", {22, 0, 0, 0, 0x2000}, 0) == "shmdt(0x2000) = 0");
  CHECK(calls.call("ipc", {3, 5, 1, 0, 0x2000}, 0) == "semctl(5, 1, IPC_RMID, [0x3000]) = 0");
  CHECK(calls.call("ipc", {3, 5, 1, 0, 0x9000}, 0) == "semctl(5, 1, IPC_RMID, 0x9000) = 0");
}

TEST_CASE("both forms of msgrcv in ipc") {
  Calls calls(Abi::I386);
  calls.memory.map(Address(0x2000), Bytes().u32(0x3000).u32(7).view());
  calls.memory.map(Address(0x3000), Bytes().u32(7).text("text").view());
  const std::string text = "msgrcv(1, {mtype=7, mtext=\"text\"}, 4, 7, IPC_NOWAIT) = 4";
  CHECK(calls.call("ipc", {12, 1, 4, 04000, 0x2000}, 4) == text);
  CHECK(calls.call("ipc", {0x1000c, 1, 4, 04000, 0x3000, 7}, 4) == text);
  CHECK(calls.call("ipc", {12, 1, 4, 04000, 0x9000}, -14) ==
        "msgrcv(1, 0x9000, 4, IPC_NOWAIT) = -1 EFAULT (Bad address)");
}

TEST_CASE("shmat in ipc returns its address in memory") {
  Calls calls(Abi::I386);
  calls.memory.map(Address(0x2000), Bytes().u32(0xb7000000).view());
  CHECK(calls.call("ipc", {21, 6, 010000, 0x2000, 0}, 0) ==
        "shmat(6, NULL, SHM_RDONLY) = 0xb7000000");
  CHECK(calls.call("ipc", {21, 6, 0, 0x9000, 0}, 0) == "shmat(6, NULL, 0) = ?");
}

TEST_CASE("an ipc that holds nothing known") {
  Calls calls(Abi::I386);
  CHECK(calls.call("ipc", {5, 1, 2, 3, 4, 5}, 0) == "ipc(5, 0x1, 0x2, 0x3, 0x4, 0x5) = 0");
  CHECK(calls.call("ipc", {0x20005, 1, 2, 3, 4, 5}, 0) ==
        "ipc(2<<16|5, 0x1, 0x2, 0x3, 0x4, 0x5) = 0");
}

TEST_CASE("other calls hold none") {
  FakeMemory memory;
  SyscallRequest request{.abi = Abi::X86_64, .number = 102, .args = {1, 2}};
  CHECK(unpack_call(request, memory).name.empty());
  request.abi = Abi::I386;
  request.number = 3;
  CHECK(unpack_call(request, memory).name.empty());
  CHECK(request.args[1] == 2);
}

TEST_CASE("permissions among the flags of System V IPC") {
  Calls calls;
  CHECK(calls.call("msgget", {0x11, 0}, 1) == "msgget(0x11, 000) = 1");
  CHECK(calls.call("msgget", {0x11, 0x1407}, 1) == "msgget(0x11, IPC_EXCL|0x1000|007) = 1");
  // Without a bar, as strace prints it.
  CHECK(calls.call("msgget", {0x11, 0x1107}, 1) == "msgget(0x11, 0x10000407) = 1");
  CHECK(calls.call("shmget", {0, 4096, 0x54000800 | 0600}, 1) ==
        "shmget(IPC_PRIVATE, 4096, SHM_HUGETLB|21<<SHM_HUGE_SHIFT|0600) = 1");
  CHECK(calls.call("shmget", {0, 4096, 0x2000}, 1) == "shmget(IPC_PRIVATE, 4096, 0x2000|000) = 1");
}
