// Sockets: addresses of all families, options of all levels, messages with control messages, i386's
// socketcall.
//
//   calls-sockets [native|i386]
#include "calls.h"

static void create(void) {
  static const uint32_t types[] = {1, 2, 3, 4, 5, 6, 10, 0, 7, 0x80801, 0x80f};
  for (uint64_t family = 0; family < 48; ++family) {
    for (uint64_t protocol = 0; protocol < 24; protocol += family == 16 || family == 31 ? 1 : 9)
      CALL(3, socket, family, types[(family + protocol) % 11], protocol);
  }
  static const uint32_t protocols[] = {1, 2, 6, 17, 41, 58, 132, 136, 143, 144, 255, 256, 262, 300};
  for (size_t i = 0; i < sizeof protocols / 4; ++i) {
    CALL(3, socket, 2, 3, protocols[i]);
    CALL(3, socket, 10, 3, protocols[i]);
  }
  static const uint32_t frames[] = {0,      0x0300, 0x0008, 0x0608, 0xdd86,
                                    0x0100, 0x0400, 0x1234, 0x10008};
  for (size_t i = 0; i < sizeof frames / 4; ++i)
    CALL(3, socket, 17, 3, frames[i]);
  const uint64_t pair = INTS(4, 5);
  CALL(0, socketpair, 1, 0x80001, 0, pair);
  CALL(0, socketpair, 2, 2, 17, pair);
  CALL(-EFAULT, socketpair, 1, 1, 0, 0);
  CALL(0, listen, 3, 128);
  for (uint64_t how = 0; how < 4; ++how)
    CALL(0, shutdown, 3, how);
}

// --- addresses --------------------------------------------------------------------------------

static void address(uint64_t at, uint64_t size) {
  CALL(0, bind, 3, at, size);
}

