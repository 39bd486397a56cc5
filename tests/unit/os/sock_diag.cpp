#include "os/sock_diag.h"

#include <doctest/doctest.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <cstring>
#include <random>
#include <string>

#include "base/fd.h"

using namespace ttrace;

namespace {

constexpr SocketProtocol kTcp{AF_INET, IPPROTO_TCP};
constexpr SocketProtocol kUnix{AF_UNIX, 0};
constexpr std::uint32_t kSequence = 9;

template <class T>
std::string raw(const T& value) {
  return {reinterpret_cast<const char*>(&value), sizeof(value)};
}

std::string padded(std::string text) {
  text.resize((text.size() + 3) & ~std::size_t{3});
  return text;
}

std::string message(const std::string& body, int type = SOCK_DIAG_BY_FAMILY,
                    int flags = NLM_F_MULTI, std::uint32_t sequence = kSequence) {
  nlmsghdr header{};
  header.nlmsg_len = std::uint32_t(sizeof(header) + body.size());
  header.nlmsg_type = std::uint16_t(type);
  header.nlmsg_flags = std::uint16_t(flags);
  header.nlmsg_seq = sequence;
  return padded(raw(header) + body);
}

std::string tcp(std::uint32_t inode, std::uint16_t port) {
  inet_diag_msg body{};
  body.idiag_family = AF_INET;
  body.idiag_inode = inode;
  body.id.idiag_sport = htons(port);
  body.id.idiag_src[0] = htonl(INADDR_LOOPBACK);
  return raw(body);
}

std::string attribute(int type, const std::string& value, int length = -1) {
  const std::uint16_t header[2] = {std::uint16_t(length < 0 ? int(value.size()) + 4 : length),
                                   std::uint16_t(type)};
  return padded(raw(header) + value);
}

std::string local(std::uint32_t inode, const std::string& attributes) {
  unix_diag_msg body{};
  body.udiag_family = AF_UNIX;
  body.udiag_ino = inode;
  return raw(body) + attributes;
}

// The bytes stand where nothing readable follows them, so that a sanitizer sees a read too far.
sock_diag::Answer parse(const std::string& text, SocketProtocol protocol, std::uint64_t inode) {
  std::vector<std::byte> bytes(text.size());
  if (!text.empty()) std::memcpy(bytes.data(), text.data(), text.size());
  return sock_diag::parse(bytes, protocol, inode, kSequence);
}

std::uint64_t inode_of(const UniqueFd& fd) {
  struct stat info {};
  REQUIRE(fstat(fd.get(), &info) == 0);
  return info.st_ino;
}

}  // namespace

TEST_CASE("the socket that was asked for is found in a list") {
  const auto answer =
      parse(message(tcp(4, 40)) + message(tcp(5, 50)) + message(tcp(6, 60)), kTcp, 5);
  REQUIRE(answer.found);
  CHECK(answer.found->inode == 5);
  CHECK(answer.found->local.port == 50);
  CHECK(answer.found->local.address[0] == 127);
  CHECK(answer.found->remote == InternetEnd{});
  CHECK_FALSE(answer.last);
  CHECK_FALSE(answer.broken);
  CHECK_FALSE(parse(message(tcp(4, 40)), kTcp, 5).found);
}

TEST_CASE("a list ends, and so does what is no list") {
  CHECK(parse(message(tcp(4, 40)) + message("", NLMSG_DONE), kTcp, 5).last);
  CHECK(parse(message(std::string(4, '\0'), NLMSG_ERROR, 0), kTcp, 5).last);
  CHECK(parse(message(tcp(5, 40), SOCK_DIAG_BY_FAMILY, 0), kTcp, 5).last);
  // What follows the end is not looked at.
  CHECK_FALSE(parse(message("", NLMSG_DONE) + message(tcp(5, 40)), kTcp, 5).found);
}

TEST_CASE("answers to other questions are passed over") {
  const std::string old = message("", NLMSG_DONE, NLM_F_MULTI, kSequence - 1);
  const auto answer = parse(old + message(tcp(5, 50)), kTcp, 5);
  CHECK(answer.found);
  CHECK_FALSE(answer.last);
  CHECK_FALSE(parse(message(tcp(5, 50)), {AF_INET6, IPPROTO_TCP}, 5).found);
}

