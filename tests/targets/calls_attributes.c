// Extended attributes, file attributes and file handles: with every command, every flag and valid
// structures.
//
//   calls-attributes [native|i386]
#include "calls.h"

static void attributes(void) {
  static const uint64_t kFlags[] = {0, 1, 2, 3, 4};
  for (EACH(i, kFlags)) {
    uint64_t path = text("path"), name = text("user.name"), value = text("a value");
    CALL(0, setxattr, path, name, value, 7, kFlags[i]);
    path = text("path"), name = text("user.name"), value = text("a value");
    CALL(0, fsetxattr, 3, name, value, 8, kFlags[i]);
    path = text("path"), name = text("user.name"), value = text("a value");
    uint64_t arguments = u64(value);
    u32(i == 3 ? 0 : 7);
    u32(kFlags[i]);
    u64(i == 4 ? 5 : 0);
    CALL(0, setxattrat, kHere, path, i == 2 ? 0x1100 : 0, name, arguments, i == 4 ? 24 : 16);
    path = text("path"), name = text("user.name"),
    value = text("what memory held, and what no tracer may show");
    arguments = u64(value);
    u32(i < 3 ? 100 : 0);
    u32(kFlags[i]);
    answer_at(value);
    text("what it holds, longer than 32 bytes for once");
    answer_ends();
    CALL(i == 2 ? -ENODATA : 40, getxattrat, kHere, path, i == 2 ? 0x1100 : 0, name, arguments,
         i == 1 ? 12 : 16);
    path = text("path"), name = text("user.name");
    answer_begins();
    value = text("a value");
    answer_ends();
    CALL(i == 2 ? -ENODATA : i == 3 ? 0 : 7, getxattr, path, name, value, i == 4 ? 0 : 100);
    path = text("path");
    answer_begins();
    value = here();
    put("user.one\0user.two", 18);
    answer_ends();
    CALL(i == 2 ? -ENODATA : i == 3 ? 0 : 18, listxattr, path, value, i == 4 ? 0 : 100);
    path = text("path");
    answer_begins();
    value = here();
    put("user.one\0user.two", 18);
    answer_ends();
    CALL(i == 2   ? -ENODATA
         : i == 3 ? 0
                  : 18,
         listxattrat, kHere, path, 0x100, value, i == 4 ? 0 : 100);
  }
  static const char kLong[] = "abcdefghijklmnopqrstuvwxyz0123456789";
  static const uint64_t kLengths[] = {30, 31, 32, 33, 34};
  for (EACH(i, kLengths)) {
    for (int ends = 0; ends < 2; ++ends) {
      uint64_t value = here();
      put(kLong, kLengths[i]);
      if (ends) u8(0);
      CALL(0, fsetxattr, 3, 0, value, kLengths[i] + (uint64_t)ends, 0);
      value = here();
      put(kLong, kLengths[i]);
      u8(0);
      put(kLong, 20);
      CALL((int64_t)kLengths[i] + ends * 20, getxattr, 0, 0, value, 100);
      value = here();
      put(kLong, kLengths[i]);
      u8(0);
      put(kLong, 20);
      CALL((int64_t)kLengths[i] + ends * 20, listxattr, 0, value, 100);
    }
  }
  CALL(0, fsetxattr, 3, 0, text(kLong), 65536, 0);
  CALL(0, fsetxattr, 3, 0, text(kLong), 65537, 0);
  CALL(0, fsetxattr, 3, 0, text(kLong), 0x1000000, 0);
  uint64_t path = text("path"), name = text("user.name");
  CALL(0, removexattrat, kHere, path, 0x1100, name);
  path = text("path"), name = text("user.name");
  CALL(0, removexattr, path, name);
  path = text("path"), name = text("user.name");
  CALL(0, setxattrat, 5, path, 0, name, 0, 16);
  path = text("path"), name = text("user.name");
  CALL(0, setxattrat, 5, path, 0, name, here(), 12);
  for (uint64_t bit = 1; bit != 0x100000000; bit <<= 1) {
    path = text("path");
    answer_begins();
    const uint64_t at = u64(bit);
    for (uint64_t i = 0; i < 4; ++i)
      u32(10 + i);
    u64(9);
    answer_ends();
    CALL(bit == 2 ? -EPERM : 0, file_getattr, kHere, path, at,
         bit < 16            ? 24
         : bit < 32          ? 32
         : bit == 0x80000000 ? 16
                             : 24,
         0x1000);
    if (bit >= 16 && bit < 0x800000) continue;
    path = text("path");
    const uint64_t in = u64(bit);
    for (uint64_t i = 0; i < 4; ++i)
      u32(10 + i);
    u64(bit == 1 ? 0 : 9);
    CALL(0, file_setattr, kHere, path, in, bit < 4 ? 32 : bit < 8 ? 23 : 24, 0x100);
  }
}

static uint64_t handle(uint64_t bytes) {
  const uint64_t at = here();
  u32(bytes);
  u32(0x81);
  put("handlehandle", 12);
  return at;
}

static void handles(void) {
  static const uint64_t kFlags[] = {0, 1, 2, 0x200, 0x400, 0x1000, 0x100};
  for (EACH(i, kFlags)) {
    uint64_t name = text("name"), in = handle(i == 3 ? 0 : i == 4 ? 200 : 12);
    answer_at(in);
    handle(i == 1 ? 8 : 12);
    const uint64_t id = u64(0x500000019);
    answer_ends();
    CALL(i == 2   ? -ENOENT
         : i == 3 ? -EOVERFLOW
                  : 0,
         name_to_handle_at, kHere, name, in, id, kFlags[i]);
  }
  CALL(0, name_to_handle_at, kHere, text("name"), 0, 0, 0);
  CALL(5, open_by_handle_at, 3, handle(12), 0x80000);
  CALL(-ESTALE, open_by_handle_at, 3, handle(0), 0);
  CALL(0, open_by_handle_at, 3, handle(129), 2);
  CALL(0, open_by_handle_at, 3, handle(128), 2);
  CALL(0, open_by_handle_at, 3, 0, 2);
  CALL(0, open_by_handle_at, kHere, handle(12), 0x40);
  uint64_t at = at_end(8);
  u32(8);
  u32(1);
  CALL(0, open_by_handle_at, 3, at, 0);
}

int main(int argc, char** argv) {
  begin_calls(argc, argv);
  PARTS(attributes, handles);
  return end_calls();
}
