// Calls about files whose arguments no table can hold. The lines are strace's.
#include "unit/decode/call_text.h"

using namespace ttrace;
using namespace ttrace::test;
using namespace std::string_view_literals;

namespace {
constexpr Address kA{0x1000};
constexpr Address kB{0x2000};
constexpr Address kC{0x3000};
}  // namespace

TEST_CASE("vectors show what was read into them, and where they are when nothing was") {
  Calls calls;
  calls.memory.map(kA, "first second");
  calls.memory.map(kB, Bytes().u64(0x1000).u64(5).u64(0x1006).u64(6).view());
  CHECK(calls.call("readv", {3, 0x2000, 2}, 8) ==
        "readv(3, [{iov_base=\"first\", iov_len=5}, {iov_base=\"sec\", iov_len=6}], 2) = 8");
  CHECK(calls.call("readv", {3, 0x2000, 2}, -5) ==
        "readv(3, [{iov_base=0x1000, iov_len=5}, {iov_base=0x1006, iov_len=6}], 2) = "
        "-1 EIO (Input/output error)");
  CHECK(calls.call("writev", {3, 0x2000, 3}, -5) ==
        "writev(3, [{iov_base=\"first\", iov_len=5}, {iov_base=\"second\", iov_len=6}, "
        "... /* 0x2020 */], 3) = -1 EIO (Input/output error)");
  CHECK(calls.call("writev", {3, 0x4000, 0}, 0) == "writev(3, [], 0) = 0");
  CHECK(calls.call("writev", {3, 0x2000, ~0ULL}, -22) ==
        "writev(3, 0x2000, 18446744073709551615) = -1 EINVAL (Invalid argument)");
  CHECK(calls.call("preadv2", {3, 0, 0, ~0ULL, 0, 0x201}, 0) ==
        "preadv2(3, NULL, 0, -1, RWF_HIPRI|0x200) = 0");
}

TEST_CASE("what is watched") {
  Calls calls;
  calls.memory.map(kA, "log\0"sv);
  CHECK(calls.call("inotify_add_watch", {4, 0x1000, 0x2}, 1) ==
        "inotify_add_watch(4, \"log\", IN_MODIFY) = 1");
}

TEST_CASE("positions of 64 bits on i386") {
  Calls calls(Abi::I386);
  calls.memory.map(kA, Bytes().u64(0x100000005).view());
  CHECK(calls.call("_llseek", {3, 1, 5, 0x1000, 0}, 0) ==
        "_llseek(3, 4294967301, [4294967301], SEEK_SET) = 0");
  CHECK(calls.call("preadv", {3, 0, 0, 0x1234, 5}, 0) == "preadv(3, NULL, 0, 21474841140) = 0");
  CHECK(calls.call("fadvise64", {3, 2, 1, 10, 3}, 0) ==
        "fadvise64(3, 4294967298, 10, POSIX_FADV_WILLNEED) = 0");
  CHECK(calls.call("chown", {0, 0xffff, 65534}, 0) == "chown(NULL, -1, 65534) = 0");
  CHECK(calls.call("chown32", {0, 0xffff, 0xffffffff}, 0) == "chown32(NULL, 65535, -1) = 0");
}

TEST_CASE("a mode whose type is none is octal as a whole") {
  Calls calls;
  CHECK(calls.call("mknod", {0, 0106755, 5}, 0) == "mknod(NULL, S_IFREG|S_ISUID|S_ISGID|0755) = 0");
  CHECK(calls.call("mknod", {0, 030644, 5}, 0) == "mknod(NULL, 030644) = 0");
  CHECK(calls.call("mknod", {0, 0020644, 0x12345678}, 0) ==
        "mknod(NULL, S_IFCHR|0644, makedev(0x456, 0x12378)) = 0");
}

