// Mounts, swap space, quotas and fanotify. The lines are strace's.
#include "unit/decode/call_text.h"

using namespace ttrace;
using namespace ttrace::test;
using namespace std::string_view_literals;

namespace {
constexpr Address kA{0x1000};
constexpr Address kB{0x2000};
}  // namespace

TEST_CASE("what mount's type and data mean depends on its flags") {
  Calls calls;
  calls.memory.map(kA, "ext4\0"sv);
  auto mount = [&](std::uint64_t flags) {
    return calls.call("mount", {0, 0, 0x1000, flags, 0x1000}, 0);
  };
  CHECK(mount(1) == "mount(NULL, NULL, \"ext4\", MS_RDONLY, \"ext4\") = 0");
  CHECK(mount(0xc0ed0001) == "mount(NULL, NULL, \"ext4\", MS_MGC_VAL|MS_RDONLY, \"ext4\") = 0");
  CHECK(mount(0x20) == "mount(NULL, NULL, 0x1000, MS_REMOUNT, \"ext4\") = 0");
  CHECK(mount(0x1000) == "mount(NULL, NULL, 0x1000, MS_BIND, 0x1000) = 0");
  CHECK(mount(0x1020) == "mount(NULL, NULL, 0x1000, MS_REMOUNT|MS_BIND, \"ext4\") = 0");
  CHECK(mount(0xc0ed1000) == "mount(NULL, NULL, 0x1000, MS_MGC_VAL|MS_BIND, 0x1000) = 0");
}

TEST_CASE("swapon's priority is a part of its flags") {
  Calls calls;
  CHECK(calls.call("swapon", {0, 0}, 0) == "swapon(NULL, 0) = 0");
  CHECK(calls.call("swapon", {0, 0x18005}, 0) ==
        "swapon(NULL, SWAP_FLAG_PREFER|SWAP_FLAG_DISCARD|5) = 0");
}

TEST_CASE("fanotify's class is always there") {
  Calls calls;
  CHECK(calls.call("fanotify_init", {0, 0}, 3) == "fanotify_init(FAN_CLASS_NOTIF, O_RDONLY) = 3");
  CHECK(calls.call("fanotify_init", {0xf, 1}, 3) ==
        "fanotify_init(0xc /* FAN_CLASS_??? */|FAN_CLOEXEC|FAN_NONBLOCK, O_WRONLY) = 3");
  CHECK(calls.call("fanotify_init", {0x8004, 0}, 3) ==
        "fanotify_init(FAN_CLASS_CONTENT|0x8000 /* FAN_??? */, O_RDONLY) = 3");
  CHECK(calls.call("fanotify_mark", {3, 0x111, 0x20, ~0ULL, 0}, 0) ==
        "fanotify_mark(3, FAN_MARK_ADD|FAN_MARK_MNTNS, FAN_OPEN, FAN_NOFD, NULL) = 0");
}

TEST_CASE("fsconfig's value is what the command says") {
  Calls calls;
  calls.memory.map(kA, "key\0"sv);
  auto config = [&](std::uint64_t command, std::uint64_t aux) {
    return calls.call("fsconfig", {3, command, 0x1000, 0x1000, aux}, 0);
  };
  CHECK(config(0, 0) == "fsconfig(3, FSCONFIG_SET_FLAG, \"key\", 0x1000, 0) = 0");
  CHECK(config(1, 0) == "fsconfig(3, FSCONFIG_SET_STRING, \"key\", \"key\", 0) = 0");
  CHECK(config(2, 3) == "fsconfig(3, FSCONFIG_SET_BINARY, \"key\", \"\\x6b\\x65\\x79\", 3) = 0");
  CHECK(config(2, 0xffffffff) == "fsconfig(3, FSCONFIG_SET_BINARY, \"key\", 0x1000, -1) = 0");
  CHECK(config(2, 5) == "fsconfig(3, FSCONFIG_SET_BINARY, \"key\", 0x1000, 5) = 0");
  CHECK(config(3, 0xffffff9c) == "fsconfig(3, FSCONFIG_SET_PATH, \"key\", \"key\", AT_FDCWD) = 0");
  CHECK(config(6, 0) == "fsconfig(3, FSCONFIG_CMD_CREATE, 0x1000, 0x1000, 0) = 0");
}

