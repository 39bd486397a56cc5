// Memory, scheduling, credentials, prctl, the system: the custom decoders of these calls.
#include "unit/decode/call_text.h"

using namespace ttrace;
using namespace ttrace::test;
using namespace std::string_view_literals;

namespace {
constexpr std::uint64_t kMinusOne = ~std::uint64_t{0};
constexpr Address kA{0x1000}, kB{0x2000};

struct SchedAttr {
  std::uint32_t size = 0, policy = 0;
  std::uint64_t flags = 0;
  std::int32_t nice = 0;
  std::uint32_t priority = 0;
  std::uint64_t runtime = 0, deadline = 0, period = 0;
  std::uint32_t min = 0, max = 0, more = 0, pad = 0;
};
}  // namespace

TEST_CASE("the size of huge pages stands behind a mapping's flags") {
  Calls calls;
  CHECK(calls.call("mmap", {0, 4096, 3, 2 | 0x40000 | 21U << 26, 3, 0}, 0x7000) ==
        "mmap(NULL, 4096, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_HUGETLB|21<<MAP_HUGE_SHIFT, 3, 0) "
        "= 0x7000");
  CHECK(calls.call("mmap", {0, 4096, 0, 5, 3, 0}, 0) ==
        "mmap(NULL, 4096, PROT_NONE, 0x5 /* MAP_??? */, 3, 0) = 0");
  CHECK(calls.call("brk", {0}, 0) == "brk(NULL) = 0");
}

TEST_CASE("i386's mmap has its arguments in memory") {
  Calls calls(Abi::I386);
  calls.memory.map_object(kA, std::array<std::uint32_t, 6>{0x5000, 4096, 1, 0x22, 0xffffffff, 0});
  CHECK(calls.call("mmap", {0x1000}, 0x5000) ==
        "mmap(0x5000, 4096, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x5000");
  CHECK(calls.call("mmap", {0x1004}, -14) == "mmap(0x1004) = -1 EFAULT (Bad address)");
}

TEST_CASE("mremap has a new address only where it uses one") {
  Calls calls;
  CHECK(calls.call("mremap", {1, 2, 3, 1, 9}, 9) == "mremap(0x1, 2, 3, MREMAP_MAYMOVE) = 0x9");
  CHECK(calls.call("mremap", {1, 2, 3, 3, 9}, 9) ==
        "mremap(0x1, 2, 3, MREMAP_MAYMOVE|MREMAP_FIXED, 0x9) = 0x9");
  CHECK(calls.call("mremap", {1, 2, 3, 2, 9}, 9) == "mremap(0x1, 2, 3, MREMAP_FIXED) = 0x9");
}

TEST_CASE("masks of nodes are as long as the program says, less one bit") {
  Calls calls;
  calls.memory.map_object(kA, std::array<std::uint64_t, 3>{5, 0, 0x1234567890abcdef});
  auto mask = [&](std::uint64_t bits) {
    const std::string text = calls.call("set_mempolicy", {2, 0x1000, bits}, 0);
    const std::size_t begin = text.find(", ") + 2;
    return text.substr(begin, text.rfind(", ") - begin);
  };
  CHECK(mask(0) == "[]");
  CHECK(mask(1) == "0x1000");
  CHECK(mask(65) == "[0x00000000000005]");
  CHECK(mask(66) == "[0x00000000000005, 0000000000000000]");
  CHECK(mask(193) == "[0x00000000000005, 0000000000000000, 0x1234567890abcdef]");
  CHECK(mask(257) == "[0x00000000000005, 0000000000000000, 0x1234567890abcdef, ... /* 0x1018 */]");
  CHECK(mask(kMinusOne) == "0x1000");
}

TEST_CASE("policies with modes, pages with errors") {
  Calls calls;
  CHECK(calls.call("set_mempolicy", {0x8001, 0, 0}, 0) ==
        "set_mempolicy(MPOL_PREFERRED|MPOL_F_STATIC_NODES, NULL, 0) = 0");
  CHECK(calls.call("set_mempolicy", {0x10001, 0, 0}, -22) ==
        "set_mempolicy(0x10001 /* MPOL_??? */, NULL, 0) = -1 EINVAL (Invalid argument)");
  calls.memory.map_object(kA, std::array<std::int32_t, 3>{1, -2, -5000});
  CHECK(calls.call("move_pages", {0, 3, 0, 0, 0x1000, 0}, 0) ==
        "move_pages(0, 3, NULL, NULL, [1, -ENOENT, -5000], 0) = 0");
}

