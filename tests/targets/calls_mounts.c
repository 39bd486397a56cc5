// Mounts, what is told about them, quotas: with every command, every flag and valid structures.
//
//   calls-mounts [native|i386]
#include "calls.h"

static void mounting(void) {
  for (uint64_t bit = 1; bit != 0x100000000; bit <<= 1) {
    const uint64_t source = text("source"), target = text("target"), type = text("ext4"),
                   data = text("data=ordered");
    CALL(0, mount, source, target, type, bit, data);
    CALL(0, umount2, text("target"), bit);
  }
  static const uint64_t kFlags[] = {0, 0xc0ed0001, 0xc0ed0000, 0x1021, 0x6000, 0x44000, 0xc0ed1000};
  for (EACH(i, kFlags)) {
    const uint64_t source = text("source"), target = text("target"), type = text("ext4"),
                   data = text("data=ordered");
    CALL(0, mount, source, target, type, kFlags[i], data);
  }
  CALL(0, mount, 0, 0, 0, 0, 0);
  CALL(0, umount, text("target"));
  uint64_t a = text("new"), b = text("old");
  CALL(0, pivot_root, a, b);
  static const uint64_t kSwap[] = {0, 0x8000, 0x7fff, 0x8005, 0x10000, 0x20000, 0x40000, 0x78005};
  for (EACH(i, kSwap))
    CALL(0, swapon, text("/swap"), kSwap[i]);
  CALL(0, swapoff, text("/swap"));
  for (uint64_t bit = 1; bit < 0x1000000; bit <<= 1) {
    CALL(0, open_tree, kHere, text("name"), bit);
    a = text("from"), b = text("to");
    CALL(0, move_mount, kHere, a, 5, b, bit);
    CALL(0, fsmount, 3, bit, bit);
    CALL(0, fspick, kHere, text("name"), bit);
    if (bit < 8) CALL(0, fsopen, text("ext4"), bit);
  }
  CALL(0, open_tree, kHere, text("name"), 0x88001);
  CALL(0, fsmount, 3, 1, 0x3000ff);
  CALL(0, fsmount, 3, 0, 0x30);
  for (uint64_t command = 0; command < 10; ++command) {
    for (int i = 0; i < 4; ++i) {
      a = text("key"), b = text("value");
      CALL(0, fsconfig, 3, command, i == 1 ? 0 : a, i == 2 ? 0 : b, i == 3 ? kHere : 5);
    }
  }
  static const uint64_t kPropagation[] = {0, 0x20000, 0x40000, 0x80000, 0x100000, 0x1};
  for (EACH(i, kPropagation)) {
    for (int size = 24; size <= 48; size += 8) {
      a = text("name"), b = u64(0x3f);
      u64((uint64_t)0x10 << i);
      u64(kPropagation[i]);
      u64(i == 2 ? (uint64_t)-1 : 7);
      u64(0);
      u64(i == 1 ? 5 : 0);
      CALL(0, mount_setattr, kHere, a, 0x9000 | (uint64_t)1 << i, b, (uint64_t)size);
    }
    a = text("name"), b = u64(0x100001);
    u64(0x30);
    u64(kPropagation[i]);
    u64(5);
    CALL(0, open_tree_attr, kHere, a, 0x8001, b, 32);
  }
  CALL(0, mount_setattr, 3, 0, 0, 0, 32);
  CALL(0, mount_setattr, 3, 0, 0, 0, 0);
}

static uint64_t mount_request(uint64_t size, uint64_t fd, uint64_t parameter) {
  const uint64_t at = u32(size);
  u32(fd);
  u64(0x100000001);
  u64(parameter);
  u64(0x200000002);
  u64(fd);
  return at;
}

static void statmount_answer(uint64_t mask, uint64_t size) {
  u32(size);
  u32(0);
  u64(mask);
  u32(8);
  u32(1);
  u64(0xef53);
  u32(0x2000011);
  u32(5);
  u64(0x100000001);
  u64(0x100000002);
  u32(21);
  u32(1);
  u64(0x200005);
  u64(0x100000);
  u64(0x300000003);
  u64(0x400000004);
  u64(0x500000005);
  u32(10);
  u32(16);
  u64(0x600000006);
  u32(22);
  u32(29);
  u32(2);
  u32(36);
  u32(1);
  u32(46);
  u64(0x7fff);
  u32(2);
  u32(52);
  u32(1);
  u32(60);
  zeros(43 * 8);
  put("rw,a\0ext4\0/root\0/mnt\0fuse..\0source\0one=1\0two\0label\0a 1 2\0b 3\0g 5 6\0", 68);
  zeros(2);
}