TEST_CASE("requests about mounts and namespaces grow with the kernel") {
  Calls calls;
  auto request = [](std::uint64_t size, std::uint64_t rest) {
    return Bytes().u32(size).u32(5).u64(~0ULL).u64(1).u64(2).u64(rest);
  };
  calls.memory.map(kB, Bytes().u64(1).u64(2).view());
  calls.memory.map(kA, request(16, 0).view());
  CHECK(calls.call("listmount", {0x1000, 0x2000, 9, 1}, 2) ==
        "listmount({size=16}, [0x1, 0x2], 9, LISTMOUNT_REVERSE) = 2");
  calls.memory.map(kA, request(24, 0).view());
  CHECK(calls.call("listmount", {0x1000, 0x2000, 9, 0}, 0) ==
        "listmount({size=24, mnt_ns_fd=5, mnt_id=LSMT_ROOT, param=0x1}, [], 9, 0) = 0");
  CHECK(calls.call("statmount", {0x1000, 0, 0, 1}, 0) ==
        "statmount({size=24, mnt_ns_fd=5, mnt_id=0xffffffffffffffff, param=STATMOUNT_SB_BASIC}, "
        "NULL, 0, STATMOUNT_BY_FD) = 0");
  calls.memory.map(kA, request(40, 7).view());
  CHECK(calls.call("listmount", {0x1000, 0x2000, 9, 0}, 0) ==
        "listmount({size=40, mnt_ns_fd=5, mnt_id=LSMT_ROOT, param=0x1, mnt_ns_id=0x2, "
        "/* bytes 32..39 */ \"\\x07\\x00\\x00\\x00\\x00\\x00\\x00\\x00\"}, [], 9, 0) = 0");
  calls.memory.map(kA, request(41, 7).view());
  CHECK(calls.call("listmount", {0x1000, 0x2000, 9, 0}, 0).find("mnt_ns_id=0x2, ???}") !=
        std::string::npos);
  calls.memory.map(kA, Bytes().u32(32).u32(0).u64(9).u32(0x20000).u32(1).u64(~0ULL).view());
  CHECK(calls.call("listns", {0x1000, 0x2000, 9, 0}, 1) ==
        "listns({size=32, ns_id=0x9, ns_type=MNT_NS, spare2=0x1, "
        "user_ns_id=LISTNS_CURRENT_USER}, [0x1], 9, 0) = 1");
  calls.memory.map(kA, Bytes().u32(32).u32(0).view());
  CHECK(calls.call("listns", {0x1000, 0x2000, 9, 0}, 0) == "listns({size=32, ???}, [], 9, 0) = 0");
  CHECK(calls.call("listns", {0x5000, 0x2000, 9, 0}, 0) == "listns(0x5000, [], 9, 0) = 0");
}

TEST_CASE("statmount shows what its mask says, with the texts behind") {
  Calls calls;
  auto answer = [](std::uint64_t size, std::uint64_t mask) {
    Bytes bytes;
    bytes.u32(size).u32(0).u64(mask).zeros(20).u32(3).zeros(88).u32(2).u32(3);
    return bytes.zeros(512 - 136).text("rw\0ext4\0a=1\0"sv);
  };
  calls.memory.map(kB, answer(524, 0x20).view());
  CHECK(calls.call("statmount", {0, 0x2000, 4096, 0}, 0) ==
        "statmount(NULL, {size=524, mask=STATMOUNT_FS_TYPE, fs_type=\"ext4\"}, 4096, 0) = 0");
  CHECK(calls.call("statmount", {0, 0x2000, 515, 0}, 0) ==
        "statmount(NULL, {size=524, mask=STATMOUNT_FS_TYPE, fs_type=0x3}, 515, 0) = 0");
  CHECK(calls.call("statmount", {0, 0x2000, 4, 0}, 0) ==
        "statmount(NULL, {size=524, mask=0}, 4, 0) = 0");
  CHECK(calls.call("statmount", {0, 0x2000, 4096, 0}, -75) ==
        "statmount(NULL, 0x2000, 4096, 0) = -1 EOVERFLOW (Value too large for defined data type)");
  calls.memory.map(kB, answer(524, 0x480).view());
  CHECK(calls.call("statmount", {0, 0x2000, 4096, 0}, 0) ==
        "statmount(NULL, {size=524, mnt_opts=\"rw\", mask=STATMOUNT_MNT_OPTS|STATMOUNT_OPT_ARRAY, "
        "opt_num=2, opt_array=[\"ext4\", \"a=1\"]}, 4096, 0) = 0");
  // A size that memory does not have is no reason to believe it.
  calls.memory.map(kB, answer(0xffffffff, 0x80).view());
  CHECK(calls.call("statmount", {0, 0x2000, ~0ULL, 0}, 0) ==
        "statmount(NULL, {size=4294967295, mnt_opts=0, mask=STATMOUNT_MNT_OPTS}, "
        "18446744073709551615, 0) = 0");
}

