// Stacks of a real child, at every instruction of what it executes.
#include "functions/unwinder.h"

#include <doctest/doctest.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <string>

#include "functions/address_space.h"
#include "functions/backtrace.h"
#include "os/stopped_tracee.h"

using namespace ttrace;

namespace {

// Called through the procedure linkage table, which has not looked for it yet: nothing else in this
// program uses it. The first call goes through the dynamic loader.
__attribute__((noinline)) void marked_inner() {
  asm volatile("" ::: "memory");
  if (getpgid(0) < 0) abort();
  asm volatile("" ::: "memory");
}

__attribute__((noinline)) void marked_outer() {
  marked_inner();
  asm volatile("" ::: "memory");
}

[[noreturn]] void be_traced() {
  ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
  raise(SIGSTOP);
  marked_outer();
  raise(SIGSTOP);
  _exit(0);
}

std::string names(const StackTrace& stack) {
  std::string text;
  for (const StackFrame& frame : stack.frames)
    text += std::string(frame.function) + ' ';
  return text + (stack.complete ? "" : "...");
}

}  // namespace

TEST_CASE("every instruction of a call through the linkage table has a whole stack") {
  pid_t child = fork();
  if (child == 0) be_traced();
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  REQUIRE(WIFSTOPPED(status));
  AddressSpace space{Tid{child}};
  ModuleCache modules;
  space.update(modules.scan(Tid{child}));
  Arena arena;
  int inside = 0;
  int wrong = 0;
  int cut = 0;
  constexpr int kMost = 200'000;
  for (int step = 0; step < kMost; ++step) {
    REQUIRE(ptrace(PTRACE_SINGLESTEP, child, nullptr, nullptr) == 0);
    REQUIRE(waitpid(child, &status, 0) == child);
    if (!WIFSTOPPED(status) || WSTOPSIG(status) != SIGTRAP) break;
    auto regs = StoppedTracee(Tid{child}).registers();
    REQUIRE(regs);
    arena.reset();
    StackTrace stack = backtrace(*regs, space, {64}, arena);
    REQUIRE(!stack.frames.empty());
    std::string text = names(stack);
    bool outer = text.find("marked_outer ") != std::string::npos;
    if (inside == 0 && !outer) continue;  // not there yet
    if (text.find("raise") != std::string::npos) break;
    ++inside;
    // From the first instruction of the outer function to its last, and back in what called it.
    bool back = text.find("be_traced ") != std::string::npos;
    if ((outer || back) && stack.complete && text.find("main ") != std::string::npos) continue;
    // libdwfl loses rbx until the loader's function (_dl_fixup, which a stripped loader does not
    // name) has saved it; the stack says that it ends early.
    bool in_loader = stack.frames.front().object.find("/ld-") != std::string_view::npos;
    if (in_loader && !stack.complete && ++cut < 10) continue;
    ++wrong;
    CAPTURE(text);
    CAPTURE(stack.frames.front().address.value());
    CAPTURE(step);
    CHECK(wrong == 0);
    if (wrong > 3) break;
  }
  CHECK(inside > 20);
  kill(child, SIGKILL);
  waitpid(child, &status, 0);
}

TEST_CASE("a thread that is nowhere has one frame, and nobody knows its caller") {
  pid_t child = fork();
  if (child == 0) be_traced();
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  AddressSpace space{Tid{child}};
  ModuleCache modules;
  space.update(modules.scan(Tid{child}));
  Registers regs(host_abi());
  regs.set_pc(Address(16));
  Arena arena;
  StackTrace stack = backtrace(regs, space, {64}, arena);
  REQUIRE(stack.frames.size() == 1);
  CHECK(!stack.complete);
  CHECK(stack.frames.front().address == Address(16));
  CHECK(stack.frames.front().object.empty());
  kill(child, SIGKILL);
  waitpid(child, &status, 0);
}
