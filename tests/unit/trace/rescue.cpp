#include "trace/rescue.h"

#include <doctest/doctest.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <utility>

#include "trace/tracer.h"

using namespace ttrace;

namespace {

constexpr int kCalls = 1000;

/// Tells through a pipe that the tracing has begun.
class AttachedSink final : public Sink {
 public:
  explicit AttachedSink(int fd) : fd_(fd) {}
  Result<> on(const Event& event) override {
    if (std::holds_alternative<SyscallEntered>(event.what)) (void)!write(fd_, "", 1);
    return {};
  }
  Result<> idle(Timestamp) override { return {}; }
  [[nodiscard]] Timestamp wants_idle_at() const override { return 0; }
  Result<> finish() override { return {}; }

 private:
  int fd_;
};

void await_byte(int fd) {
  char byte = 0;
  while (read(fd, &byte, 1) != 1) {
  }
}

}  // namespace

extern "C" __attribute__((noipa)) int rescued_work(int number) {
  __asm__ volatile("");
  return number + 1;
}

TEST_CASE("a program whose tracer was killed goes on without its breakpoints") {
  auto journal = TrapJournal::make();
  REQUIRE(journal.has_value());
  int go[2];
  int begun[2];
  REQUIRE(pipe(go) == 0);
  REQUIRE(pipe(begun) == 0);
  pid_t program = fork();
  REQUIRE(program >= 0);
  if (program == 0) {
    await_byte(go[0]);
    int number = 0;
    while (number < kCalls)
      number = rescued_work(number);
    _exit(7);
  }
  pid_t tracing = fork();
  REQUIRE(tracing >= 0);
  if (tracing == 0) {
    AttachedSink sink(begun[1]);
    TraceConfig config;
    config.journal = journal->get();
    auto pattern = FunctionPattern::parse("^rescued_work$");
    if (!pattern) _exit(1);
    config.functions.shown.push_back(std::move(*pattern));
    Tracer tracer(std::move(config), sink);
    if (!tracer.attach(Pid{program})) _exit(1);
    tracer.run();
    _exit(0);
  }
  // The read that it waits in is shown once it is attached to: from then on it waits, untouched.
  await_byte(begun[0]);
  CHECK(!(*journal)->traps().empty());
  kill(tracing, SIGKILL);
  Rescue rescue((*journal)->traps());
  CHECK(rescue.restore_text());
  rescue.save_threads();
  int status = 0;
  REQUIRE(waitpid(tracing, &status, 0) == tracing);
  CHECK(WTERMSIG(status) == SIGKILL);
  REQUIRE(write(go[1], "", 1) == 1);
  REQUIRE(waitpid(program, &status, 0) == program);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 7);
  for (int fd : {go[0], go[1], begun[0], begun[1]})
    close(fd);
}
