#include "trace/tracer.h"

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <stdexcept>
#include <utility>

using namespace ttrace;

namespace {

constexpr int kCalls = 1000;

/// What goes wrong where nobody thought that it could.
class BrokenSink final : public Sink {
 public:
  Result<> on(const Event& event) override {
    if (std::holds_alternative<FunctionEntered>(event.what)) throw std::runtime_error("broken");
    return {};
  }
  Result<> idle(Timestamp) override { return {}; }
  [[nodiscard]] Timestamp wants_idle_at() const override { return 0; }
  Result<> finish() override { return {}; }
};

}  // namespace

extern "C" __attribute__((noipa)) int traced_work(int number) {
  __asm__ volatile("");
  return number + 1;
}

TEST_CASE("an exception lets the program go on") {
  int go[2];
  REQUIRE(pipe(go) == 0);
  pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    char byte = 0;
    while (read(go[0], &byte, 1) != 1) {
    }
    int number = 0;
    while (number < kCalls)
      number = traced_work(number);
    _exit(7);
  }
  {
    BrokenSink sink;
    TraceConfig config;
    auto pattern = FunctionPattern::parse("^traced_work$");
    REQUIRE(pattern.has_value());
    config.functions.shown.push_back(std::move(*pattern));
    Tracer tracer(std::move(config), sink);
    auto attached = tracer.attach(Pid{child});
    REQUIRE_MESSAGE(attached.has_value(), attached.error().message());
    REQUIRE(write(go[1], "", 1) == 1);
    CHECK_THROWS_AS(tracer.run(), std::runtime_error);
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 7);
  close(go[0]);
  close(go[1]);
}
