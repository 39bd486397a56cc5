// Reading, writing and positions, fcntl, asynchronous I/O: with every command, every flag and valid
// structures.
//
//   calls-io [native|i386]
#include "calls.h"

static uint64_t vectors(int count) {
  uint64_t bases[4];
  for (int i = 0; i < count; ++i)
    bases[i] =
        i == 2 ? 0 : text(i == 0 ? "first buffer" : "second, which is longer than the first");
  const uint64_t at = here();
  for (int i = 0; i < count; ++i) {
    word(bases[i]);
    word(i == 2 ? 0 : i == 0 ? 12 : 38);
  }
  return at;
}

static void reading(void) {
  static const int64_t kResults[] = {0, 5, 20, 50, -EINVAL, -EFAULT};
  for (EACH(i, kResults)) {
    uint64_t at = vectors(3);
    CALL(kResults[i], readv, 3, at, 3);
    at = vectors(3);
    CALL(kResults[i], writev, 3, at, 3);
    at = vectors(2);
    CALL(kResults[i], preadv, 3, at, 2, 0x1234, narrow ? 5 : 0);
    at = vectors(2);
    CALL(kResults[i], pwritev, 3, at, 2, (uint64_t)-1, (uint64_t)-1);
    at = vectors(2);
    CALL(kResults[i], preadv2, 3, at, 2, (uint64_t)-1, (uint64_t)-1, (uint64_t)1 << i);
    at = vectors(2);
    CALL(kResults[i], pwritev2, 3, at, 2, 7, 0, (uint64_t)0x10 << i);
    at = vectors(2);
    CALL(kResults[i], vmsplice, 3, at, 2, 1 << i);
    answer_begins();
    at = text("what was read, which is longer than thirty-two bytes");
    answer_ends();
    CALL(kResults[i], read, 3, at, 60);
    at = text("what is written");
    CALL(kResults[i], write, 3, at, 15);
  }
  CALL(0, readv, 3, 0, 0);
  CALL(0, readv, 3, 0, 5);
  CALL(0, writev, 3, 0, 0);
  CALL(0, writev, 3, vectors(3), 0);
  CALL(0, readv, 3, vectors(3), 0);
  CALL(-EINVAL, readv, 3, vectors(3), 0);
  uint64_t at = here();
  for (int i = 0; i < 40; ++i) {
    word((uintptr_t)memory);
    word((uint64_t)i);
  }
  CALL(0, writev, 3, at, 40);
  at = at_end(narrow ? 20 : 40);
  word((uintptr_t)memory);
  word(3);
  word(kNone);
  word(3);
  CALL(0, writev, 3, at, 7);
  CALL(0, preadv, 3, 0, 0, 0, 0);
  CALL(0, preadv2, 3, 0, 0, 0, 0, 0);
  CALL(0, preadv2, 3, 0, 0, 0, 0, 0x1ff);
  CALL(0, preadv2, 3, 0, 0, 0, 0, 0x200);
  answer_begins();
  at = text("pread");
  answer_ends();
  CALL(5, pread64, 3, at, 100, 0x12345678, 9);
  CALL(0, pwrite64, 3, text("pwrite"), 6, (uint64_t)-3, (uint64_t)-1);
  for (int set = 0; set < 4; ++set) {
    const uint64_t in = u64(5), out = u64(77);
    answer_begins();
    u64(0);
    answer_ends();
    CALL(set == 3 ? -EINVAL : 10, splice, 3, set & 1 ? in : 0, 4, set & 2 ? out : 0, 0x10000,
         1 << set);
  }
  CALL(10, tee, 3, 4, 0x1000, 0xf);
  CALL(0, tee, 3, 4, 0x1000, 0x10);
  for (int i = 0; i < 3; ++i) {
    uint64_t position = u64(3);
    answer_at(position);
    u64(9);
    answer_ends();
    CALL(i == 1 ? -EIO : 6, sendfile, 3, 4, position, 100);
    position = u64(3);
    answer_at(position);
    u64(9);
    answer_ends();
    CALL(i == 1 ? -EIO : 6, sendfile64, 3, 4, position, 100);
    position = u64(3);
    answer_at(position);
    u64(9);
    answer_ends();
    CALL(i == 1 ? -EIO : 6, copy_file_range, 3, position, 4, i == 2 ? position : 0, 100, 7);
  }
  CALL(0, sendfile, 3, 4, 0, 100);
  CALL(0, copy_file_range, 3, 0, 4, 0, 100, 0);
}