TEST_CASE("scheduling attributes of every version") {
  Calls calls;
  SchedAttr attr{.size = 48, .policy = 6, .nice = -5, .runtime = 7, .min = 3};
  auto set = [&](std::int64_t result) {
    calls.memory.map_object(kA, attr);
    return calls.call("sched_setattr", {0, 0x1000, 0}, result);
  };
  const std::string common =
      "sched_policy=SCHED_DEADLINE, sched_flags=0, sched_nice=-5, sched_priority=0, "
      "sched_runtime=7, sched_deadline=0, sched_period=0";
  CHECK(set(0) == "sched_setattr(0, {size=48, " + common + "}, 0) = 0");
  attr.size = 56;
  CHECK(set(0) ==
        "sched_setattr(0, {size=56, " + common + ", sched_util_min=3, sched_util_max=0}, 0) = 0");
  attr.size = 64;
  calls.memory.map_object(kA, attr);
  calls.enter("sched_setattr", {0, 0x1000, 0});
  attr.size = 56;
  calls.memory.map_object(kA, attr);
  CHECK(calls.exit(-7) == "sched_setattr(0, {size=64, " + common +
                              ", sched_util_min=3, sched_util_max=0, ...} => {size=56}, 0) = -1 "
                              "E2BIG (Argument list too long)");
  attr.size = 40;
  CHECK(set(-22) == "sched_setattr(0, {size=40}, 0) = -1 EINVAL (Invalid argument)");
  attr.size = 48;
  attr.flags = 0x18;
  CHECK(set(0) ==
        "sched_setattr(0, {size=48, sched_flags=SCHED_FLAG_KEEP_POLICY|SCHED_FLAG_KEEP_PARAMS}, 0) "
        "= 0");
  attr.flags = 0;
  calls.memory.map_object(kA, attr);
  CHECK(calls.call("sched_getattr", {0, 0x1000, 56, 0}, 0) ==
        "sched_getattr(0, {size=48, " + common + "}, 56, 0) = 0");
}

TEST_CASE("results that are policies and priorities") {
  Calls calls;
  CHECK(calls.call("sched_getscheduler", {0}, 0x40000001) ==
        "sched_getscheduler(0) = 0x40000001 (SCHED_RESET_ON_FORK|SCHED_FIFO)");
  CHECK(calls.call("sched_getscheduler", {0}, 77) == "sched_getscheduler(0) = 0x4d");
  CHECK(calls.call("ioprio_get", {1, 0}, 2 << 13 | 4) ==
        "ioprio_get(IOPRIO_WHO_PROCESS, 0) = 16388 (IOPRIO_PRIO_VALUE(IOPRIO_CLASS_BE, 4))");
}

TEST_CASE("a set of processors is shown up to glibc's size") {
  Calls calls;
  std::string bytes(200, '\0');
  bytes[1] = 4;
  bytes[150] = 1;
  calls.memory.map(kA, bytes);
  CHECK(calls.call("sched_setaffinity", {0, 8, 0x1000}, 0) == "sched_setaffinity(0, 8, [10]) = 0");
  CHECK(calls.call("sched_setaffinity", {0, 200, 0x1000}, 0) ==
        "sched_setaffinity(0, 200, [10 ...]) = 0");
}

TEST_CASE("wait statuses") {
  Calls calls;
  auto status = [&](std::uint32_t value) {
    calls.memory.map_object(kA, value);
    const std::string text = calls.call("wait4", {kMinusOne, 0x1000, 0, 0}, 9);
    return text.substr(10, text.find(", 0, NULL") - 10);
  };
  CHECK(status(0x100) == "[{WIFEXITED(s) && WEXITSTATUS(s) == 1}]");
  CHECK(status(0x8b) == "[{WIFSIGNALED(s) && WTERMSIG(s) == SIGSEGV && WCOREDUMP(s)}]");
  CHECK(status(0x857f) == "[{WIFSTOPPED(s) && WSTOPSIG(s) == SIGTRAP | 0x80}]");
  CHECK(status(0x6057f) == "[{WIFSTOPPED(s) && WSTOPSIG(s) == SIGTRAP}|PTRACE_EVENT_EXIT<<16]");
  CHECK(status(0x16057f) ==
        "[{WIFSTOPPED(s) && WSTOPSIG(s) == SIGTRAP}|0x16 /* PTRACE_EVENT_??? */<<16]");
  CHECK(status(0xffff) == "[{WIFCONTINUED(s)}]");
  CHECK(status(0xff) == "[0xff]");
  CHECK(status(0x1209) == "[{WIFSIGNALED(s) && WTERMSIG(s) == SIGKILL}|0x1200]");
}