static void addresses(void) {
  address(RAW("\1\0/tmp/socket\0rest"), 18);
  address(RAW("\1\0/tmp/socket"), 13);
  address(RAW("\1\0/tmp/socket"), 5);
  address(RAW("\1\0\0abstract\0name"), 16);
  address(RAW("\1\0\0abstract\0name"), 110);
  address(RAW("\1\0"), 2);
  address(RAW("\1\0\0"), 3);
  address(RAW("\2\0\0\120\177\0\0\1"), 16);
  address(RAW("\2\0\0\120\177\0\0\1"), 8);
  address(RAW("\2\0\0\120\377\377\377\377"), 28);
  address(RAW("\12\0\1\273\0\0\0\7\377\2\0\0\0\0\0\0\0\0\0\0\0\0\0\1\3\0\0\0"), 28);
  address(RAW("\12\0\1\273\0\0\0\7\376\200\0\0\0\0\0\0\0\0\0\0\0\0\0\1\1\0\0\0"), 28);
  address(RAW("\12\0\1\273\0\0\0\0\0\0\0\0\0\0\0\0\0\0\377\377\1\2\3\4\1\0\0\0"), 24);
  address(RAW("\12\0\1\273\0\0\0\0\0\0\0\0\0\0\0\0\0\0\377\377\1\2\3\4\1\0\0\0"), 20);
  address(RAW("\20\0\0\0\7\0\0\0\3\0\0\0"), 12);
  address(RAW("\20\0\1\0\377\377\377\377\3\0\0\0"), 12);
  address(RAW("\20\0\0\0\7\0\0\0"), 8);
  address(RAW("\21\0\0\3\1\0\0\0\1\0\0\6\1\2\3\4\5\6\7\10"), 20);
  address(RAW("\21\0\0\3\1\0\0\0\4\3\4\6\1\2\3\4\5\6\7\10"), 18);
  address(RAW("\21\0\10\0\231\231\0\0\4\3\4\24\1\2\3\4\5\6\7\10\11\12"), 24);
  address(RAW("\50\0\0\0\4\3\2\1\3\0\0\0\0\0\0\0"), 16);
  address(RAW("\50\0\0\0\4\3\2\1\377\377\377\377\1\0\0\0"), 16);
  address(RAW("\50\0\0\0\4\3\2\1\2\0\0\0\0\0\0\0"), 12);
  address(RAW("\46\0hash\0\0\0\0\0\0\0\0\0\0\10\0\0\0\4\0\0\0sha256\0\0"), 88);
  address(RAW("\46\0skcipher\0\0\0\0\0\0\0\0\0\0\0\0\0\0cbc(aes)"), 88);
  address(RAW("\37\0\1\0\1\0"), 6);
  address(RAW("\37\0\377\377\3\0"), 6);
  address(RAW("\37\0\1\20\1\2\3\4\5\6\4\0\1\0"), 14);
  address(RAW("\37\0\1\2\3\4\5\6\7\0"), 10);
  address(RAW("\37\0\1\2\3\4\5\6"), 8);
  address(RAW("\37\0\1\2\3\4"), 5);
  address(RAW("\35\0\0\0\1\0\0\0\4\3\2\1\10\7\6\5"), 16);
  address(RAW("\35\0\0\0\1\0\0\0\4\3\2\1\10\7\6\5\0\0\0\0\1\0\0\0"), 24);
  address(RAW("\11\0123456789012345"), 18);
  address(RAW("\52\0\0\0\1\0\0\0\2\0\0\0"), 12);
  address(RAW("\54\0\3\0\1\0\0\0\2\0\0\0\5\0\0\0"), 16);
  address(RAW("\55\0\0\0\1\0\0\0\10\1\0\0"), 12);
  address(RAW("\41\0\1\0\2\0\20\0\2\0\0\7\177\0\0\1\0\0\0\0\0\0\0\0"), 24);
  address(RAW("\30\0\0\0\0\0\0\0\1\0\1\2\3\4\5\6eth0"), 30);
  address(RAW("\41\0\1\2\3"), 5);
  address(RAW("\0\0\1\2\3\4\5\6"), 8);
  address(RAW("\0\0"), 2);
  address(RAW("\77\0\1\2\3\4\5\6"), 8);
  address(RAW("\2\0\0\120\177\0\0\1"), 0);
  address(RAW("\2\0\0\120\177\0\0\1"), 1);
  address(RAW("\2\0\0\120\177\0\0\1"), (uint64_t)-1);
  address(RAW("\2\0\0\120\177\0\0\1"), 128);
  address(RAW("\2\0\0\120\177\0\0\1"), 200);
  address(0, 16);
  address(kBad, 16);
  address(kBad - 8, 16);
  const uint64_t inet = RAW("\2\0\0\120\177\0\0\1\0\0\0\0\0\0\0\0");
  CALL(-EINPROGRESS, connect, 3, inet, 16);
  CALL(4, accept, 3, inet, INTS(16));
  CALL(4, accept, 3, 0, 0);
  CALL(-EAGAIN, accept, 3, inet, INTS(16));
  CALL(4, accept, 3, inet, 0);
  CALL(4, accept, 3, inet, INTS(0));
  CALL(4, accept, 3, inet, INTS((uint32_t)-1));
  CALL(4, accept, 3, inet, kBad);
  CALL(4, accept4, 3, inet, INTS(16), 0x80800);
  CALL(0, getsockname, 3, inet, INTS(16));
  CALL(-ENOTCONN, getpeername, 3, inet, INTS(128));
  const uint64_t data = text("some text\n");
  for (uint64_t bit = 0; bit < 32; ++bit)
    CALL(10, sendto, 3, data, 10, (uint64_t)1 << bit, 0, 0);
  CALL(10, sendto, 3, data, 10, 0x4040, inet, 16);
  CALL(4, recvfrom, 3, data, 10, 0x42, inet, INTS(16));
  CALL(10, recvfrom, 3, data, 10, 0, 0, 0);
  CALL(0, recvfrom, 3, data, 10, 0, inet, INTS(0));
  CALL(-EAGAIN, recvfrom, 3, data, 10, 0, inet, INTS(16));
}

// --- options ----------------------------------------------------------------------------------

static void option(uint64_t level, uint64_t name, uint64_t at, uint64_t size) {
  if (level == 6 && name == 38) return;  // TCP_AO_ADD_KEY is not decoded
  CALL(0, setsockopt, 3, level, name, at, size);
  CALL(0, getsockopt, 3, level, name, at, INTS((uint32_t)size));
}

static uint64_t values(void) {
  const uint64_t at = here();
  for (uint32_t i = 0; i < 128; ++i)
    u32(i == 0 ? 1 : 0x01020300 + i);
  return at;
}