TEST_CASE("quota commands") {
  Calls calls;
  calls.memory.map(kA, Bytes().u32(4).view());
  auto quota = [&](std::uint64_t command, std::uint64_t id, std::int64_t result) {
    return calls.call("quotactl", {command << 8 | 1, 0, id, 0x1000}, result);
  };
  CHECK(quota(0x800001, 5, 0) == "quotactl(QCMD(Q_SYNC, GRPQUOTA), NULL) = 0");
  CHECK(quota(0x800004, 5, 0) == "quotactl(QCMD(Q_GETFMT, GRPQUOTA), NULL, [QFMT_VFS_V1]) = 0");
  CHECK(quota(0x800004, 5, -3) ==
        "quotactl(QCMD(Q_GETFMT, GRPQUOTA), NULL, 0x1000) = -1 ESRCH (No such process)");
  CHECK(quota(0x5801, 5, -3) ==
        "quotactl(QCMD(Q_XQUOTAON, GRPQUOTA), NULL, [FS_QUOTA_GDQ_ACCT]) = "
        "-1 ESRCH (No such process)");
  CHECK(quota(0x5806, 5, 0) == "quotactl(QCMD(Q_XQUOTARM, GRPQUOTA), NULL, [FS_GROUP_QUOTA]) = 0");
  CHECK(quota(0x80000a, ~0ULL, 0) ==
        "quotactl(QCMD(0x80000a /* Q_??? */, GRPQUOTA), NULL, -1, 0x1000) = 0");
  calls.memory.map(kA, "/quota\0"sv);
  CHECK(quota(0x800002, 2, 0) ==
        "quotactl(QCMD(Q_QUOTAON, GRPQUOTA), NULL, QFMT_VFS_V0, \"/quota\") = 0");
  calls.memory.map(kA, Bytes().u64(1).u64(2).u32(1).u32(8).view());
  CHECK(calls.call("quotactl_fd", {3, 0x80000602, 5, 0x1000}, 0) ==
        "quotactl_fd(3, QCMD(Q_SETINFO, PRJQUOTA), {dqi_bgrace=1, dqi_igrace=2, "
        "dqi_flags=DQF_ROOT_SQUASH, dqi_valid=0x8 /* IIF_??? */}) = 0");
}

TEST_CASE("mount_setattr's structure comes with its size") {
  Calls calls;
  calls.memory.map(kA, Bytes().u64(0x300001).u64(0x70).u64(0x80000).u64(5).view());
  CHECK(calls.call("mount_setattr", {3, 0, 0x8000, 0x1000, 32}, 0) ==
        "mount_setattr(3, NULL, AT_RECURSIVE, {attr_set=MOUNT_ATTR_RDONLY|MOUNT_ATTR_IDMAP|"
        "MOUNT_ATTR_NOSYMFOLLOW, attr_clr=MOUNT_ATTR__ATIME, propagation=MS_SLAVE, "
        "userns_fd=5}, 32) = 0");
  CHECK(calls.call("mount_setattr", {3, 0, 0, 0x1000, 31}, 0) ==
        "mount_setattr(3, NULL, 0, 0x1000, 31) = 0");
}