TEST_CASE("results of fcntl have names where there are some") {
  Calls calls;
  CHECK(calls.call("fcntl", {3, 0x401}, 1) == "fcntl(3, F_GETLEASE) = 0x1 (F_WRLCK)");
  CHECK(calls.call("fcntl", {3, 0x401}, 16) == "fcntl(3, F_GETLEASE) = 0x10");
  CHECK(calls.call("fcntl", {3, 11}, 1) == "fcntl(3, F_GETSIG) = 1 (SIGHUP)");
  CHECK(calls.call("fcntl", {3, 11}, 0) == "fcntl(3, F_GETSIG) = 0");
  CHECK(calls.call("fcntl", {3, 1}, 0x800) == "fcntl(3, F_GETFD) = 0x800 (flags 0x800)");
  calls.memory.map(kA, Bytes().u64(5).view());
  CHECK(calls.call("fcntl", {3, 0x40b, 0x1000}, 0) ==
        "fcntl(3, F_GET_RW_HINT, [RWH_WRITE_LIFE_EXTREME]) = 0");
  CHECK(calls.call("fcntl", {3, 13, 0x1000}, -22) ==
        "fcntl(3, F_SETLK64, 0x1000) = -1 EINVAL (Invalid argument)");
}

TEST_CASE("openat2's structure comes with its size") {
  Calls calls;
  calls.memory.map(kA, Bytes().u64(0x41).u64(0640).u64(9).u64(0).u64(7).view());
  CHECK(calls.call("openat2", {0xffffff9c, 0, 0x1000, 24}, 3) ==
        "openat2(AT_FDCWD, NULL, {flags=O_WRONLY|O_CREAT, mode=0640, "
        "resolve=RESOLVE_NO_XDEV|RESOLVE_BENEATH}, 24) = 3");
  CHECK(calls.call("openat2", {3, 0, 0x1000, 32}, 3).ends_with("RESOLVE_BENEATH}, 32) = 3"));
  CHECK(calls.call("openat2", {3, 0, 0x1000, 40}, 3)
            .ends_with("/* bytes 24..39 */ "
                       "\"\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x07\\x00\\x00\\x00"
                       "\\x00\\x00\\x00\\x00\"}, 40) = 3"));
  CHECK(calls.call("openat2", {3, 0, 0x1000, 41}, 3).ends_with("RESOLVE_BENEATH, ???}, 41) = 3"));
  CHECK(calls.call("openat2", {3, 0, 0x1000, 23}, 3) == "openat2(3, NULL, 0x1000, 23) = 3");
  calls.memory.map(kA, Bytes().u64(0).u64(0).u64(0).view());
  CHECK(calls.call("openat2", {3, 0, 0x1000, 24}, 3) ==
        "openat2(3, NULL, {flags=O_RDONLY, resolve=0}, 24) = 3");
}

TEST_CASE("the size of huge pages is in the upper bits") {
  Calls calls;
  CHECK(calls.call("memfd_create", {0, 0x54000004}, 3) ==
        "memfd_create(NULL, MFD_HUGETLB|21<<MFD_HUGE_SHIFT) = 3");
  CHECK(calls.call("memfd_create", {0, 0x04000000}, 3) ==
        "memfd_create(NULL, 1<<MFD_HUGE_SHIFT) = 3");
}

TEST_CASE("statx shows what its mask says, -v with dates") {
  Bytes answer;
  answer.u32(0x801).u32(512).u64(0x10).u32(1).u32(2).u32(3).u16(0100644).u16(0);
  answer.u64(4).u64(5).u64(6).u64(0);
  for (std::uint64_t time = 1; time < 5; ++time)
    answer.u64(time).u32(5).u32(0);
  answer.u32(1).u32(2).u32(3).u32(4).zeros(112);
  Calls brief;
  brief.memory.map(kA, answer.view());
  CHECK(brief.call("statx", {3, 0, 0, 0x801, 0x1000}, 0) ==
        "statx(3, NULL, AT_STATX_SYNC_AS_STAT, STATX_TYPE|STATX_BTIME, "
        "{stx_mask=STATX_TYPE|STATX_BTIME, stx_attributes=STATX_ATTR_IMMUTABLE, "
        "stx_mode=S_IFREG|0644, ...}) = 0");
  Calls all(Abi::X86_64, unabridged());
  all.memory.map(kA, answer.view());
  const std::string text = all.call("statx", {3, 0, 0, 0x801, 0x1000}, 0);
  CHECK(text.find("stx_btime={tv_sec=2, tv_nsec=5} /* 19") != std::string::npos);
  CHECK(text.find("stx_nlink") == std::string::npos);
}