static void options(void) {
  static const uint32_t levels[] = {0,   1,   2,   4,   6,   17,  33,  41,  58,  132, 136, 255,
                                    256, 257, 258, 259, 260, 261, 262, 263, 264, 265, 266, 267,
                                    268, 269, 270, 271, 272, 273, 274, 275, 276, 277, 278, 279,
                                    280, 281, 282, 283, 284, 285, 286, 287, 300};
  for (size_t i = 0; i < sizeof levels / 4; ++i) {
    for (uint64_t name = 0; name < 140; ++name) {
      // TCP_AO_ADD_KEY and TIPC_GROUP_JOIN are not decoded.
      if ((levels[i] == 6 && name == 38) || (levels[i] == 271 && name == 135)) continue;
      fresh();
      CALL(0, setsockopt, 3, levels[i], name, values(), 4);
      if (name % 4 == 0) CALL(0, getsockopt, 3, levels[i], name, values(), INTS(4));
    }
  }
  static const uint32_t common[] = {0, 1, 6, 17, 41, 263, 270};
  static const uint32_t sizes[] = {0, 1, 3, 8, 12, 16, 20, 28, 104, 200, (uint32_t)-1};
  for (size_t i = 0; i < sizeof common / 4; ++i) {
    for (uint64_t name = 0; name < 90; ++name) {
      for (size_t size = 0; size < sizeof sizes / 4; ++size) {
        fresh();
        option(common[i], name, values(), sizes[size]);
      }
    }
  }
}

static void structured_options(void) {
  // A classic BPF program.
  const uint64_t code = here();
  const uint32_t program[] = {0x28, 12, 0x15, 0x06000800, 0x06, 0x40000};
  for (size_t i = 0; i < 6; ++i)
    u32(program[i]);
  const uint64_t filter = here();
  u16(3);
  word(code);
  option(1, 26, filter, narrow ? 8 : 16);
  option(1, 51, filter, narrow ? 8 : 16);
  option(1, 26, filter, 4);
  option(1, 13, INTS(1, 5), 8);
  option(1, 20, WORDS(3, 500000), narrow ? 8 : 16);
  option(1, 66, INTS(3, 0, 500000, 0), 16);
  option(1, 17, INTS(77, 1000, 100), 12);
  option(1, 4, INTS(111), 4);
  option(1, 4, INTS(0), 4);
  option(1, 38, INTS(6), 4);
  option(1, 39, INTS(10), 4);
  option(1, 3, INTS(5), 4);
  option(1, 25, text("eth0"), 5);
  option(1, 31, text("unconfined"), 11);
  option(1, 37, INTS(0x18), 4);
  option(1, 61, INTS(1, 3), 8);
  option(0, 35, RAW("\340\0\0\1\177\0\0\1"), 8);
  option(0, 35, RAW("\340\0\0\1\177\0\0\1\2\0\0\0"), 12);
  option(0, 32, RAW("\177\0\0\1"), 4);
  option(0, 32, RAW("\340\0\0\1\177\0\0\1\2\0\0\0"), 12);
  option(0, 39, RAW("\340\0\0\1\177\0\0\1\12\0\0\1"), 12);
  option(0, 42, RAW("\1\0\0\0\0\0\0\0\2\0\0\120\340\0\0\1"), 136);
  option(0, 8, INTS(1), 4);
  option(0, 1, INTS(0x10), 4);
  option(0, 10, INTS(2), 4);
  option(41, 20, RAW("\377\2\0\0\0\0\0\0\0\0\0\0\0\0\0\1\3\0\0\0"), 20);
  option(41, 29, RAW("\1\0\0\0\0\0\0\0"), 32);
  option(41, 23, INTS(3), 4);
  option(6, 13, text("cubic"), 6);
  option(6, 31, text("tls"), 4);
  option(6, 11, values(), 248);
  option(6, 11, values(), 104);
  option(6, 20, INTS(1), 4);
  option(6, 14, RAW("\2\0\0\120\177\0\0\1"), 216);
  option(263, 1, RAW("\1\0\0\0\1\0\6\0\1\2\3\4\5\6\0\0"), 16);
  option(263, 5, INTS(4096, 1, 2048, 2), 16);
  option(263, 6, INTS(10, 2), 8);
  option(263, 6, INTS(10, 2, 3), 12);
  option(263, 10, INTS(1), 4);
  option(263, 18, INTS(0x80010001), 4);
  option(270, 1, INTS(5), 4);
  option(270, 9, INTS(1, 2), 8);
  option(279, 1, text("key"), 3);
  CALL(-EFAULT, setsockopt, 3, 1, 2, 0, 4);
  CALL(-EFAULT, setsockopt, 3, 1, 2, kBad, 4);
  CALL(-EFAULT, getsockopt, 3, 1, 2, 0, 0);
  CALL(0, getsockopt, 3, 1, 2, kBad, INTS(4));
  CALL(0, getsockopt, 3, 1, 2, values(), kBad);
  CALL(-EINVAL, getsockopt, 3, 1, 2, values(), INTS(4));
}

