#include "os/attach.h"

#include <sys/ptrace.h>
#include <unistd.h>

#include <cctype>
#include <climits>
#include <string>

#include "os/proc.h"

namespace ttrace {

namespace {

constexpr unsigned kCapSysPtrace = 19;  // linux/capability.h

std::string name_of(Tid tid) {
  auto status = read_status(tid);
  return status ? std::to_string(tid.value) + " (" + status->name + ")" : std::to_string(tid.value);
}

// Yama's scope (Documentation/admin-guide/LSM/Yama.rst); 0 where Yama is absent.
int yama_scope() {
  auto text = read_file("/proc/sys/kernel/yama/ptrace_scope");
  return text && !text->empty() && std::isdigit(static_cast<unsigned char>(text->front())) != 0
             ? text->front() - '0'
             : 0;
}

std::string link_of(Tid tid, const char* what) {
  char target[PATH_MAX];
  std::string path = "/proc/" + std::to_string(tid.value) + "/" + what;
  ssize_t n = readlink(path.c_str(), target, sizeof(target));
  return n < 0 ? std::string() : std::string(target, static_cast<std::size_t>(n));
}

// Why the kernel answered EPERM, by the rules of ptrace(2), "Ptrace access mode checking".
std::string why_not_permitted(Tid tid) {
  auto target = read_status(tid);
  auto self = read_status(Tid{getpid()});
  if (!target || !self) return "Operation not permitted";
  if (target->tgid.value == getpid()) return "a process cannot trace itself";
  if (target->ended()) return "it is a zombie: it has already ended";
  if (!has_memory(tid)) return "it is a kernel thread: it runs no program that could be traced";
  if (target->tracer.value != 0) return "already traced by process " + name_of(target->tracer);
  bool privileged = ((self->effective_capabilities >> kCapSysPtrace) & 1) != 0;
  int yama = yama_scope();
  if (yama == 3) return "Yama forbids every attach (kernel.yama.ptrace_scope is 3)";
  if (privileged) {
    std::string theirs = link_of(tid, "ns/user");
    if (!theirs.empty() && theirs != link_of(Tid{getpid()}, "ns/user")) {
      return "it is in another user namespace (a container), where CAP_SYS_PTRACE does not reach";
    }
    return "a security module or a container's seccomp policy forbids it";
  }
  for (unsigned uid : {target->uid[0], target->uid[1], target->uid[2]}) {
    if (uid != self->uid[0]) {
      return "it belongs to user " + std::to_string(uid) + ": needs root or CAP_SYS_PTRACE";
    }
  }
  if (yama == 2) return "Yama allows only CAP_SYS_PTRACE (kernel.yama.ptrace_scope is 2)";
  if (yama == 1) {
    return "Yama allows only descendants (kernel.yama.ptrace_scope is 1): needs root or "
           "CAP_SYS_PTRACE, or start the program under ttrace";
  }
  return "it is not dumpable (set-uid, capabilities, or prctl PR_SET_DUMPABLE): needs root or "
         "CAP_SYS_PTRACE";
}

}  // namespace

Result<> seize(Tid tid, TraceEvents events) {
  unsigned long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEEXEC;
  if (events.new_children) {
    options |= PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE;
  }
  if (ptrace(PTRACE_SEIZE, tid.value, nullptr, options) == 0) return {};
  Error error = os_error("attach to process " + std::to_string(tid.value));
  if (error.code == EPERM) {
    error.what += ": " + why_not_permitted(tid);
    error.code = 0;
  }
  return error;
}

Result<> interrupt(Tid tid) {
  if (ptrace(PTRACE_INTERRUPT, tid.value, nullptr, nullptr) == 0) return {};
  return os_error("interrupt thread " + std::to_string(tid.value));
}

}  // namespace ttrace