TEST_CASE("times of files") {
  Calls calls;
  calls.memory.map(kA, Bytes().u64(0).u64(0x3fffffff).u64(0).u64(0x3ffffffe).view());
  CHECK(calls.call("utimensat", {3, 0, 0x1000, 0x100}, 0) ==
        "utimensat(3, NULL, [UTIME_NOW, UTIME_OMIT], AT_SYMLINK_NOFOLLOW) = 0");
  CHECK(calls.call("utimes", {0, 0x1000}, 0) ==
        "utimes(NULL, [{tv_sec=0, tv_usec=1073741823}, {tv_sec=0, tv_usec=1073741822}]) = 0");
  calls.memory.map(kA, Bytes().u64(0).u64(0).view());
  CHECK(calls.call("utime", {0, 0x1000}, 0) == "utime(NULL, {actime=0, modtime=0}) = 0");
  CHECK(calls.call("utime", {0, 0x1008}, 0) == "utime(NULL, 0x1008) = 0");
  calls.memory.map(kA, Bytes().u64(86400).u64(5).u64(1).u64(1000000).view());
  const std::string text = calls.call("utimes", {0, 0x1000}, 0);
  CHECK(text.find(":00.000005") != std::string::npos);
  CHECK(text.ends_with("{tv_sec=1, tv_usec=1000000}]) = 0"));
}

TEST_CASE("statfs64 comes with its size") {
  Calls calls(Abi::I386);
  calls.memory.map(
      kA, Bytes().u32(0xef53).u32(4096).zeros(48).u32(255).u32(4096).u32(0x21).zeros(16).view());
  CHECK(calls.call("fstatfs64", {3, 84, 0x1000}, 0) ==
        "fstatfs64(3, 84, {f_type=EXT2_SUPER_MAGIC, f_bsize=4096, f_blocks=0, f_bfree=0, "
        "f_bavail=0, f_files=0, f_ffree=0, f_fsid={val=[0, 0]}, f_namelen=255, f_frsize=4096, "
        "f_flags=ST_VALID|ST_RDONLY}) = 0");
  CHECK(calls.call("fstatfs64", {3, 80, 0x1000}, 0) == "fstatfs64(3, 80, 0x1000) = 0");
}

TEST_CASE("extended attributes end at their NUL") {
  Calls calls;
  calls.memory.map(kA, "value\0more"sv);
  CHECK(calls.call("fsetxattr", {3, 0, 0x1000, 6, 1}, 0) ==
        "fsetxattr(3, NULL, \"value\", 6, XATTR_CREATE) = 0");
  CHECK(calls.call("fsetxattr", {3, 0, 0x1000, 65537, 0}, -7) ==
        "fsetxattr(3, NULL, 0x1000, 65537, 0) = -1 E2BIG (Argument list too long)");
  CHECK(calls.call("getxattr", {0, 0, 0x1000, 0}, 6) == "getxattr(NULL, NULL, 0x1000, 0) = 6");
  CHECK(calls.call("listxattr", {0, 0x1000, 9}, 6) == "listxattr(NULL, \"value\\0\", 9) = 6");
  calls.memory.map(kB, Bytes().u64(0x1000).u32(9).u32(2).view());
  CHECK(calls.call("setxattrat", {3, 0, 0x100, 0, 0x2000, 16}, 0) ==
        "setxattrat(3, NULL, AT_SYMLINK_NOFOLLOW, NULL, {value=\"value\\0mor\", size=9, "
        "flags=XATTR_REPLACE}, 16) = 0");
  CHECK(calls.call("getxattrat", {3, 0, 0, 0, 0x2000, 16}, 5) ==
        "getxattrat(3, NULL, 0, NULL, {value=\"value\", size=9, flags=XATTR_REPLACE}, 16) = 5");
  CHECK(calls.call("getxattrat", {3, 0, 0, 0, 0x2000, 16}, -61) ==
        "getxattrat(3, NULL, 0, NULL, {value=0x1000, size=9, flags=XATTR_REPLACE}, 16) = "
        "-1 ENODATA (No data available)");
  CHECK(calls.call("getxattrat", {3, 0, 0, 0, 0x2000, 15}, 5) ==
        "getxattrat(3, NULL, 0, NULL, 0x2000, 15) = 5");
}