// --- messages ---------------------------------------------------------------------------------

// A header of a control message; its data follows.
static void control(uint64_t size, uint32_t level, uint32_t type) {
  word((narrow ? 12 : 16) + size);
  u32(level);
  u32(type);
}

static uint64_t message(uint64_t name, uint32_t name_size, uint64_t iov, uint64_t count,
                        uint64_t control_at, uint64_t control_size, uint32_t flags) {
  const uint64_t at = here();
  word(name);
  u32(name_size);
  word(iov);
  word(count);
  word(control_at);
  word(control_size);
  u32(flags);
  align(8);
  return at;
}

static void send_control(uint64_t iov, uint64_t at, uint64_t size) {
  const uint64_t sent = message(0, 0, iov, 2, at, size, 0);
  CALL(7, sendmsg, 3, sent, 0);
  CALL(7, recvmsg, 3, sent, 0);
}

static void control_messages(uint64_t iov) {
  static const struct {
    uint32_t level, type, size;
  } rows[] = {{1, 1, 12},   {1, 1, 4},    {1, 1, 5},    {1, 1, 0},    {1, 2, 12},  {1, 2, 8},
              {1, 3, 8},    {1, 4, 4},    {1, 29, 16},  {1, 29, 8},   {1, 35, 16}, {1, 35, 8},
              {1, 37, 48},  {1, 37, 24},  {1, 63, 16},  {1, 64, 16},  {1, 65, 48}, {1, 41, 4},
              {1, 40, 4},   {0, 8, 12},   {0, 8, 4},    {0, 2, 4},    {0, 2, 1},   {0, 1, 1},
              {0, 1, 4},    {0, 11, 16},  {0, 11, 32},  {0, 23, 4},   {0, 20, 16}, {0, 7, 12},
              {0, 6, 9},    {0, 18, 8},   {0, 10, 4},   {41, 50, 20}, {41, 52, 4}, {41, 67, 4},
              {41, 25, 16}, {17, 103, 2}, {17, 104, 4}, {263, 8, 20}, {282, 1, 1}, {6, 36, 4},
              {279, 3, 4},  {270, 3, 4},  {132, 1, 32}, {1000, 1, 4}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; ++i) {
    const uint64_t at = here();
    control(rows[i].size, rows[i].level, rows[i].type);
    for (uint32_t n = 0; n < (rows[i].size + 3) / 4; ++n)
      u32(n > 0 ? 0x100 + n : rows[i].type == 20 ? 2 : 3);
    send_control(iov, at, size_since(at));
  }
  const uint64_t at = here();
  control(4, 1, 1);
  u32(5);
  align(8);
  const uint64_t second = size_since(at);
  control(12, 1, 2);
  for (uint32_t n = 0; n < 3; ++n)
    u32(1000 + n);
  const uint64_t both = size_since(at);
  send_control(iov, at, both);
  send_control(iov, at, both + 4);
  send_control(iov, at, both - 4);
  send_control(iov, at, second + 4);
  send_control(iov, at, second);
  send_control(iov, at, 7);
  send_control(iov, at, 0);
  send_control(iov, 0, 16);
  send_control(iov, kBad, 16);
  send_control(iov, kBad - 8, 16);
  const uint64_t wrong = WORDS(5, 0, 0, 0);
  send_control(iov, wrong, 24);
  send_control(iov, WORDS(5000, 0x100000001, 0, 0), 24);
}

