// Netlink messages: each attribute of links, addresses, routes and neighbours in several sizes,
// what their messages begin with, flags, several messages at once, errors.
//
//   calls-netlink [native|i386]
#include "calls.h"

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

enum { kSocket = 3 };

static void header(uint32_t size, uint16_t type, uint16_t flags) {
  u32(size);
  u16(type);
  u16(flags);
  u32(1);
  u32(0);
}

static void send_bytes(uint64_t at, uint64_t size) {
  CALL(size, sendto, kSocket, at, size, 0, 0, 0);
}

static const struct {
  uint16_t type;
  uint32_t size;
  const char* bytes;
} heads[] = {
    {RTM_NEWLINK, 16, "\0\0\4\3\1\0\0\0\111\0\1\0\0\0\0"},
    {RTM_NEWADDR, 8, "\2\30\200\0\1\0\0"},
    {RTM_NEWADDR, 8, "\12\100\200\375\1\0\0"},
    {RTM_NEWROUTE, 12, "\2\30\0\0\376\3\0\1\0\0\0"},
    {RTM_NEWROUTE, 12, "\12\100\0\0\376\3\0\1\0\0\0"},
    {RTM_NEWNEIGH, 12, "\2\0\0\0\1\0\0\0\2\0\0"},
};

// One attribute of each kind of message: of each type, in sizes that it has and that it has not.
static void attributes(void) {
  static const uint32_t sizes[] = {0, 1, 2, 4, 6, 16, 20, 32, 200};
  for (size_t head = 0; head < sizeof heads / sizeof *heads; ++head) {
    for (uint16_t type = 0; type < 72; ++type) {
      for (size_t i = 0; i < sizeof sizes / 4; ++i) {
        const int link = heads[head].type == RTM_NEWLINK;
        // A hardware address of other than 6 bytes is not one; names are not as long.
        const int hardware = (link && (type == 1 || type == 2 || type == 54)) ||
                             (heads[head].type == RTM_NEWNEIGH && type == 2);
        if ((hardware && sizes[i] > 6) || sizes[i] > 192 + 8 * (unsigned)link) continue;
        if (link && sizes[i] > 20 && type != 7 && type != 23) continue;
        // Masks are as long as they are.
        if (link && type == IFLA_EXT_MASK && sizes[i] > 4) continue;
        if (heads[head].type == RTM_NEWNEIGH && type > 15 && sizes[i] != 2) continue;
        // Lists of ports and functions, tunnels and next hops are not decoded.
        if (link && (type == 22 || type == 24 || type == 25 || type == 55)) continue;
        if (heads[head].type == RTM_NEWROUTE && (type == 9 || type == 17 || type == 18)) continue;
        if (heads[head].type == RTM_NEWROUTE && (type == 22 || type == 31)) continue;
        if (heads[head].type == RTM_NEWNEIGH && (type == 14 || type == 15)) continue;
        const uint32_t size = 16 + heads[head].size + 4 + sizes[i];
        const uint64_t at = here();
        header(size, heads[head].type, NLM_F_MULTI);
        put(heads[head].bytes, heads[head].size);
        u16(4 + sizes[i]);
        u16(type);
        for (uint32_t n = 0; n < sizes[i]; ++n)
          u8(n % 4 == 0 ? n / 4 + 1 : 0);
        align(4);
        send_bytes(at, size);
      }
    }
  }
}

// The fields of what messages begin with, with each value that has a name.
static void fields(void) {
  for (uint32_t i = 0; i < 256; ++i) {
    uint64_t at = here();
    header(28, RTM_NEWROUTE, 0);
    for (int n = 0; n < 8; ++n)
      u8(n == 0 ? 2 : i);
    u32(i < 32 ? 1u << i : 3);
    send_bytes(at, 28);
    at = here();
    header(24, RTM_NEWADDR, 0);
    u8(2), u8(i), u8(1u << i % 8), u8(i), u32(i);
    send_bytes(at, 24);
    at = here();
    header(28, RTM_NEWNEIGH, 0);
    u32(2), u32(i), u16(1u << i % 16), u8(1u << i % 8), u8(i);
    send_bytes(at, 28);
    at = here();
    header(32, RTM_NEWLINK, 0);
    u16(0), u16(i), u32(i), u32(1u << i % 32), u32(1u << i % 32);
    send_bytes(at, 32);
    // Attributes in attributes.
    static const uint16_t nested[][2] = {
        {IFLA_LINKINFO, 0}, {IFLA_XDP, 0}, {IFLA_AF_SPEC, AF_INET}, {IFLA_AF_SPEC, AF_INET6}};
    for (size_t n = 0; n < 4 && i < 12; ++n) {
      const int deep = nested[n][1] != 0;
      const uint32_t size = 16 + 16 + 4 + 4 * (unsigned)deep + 8;
      at = here();
      header(size, RTM_NEWLINK, 0);
      put(heads[0].bytes, 16);
      u16(size - 32), u16(nested[n][0]);
      if (deep) u16(12), u16(nested[n][1]);
      u16(8), u16(i), u32(0x616263);
      send_bytes(at, size);
    }
    if (i > 20) continue;
    at = here();
    header(40, RTM_NEWROUTE, 0);
    put(heads[3].bytes, 12);
    u16(12), u16(RTA_METRICS), u16(8), u16(i), u32(5);
    send_bytes(at, 40);
  }
}

static void sequences(void) {
  for (uint16_t type = RTM_NEWLINK; type < RTM_NEWLINK + 16; ++type) {
    for (int bit = 0; bit < 16; ++bit) {
      const uint64_t at = here();
      header(16, type, (uint16_t)(1u << bit));
      send_bytes(at, 16);
    }
    const uint64_t at = here();
    header(17, type, NLM_F_REQUEST | NLM_F_DUMP);
    u8(10);
    send_bytes(at, 17);
  }
  for (uint16_t type = 0; type < 8; ++type) {
    uint64_t at = here();
    header(20, type, NLM_F_MULTI);
    u32((uint32_t)-2);
    send_bytes(at, 20);
    at = here();
    header(36, type, NLM_F_MULTI | (type == 2 ? 0x100 : 0));
    u32((uint32_t)-22);
    header(40, RTM_GETADDR, NLM_F_REQUEST);
    send_bytes(at, 36);
  }
  uint64_t at = here();
  for (uint32_t i = 0; i < 40; ++i)
    header(16, NLMSG_DONE, NLM_F_MULTI);
  send_bytes(at, 640);
  send_bytes(at, 36);
  CALL(32, recvfrom, kSocket, at, 640, 0, 0, 0);
  const uint64_t vector = WORDS(at, 640), message = WORDS(0, 0, vector, 1, 0, 0, 0);
  CALL(48, recvmsg, kSocket, message, 0);
  CALL(640, sendmsg, kSocket, message, 0);
  at = here();
  header(32 + 40 * 8, RTM_NEWLINK, 0);
  put(heads[0].bytes, 16);
  for (uint32_t i = 0; i < 40; ++i)
    u16(8), u16(IFLA_MTU), u32(i);
  send_bytes(at, 32 + 40 * 8);
}

int main(int argc, char** argv) {
  const struct sockaddr_nl address = {.nl_family = AF_NETLINK};
  if (socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE) != kSocket ||
      bind(kSocket, (const struct sockaddr*)&address, sizeof address) != 0) {
    perror("netlink");
    return 1;
  }
  begin_calls(argc, argv);
  PARTS(attributes, fields, sequences);
  return end_calls();
}