TEST_CASE("file attributes") {
  Calls calls;
  calls.memory.map(kA, Bytes().u64(0x11).u32(1).u32(2).u32(3).u32(4).view());
  CHECK(calls.call("file_getattr", {3, 0, 0x1000, 24, 0}, 0) ==
        "file_getattr(3, NULL, {fa_xflags=FS_XFLAG_REALTIME|FS_XFLAG_APPEND, fa_extsize=1, "
        "fa_nextents=2, fa_projid=0x3, fa_cowextsize=4}, 24, 0) = 0");
  CHECK(calls.call("file_setattr", {3, 0, 0x1000, 24, 0}, 0) ==
        "file_setattr(3, NULL, {fa_xflags=FS_XFLAG_REALTIME|FS_XFLAG_APPEND, fa_extsize=1, "
        "fa_projid=0x3, fa_cowextsize=4}, 24, 0) = 0");
  CHECK(calls.call("file_setattr", {3, 0, 0x1000, 4097, 0}, -7) ==
        "file_setattr(3, NULL, 0x1000, 4097, 0) = -1 E2BIG (Argument list too long)");
}

TEST_CASE("file handles: the room there was, the room that was needed") {
  Calls calls;
  auto handle = [](std::uint64_t bytes) {
    return Bytes().u32(bytes).u32(1).text("ab\1").zeros(200);
  };
  calls.memory.map(kA, handle(3).view());
  calls.memory.map(kB, Bytes().u32(25).view());
  CHECK(calls.call("open_by_handle_at", {3, 0x1000, 0}, 4) ==
        "open_by_handle_at(3, {handle_bytes=3, handle_type=1, f_handle=\"\\x61\\x62\\x01\"}, "
        "O_RDONLY) = 4");
  CHECK(calls.call("name_to_handle_at", {3, 0, 0x1000, 0x2000, 0}, 0) ==
        "name_to_handle_at(3, NULL, {handle_bytes=3, handle_type=1, f_handle=\"\\x61\\x62\\x01\"}, "
        "[25], 0) = 0");
  CHECK(calls.call("name_to_handle_at", {3, 0, 0x1000, 0x2000, 0}, -2) ==
        "name_to_handle_at(3, NULL, {handle_bytes=3}, 0x2000, 0) = "
        "-1 ENOENT (No such file or directory)");
  calls.enter("name_to_handle_at", {3, 0, 0x1000, 0x2000, 0});
  calls.memory.map(kA, handle(129).view());
  CHECK(calls.exit(-75) ==
        "name_to_handle_at(3, NULL, {handle_bytes=3 => 129}, 0x2000, 0) = "
        "-1 EOVERFLOW (Value too large for defined data type)");
  CHECK(calls.call("open_by_handle_at", {3, 0x1000, 0}, 4).ends_with("\\x00\"...}, O_RDONLY) = 4"));
  calls.memory.map(kC, Bytes().u32(9).view());
  CHECK(calls.call("open_by_handle_at", {3, 0x3000, 0}, 4) ==
        "open_by_handle_at(3, {handle_bytes=9, handle_type=???, f_handle=???}, O_RDONLY) = 4");
}

TEST_CASE("the working directory has its NUL counted in") {
  Calls calls;
  calls.memory.map(kA, "/work\0"sv);
  CHECK(calls.call("getcwd", {0x1000, 100}, 6) == "getcwd(\"/work\", 100) = 6");
  CHECK(calls.call("getcwd", {0x1000, 100}, 4) == "getcwd(\"/wo\"..., 100) = 4");
  CHECK(calls.call("getcwd", {0x1000, 3}, -34) ==
        "getcwd(0x1000, 3) = -1 ERANGE (Numerical result out of range)");
}

TEST_CASE("one directory entry, of old") {
  Calls calls(Abi::I386);
  calls.memory.map(kA, Bytes().u32(5).u32(10).u16(4).text("name").view());
  CHECK(calls.call("readdir", {3, 0x1000, 1}, 1) ==
        "readdir(3, {d_ino=5, d_off=10, d_reclen=4, d_name=\"name\"}) = 1");
  CHECK(calls.call("readdir", {3, 0x1000, 2}, 0) == "readdir(3, 0x1000, 2) = 0");
}