static void positions(void) {
  for (int whence = 0; whence < 6; ++whence) {
    CALL(17, lseek, 3, (uint64_t)-5, (uint64_t)whence);
    answer_begins();
    const uint64_t at = u64(0x100000005);
    answer_ends();
    CALL(0, _llseek, 3, 1, 5, at, (uint64_t)whence);
  }
  CALL(-ESPIPE, _llseek, 3, kNone, kNone, here(), 0);
  if (narrow) {
    CALL(0, truncate64, text("file"), HALVES_AT_ODD(0x123456789abcdef));
    CALL(0, ftruncate64, 3, HALVES_AT_ODD(-5));
    CALL(0, fallocate, 3, 3, HALVES(-1), HALVES(0x200000000));
    CALL(0, fadvise64, 3, HALVES(0x100000002), 10, 3);
    CALL(0, fadvise64_64, 3, HALVES(0x100000002), HALVES(-1), 6);
    CALL(0, sync_file_range, 3, HALVES(0x100000002), HALVES(-1), 7);
    CALL(0, readahead, 3, HALVES_AT_ODD(0x100000002), 12);
    CALL(0, arm_fadvise64_64, 3, 6, HALVES(0x100000002), HALVES(-1));
    CALL(0, arm_sync_file_range, 3, 7, HALVES(0x100000002), HALVES(-1));
  } else {
    for (uint64_t bit = 1; bit < 0x200; bit <<= 1)
      CALL(0, fallocate, 3, bit, (uint64_t)-1, 0x200000000);
    for (uint64_t advice = 0; advice < 8; ++advice)
      CALL(0, fadvise64, 3, 0x100000002, (uint64_t)-1, advice);
    for (uint64_t flags = 0; flags < 10; ++flags)
      CALL(0, sync_file_range, 3, 0x100000002, (uint64_t)-1, flags);
    CALL(0, readahead, 3, (uint64_t)-1, 12);
  }
  CALL(0, truncate, text("file"), (uint64_t)-1);
  CALL(0, ftruncate, 3, 0x80000000);
  for (uint64_t operation = 0; operation < 0x200; operation = operation == 0 ? 1 : operation << 1)
    CALL(0, flock, 3, operation);
  CALL(0, flock, 3, 6);
  CALL(0, flock, 3, 0xe0);
}

static uint64_t lock(uint64_t type, int wide) {
  const uint64_t at = here();
  u16(type);
  u16(1);
  if (!narrow) u32(0);
  if (wide)
    u64((uint64_t)-5), u64(0x100000000);
  else
    word((uint64_t)-5), word(100);
  u32(4711);
  return at;
}

static void commands_of_fcntl(enum Call name) {
  static const uint64_t kArguments[] = {0, 1, 5, 0x800, 0x80000001};
  for (uint64_t command = 0; command < 48; ++command) {
    const int locks = (command >= 5 && command <= 7) || (command >= 12 && command <= 14) ||
                      (command >= 36 && command <= 38);
    if (locks) {
      static const uint64_t kTypes[] = {0, 1, 2, 4, 8, 32, 64, 0xffff};
      for (EACH(i, kTypes)) {
        const uint64_t at = lock(kTypes[i], command > 7);
        answer_at(at);
        lock(2, command > 7);
        answer_ends();
        make(i == 2 ? -EAGAIN : 0, name, (const uint64_t[6]){3, command, at});
      }
      make(0, name, (const uint64_t[6]){3, command, 0});
      continue;
    }
    if (command == 15 || command == 16) {
      for (uint64_t i = 0; i < 4; ++i) {
        uint64_t at;
        if (command == 16) answer_begins();
        at = u32(i);
        u32(4711);
        make(0, name, (const uint64_t[6]){3, command, at});
      }
    }
    if (command == 17) {
      answer_begins();
      const uint64_t at = u32(1000);
      u32(kNone);
      make(0, name, (const uint64_t[6]){3, command, at});
    }
    for (EACH(i, kArguments)) {
      make(i < 4 ? (int64_t)kArguments[i] : -EINVAL, name,
           (const uint64_t[6]){3, command, kArguments[i]});
    }
  }
  for (uint64_t command = 0x400; command < 0x412; ++command) {
    if (command >= 0x40b && command <= 0x410) {
      for (uint64_t i = 0; i < 8; ++i) {
        const int gets = command == 0x40b || command == 0x40d || command == 0x40f;
        if (gets) answer_begins();
        uint64_t at = 0;
        if (command >= 0x40f) {
          at = u32(0);
          u16(i);
          u16(0);
          u32(0);
        } else {
          at = u64(i);
        }
        make(i == 6 ? -EINVAL : 0, name, (const uint64_t[6]){3, command, at});
      }
    }
    for (uint64_t i = 0; i < 10; ++i) {
      const uint64_t value = i == 0 ? 0 : (uint64_t)1 << (i - 1);
      make((int64_t)value, name, (const uint64_t[6]){3, command, value});
    }
    make(-EBADF, name, (const uint64_t[6]){3, command, 0x80000001});
  }
  make(0x8002, name, (const uint64_t[6]){3, 3, 0});
  make(-5, name, (const uint64_t[6]){3, 9, 0});
  make(1, name, (const uint64_t[6]){3, 0x406, 10});
}

