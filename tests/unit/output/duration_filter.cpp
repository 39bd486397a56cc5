#include "output/duration_filter.h"

#include <doctest/doctest.h>

#include <fmt/format.h>

#include <string>
#include <utility>
#include <vector>

using namespace ttrace;

namespace {

constexpr Duration kShortest = 100;

// What comes through the filter, a word each: "<depth>f(" and so on.
struct Recorder final : Sink {
  explicit Recorder(std::string& to) : out(to) {}
  Result<> on(const Event& event) override {
    out += fmt::format("{}{}@{} ", event.depth, std::visit(*this, event.what), event.time);
    return {};
  }
  Result<> idle(Timestamp) override { return {}; }
  [[nodiscard]] Timestamp wants_idle_at() const override { return 0; }
  Result<> finish() override {
    out += "end";
    return {};
  }
  std::string operator()(const FunctionEntered& e) const {
    std::string text = std::string(e.name) + "(";
    for (const Value& value : e.args)
      text += std::string(value.text);
    for (const StackFrame& frame : e.stack.frames)
      text += "<" + std::string(frame.function);
    return text;
  }
  std::string operator()(const FunctionReturned& e) const {
    return std::string(e.entered_last ? ")" : "}") + std::string(e.name);
  }
  std::string operator()(const SyscallEntered& e) const { return std::string(e.name) + "["; }
  std::string operator()(const SyscallReturned& e) const { return "]" + std::string(e.name); }
  std::string operator()(const Exited&) const { return "exit"; }
  std::string operator()(const Superseded&) const { return "superseded"; }
  template <class Other>
  std::string operator()(const Other&) const {
    return "other";
  }
  std::string& out;
};

struct Session {
  std::string out;
  std::unique_ptr<Sink> filter = make_duration_filter(kShortest, std::make_unique<Recorder>(out));
  Timestamp now = 1000;
  Tid tid{1};
  std::uint64_t goroutine = 0;

  void send(decltype(Event::what) what, unsigned depth) {
    Event event;
    event.time = now;
    event.pid = Pid{1};
    event.tid = tid;
    event.goroutine = goroutine;
    event.depth = depth;
    event.what = std::move(what);
    CHECK(filter->on(event));
  }
  // What events refer to is gone when they were delivered.
  void enter(const std::string& name, unsigned depth, const std::string& text = "") {
    std::string copy = name;
    std::string caller = "main";
    std::vector<Value> args{Value::string(text, false)};
    std::vector<StackFrame> frames(text.empty() ? 0 : 1, StackFrame{.function = caller});
    FunctionEntered event{copy, {}, args};
    event.stack.frames = frames;
    send(event, depth);
    copy.assign(copy.size(), '?');
    caller.assign(caller.size(), '?');
    args[0].text = "?";
  }
  void leave(const std::string& name, unsigned depth, Duration duration) {
    send(FunctionReturned{.name = name, .object = {}, .result = {}, .duration = duration}, depth);
  }
  void call(const char* name, unsigned depth) { send(SyscallEntered{name, {}, true}, depth); }
  void end_call(const char* name, unsigned depth, Duration duration) {
    SyscallReturned event;
    event.name = name;
    event.duration = duration;
    send(event, depth);
  }
};

}  // namespace

TEST_CASE("short calls are left out") {
  Session s;
  s.enter("f", 0);
  s.call("read", 1);
  s.now += 10;
  s.end_call("read", 1, 10);
  s.leave("f", 0, 20);
  CHECK(s.out.empty());
}

TEST_CASE("a long call is shown with what is around it, at the times of their beginnings") {
  Session s;
  s.enter("f", 0, "text");
  s.now += 1;
  s.enter("short", 1);
  s.leave("short", 1, 5);
  s.call("read", 1);
  s.now += 99;
  s.end_call("read", 1, 100);
  CHECK(s.out == "0f(text<main@1000 1read[@1001 1]read@1100 ");
  s.leave("f", 0, 200);
  CHECK(s.out == "0f(text<main@1000 1read[@1001 1]read@1100 0)f@1100 ");
}

TEST_CASE("what has nothing shown inside ends on its own line") {
  Session s;
  s.enter("f", 0);
  s.now += 50;
  s.enter("g", 1);
  s.leave("g", 1, 5);
  s.now += 60;
  s.leave("f", 0, 110);
  CHECK(s.out == "0f(@1000 0)f@1110 ");
}

TEST_CASE("depths count what is shown") {
  Session s;
  s.enter("f", 0);
  s.send(SignalDelivered{}, 1);
  CHECK(s.out == "0other@1000 ");
  s.now += 150;
  s.send(SignalDelivered{}, 1);
  CHECK(s.out == "0other@1000 0f(@1000 1other@1150 ");
}

TEST_CASE("a call that lasts is shown while it lasts") {
  Session s;
  s.call("pause", 0);
  CHECK(s.filter->wants_idle_at() == 1000 + kShortest);
  CHECK(s.filter->idle(1050));
  CHECK(s.out.empty());
  CHECK(s.filter->idle(1100));
  CHECK(s.out == "0pause[@1000 ");
  CHECK(s.filter->wants_idle_at() == 0);
  s.now = 1200;
  s.end_call("pause", 0, 200);
  CHECK(s.out == "0pause[@1000 0]pause@1200 ");
}

TEST_CASE("the next deadline is that of the oldest which is held") {
  Session s;
  s.enter("f", 0);
  s.now += 60;
  s.enter("g", 1);
  CHECK(s.filter->idle(1100));
  CHECK(s.out == "0f(@1000 ");
  CHECK(s.filter->wants_idle_at() == 1160);
}

TEST_CASE("threads do not meet, and what ends is forgotten") {
  Session s;
  s.enter("f", 0);
  s.tid = Tid{2};
  s.enter("g", 0);
  s.now += 200;
  s.send(Exited{0}, 0);
  CHECK(s.out == "0g(@1000 0exit@1200 ");
  CHECK(s.filter->finish());
  CHECK(s.out == "0g(@1000 0exit@1200 0f(@1000 end");
}

TEST_CASE("an exec by another thread takes its calls along") {
  Session s;
  s.tid = Tid{2};
  s.call("execve", 0);
  s.now += 150;
  s.tid = Tid{1};
  s.send(Superseded{Tid{2}}, 0);
  s.end_call("execve", 0, 150);
  CHECK(s.out == "0superseded@1150 0execve[@1000 0]execve@1150 ");
}

TEST_CASE("a return whose beginning nobody saw is shown when it is long") {
  Session s;
  s.leave("f", 3, 99);
  s.leave("f", 3, 100);
  CHECK(s.out == "0}f@1000 ");
}

TEST_CASE("a goroutine's calls are its own on every thread") {
  Session s;
  s.goroutine = 7;
  s.enter("f", 0);
  s.now += 1;
  s.goroutine = 8;
  s.enter("g", 0);
  s.leave("g", 0, 1);
  s.tid = Tid{2};
  s.goroutine = 7;
  s.now += 200;
  s.leave("f", 0, 201);
  CHECK(s.out == "0f(@1000 0)f@1201 ");
}

TEST_CASE("what a goroutine is in when its process ends is not shown later") {
  Session s;
  s.goroutine = 7;
  s.enter("f", 0);
  s.now += 10;
  s.goroutine = 0;
  s.send(Exited{0}, 0);
  CHECK(s.filter->idle(s.now + 1000));
  CHECK(s.out == "0exit@1010 ");
}
