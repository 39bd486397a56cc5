#include "os/socket_names.h"

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"

using namespace ttrace;

namespace {

SocketDetails internet(int family, const char* local, int port, const char* remote, int far_port) {
  SocketDetails details{.protocol = {family, IPPROTO_TCP}, .inode = 5};
  REQUIRE(inet_pton(family, local, details.local.address.data()) == 1);
  REQUIRE(inet_pton(family, remote, details.remote.address.data()) == 1);
  details.local.port = std::uint16_t(port);
  details.remote.port = std::uint16_t(far_port);
  return details;
}

std::uint64_t inode_of(const UniqueFd& fd) {
  struct stat info {};
  REQUIRE(fstat(fd.get(), &info) == 0);
  return info.st_ino;
}

sockaddr_in bound(const UniqueFd& fd) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  REQUIRE(bind(fd.get(), reinterpret_cast<sockaddr*>(&address), size) == 0);
  REQUIRE(getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address), &size) == 0);
  return address;
}

std::string loopback(const sockaddr_in& address) {
  return "127.0.0.1:" + std::to_string(ntohs(address.sin_port));
}

void connect_to(const UniqueFd& fd, const sockaddr_in& address) {
  REQUIRE(connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0);
}

}  // namespace

TEST_CASE("both ends of a connection, or the one that there is") {
  CHECK(socket_text("TCP", internet(AF_INET, "10.0.0.1", 80, "0.0.0.0", 0)) == "TCP:[10.0.0.1:80]");
  CHECK(socket_text("TCP", internet(AF_INET, "10.0.0.1", 80, "10.0.0.2", 99)) ==
        "TCP:[10.0.0.1:80->10.0.0.2:99]");
  CHECK(socket_text("TCPv6", internet(AF_INET6, "::1", 80, "fe80::1", 99)) ==
        "TCPv6:[[::1]:80->[fe80::1]:99]");
}

TEST_CASE("local sockets have inodes and perhaps a path") {
  SocketDetails details{.protocol = {AF_UNIX, 0}, .inode = 5};
  CHECK(socket_text("UNIX", details) == "UNIX:[5]");
  details.peer = 6;
  CHECK(socket_text("UNIX", details) == "UNIX:[5->6]");
  details.path = std::string("/a\n\">\0x", 7);
  CHECK(socket_text("UNIX", details) == R"(UNIX:[5->6,"/a\n\">"])");
  details.path = std::string("\0ab\0c", 5);
  details.peer = 0;
  CHECK(socket_text("UNIX", details) == R"(UNIX:[5,@"ab"])");
}

TEST_CASE("netlink sockets have a family and a port") {
  SocketDetails details{.protocol = {AF_NETLINK, 0}, .inode = 5};
  details.port_id = 4000000000;
  CHECK(socket_text("NETLINK", details) == "NETLINK:[ROUTE:4000000000]");
  details.netlink_family = 16;
  CHECK(socket_text("NETLINK", details) == "NETLINK:[GENERIC:4000000000]");
  details.netlink_family = 17;
  CHECK(socket_text("NETLINK", details) == "NETLINK:[17:4000000000]");
  details.netlink_family = 250;
  CHECK(socket_text("NETLINK", details) == "NETLINK:[250:4000000000]");
}

TEST_CASE("a socket that nothing is known about is a number") {
  SocketNames names;
  CHECK(names.name(1, "TCP") == "TCP:[1]");
  CHECK(names.name(1, "UNIX-STREAM") == "UNIX-STREAM:[1]");
  CHECK(names.name(1, "MPTCP") == "socket:[1]");
  CHECK(names.name(1, "PACKET") == "socket:[1]");
  CHECK(names.name(1, "") == "socket:[1]");
}

TEST_CASE("a socket's name follows its addresses") {
  SocketNames names;
  const UniqueFd far(socket(AF_INET, SOCK_DGRAM, 0));
  const UniqueFd other(socket(AF_INET, SOCK_DGRAM, 0));
  const UniqueFd fd(socket(AF_INET, SOCK_DGRAM, 0));
  const auto address = bound(fd);
  CHECK(names.name(inode_of(fd), "UDP") == "UDP:[" + loopback(address) + "]");
  const auto first = bound(far);
  connect_to(fd, first);
  CHECK(names.name(inode_of(fd), "UDP") ==
        "UDP:[" + loopback(address) + "->" + loopback(first) + "]");
  const sockaddr nobody{};
  REQUIRE(connect(fd.get(), &nobody, sizeof(nobody)) == 0);
  CHECK(names.name(inode_of(fd), "UDP").find("->") == std::string::npos);
  const auto second = bound(other);
  connect_to(fd, second);
  sockaddr_in now{};
  socklen_t size = sizeof(now);
  REQUIRE(getsockname(fd.get(), reinterpret_cast<sockaddr*>(&now), &size) == 0);
  CHECK(names.name(inode_of(fd), "UDP") == "UDP:[" + loopback(now) + "->" + loopback(second) + "]");
}

TEST_CASE("a connection keeps its name when the other end is gone") {
  SocketNames names;
  const UniqueFd server(socket(AF_INET, SOCK_STREAM, 0));
  const auto address = bound(server);
  REQUIRE(listen(server.get(), 1) == 0);
  const UniqueFd client(socket(AF_INET, SOCK_STREAM, 0));
  connect_to(client, address);
  UniqueFd accepted(accept(server.get(), nullptr, nullptr));
  const std::string name = names.name(inode_of(client), "TCP");
  CHECK(name.ends_with("->" + loopback(address) + "]"));
  CHECK(names.name(inode_of(client), "TCP") == name);
  const linger at_once{1, 0};
  REQUIRE(setsockopt(accepted.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once)) == 0);
  accepted.reset();  // sends a reset: the kernel forgets the connection
  CHECK(names.name(inode_of(client), "TCP") == name);

  int ends[2];
  REQUIRE(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
  const UniqueFd one(ends[0]);
  UniqueFd two(ends[1]);
  const std::string pair =
      "UNIX-STREAM:[" + std::to_string(inode_of(one)) + "->" + std::to_string(inode_of(two)) + "]";
  CHECK(names.name(inode_of(one), "UNIX-STREAM") == pair);
  two.reset();
  CHECK(names.name(inode_of(one), "UNIX-STREAM") == pair);
}