TEST_CASE("capabilities have one number or two") {
  Calls calls;
  calls.memory.map_object(kB, std::array<std::uint32_t, 6>{1, 0, 0x20, 0x100, 0, 0xffffffff});
  auto sets = [&](std::uint32_t version) {
    calls.memory.map_object(kA, std::array<std::uint32_t, 2>{version, 0});
    const std::string text = calls.call("capset", {0x1000, 0x2000}, 0);
    return text.substr(text.find("pid=0}, ") + 8);
  };
  CHECK(sets(0x19980330) == "{effective=1<<CAP_CHOWN, permitted=0, inheritable=1<<CAP_KILL}) = 0");
  CHECK(sets(0x20080522) ==
        "{effective=1<<CAP_CHOWN|1<<CAP_CHECKPOINT_RESTORE, permitted=0, "
        "inheritable=1<<CAP_KILL|1<<CAP_MAC_OVERRIDE|1<<CAP_MAC_ADMIN|1<<CAP_SYSLOG|"
        "1<<CAP_WAKE_ALARM|1<<CAP_BLOCK_SUSPEND|1<<CAP_AUDIT_READ|1<<CAP_PERFMON|1<<CAP_BPF|"
        "1<<CAP_CHECKPOINT_RESTORE|0xfffffe00}) = 0");
  CHECK(calls.call("capset", {0, 0x2000}, -14) == "capset(NULL, 0x2000) = -1 EFAULT (Bad address)");
}

TEST_CASE("ids have 16 bits in i386's first calls") {
  Calls calls(Abi::I386);
  calls.memory.map_object(kA, std::array<std::uint16_t, 4>{1, 0xffff, 3, 0});
  CHECK(calls.call("setgroups", {3, 0x1000}, 0) == "setgroups(3, [1, -1, 3]) = 0");
  CHECK(calls.call("setgroups32", {2, 0x1000}, 0) == "setgroups32(2, [4294901761, 3]) = 0");
  CHECK(calls.call("setgroups", {70000, 0x1000}, -22) ==
        "setgroups(70000, 0x1000) = -1 EINVAL (Invalid argument)");
  CHECK(calls.call("setresuid", {0xffff, 5, 0x10005}, 0) == "setresuid(-1, 5, 5) = 0");
}

TEST_CASE("prctl's commands") {
  Calls calls;
  auto shown = [&](std::array<std::uint64_t, 6> args, std::int64_t result) {
    return calls.call("prctl", args, result).substr(6);
  };
  CHECK(shown({3}, 1) == "PR_GET_DUMPABLE) = 1 (SUID_DUMP_USER)");
  CHECK(shown({3}, 7) == "PR_GET_DUMPABLE) = 7");
  CHECK(shown({27}, 5) == "PR_GET_SECUREBITS) = 0x5 (SECBIT_NOROOT|SECBIT_NO_SETUID_FIXUP)");
  CHECK(shown({27}, 0x10000) == "PR_GET_SECUREBITS) = 0x10000");
  CHECK(shown({22, 1, 2, 3, 4}, 0) == "PR_SET_SECCOMP, SECCOMP_MODE_STRICT) = 0");
  CHECK(shown({47, 2, 3, 0, 0}, 0) ==
        "PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_FOWNER, 0, 0) = 0");
  CHECK(shown({47, 4, 3, 0, 0}, 0) == "PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0x3, 0, 0) = 0");
  CHECK(shown({50, 0x60020}, 0x20) ==
        "PR_SVE_SET_VL, PR_SVE_SET_VL_ONEXEC|PR_SVE_VL_INHERIT|0x20) = 0x20");
  CHECK(shown({64}, 0x20010) == "PR_SME_GET_VL) = 0x20010 (PR_SME_VL_INHERIT|0x10)");
  CHECK(shown({55, 0x1b, 0, 0, 0}, 0) ==
        "PR_SET_TAGGED_ADDR_CTRL, PR_TAGGED_ADDR_ENABLE|PR_MTE_TCF_SYNC|0x3<<PR_MTE_TAG_SHIFT, 0, "
        "0, 0) = 0");
  CHECK(shown({69, 0x36}, 0) ==
        "PR_RISCV_V_SET_CONTROL, PR_RISCV_V_VSTATE_CTRL_ON|PR_RISCV_V_VSTATE_CTRL_OFF<<2|"
        "PR_RISCV_V_VSTATE_CTRL_INHERIT|0x20) = 0");
  CHECK(shown({62, 1, 5, 1, 0}, 0) ==
        "PR_SCHED_CORE, PR_SCHED_CORE_CREATE, 5, 0x1 /* PIDTYPE_TGID */, 0) = 0");
  CHECK(shown({0x1234, 1, 0, 3, 4}, -22) ==
        "0x1234 /* PR_??? */, 0x1, 0, 0x3, 0x4) = -1 EINVAL (Invalid argument)");
}

