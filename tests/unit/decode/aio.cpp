// io_submit's control blocks. The lines are strace's.
#include "unit/decode/call_text.h"

using namespace ttrace;
using namespace ttrace::test;
using namespace std::string_view_literals;

namespace {
constexpr Address kList{0x1000};
constexpr Address kBlock{0x2000};
constexpr Address kBuffer{0x3000};

struct Block {
  std::uint64_t command = 0;
  std::uint64_t flags = 0;
  std::uint64_t priority = 0;
  std::uint64_t buffer = 0x3000;
  std::uint64_t size = 4;
};

std::string submit(Calls& calls, const Block& b) {
  calls.memory.map(kBlock, Bytes()
                               .u64(0)
                               .u32(7)
                               .u32(1)
                               .u16(b.command)
                               .u16(b.priority)
                               .u32(3)
                               .u64(b.buffer)
                               .u64(b.size)
                               .u64(9)
                               .u64(0)
                               .u32(b.flags)
                               .u32(8)
                               .view());
  return calls.call("io_submit", {0x10, 1, 0x1000}, 1);
}
}  // namespace

TEST_CASE("each command of a control block") {
  Calls calls;
  calls.memory.map(kList, Bytes().u64(0x2000).u64(0).u64(0x99).view());
  calls.memory.map(kBuffer, "data"sv);
  const std::string begin = "io_submit(0x10, 1, [{aio_key=7, aio_rw_flags=RWF_HIPRI, ";
  CHECK(submit(calls, {.command = 0}) ==
        begin +
            "aio_lio_opcode=IOCB_CMD_PREAD, aio_fildes=3, aio_buf=0x3000, aio_nbytes=4, "
            "aio_offset=9, aio_resfd=0x8}]) = 1");
  CHECK(submit(calls, {.command = 1, .flags = 1}) ==
        begin +
            "aio_lio_opcode=IOCB_CMD_PWRITE, aio_fildes=3, aio_buf=\"data\", aio_nbytes=4, "
            "aio_offset=9, aio_flags=IOCB_FLAG_RESFD, aio_resfd=8}]) = 1");
  CHECK(submit(calls, {.command = 2, .flags = 2, .priority = 0x4007}) ==
        begin +
            "aio_lio_opcode=IOCB_CMD_FSYNC, "
            "aio_reqprio=IOPRIO_PRIO_VALUE(IOPRIO_CLASS_BE, 7), aio_fildes=3}]) = 1");
  CHECK(submit(calls, {.command = 2, .flags = 2}) ==
        begin +
            "aio_lio_opcode=IOCB_CMD_FSYNC, "
            "aio_reqprio=IOPRIO_PRIO_VALUE(IOPRIO_CLASS_NONE, 0), aio_fildes=3}]) = 1");
  CHECK(submit(calls, {.command = 5, .buffer = 5}) ==
        begin +
            "aio_lio_opcode=IOCB_CMD_POLL, aio_fildes=3, aio_buf=POLLIN|POLLOUT, "
            "aio_resfd=0x8}]) = 1");
  CHECK(submit(calls, {.command = 9, .priority = 0xffff}) ==
        begin + "aio_lio_opcode=9 /* IOCB_CMD_??? */, aio_reqprio=-1, aio_fildes=3}]) = 1");
  calls.memory.map(kBuffer, Bytes().u64(0x3000).u64(1).view());
  CHECK(submit(calls, {.command = 7, .size = 1}) ==
        begin +
            "aio_lio_opcode=IOCB_CMD_PREADV, aio_fildes=3, aio_buf=[{iov_base=0x3000, "
            "iov_len=1}], aio_offset=9, aio_resfd=0x8}]) = 1");
  CHECK(submit(calls, {.command = 8, .size = 1}) ==
        begin +
            "aio_lio_opcode=IOCB_CMD_PWRITEV, aio_fildes=3, aio_buf=[{iov_base=\"\\0\", "
            "iov_len=1}], aio_offset=9, aio_resfd=0x8}]) = 1");
  CHECK(calls.call("io_cancel", {0x10, 0x2000, 0}, -22) ==
        "io_cancel(0x10, {aio_key=7, aio_rw_flags=RWF_HIPRI, aio_lio_opcode=IOCB_CMD_PWRITEV, "
        "aio_fildes=3}, NULL) = -1 EINVAL (Invalid argument)");
}

TEST_CASE("lists of control blocks") {
  Calls calls;
  calls.memory.map(kList, Bytes().u64(0).u64(0x99).view());
  CHECK(calls.call("io_submit", {0x10, 2, 0x1000}, 2) == "io_submit(0x10, 2, [NULL, 0x99]) = 2");
  CHECK(calls.call("io_submit", {0x10, 3, 0x1000}, 2) ==
        "io_submit(0x10, 3, [NULL, 0x99, ... /* 0x1010 */]) = 2");
  CHECK(calls.call("io_submit", {0x10, 0, 0x5000}, 0) == "io_submit(0x10, 0, []) = 0");
  CHECK(calls.call("io_submit", {0x10, ~0ULL, 0x1000}, -22) ==
        "io_submit(0x10, -1, 0x1000) = -1 EINVAL (Invalid argument)");
  CHECK(calls.call("io_submit", {0x10, 1, 0x5000}, -14) ==
        "io_submit(0x10, 1, 0x5000) = -1 EFAULT (Bad address)");
}