static void messages(void) {
  const uint64_t first = text("first"), second = text("second");
  const uint64_t iov = WORDS(first, 5, second, 6);
  const uint64_t name = RAW("\2\0\0\120\177\0\0\1\0\0\0\0\0\0\0\0");
  const uint64_t plain = message(name, 16, iov, 2, 0, 0, 0x40);
  CALL(11, sendmsg, 3, plain, 0x4000);
  CALL(-EAGAIN, sendmsg, 3, plain, 0);
  CALL(-EFAULT, sendmsg, 3, 0, 0);
  CALL(-EFAULT, sendmsg, 3, kBad, 0);
  CALL(0, sendmsg, 3, message(0, 0, 0, 0, 0, 0, 0), 0);
  CALL(0, sendmsg, 3, message(0, 0, iov, 0, 0, 0, 0), 0);
  CALL(0, sendmsg, 3, message(0, 0, kBad, 2, 0, 0, 0), 0);
  CALL(8, recvmsg, 3, plain, 0x42);
  CALL(0, recvmsg, 3, plain, 0);
  CALL(-EAGAIN, recvmsg, 3, plain, 0x40);
  CALL(-EFAULT, recvmsg, 3, 0, 0x40);
  CALL(-EFAULT, recvmsg, 3, kBad, 0x40);
  CALL(4, recvmsg, 3, message(name, 0, iov, 2, 0, 0, 0), 0);
  CALL(4, recvmsg, 3, message(name, 200, iov, 2, 0, 0, 0), 0);
  control_messages(iov);
  const uint64_t several = here();
  for (uint32_t i = 0; i < 3; ++i) {
    const uint64_t fields[] = {i == 0 ? name : 0, i == 0 ? 16 : 0, iov, i, 0, 0, 0};
    for (size_t f = 0; f < 7; ++f)
      f == 1 || f == 6 ? u32(fields[f]) : word(fields[f]);
    align(narrow ? 4 : 8);
    u32(4 + i);
    align(narrow ? 4 : 8);
  }
  const uint64_t time = WORDS(3, narrow ? 0 : 5, 5, 0);
  CALL(2, sendmmsg, 3, several, 3, 0x4000);
  CALL(3, sendmmsg, 3, several, 3, 0);
  CALL(0, sendmmsg, 3, several, 0, 0);
  CALL(-EAGAIN, sendmmsg, 3, several, 3, 0);
  CALL(-EFAULT, sendmmsg, 3, 0, 3, 0);
  CALL(-EFAULT, sendmmsg, 3, kBad, 3, 0);
  CALL(2, recvmmsg, 3, several, 3, 0x10000, time);
  CALL(3, recvmmsg, 3, several, 3, 0, 0);
  CALL(0, recvmmsg, 3, several, 3, 0, time);
  CALL(1, recvmmsg, 3, several, 3, 0, kBad);
  CALL(-EAGAIN, recvmmsg, 3, several, 3, 0, time);
  CALL(-EFAULT, recvmmsg, 3, 0, 3, 0, time);
  CALL(2, recvmmsg_time64, 3, several, 3, 0x10000, time);
}

// --- i386's socketcall ------------------------------------------------------------------------

static void multiplexed(void) {
  const uint64_t name = RAW("\2\0\0\120\177\0\0\1\0\0\0\0\0\0\0\0"), data = text("some text");
  const uint64_t length = INTS(16);
  CALL(3, socketcall, 1, WORDS(2, 1, 6));
  CALL(0, socketcall, 2, WORDS(3, name, 16));
  CALL(0, socketcall, 3, WORDS(3, name, 16));
  CALL(0, socketcall, 4, WORDS(3, 5));
  CALL(4, socketcall, 5, WORDS(3, name, length));
  CALL(0, socketcall, 6, WORDS(3, name, length));
  CALL(0, socketcall, 7, WORDS(3, name, length));
  CALL(0, socketcall, 8, WORDS(1, 1, 0, length));
  CALL(4, socketcall, 9, WORDS(3, data, 4, 0x4000));
  CALL(4, socketcall, 10, WORDS(3, data, 9, 0x2));
  CALL(-EAGAIN, socketcall, 10, WORDS(3, data, 9, 0x2));
  CALL(4, socketcall, 11, WORDS(3, data, 4, 0, name, 16));
  CALL(4, socketcall, 12, WORDS(3, data, 4, 0, name, length));
  CALL(0, socketcall, 13, WORDS(3, 2));
  CALL(0, socketcall, 14, WORDS(3, 1, 2, length, 4));
  CALL(0, socketcall, 15, WORDS(3, 1, 2, length, INTS(4)));
  CALL(4, socketcall, 18, WORDS(3, name, length, 0x800));
  for (uint64_t call = 0; call < 23; ++call) {
    CALL(0, socketcall, call, 0);
    CALL(0, socketcall, call, kBad - 4);
    CALL(-EINVAL, socketcall, call, WORDS(1, 2, 3, 4, 5, 6));
  }
}

int main(int argc, char** argv) {
  begin_calls(argc, argv);
  PARTS(create, addresses, options, structured_options, messages, multiplexed);
  return end_calls();
}
