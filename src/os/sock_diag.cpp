#include "os/sock_diag.h"

#include <arpa/inet.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/netlink_diag.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace ttrace {

namespace {

using Bytes = std::span<const std::byte>;

// A message never exceeds what the kernel makes of a dump at a time (Documentation/userspace-api/
// netlink/intro.rst, "Buffer sizing").
constexpr std::size_t kAnswerSize = 32768;
constexpr std::uint32_t kAny = ~std::uint32_t{0};

struct Question {
  nlmsghdr header;
  union {
    inet_diag_req_v2 inet;
    unix_diag_req local;
    netlink_diag_req netlink;
  };
};

// The question's bytes, the header being filled in for a body of `size` bytes.
std::span<std::byte> finish(Question& question, std::size_t size, bool list) {
  size += offsetof(Question, inet);
  question.header.nlmsg_len = static_cast<std::uint32_t>(size);
  question.header.nlmsg_type = SOCK_DIAG_BY_FAMILY;
  question.header.nlmsg_flags =
      static_cast<std::uint16_t>(list ? NLM_F_REQUEST | NLM_F_DUMP : NLM_F_REQUEST);
  return std::as_writable_bytes(std::span(&question, 1)).first(size);
}

// A structure at the front; nullopt when there are not enough bytes.
template <class T>
std::optional<T> take(Bytes& bytes) {
  if (bytes.size() < sizeof(T)) return std::nullopt;
  T value;
  std::memcpy(&value, bytes.data(), sizeof(T));
  bytes = bytes.subspan(std::min<std::size_t>(NLMSG_ALIGN(sizeof(T)), bytes.size()));
  return value;
}

InternetEnd end_of(const std::uint32_t (&address)[4], std::uint16_t port) {
  InternetEnd end;
  std::memcpy(end.address.data(), address, sizeof(address));
  end.port = ntohs(port);
  return end;
}

std::optional<SocketDetails> inet_details(Bytes body, SocketProtocol protocol) {
  const auto message = take<inet_diag_msg>(body);
  if (!message || message->idiag_family != protocol.family) return std::nullopt;
  SocketDetails details{.protocol = protocol, .inode = message->idiag_inode};
  details.local = end_of(message->id.idiag_src, message->id.idiag_sport);
  details.remote = end_of(message->id.idiag_dst, message->id.idiag_dport);
  details.interface = message->id.idiag_if;
  return details;
}

std::optional<SocketDetails> unix_details(Bytes body, SocketProtocol protocol) {
  const auto message = take<unix_diag_msg>(body);
  if (!message || message->udiag_family != AF_UNIX) return std::nullopt;
  SocketDetails details{.protocol = protocol, .inode = message->udiag_ino};
  while (body.size() >= sizeof(rtattr)) {
    rtattr attribute;
    std::memcpy(&attribute, body.data(), sizeof(attribute));
    if (attribute.rta_len < sizeof(rtattr) || attribute.rta_len > body.size()) return std::nullopt;
    const Bytes value = body.subspan(sizeof(rtattr), attribute.rta_len - sizeof(rtattr));
    if (attribute.rta_type == UNIX_DIAG_NAME) {
      details.path.assign(reinterpret_cast<const char*>(value.data()), value.size());
    } else if (attribute.rta_type == UNIX_DIAG_PEER && value.size() >= sizeof(details.peer)) {
      std::memcpy(&details.peer, value.data(), sizeof(details.peer));
    }
    body = body.subspan(std::min<std::size_t>(RTA_ALIGN(attribute.rta_len), body.size()));
  }
  return details;
}

std::optional<SocketDetails> netlink_details(Bytes body, SocketProtocol protocol) {
  const auto message = take<netlink_diag_msg>(body);
  if (!message || message->ndiag_family != AF_NETLINK) return std::nullopt;
  SocketDetails details{.protocol = protocol, .inode = message->ndiag_ino};
  details.netlink_family = message->ndiag_protocol;
  details.port_id = message->ndiag_portid;
  return details;
}

std::optional<SocketDetails> details_of(Bytes body, SocketProtocol protocol) {
  switch (protocol.family) {
    case AF_UNIX:
      return unix_details(body, protocol);
    case AF_NETLINK:
      return netlink_details(body, protocol);
    default:
      return inet_details(body, protocol);
  }
}

}  // namespace

