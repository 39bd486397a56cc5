#include "decode/multiplexed.h"

#include <array>
#include <span>

namespace ttrace {

namespace {

constexpr std::uint64_t kSocketcall = 102, kIpc = 117;  // i386's numbers
constexpr std::size_t kWord = 4;

struct SocketRow {
  std::string_view name;
  std::size_t arguments;
};
// linux/net.h; the first is number 1.
constexpr std::array<SocketRow, 20> kSocketCalls{{
    {"socket", 3},      {"bind", 3},        {"connect", 3},    {"listen", 2},     {"accept", 3},
    {"getsockname", 3}, {"getpeername", 3}, {"socketpair", 4}, {"send", 4},       {"recv", 4},
    {"sendto", 6},      {"recvfrom", 6},    {"shutdown", 2},   {"setsockopt", 5}, {"getsockopt", 5},
    {"sendmsg", 3},     {"recvmsg", 3},     {"accept4", 4},    {"recvmmsg", 5},   {"sendmmsg", 4},
}};

// ipc(call, first, second, third, ptr, fifth): `order` says which of them are the inner call's.
enum Part : std::uint8_t { Call, First, Second, Third, Pointer, Fifth };
struct IpcRow {
  std::uint64_t call;  // linux/ipc.h
  std::string_view name;
  std::string_view described_as;
  std::array<Part, 5> order;  // Call: no more
};
constexpr std::uint64_t kSemctl = 3, kMsgrcv = 12;
constexpr std::array<IpcRow, 12> kIpcCalls{{
    {1, "semop", "semop", {First, Pointer, Second, Call, Call}},
    {2, "semget", "semget", {First, Second, Third, Call, Call}},
    {kSemctl, "semctl", "ipc_semctl", {First, Second, Third, Pointer, Call}},
    {4, "semtimedop", "semtimedop", {First, Pointer, Second, Fifth, Call}},
    {11, "msgsnd", "msgsnd", {First, Pointer, Second, Third, Call}},
    {kMsgrcv, "msgrcv", "msgrcv", {First, Pointer, Second, Fifth, Third}},
    {13, "msgget", "msgget", {First, Second, Call, Call, Call}},
    {14, "msgctl", "msgctl", {First, Second, Pointer, Call, Call}},
    {21, "shmat", "ipc_shmat", {First, Pointer, Second, Third, Call}},
    {22, "shmdt", "shmdt", {Pointer, Call, Call, Call, Call}},
    {23, "shmget", "shmget", {First, Second, Third, Call, Call}},
    {24, "shmctl", "shmctl", {First, Second, Pointer, Call, Call}},
}};

// `count` words at `at`; false when they cannot be read.
bool read_words(Memory& memory, std::uint64_t at, std::span<std::uint64_t> words) {
  for (std::size_t i = 0; i < words.size(); ++i) {
    std::uint32_t word = 0;
    if (!memory.read_object(Address(at + i * kWord), word)) return false;
    words[i] = word;
  }
  return true;
}

InnerCall unpack_socketcall(SyscallRequest& request, Memory& memory) {
  const std::uint64_t call = request.args[0] & 0xffffffff;
  if (call == 0 || call > kSocketCalls.size()) return {};
  const SocketRow& row = kSocketCalls.at(call - 1);
  std::array<std::uint64_t, 6> args{};
  if (!read_words(memory, request.args[1], std::span(args).first(row.arguments))) return {};
  request.args = args;
  return {row.name, row.name};
}

InnerCall unpack_ipc(SyscallRequest& request, Memory& memory) {
  const std::uint64_t call = request.args[0] & 0xffff;
  const bool first_version = (request.args[0] >> 16 & 0xffff) == 0;
  for (const IpcRow& row : kIpcCalls) {
    if (row.call != call) continue;
    std::array<std::uint64_t, 6> args{};
    for (std::size_t i = 0; i < row.order.size(); ++i) {
      if (row.order.at(i) != Call) args.at(i) = request.args.at(row.order.at(i));
    }
    InnerCall inner{row.name, row.described_as};
    if (call == kMsgrcv && first_version) {
      // Two arguments did not fit: the pointer is to both.
      std::array<std::uint64_t, 2> both{};
      if (read_words(memory, request.args[Pointer], both)) {
        args[1] = both[0];
        args[3] = both[1];
      } else {
        inner.described_as = "ipc_msgrcv";
      }
    }
    // The union of semctl(2) is not passed, but pointed to.
    if (call == kSemctl && !read_words(memory, args[3], std::span(args).subspan(3, 1))) {
      inner.described_as = "semctl";
    }
    request.args = args;
    return inner;
  }
  return {};
}

}  // namespace

InnerCall unpack_call(SyscallRequest& request, Memory& memory) {
  if (request.abi != Abi::I386) return {};
  if (request.number == kSocketcall) return unpack_socketcall(request, memory);
  if (request.number == kIpc) return unpack_ipc(request, memory);
  return {};
}

}  // namespace ttrace