static void fcntls(void) {
  commands_of_fcntl(CALL_fcntl);
  if (narrow) commands_of_fcntl(CALL_fcntl64);
}

static uint64_t control_block(uint64_t opcode, uint64_t flags, uint64_t buffer, uint64_t size) {
  const uint64_t at = here();
  u64(0x1122334455667788);
  u32(7);
  u32(opcode == 1 ? 0x12 : 0);
  u16(opcode);
  u16(flags & 2 ? 0x4007 : 0);
  u32(3);
  u64(buffer);
  u64(size);
  u64((uint64_t)-4096);
  u64(0);
  u32(flags);
  u32(9);
  return at;
}

static void asynchronous(void) {
  answer_begins();
  uint64_t at = word(0x7f0000001000);
  answer_ends();
  CALL(0, io_setup, 128, at);
  CALL(-EAGAIN, io_setup, kNone, word(0));
  CALL(0, io_destroy, 0x1000);
  for (uint64_t opcode = 0; opcode < 11; ++opcode) {
    for (uint64_t flags = 0; flags < 5; ++flags) {
      uint64_t buffer = text("a buffer that is written or read, longer than thirty-two bytes"),
               size = 50;
      if (opcode == 7 || opcode == 8) buffer = vectors(2), size = 2;
      if (opcode == 5) buffer = 0x2015, size = 0;
      const uint64_t block = control_block(opcode, flags, buffer, size);
      at = word(block);
      word(0);
      word(0x123);
      CALL(opcode == 3 ? -EINVAL : 1, io_submit, 0x1000, flags == 0 ? 3 : 1, at);
    }
    uint64_t buffer = text("a buffer");
    const uint64_t block = control_block(opcode, 1, buffer, 8);
    answer_begins();
    at = u64(1);
    u64(block);
    u64((uint64_t)-125);
    u64(0);
    answer_ends();
    CALL(opcode == 2 ? -EINVAL : 0, io_cancel, 0x1000, block, at);
  }
  CALL(0, io_submit, 0x1000, 0, 0);
  CALL(0, io_submit, 0x1000, 0, here());
  CALL(0, io_submit, 0x1000, (uint64_t)-1, here());
  at = zeros(40 * 8);
  CALL(0, io_submit, 0x1000, 40, at);
  CALL(0, io_cancel, 0x1000, 0, 0);
  static const int64_t kResults[] = {0, 2, -EINTR};
  static const enum Call kNames[] = {CALL_io_getevents, CALL_io_pgetevents,
                                     CALL_io_pgetevents_time64};
  for (EACH(i, kResults)) {
    for (EACH(n, kNames)) {
      const uint64_t timeout = here();
      if (n == 2)
        u64(5), u64(6);
      else
        word(5), word(6);
      const uint64_t signals = u64(0x4002), mask = word(signals);
      word(8);
      answer_begins();
      at = here();
      for (uint64_t event = 0; event < 8; ++event)
        u64(event % 4 == 3 ? 0 : (uint64_t)-2 + 2 * event);
      answer_ends();
      make(kResults[i], kNames[n],
           (const uint64_t[6]){0x1000, 1, 10, at, timeout, n == 0 ? 0 : mask});
    }
  }
  CALL(0, io_getevents, 0x1000, (uint64_t)-1, 5, 0, 0);
  CALL(0, io_pgetevents, 0x1000, 1, 5, 0, 0, 0);
}

int main(int argc, char** argv) {
  begin_calls(argc, argv);
  PARTS(reading, positions, fcntls, asynchronous);
  return end_calls();
}