TEST_CASE("descriptors of segments") {
  Calls calls;
  calls.memory.map_object(kA,
                          std::array<std::uint32_t, 4>{kMinusOne & 0xffffffff, 0, 0xfffff, 0x53});
  CHECK(calls.call("modify_ldt", {1, 0x1000, 16}, 0) ==
        "modify_ldt(1, {entry_number=-1, base_addr=00000000, limit=0x0fffff, seg_32bit=1, "
        "contents=1, read_exec_only=0, limit_in_pages=1, seg_not_present=0, useable=1, lm=0}, 16) "
        "= 0");
  CHECK(calls.call("modify_ldt", {0, 0x1000, 17}, 0) == "modify_ldt(0, 0x1000, 17) = 0");
}

TEST_CASE("what LSMs say of a process") {
  Calls calls;
  std::string contexts(80, '\0');
  contexts[0] = 101;
  contexts[16] = 40;
  contexts[24] = 2;
  contexts.replace(32, 2, "ab");
  contexts[40] = 104;
  contexts[56] = 40;
  calls.memory.map(kA, contexts);
  calls.memory.map_object(kB, std::uint32_t{80});
  const std::string both =
      "[{id=LSM_ID_SELINUX, flags=0, len=40, ctx_len=2, ctx=\"\\x61\\x62\"}, {id=LSM_ID_APPARMOR, "
      "flags=0, len=40, ctx_len=0}]";
  CHECK(calls.call("lsm_get_self_attr", {100, 0x1000, 0x2000, 0}, 2) ==
        "lsm_get_self_attr(LSM_ATTR_CURRENT, " + both + ", [80], 0) = 2");
  CHECK(calls.call("lsm_get_self_attr", {100, 0x1000, 0x2000, 1}, 1) ==
        "lsm_get_self_attr(LSM_ATTR_CURRENT, {id=LSM_ID_SELINUX} => " + both +
            ", [80], LSM_FLAG_SINGLE) = 1");
}

TEST_CASE("syslog's commands use different arguments") {
  Calls calls;
  calls.memory.map(kA, "text");
  CHECK(calls.call("syslog", {3, 0x1000, 10}, 4) ==
        "syslog(3 /* SYSLOG_ACTION_READ_ALL */, \"text\", 10) = 4");
  CHECK(calls.call("syslog", {5, 0x1000, 10}, 0) == "syslog(5 /* SYSLOG_ACTION_CLEAR */) = 0");
  CHECK(calls.call("syslog", {8, 0x1000, 7}, 0) ==
        "syslog(8 /* SYSLOG_ACTION_CONSOLE_LEVEL */, 0x1000, 7 /* LOGLEVEL_DEBUG */) = 0");
}

TEST_CASE("kexec's architecture stands before its flags") {
  Calls calls;
  CHECK(calls.call("kexec_load", {0x1000, 0, 0, 0x3e0001}, 0) ==
        "kexec_load(0x1000, 0, NULL, KEXEC_ARCH_X86_64|KEXEC_ON_CRASH) = 0");
  CHECK(calls.call("kexec_load", {0, 17, 0x1000, 0x100}, 0) ==
        "kexec_load(NULL, 17, 0x1000, KEXEC_ARCH_DEFAULT|0x100 /* KEXEC_??? */) = 0");
}
