#include "unit/decode/call_text.h"

using namespace ttrace;
using namespace ttrace::test;

namespace {
constexpr Address kData{0x2000}, kLength{0x1000};

std::string bound(std::string_view address, std::uint64_t size) {
  Calls calls;
  calls.memory.map(kData, address);
  const auto text = calls.call("bind", {3, 0x2000, size}, 0);
  return text.substr(8, text.rfind(", ") - 8);
}
std::string bound(const Bytes& address) {
  return bound(address.view(), address.view().size());
}
}  // namespace

TEST_CASE("socket addresses") {
  CHECK(bound(Bytes().u16(40).u16(0).u32(5).u32(2).u32(0)) ==
        "{sa_family=AF_VSOCK, svm_cid=0x2, svm_port=0x5, svm_flags=0}");
  CHECK(bound(Bytes().u16(38).text("hash").zeros(10).u32(0).u32(0).text("sha1").zeros(60)) ==
        "{sa_family=AF_ALG, salg_type=\"hash\", salg_feat=0, salg_mask=0, salg_name=\"sha1\"}");
  CHECK(bound(Bytes().u16(17).u16(0x0300).u32(0).u16(1).u16(0x0300).text("abc").zeros(5)) ==
        "{sa_family=AF_PACKET, sll_protocol=htons(ETH_P_ALL), sll_ifindex=0, "
        "sll_hatype=ARPHRD_ETHER, sll_pkttype=PACKET_HOST, sll_halen=3, "
        "sll_addr=[0x61, 0x62, 0x63]}");
  CHECK(bound(Bytes().u16(16).u16(0).u32(7).u32(0)) ==
        "{sa_family=AF_NETLINK, nl_pid=7, nl_groups=00000000}");
  CHECK(bound(Bytes().u16(31).u16(1).u16(3)) ==
        "{sa_family=AF_BLUETOOTH, hci_dev=htobs(1), hci_channel=HCI_CHANNEL_CONTROL}");
  CHECK(bound(Bytes().u16(31).text("abcdef").u16(4)) ==
        "{sa_family=AF_BLUETOOTH, rc_bdaddr=61:62:63:64:65:66, rc_channel=4}");
}

TEST_CASE("addresses that are too short are shown as they are") {
  CHECK(bound(Bytes().u16(2).u16(0x5000)) == "{sa_family=AF_INET, sa_data=\"\\0P\"}");
  CHECK(bound(Bytes().u16(17).u16(0)) == "{sa_family=AF_PACKET, sa_data=\"\\0\\0\"}");
  CHECK(bound("\2", 1) == "0x2000");
  CHECK(bound("\2", 0x80000000) == "0x2000");
}

TEST_CASE("the kind of a socket and its flags") {
  Calls calls;
  CHECK(calls.call("socket", {1, 0x80801, 0}, 3) ==
        "socket(AF_UNIX, SOCK_STREAM|SOCK_CLOEXEC|SOCK_NONBLOCK, 0) = 3");
  CHECK(calls.call("socket", {1, 0x21, 0}, 3) ==
        "socket(AF_UNIX, SOCK_STREAM|0x20 /* SOCK_??? */, 0) = 3");
  CHECK(calls.call("socket", {1, 0xf, 0}, 3) == "socket(AF_UNIX, 0xf /* SOCK_??? */, 0) = 3");
  CHECK(calls.call("socket", {17, 3, 0x0300}, 3) ==
        "socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL)) = 3");
  CHECK(calls.call("socket", {31, 1, 3}, 3) ==
        "socket(AF_BLUETOOTH, SOCK_STREAM, BTPROTO_RFCOMM) = 3");
}

