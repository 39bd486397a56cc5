#include "output/event_filters.h"

#include <doctest/doctest.h>

#include <fmt/format.h>

#include <string>
#include <utility>

using namespace ttrace;

namespace {

// What comes through a filter, a word each.
struct Recorder final : Sink {
  explicit Recorder(std::string& to) : out(to) {}
  Result<> on(const Event& event) override {
    out += std::visit(*this, event.what) + " ";
    return {};
  }
  Result<> idle(Timestamp) override { return {}; }
  [[nodiscard]] Timestamp wants_idle_at() const override { return 0; }
  Result<> finish() override {
    out += "end";
    return {};
  }
  std::string operator()(const FunctionEntered& e) const { return std::string(e.name) + "("; }
  std::string operator()(const FunctionReturned& e) const { return ")" + std::string(e.name); }
  std::string operator()(const SyscallEntered& e) const { return std::string(e.name) + "["; }
  std::string operator()(const SyscallReturned& e) const { return "]" + std::string(e.name); }
  std::string operator()(const SignalDelivered& e) const { return std::string(e.name); }
  std::string operator()(const Notice& e) const { return "'" + std::string(e.text) + "'"; }
  template <class Other>
  std::string operator()(const Other&) const {
    return "other";
  }
  std::string& out;
};

struct Session {
  std::string out;
  std::unique_ptr<Sink> filter;
  int tid = 1;
  std::uint64_t goroutine = 0;
  bool runtime = false;

  void send(decltype(Event::what) what) {
    Event event;
    event.tid = Tid{tid};
    event.goroutine = goroutine;
    event.go_runtime = runtime;
    event.what = std::move(what);
    CHECK(filter->on(event));
  }
  void on(int thread, std::uint64_t number, bool of_runtime = false) {
    tid = thread;
    goroutine = number;
    runtime = of_runtime;
  }
};

struct Chosen : Session {
  explicit Chosen(const std::vector<std::uint64_t>& goroutines) {
    filter = make_goroutine_filter(goroutines, std::make_unique<Recorder>(out));
  }
};

struct Quiet : Session {
  Quiet() { filter = make_runtime_filter(std::make_unique<Recorder>(out)); }
};

}  // namespace

TEST_CASE("--goroutine shows what the goroutine does, on whatever thread") {
  Chosen s({7, 9});
  s.on(1, 7);
  s.send(FunctionEntered{.name = "f"});
  s.on(1, 8);
  s.send(FunctionEntered{.name = "g"});
  s.send(SignalDelivered{.name = "SIGUSR1"});
  s.on(2, 7);
  s.send(SyscallEntered{.name = "read"});
  s.on(1, 8);
  s.send(SyscallEntered{.name = "write"});
  s.send(SyscallReturned{.name = "write"});
  s.on(2, 7);
  s.send(SyscallReturned{.name = "read"});
  s.send(SignalDelivered{.name = "SIGUSR2"});
  s.send(FunctionReturned{.name = "f"});
  s.on(2, 0);
  s.send(Exited{0});
  CHECK(s.filter->finish());
  CHECK(s.out ==
        "f( read[ ]read SIGUSR2 )f other '--goroutine: nothing was seen of goroutine 9' end");
}

TEST_CASE("--goroutine: a call belongs to who began it, to its end") {
  Chosen s({7});
  s.on(1, 7);
  s.send(SyscallEntered{.name = "execve"});
  s.on(1, 0);
  s.send(SyscallReturned{.name = "execve"});
  s.send(SyscallEntered{.name = "brk"});
  s.on(1, 7);
  s.send(SyscallReturned{.name = "brk"});
  CHECK(s.filter->finish());
  CHECK(s.out == "execve[ ]execve end");
}

TEST_CASE("--goroutine: execve in another thread") {
  Chosen s({7});
  s.on(2, 7);
  s.send(SyscallEntered{.name = "execve"});
  s.on(1, 0);
  s.send(Superseded{Tid{2}});
  s.send(SyscallReturned{.name = "execve"});
  CHECK(s.out == "execve[ other ]execve ");
}

TEST_CASE("--go-runtime=hide leaves out what the runtime does, and counts it") {
  Quiet s;
  s.on(1, 0, true);
  s.send(SyscallEntered{.name = "futex"});
  s.on(2, 5);
  s.send(SyscallEntered{.name = "futex"});
  s.on(1, 0);  // whoever it looks like when it ends
  s.send(SyscallReturned{.name = "futex"});
  s.on(2, 5, true);
  s.send(SyscallReturned{.name = "futex"});
  s.send(SyscallEntered{.name = "nanosleep"});
  s.send(SyscallReturned{.name = "nanosleep"});
  s.send(SyscallEntered{.name = "futex"});
  s.send(Exited{0});
  s.send(SignalDelivered{.name = "SIGURG"});
  s.on(1, 0);
  s.send(SignalDelivered{.name = "SIGURG"});
  CHECK(s.filter->finish());
  CHECK(s.out ==
        "futex[ ]futex other SIGURG 'left out 4 of the Go runtime's own: 2 futex, 1 SIGURG, "
        "1 nanosleep (--go-runtime=show shows them)' end");
}

TEST_CASE("--go-runtime=hide says nothing when there was nothing") {
  Quiet s;
  s.send(SyscallEntered{.name = "read"});
  s.send(SyscallReturned{.name = "read"});
  CHECK(s.filter->finish());
  CHECK(s.out == "read[ ]read end");
}

TEST_CASE("--go-runtime=hide: a call that was begun before it was seen") {
  Quiet s;
  s.on(1, 0, true);
  s.send(SyscallReturned{.name = "epoll_pwait"});
  CHECK(s.out.empty());
}
