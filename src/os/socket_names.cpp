#include "os/socket_names.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>

#include "base/quote.h"

namespace ttrace {

namespace {

struct Protocol {
  std::string_view kernel_name;
  std::string_view shown;  // of a socket that the kernel tells about
  SocketProtocol protocol;
  bool named_always = true;  // the others are just sockets when the kernel tells nothing
};
constexpr std::array<Protocol, 15> kProtocols{{
    {"UNIX-STREAM", "UNIX-STREAM", {AF_UNIX, 0}},
    {"UNIX", "UNIX", {AF_UNIX, 0}},
    {"TCP", "TCP", {AF_INET, IPPROTO_TCP}},
    {"UDP", "UDP", {AF_INET, IPPROTO_UDP}},
    {"SCTP", "SCTP", {AF_INET, IPPROTO_SCTP}},
    {"RAW", "RAW", {AF_INET, IPPROTO_RAW}},
    {"UDP-Lite", "UDPLITE", {AF_INET, IPPROTO_UDPLITE}, false},
    {"MPTCP", "TCP", {AF_INET, IPPROTO_TCP}, false},
    {"TCPv6", "TCPv6", {AF_INET6, IPPROTO_TCP}},
    {"UDPv6", "UDPv6", {AF_INET6, IPPROTO_UDP}},
    {"SCTPv6", "SCTPv6", {AF_INET6, IPPROTO_SCTP}},
    {"RAWv6", "RAWv6", {AF_INET6, IPPROTO_RAW}},
    {"UDPLITEv6", "UDPLITEv6", {AF_INET6, IPPROTO_UDPLITE}},
    {"MPTCPv6", "TCPv6", {AF_INET6, IPPROTO_TCP}, false},
    {"NETLINK", "NETLINK", {AF_NETLINK, 0}},
}};

// NETLINK_… of linux/netlink.h, by number.
constexpr std::array<std::string_view, 23> kNetlinkFamilies{
    "ROUTE",         "UNUSED",   "USERSOCK", "FIREWALL",       "SOCK_DIAG",  "NFLOG",
    "XFRM",          "SELINUX",  "ISCSI",    "AUDIT",          "FIB_LOOKUP", "CONNECTOR",
    "NETFILTER",     "IP6_FW",   "DNRTMSG",  "KOBJECT_UEVENT", "GENERIC",    "",
    "SCSITRANSPORT", "ECRYPTFS", "RDMA",     "CRYPTO",         "SMC"};

constexpr std::size_t kRemembered = 1024;

// Whether sockets of this protocol can lose their addresses without a call of their own.
bool is_connection(SocketProtocol protocol) {
  return protocol.family == AF_UNIX || protocol.protocol == IPPROTO_TCP ||
         protocol.protocol == IPPROTO_SCTP;
}

std::string bracketed(std::string_view protocol, const std::string& text) {
  return std::string(protocol) + ":[" + text + "]";
}

std::string end_text(int family, const InternetEnd& end) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  inet_ntop(family, end.address.data(), text.data(), text.size());
  std::string address = text.data();
  if (family == AF_INET6) address = "[" + address + "]";
  return address + ":" + std::to_string(end.port);
}

std::string unix_text(const SocketDetails& details) {
  std::string text = std::to_string(details.inode);
  if (details.peer != 0) text += "->" + std::to_string(details.peer);
  if (details.path.empty()) return text;
  const bool abstract = details.path.front() == '\0';
  std::string_view path = std::string_view(details.path).substr(abstract ? 1 : 0);
  text += abstract ? ",@" : ",";
  append_quoted(path.substr(0, path.find('\0')), text);
  return text;
}

std::string netlink_text(const SocketDetails& details) {
  const std::size_t family = details.netlink_family;
  std::string text(family < kNetlinkFamilies.size() ? kNetlinkFamilies.at(family) : "");
  if (text.empty()) text = std::to_string(family);
  return text + ":" + std::to_string(details.port_id);
}

}  // namespace

std::string socket_text(std::string_view protocol, const SocketDetails& details) {
  const int family = details.protocol.family;
  if (family == AF_UNIX) return bracketed(protocol, unix_text(details));
  if (family == AF_NETLINK) return bracketed(protocol, netlink_text(details));
  std::string text = end_text(family, details.local);
  if (details.remote.port != 0) text += "->" + end_text(family, details.remote);
  return bracketed(protocol, text);
}

const SocketDetails* SocketNames::look(SocketProtocol protocol, std::uint64_t inode) {
  if (remembered_.empty()) remembered_.resize(kRemembered);
  SocketDetails& memory = remembered_[inode % kRemembered];
  const bool known = memory.inode == inode && memory.protocol == protocol;
  if (known && diag_.still_is(memory)) return &memory;
  auto now = diag_.find(protocol, inode);
  if (!now) return known && is_connection(protocol) ? &memory : nullptr;
  // The other end of a connection is worth knowing after it was closed.
  if (known && now->peer == 0) now->peer = memory.peer;
  memory = std::move(*now);
  return &memory;
}

std::string SocketNames::name(std::uint64_t inode, std::string_view kernel_name) {
  const auto* row = std::ranges::find(kProtocols, kernel_name, &Protocol::kernel_name);
  if (row == kProtocols.end()) return bracketed("socket", std::to_string(inode));
  if (const auto* details = look(row->protocol, inode)) return socket_text(row->shown, *details);
  return bracketed(row->named_always ? row->shown : "socket", std::to_string(inode));
}

}  // namespace ttrace