TEST_CASE("values of socket options") {
  Calls calls;
  calls.memory.map(kData, Bytes().u32(1).u32(5).u32(7).u32(0).view());
  auto set = [&](std::uint64_t level, std::uint64_t name, std::uint64_t size) {
    const auto text = calls.call("setsockopt", {3, level, name, 0x2000, size}, 0);
    return text.substr(14, text.rfind(", ") - 14);
  };
  CHECK(set(1, 2, 4) == "SOL_SOCKET, SO_REUSEADDR, [1]");
  CHECK(set(1, 2, 8) == "SOL_SOCKET, SO_REUSEADDR, [1]");
  CHECK(set(1, 2, 3) == "SOL_SOCKET, SO_REUSEADDR, 0x2000");
  CHECK(set(1, 13, 8) == "SOL_SOCKET, SO_LINGER, {l_onoff=1, l_linger=5}");
  CHECK(set(0, 35, 8) ==
        "SOL_IP, IP_ADD_MEMBERSHIP, {imr_multiaddr=inet_addr(\"1.0.0.0\"), "
        "imr_interface=inet_addr(\"5.0.0.0\")}");
  CHECK(set(6, 13, 2) == "SOL_TCP, TCP_CONGESTION, \"\\1\\0\"");
  CHECK(set(0, 51, 4) == "SOL_IP, IP_LOCAL_PORT_RANGE, [0x1 /* 1.. */]");
  CHECK(set(255, 1, 4) == "SOL_RAW, ICMP_FILTER, [ICMP_ECHOREPLY]");
  CHECK(set(77, 1, 4) == "0x4d /* SOL_?? */, 1, [1]");
}

TEST_CASE("what getsockopt fills in") {
  Calls calls;
  calls.memory.map(kData, Bytes().u32(1).u32(5).u32(7).u32(0).view());
  auto get = [&](std::uint64_t level, std::uint64_t name, std::uint64_t size) {
    calls.memory.map(kLength, Bytes().u32(size).view());
    const auto text = calls.call("getsockopt", {3, level, name, 0x2000, 0x1000}, 0);
    return text.substr(14, text.rfind(", ") - 14);
  };
  CHECK(get(1, 4, 4) == "SOL_SOCKET, SO_ERROR, [EPERM]");
  CHECK(get(1, 17, 12) == "SOL_SOCKET, SO_PEERCRED, {pid=1, uid=5, gid=7}");
  CHECK(get(1, 17, 6) == "SOL_SOCKET, SO_PEERCRED, {pid=1, uid=\"\\x05\\x00\"}");
  CHECK(get(1, 2, 2) == "SOL_SOCKET, SO_REUSEADDR, \"\\x01\\x00\"");
  CHECK(get(1, 26, 16) == "SOL_SOCKET, SO_GET_FILTER, 0x2000");
  CHECK(get(270, 9, 8) == "SOL_NETLINK, NETLINK_LIST_MEMBERSHIPS, [1, 5]");
  CHECK(get(1, 2, 0) == "SOL_SOCKET, SO_REUSEADDR, 0x2000");
}

TEST_CASE("several messages") {
  Calls calls;
  Bytes messages;
  for (std::uint64_t i = 0; i < 2; ++i)
    messages.u64(0).u32(0).u32(0).u64(0).u64(0).u64(0).u64(0).u32(0).u32(0).u32(i + 4).u32(0);
  calls.memory.map(kData, messages.view());
  const std::string header =
      "{msg_hdr={msg_name=NULL, msg_namelen=0, msg_iov=NULL, msg_iovlen=0, msg_controllen=0, "
      "msg_flags=0}";
  CHECK(calls.call("sendmmsg", {3, 0x2000, 2, 0}, 1) ==
        "sendmmsg(3, [" + header + ", msg_len=4}, " + header + "}], 2, 0) = 1");
  CHECK(calls.call("recvmmsg", {3, 0x2000, 2, 0, 0}, 1) ==
        "recvmmsg(3, [" + header + ", msg_len=4}], 2, 0, NULL) = 1");
  CHECK(calls.call("recvmmsg", {3, 0x2000, 2, 0, 0}, 0) ==
        "recvmmsg(3, [], 2, 0, NULL) = 0 (Timeout)");
  CHECK(calls.call("recvmmsg", {3, 0x2000, 2, 0, 0}, -11) ==
        "recvmmsg(3, 0x2000, 2, 0, NULL) = -1 EAGAIN (Resource temporarily unavailable)");
}