TEST_CASE("attributes of a local socket") {
  const std::string path("\0abc", 4);
  const auto answer =
      parse(message(local(7, attribute(UNIX_DIAG_NAME, path) + attribute(99, "?????") +
                                 attribute(UNIX_DIAG_PEER, raw(std::uint32_t{8})))),
            kUnix, 7);
  REQUIRE(answer.found);
  CHECK(answer.found->path == path);
  CHECK(answer.found->peer == 8);
}

TEST_CASE("a length that lies is believed nowhere") {
  for (const int length : {0, 3, 9, 200, 65535}) {
    CAPTURE(length);
    CHECK_FALSE(
        parse(message(local(7, attribute(UNIX_DIAG_NAME, "abcd", length))), kUnix, 7).found);
  }
  const auto short_peer = parse(message(local(7, attribute(UNIX_DIAG_PEER, "ab"))), kUnix, 7);
  REQUIRE(short_peer.found);
  CHECK(short_peer.found->peer == 0);
  for (const std::uint32_t length : {0U, 15U, 200U, 0xffffffffU}) {
    CAPTURE(length);
    std::string text = message(tcp(5, 50));
    std::memcpy(text.data(), &length, sizeof(length));
    const auto answer = parse(text, kTcp, 5);
    CHECK(answer.broken);
    CHECK_FALSE(answer.found);
  }
}

TEST_CASE("an answer that is cut anywhere is found out") {
  const std::string whole = message(local(7, attribute(UNIX_DIAG_NAME, "/path/of/a/socket") +
                                                 attribute(UNIX_DIAG_PEER, raw(std::uint32_t{8}))));
  for (std::size_t size = 1; size < whole.size(); ++size) {
    CAPTURE(size);
    CHECK(parse(whole.substr(0, size), kUnix, 7).broken);
  }
  // The same, the message's length being right.
  for (std::size_t size = 0; size < sizeof(inet_diag_msg); ++size) {
    CAPTURE(size);
    CHECK_FALSE(parse(message(tcp(5, 50).substr(0, size)), kTcp, 5).found);
  }
}

TEST_CASE("no bytes whatever lead out of the answer") {
  std::mt19937 random(1);
  const std::string good = message(local(7, attribute(UNIX_DIAG_NAME, "/some/path"))) +
                           message(tcp(5, 50)) + message("", NLMSG_DONE);
  for (int round = 0; round < 20000; ++round) {
    std::string text = good;
    for (int i = 0; i < 4; ++i)
      text[random() % text.size()] = char(random());
    text.resize(random() % (text.size() + 1));
    for (const auto protocol : {kTcp, kUnix, SocketProtocol{AF_NETLINK, 0}}) {
      const auto answer = parse(text, protocol, 7);
      if (answer.found) CHECK(answer.found->path.size() <= text.size());
    }
  }
}

TEST_CASE("the kernel is asked, again and again") {
  SockDiag diag;
  const UniqueFd fd(socket(AF_INET, SOCK_STREAM, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  REQUIRE(bind(fd.get(), reinterpret_cast<sockaddr*>(&address), size) == 0);
  REQUIRE(listen(fd.get(), 1) == 0);
  REQUIRE(getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address), &size) == 0);
  for (int round = 0; round < 3; ++round) {
    const auto found = diag.find(kTcp, inode_of(fd));
    REQUIRE(found);
    CHECK(found->local.port == ntohs(address.sin_port));
    CHECK(diag.still_is(*found));
    auto wrong = *found;
    wrong.inode += 1;
    CHECK_FALSE(diag.still_is(wrong));
    CHECK_FALSE(diag.find(kTcp, 1));
    CHECK_FALSE(diag.find({AF_INET, 250}, inode_of(fd)));  // no such protocol
    CHECK_FALSE(diag.find({250, 0}, inode_of(fd)));        // no such family
    CHECK_FALSE(diag.find({AF_NETLINK, 0}, inode_of(fd)));
    CHECK_FALSE(diag.find(kUnix, inode_of(fd)));
  }
}