sock_diag::Answer sock_diag::parse(Bytes bytes, SocketProtocol protocol, std::uint64_t inode,
                                   std::uint32_t sequence) {
  Answer answer;
  while (!answer.last && !bytes.empty()) {
    nlmsghdr header{};
    if (bytes.size() >= sizeof(header)) std::memcpy(&header, bytes.data(), sizeof(header));
    if (header.nlmsg_len < sizeof(header) || header.nlmsg_len > bytes.size()) {
      answer.broken = true;
      return answer;
    }
    const Bytes body = bytes.subspan(sizeof(header), header.nlmsg_len - sizeof(header));
    bytes = bytes.subspan(std::min<std::size_t>(NLMSG_ALIGN(header.nlmsg_len), bytes.size()));
    if (header.nlmsg_seq != sequence) continue;  // of a question that was given up
    const bool end = header.nlmsg_type == NLMSG_DONE || header.nlmsg_type == NLMSG_ERROR;
    answer.last = end || (header.nlmsg_flags & NLM_F_MULTI) == 0;
    if (header.nlmsg_type != SOCK_DIAG_BY_FAMILY) continue;
    auto details = details_of(body, protocol);
    if (details && details->inode == inode) answer.found = std::move(details);
  }
  return answer;
}

bool SockDiag::connect() {
  if (socket_.valid()) return true;
  if (failed_) return false;
  socket_.reset(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG));
  failed_ = !socket_.valid();
  return !failed_;
}

bool SockDiag::ask(std::span<std::byte> question) {
  if (!connect()) return false;
  ++sequence_;
  std::memcpy(question.data() + offsetof(nlmsghdr, nlmsg_seq), &sequence_, sizeof(sequence_));
  sockaddr_nl kernel{};
  kernel.nl_family = AF_NETLINK;
  return sendto(socket_.get(), question.data(), question.size(), 0,
                reinterpret_cast<const sockaddr*>(&kernel),
                sizeof(kernel)) == static_cast<ssize_t>(question.size());
}

std::optional<SocketDetails> SockDiag::read_answers(SocketProtocol protocol, std::uint64_t inode) {
  buffer_.resize(kAnswerSize);
  std::optional<SocketDetails> found;
  // To the end: the kernel takes no other question before.
  for (;;) {
    sockaddr_nl from{};
    socklen_t size = sizeof(from);
    // The kernel has answered when the question was sent, and goes on with a list when its last
    // part was taken: there is nothing to wait for.
    const ssize_t got =
        recvfrom(socket_.get(), buffer_.data(), buffer_.size(), MSG_DONTWAIT | MSG_TRUNC,
                 reinterpret_cast<sockaddr*>(&from), &size);
    if (got < 0 && errno == EINTR) continue;
    if (got >= 0 && from.nl_pid != 0) continue;  // not the kernel's
    if (got <= 0 || static_cast<std::size_t>(got) > buffer_.size()) break;
    const Bytes bytes = std::span(buffer_).first(static_cast<std::size_t>(got));
    auto answer = sock_diag::parse(bytes, protocol, inode, sequence_);
    if (answer.found) found = std::move(answer.found);
    if (answer.last) return found;
    if (answer.broken) break;
  }
  socket_.reset();
  return found;
}

std::optional<SocketDetails> SockDiag::find(SocketProtocol protocol, std::uint64_t inode) {
  Question question{};
  std::span<std::byte> bytes;
  switch (protocol.family) {
    case AF_UNIX:
      question.local.sdiag_family = AF_UNIX;
      question.local.udiag_states = kAny;
      question.local.udiag_ino = static_cast<std::uint32_t>(inode);
      question.local.udiag_show = UDIAG_SHOW_NAME | UDIAG_SHOW_PEER;
      std::ranges::fill(question.local.udiag_cookie, kAny);
      bytes = finish(question, sizeof(question.local), false);
      break;
    case AF_NETLINK:
      question.netlink.sdiag_family = AF_NETLINK;
      question.netlink.sdiag_protocol = NDIAG_PROTO_ALL;
      bytes = finish(question, sizeof(question.netlink), true);
      break;
    default:
      question.inet.sdiag_family = static_cast<std::uint8_t>(protocol.family);
      question.inet.sdiag_protocol = static_cast<std::uint8_t>(protocol.protocol);
      question.inet.idiag_states = kAny;
      bytes = finish(question, sizeof(question.inet), true);
      break;
  }
  if (!ask(bytes)) return std::nullopt;
  return read_answers(protocol, inode);
}

bool SockDiag::still_is(const SocketDetails& known) {
  if (known.protocol.protocol != IPPROTO_TCP) return false;
  Question question{};
  question.inet.sdiag_family = static_cast<std::uint8_t>(known.protocol.family);
  question.inet.sdiag_protocol = IPPROTO_TCP;
  question.inet.idiag_states = kAny;
  auto& id = question.inet.id;
  std::memcpy(id.idiag_src, known.local.address.data(), sizeof(id.idiag_src));
  std::memcpy(id.idiag_dst, known.remote.address.data(), sizeof(id.idiag_dst));
  id.idiag_sport = htons(known.local.port);
  id.idiag_dport = htons(known.remote.port);
  id.idiag_if = known.interface;
  std::ranges::fill(id.idiag_cookie, INET_DIAG_NOCOOKIE);
  if (!ask(finish(question, sizeof(question.inet), false))) return false;
  const auto now = read_answers(known.protocol, known.inode);
  return now && now->local == known.local && now->remote == known.remote;
}

}  // namespace ttrace