static void mount_information(void) {
  for (uint64_t bit = 1; bit < 0x10000; bit <<= 1) {
    const uint64_t request = mount_request(bit == 1 ? 24 : 32, bit == 2 ? 5 : 0, bit);
    answer_begins();
    const uint64_t at = here();
    statmount_answer(bit, 512 + 70);
    answer_ends();
    CALL(bit == 4 ? -EOVERFLOW : 0, statmount, request, at, 4096, bit == 2 ? 1 : 0);
  }
  for (int i = 0; i < 4; ++i) {
    const uint64_t request = mount_request(i == 3 ? 40 : 32, 0, 0x7fff);
    answer_begins();
    const uint64_t at = here();
    statmount_answer(0x7fff, i == 2 ? 100 : 512 + 70);
    answer_ends();
    CALL(0, statmount, request, at, i == 1 ? 512 : 4096, 0);
  }
  for (uint64_t size = 16; size <= 40; size += 8) {
    const uint64_t request = mount_request(size, size == 24 ? 5 : 0, 9);
    answer_begins();
    const uint64_t at = u64(0x100000001);
    u64(2);
    u64(0x300000003);
    answer_ends();
    CALL(size == 40 ? -EINVAL : 3, listmount, request, at, 10, size == 24 ? 1 : 0);
  }
  CALL(0, listmount, 0, 0, 0, 3);
  CALL(0, statmount, 0, 0, 0, 3);
  uint64_t request = mount_request(32, 0, 0);
  memset((void*)(uintptr_t)(request + 8), 0xff, 8);
  CALL(0, listmount, request, here(), 10, 0);
  for (uint64_t size = 16; size <= 40; size += 8) {
    request = u32(size);
    u32(size == 24);
    u64(size == 24 ? 1 : 0x100000001);
    u32(size == 32 ? 0x20000 : 0x7e020080);
    u32(size == 24);
    u64(size == 32 ? (uint64_t)-1 : 7);
    u64(size == 40);
    answer_begins();
    const uint64_t at = u64(0x100000001);
    u64(2);
    answer_ends();
    CALL(size == 40 ? -EINVAL : 2, listns, request, at, 10, size == 24 ? 1 : 0);
  }
  for (uint64_t id = 0; id < 10; ++id) {
    request = u32(32);
    u32(0);
    u64(id);
    u32(0);
    u32(0);
    u64(id);
    CALL(0, listns, request, here(), 0, 0);
  }
}

static void quotas(void) {
  static const uint64_t kCommands[] = {0x800001, 0x800002, 0x800003, 0x800004, 0x800005, 0x800006,
                                       0x800007, 0x800008, 0x800009, 0x80000a, 0x5801,   0x5802,
                                       0x5803,   0x5804,   0x5805,   0x5806,   0x5807,   0x5808,
                                       0x5809,   0x580a,   0x100};
  for (EACH(i, kCommands)) {
    for (uint64_t type = 0; type < 4; ++type) {
      for (int by_fd = 0; by_fd < 2; ++by_fd) {
        const uint64_t special = text("/dev/sda1");
        const uint64_t command = kCommands[i];
        const int sets = command == 0x800006 || command == 0x800008 || command == 0x5804;
        const int flags = command == 0x5801 || command == 0x5802 || command == 0x5806;
        if (!sets && !flags && command != 0x800002) answer_begins();
        uint64_t at = here();
        if (command == 0x800002)
          text("/aquota.user");
        else if (flags || command == 0x800004)
          u32(type + 1);
        else if (command == 0x800005 || command == 0x800006)
          u64(604800), u64(86400), u32(0x10001), u32((uint64_t)1 << type);
        else if (command >= 0x800007 && command <= 0x800009) {
          for (uint64_t n = 0; n < 8; ++n)
            u64(100 + n);
          u32((uint64_t)0x15 << type);
          u32(1000);
        } else if (command == 0x5805 || command == 0x5808) {
          u8(1);
          u8(0);
          u16(0x15 << type);
          u32(77);
          for (uint64_t n = 0; n < 40; ++n)
            u32(n);
        } else {
          u8(1);
          u8((uint64_t)1 << type);
          u16((uint64_t)0x8421 >> type);
          u32(1000);
          for (uint64_t n = 0; n < 6; ++n)
            u64(100 + n);
          for (uint64_t n = 0; n < 20; ++n)
            u32((n + 1) * 0x10001);
        }
        const uint64_t id = flags ? at : type == 2 && command == 0x800002 ? 4 : 1000 + type;
        const int64_t result = type == 3 ? -ESRCH : 0;
        const uint64_t code = command << 8 | type;
        if (by_fd)
          CALL(result, quotactl_fd, 3, code, id, at);
        else
          CALL(result, quotactl, code, special, id, at);
      }
    }
  }
  CALL(0, quotactl, 0x80000100, 0, 0, 0);
  for (uint64_t format = 0; format < 7; ++format)
    CALL(0, quotactl, 0x80000200, 0, format, text("/quota"));
}

int main(int argc, char** argv) {
  begin_calls(argc, argv);
  PARTS(mounting, mount_information, quotas);
  return end_calls();
}
