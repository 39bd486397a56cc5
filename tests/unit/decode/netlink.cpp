#include "base/netlink_sockets.h"

#include "unit/decode/call_text.h"

using namespace ttrace;
using namespace ttrace::test;

namespace {

constexpr Address kData{0x2000};

// Descriptor 3 is a netlink socket.
class Sockets : public NetlinkSockets {
 public:
  explicit Sockets(int family) : family_(family) {}
  std::optional<int> family(Tid, int fd) override {
    ++asked;
    return fd == 3 ? std::optional(family_) : std::nullopt;
  }
  int asked = 0;

 private:
  int family_;
};

DecodeOptions with(Sockets& sockets) {
  DecodeOptions options;
  options.netlink_sockets = &sockets;
  return options;
}

Bytes header(std::uint64_t size, std::uint64_t type, std::uint64_t flags) {
  return Bytes().u32(size).u16(type).u16(flags).u32(7).u32(0);
}

std::string sent(const Bytes& bytes, int family = 0, int fd = 3) {
  Sockets sockets(family);
  Calls calls(Abi::X86_64, with(sockets));
  calls.memory.map(kData, bytes.view());
  const auto size = bytes.view().size();
  const auto text = calls.call("sendto", {static_cast<std::uint64_t>(fd), 0x2000, size}, 0);
  const auto begin = text.find(", ") + 2;
  return text.substr(begin, text.rfind(", " + std::to_string(size) + ", 0, NULL, 0) = 0") - begin);
}

}  // namespace

TEST_CASE("a question for addresses") {
  CHECK(sent(header(20, 22, 0x301).u32(0)) ==
        "[{nlmsg_len=20, nlmsg_type=RTM_GETADDR, nlmsg_flags=NLM_F_REQUEST|NLM_F_DUMP, "
        "nlmsg_seq=7, nlmsg_pid=0}, {ifa_family=AF_UNSPEC, ...}]");
}

TEST_CASE("an address with attributes") {
  auto bytes = header(40, 20, 2).u32(0x00800802).u32(0);
  bytes.u16(8).u16(1).u32(0x0100007f).u16(7).u16(3).text(std::string_view("lo\0\0", 4));
  CHECK(sent(bytes) ==
        "[{nlmsg_len=40, nlmsg_type=RTM_NEWADDR, nlmsg_flags=NLM_F_MULTI, nlmsg_seq=7, "
        "nlmsg_pid=0}, {ifa_family=AF_INET, ifa_prefixlen=8, ifa_flags=IFA_F_PERMANENT, "
        "ifa_scope=RT_SCOPE_UNIVERSE, ifa_index=0}, [[{nla_len=8, nla_type=IFA_ADDRESS}, "
        "inet_addr(\"127.0.0.1\")], [{nla_len=7, nla_type=IFA_LABEL}, \"lo\"]]]");
}

TEST_CASE("attributes that lie about their size") {
  const auto head = header(28, 20, 2).u32(2).u32(0);
  const std::string begin =
      "[{nlmsg_len=28, nlmsg_type=RTM_NEWADDR, nlmsg_flags=NLM_F_MULTI, nlmsg_seq=7, "
      "nlmsg_pid=0}, {ifa_family=AF_INET, ifa_prefixlen=0, ifa_flags=0, "
      "ifa_scope=RT_SCOPE_UNIVERSE, ifa_index=0}, ";
  CHECK(sent(Bytes(head).u16(0).u16(1)) == begin + "{nla_len=0, nla_type=IFA_ADDRESS}]");
  CHECK(sent(Bytes(head).u16(0xffff).u16(0x8008)) ==
        begin + "{nla_len=65535, nla_type=NLA_F_NESTED|IFA_FLAGS}]");
  CHECK(sent(header(30, 20, 2).u32(2).u32(0).u16(6).u16(8).u16(1))
            .ends_with("[{nla_len=6, nla_type=IFA_FLAGS}, \"\\x01\\x00\"]]"));
}

TEST_CASE("messages that lie about their size") {
  CHECK(sent(header(1000, 3, 2)) ==
        "{nlmsg_len=1000, nlmsg_type=NLMSG_DONE, nlmsg_flags=NLM_F_MULTI, nlmsg_seq=7, "
        "nlmsg_pid=0}");
  const auto two = header(16, 3, 2);
  CHECK(sent(Bytes(two).u32(0).u16(3).u16(0).u32(0).u32(0))
            .ends_with(
                "{nlmsg_len=0, nlmsg_type=NLMSG_DONE, nlmsg_flags=0, nlmsg_seq=0, nlmsg_pid=0}]"));
  CHECK(sent(Bytes(two).u32(1)).ends_with("}, \"\\x01\\x00\\x00\\x00\"]"));
}

TEST_CASE("an error with the message that it answers") {
  auto bytes = header(36, 2, 0x100).u32(0xfffffffe);
  bytes.u32(20).u16(18).u16(1).u32(7).u32(0);
  CHECK(sent(bytes) ==
        "[{nlmsg_len=36, nlmsg_type=NLMSG_ERROR, nlmsg_flags=NLM_F_CAPPED, nlmsg_seq=7, "
        "nlmsg_pid=0}, {error=-ENOENT, msg={nlmsg_len=20, nlmsg_type=RTM_GETLINK, "
        "nlmsg_flags=NLM_F_REQUEST, nlmsg_seq=7, nlmsg_pid=0}}]");
}

TEST_CASE("other families: only the header") {
  CHECK(sent(header(20, 20, 1).u32(1), NetlinkSockets::kUnknown) ==
        "[{nlmsg_len=20, nlmsg_type=0x14 /* NLMSG_??? */, nlmsg_flags=NLM_F_REQUEST, "
        "nlmsg_seq=7, nlmsg_pid=0}, \"\\x01\\x00\\x00\\x00\"]");
  CHECK(sent(header(16, 20, 1), 4).find("SOCK_DIAG_BY_FAMILY") != std::string::npos);
  CHECK(sent(header(16, 16, 1), 15).starts_with('"'));
}

TEST_CASE("what does not look like a message is not looked up") {
  Sockets sockets(0);
  Calls calls(Abi::X86_64, with(sockets));
  calls.memory.map(kData, "GET / HTTP/1.1\r\n\r\n");
  CHECK(calls.call("sendto", {3, 0x2000, 18}, 18) ==
        "sendto(3, \"GET / HTTP/1.1\\r\\n\\r\\n\", 18, 0, NULL, 0) = 18");
  CHECK(sockets.asked == 0);
  CHECK(sent(header(16, 3, 2), 0, 4).starts_with('"'));
}

TEST_CASE("a million attributes are cut") {
  Bytes bytes = header(1 << 20, 16, 0).zeros(16);
  while (bytes.view().size() < 1 << 20)
    bytes.u16(4).u16(4);
  Sockets sockets(0);
  Calls calls(Abi::X86_64, with(sockets));
  calls.memory.map(kData, bytes.view());
  const auto text = calls.call("sendto", {3, 0x2000, 1 << 20}, 0);
  CHECK(text.size() < 4096);
  CHECK(text.find(", ...]]") != std::string::npos);
}
