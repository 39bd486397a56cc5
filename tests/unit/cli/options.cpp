#include "cli/options.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <functional>
#include <string>
#include <vector>

#include "unit/cli/command_line.h"

using namespace ttrace;

namespace {

using Action = Options::Action;
using Time = Options::Time;
using Precision = Options::Precision;
using WholeLines = Options::WholeLines;

// The options, or those of a failed CHECK.
Options good(const Args& args) {
  auto options = parse(args);
  std::string why = options ? "" : options.error().message();
  CAPTURE(args);
  CHECK(why == "");
  return options ? *options : Options{};
}

std::string error(const Args& args) {
  auto options = parse(args);
  return options ? "no error" : options.error().message();
}

constexpr FdDetails kAllFdDetails{true, true, true, true, true, true};

constexpr const char* kHint = "\nTry 'ttrace -h' for more information.";

}  // namespace

namespace doctest {
template <>
struct StringMaker<Args> {
  static String convert(const Args& args) {
    std::string text;
    for (const std::string& arg : args)
      text += "<" + arg + "> ";
    return text.c_str();
  }
};
}  // namespace doctest

TEST_CASE("without options there are strace's defaults") {
  Options options = good({"ls"});
  CHECK(options.action == Action::Trace);
  CHECK(options.command == Args{"ls"});
  CHECK(options.attach.empty());
  CHECK_FALSE(options.follow_forks);
  CHECK_FALSE(options.separate_files);
  CHECK_FALSE(options.trace_set.has_value());
  CHECK(options.functions.empty());
  CHECK(options.output == "");
  CHECK_FALSE(options.append);
  CHECK(options.string_limit == 32);
  CHECK(options.time == Time::None);
  CHECK_FALSE(options.relative_time);
  CHECK_FALSE(options.durations);
  CHECK_FALSE(options.result_column.has_value());
  CHECK(options.silence == Options::Silence{});
  CHECK(options.whole_lines == WholeLines::Auto);
  CHECK(options.program == "ttrace");
  CHECK(options.warnings.empty());
}

TEST_CASE("each option sets what it is for") {
  struct Case {
    Args args;
    std::function<bool(const Options&)> holds;
  };
  using O = const Options&;
  const Case cases[] = {
      {{"-f"}, [](O o) { return o.follow_forks && !o.separate_files; }},
      {{"--follow-forks"}, [](O o) { return o.follow_forks && !o.separate_files; }},
      {{"-ff"}, [](O o) { return o.follow_forks && !o.separate_files; }},
      {{"-ff", "-o", "x"}, [](O o) { return o.follow_forks && o.separate_files; }},
      {{"-f", "-ofile", "-f"}, [](O o) { return o.separate_files && o.output == "file"; }},
      {{"--follow-forks", "--follow-forks", "-o", "x"}, [](O o) { return !o.separate_files; }},
      {{"--output-separately", "-o", "x"}, [](O o) { return !o.follow_forks && o.separate_files; }},
      {{"-e", "trace=openat,close"}, [](O o) { return o.trace_set == "openat,close"; }},
      {{"-e", "t=openat"}, [](O o) { return o.trace_set == "openat"; }},
      {{"-e", "openat"}, [](O o) { return o.trace_set == "openat"; }},
      {{"-eopenat"}, [](O o) { return o.trace_set == "openat"; }},
      {{"-e", "!read"}, [](O o) { return o.trace_set == "!read"; }},
      {{"-e", "trace=none"}, [](O o) { return o.trace_set == "none"; }},
      {{"--trace=all"}, [](O o) { return o.trace_set == "all"; }},
      {{"--trace", "!read"}, [](O o) { return o.trace_set == "!read"; }},
      {{"-e", "read", "-e", "trace=close"}, [](O o) { return o.trace_set == "close"; }},
      {{"-e", "foo=bar"}, [](O o) { return o.trace_set == "foo=bar"; }},
      {{"-e", "signal"}, [](O o) { return o.trace_set == "signal"; }},
      {Args{}, [](O o) { return !o.abbreviated_set && !o.dereferenced_set; }},
      {{"-v"}, [](O o) { return o.abbreviated_set == "none"; }},
      {{"--no-abbrev"}, [](O o) { return o.abbreviated_set == "none"; }},
      {{"--abbrev=read", "-v"}, [](O o) { return o.abbreviated_set == "none"; }},
      {{"-v", "-e", "abbrev=read"}, [](O o) { return o.abbreviated_set == "read"; }},
      {{"-e", "a=!read"}, [](O o) { return o.abbreviated_set == "!read"; }},
      {{"-e", "verbose=read"}, [](O o) { return o.dereferenced_set == "read"; }},
      {{"-e", "v=none"}, [](O o) { return o.dereferenced_set == "none"; }},
      {{"--verbose", "all"}, [](O o) { return o.dereferenced_set == "all"; }},
      {Args{}, [](O o) { return !o.fd_details.any(); }},
      {{"-y"}, [](O o) { return o.fd_details == FdDetails{.path = true}; }},
      {{"--decode-fds"}, [](O o) { return o.fd_details == FdDetails{.path = true}; }},
      {{"-yy"}, [](O o) { return o.fd_details == kAllFdDetails; }},
      {{"-y", "-yy"}, [](O o) { return o.fd_details == kAllFdDetails; }},
      {{"--decode-fds=all"}, [](O o) { return o.fd_details == kAllFdDetails; }},
      {{"--decode-fds=!none"}, [](O o) { return o.fd_details == kAllFdDetails; }},
      {{"--decode-fds=none"}, [](O o) { return !o.fd_details.any(); }},
      {{"-e", "decode-fd=DEV,,socket,"},
       [](O o) { return o.fd_details == FdDetails{.socket = true, .device = true}; }},
      {{"-e", "decode-fds=!path,dev,eventfd,pidfd"},
       [](O o) { return o.fd_details == FdDetails{.socket = true, .signalfd = true}; }},
      {{"--decode-fds=dev", "--decode-fds=pidfd"},
       [](O o) { return o.fd_details == FdDetails{.pidfd = true}; }},
      {{"--funcs", "a", "--funcs=[b,c]", "--funcs", "-x=@lib*"},
       [](O o) {
         return o.functions == Args{"a", "[b,c]", "-x=@lib*"};
       }},
      {{"--list-funcs"}, [](O o) { return o.action == Action::ListFunctions; }},
      {{"--list-funcs", "--funcs", "x"},
       [](O o) { return o.action == Action::ListFunctions && o.functions == Args{"x"}; }},
      {{"-o", "a", "--output=b"}, [](O o) { return o.output == "b"; }},
      {{"-o-"}, [](O o) { return o.output == "-"; }},
      {{"-o", "|grep x"}, [](O o) { return o.output == "|grep x"; }},
      {{"-o", "!grep x"}, [](O o) { return o.output == "|grep x"; }},
      {{"-o", "-f"}, [](O o) { return o.output == "-f" && !o.follow_forks; }},
      {{"-A", "-o", "x"}, [](O o) { return o.append && o.warnings.empty(); }},
      {{"--output-append-mode", "-o", "x"}, [](O o) { return o.append; }},
      {{"-s", "0"}, [](O o) { return o.string_limit == 0; }},
      {{"-s5"}, [](O o) { return o.string_limit == 5; }},
      {{"-s", "5", "-s", "+7"}, [](O o) { return o.string_limit == 7; }},
      {{"-s", "010"}, [](O o) { return o.string_limit == 10; }},
      {{"--string-limit=1073741823"}, [](O o) { return o.string_limit == 1073741823; }},
      {{"-a0"}, [](O o) { return o.result_column == 0U; }},
      {{"--columns", "60"}, [](O o) { return o.result_column == 60U; }},
      {{"-r"},
       [](O o) { return o.relative_time && o.relative_precision == Precision::Microseconds; }},
      {{"--relative-timestamps=ns"},
       [](O o) { return o.relative_time && o.relative_precision == Precision::Nanoseconds; }},
      {{"--rel=s", "-r"},
       [](O o) { return o.relative_time && o.relative_precision == Precision::Microseconds; }},
      {{"-T"}, [](O o) { return o.durations && o.duration_precision == Precision::Microseconds; }},
      {{"--syscall-times=MS"},
       [](O o) { return o.durations && o.duration_precision == Precision::Milliseconds; }},
      {{"--whole-lines=always"}, [](O o) { return o.whole_lines == WholeLines::Always; }},
      {{"--whole-lines", "never"}, [](O o) { return o.whole_lines == WholeLines::Never; }},
      {{"--whole-lines=never", "--whole-lines=auto"},
       [](O o) { return o.whole_lines == WholeLines::Auto; }},
      {{"-fttTs3"},
       [](O o) {
         return o.follow_forks && o.time == Time::Microseconds && o.durations &&
                o.string_limit == 3;
       }},
  };
  for (const Case& one : cases) {
    Args args = one.args;
    args.push_back("true");
    CAPTURE(args);
    Options options = good(args);
    CHECK(one.holds(options));
    CHECK(options.command == Args{"true"});
    CHECK(options.warnings.empty());
  }
}

TEST_CASE("the clock's forms are strace's") {
  struct Case {
    Args args;
    Time time;
  };
  const Case cases[] = {
      {{"-t"}, Time::Seconds},
      {{"-tt"}, Time::Microseconds},
      {{"-t", "-tt"}, Time::UnixMicroseconds},
      {{"-tttttt"}, Time::UnixMicroseconds},
      {{"--timestamps"}, Time::Seconds},
      {{"--absolute-timestamps"}, Time::Seconds},
      {{"--timestamps="}, Time::Seconds},
      {{"--timestamps=,"}, Time::Seconds},
      {{"--timestamps=none"}, Time::None},
      {{"--timestamps=time"}, Time::Seconds},
      {{"--timestamps=s"}, Time::Seconds},
      {{"--timestamps=ms"}, Time::Milliseconds},
      {{"--timestamps=us,"}, Time::Microseconds},
      {{"--timestamps=US"}, Time::Microseconds},
      {{"--timestamps=precision:ns"}, Time::Nanoseconds},
      {{"--timestamps=unix"}, Time::UnixSeconds},
      {{"--timestamps=ms,unix"}, Time::UnixMilliseconds},
      {{"--timestamps=unix,us"}, Time::UnixMicroseconds},
      {{"--abs=format:unix,precision:ns"}, Time::UnixNanoseconds},
      {{"--timestamps=s,us,unix"}, Time::UnixMicroseconds},
      {{"--timestamps=unix", "--timestamps=us"}, Time::UnixMicroseconds},
      {{"--timestamps=unix,us", "--timestamps"}, Time::Microseconds},
      {{"--timestamps=none", "--timestamps=us"}, Time::Microseconds},
      {{"--timestamps=none,us"}, Time::None},
  };
  for (const Case& one : cases) {
    Args args = one.args;
    args.push_back("true");
    CAPTURE(args);
    CHECK(int(good(args).time) == int(one.time));
  }
}

TEST_CASE("quiet has levels and sets") {
  struct Case {
    Args args;
    unsigned level;
    Options::Silence silence;  // attach, personality, exit, path_resolution, thread_execve
  };
  const Case cases[] = {
      {{"-q"}, 1, {true, true, false, false, false}},
      {{"-qq"}, 2, {true, true, true, false, false}},
      {{"-q", "-qq"}, 3, {true, true, true, true, true}},
      {{"-qqqqq"}, 3, {true, true, true, true, true}},
      {{"--quiet"}, 1, {true, true, false, false, false}},
      {{"--silent"}, 1, {true, true, false, false, false}},
      {{"--quiet=all"}, 3, {true, true, true, true, true}},
      {{"--quiet=none"}, 0, {}},
      {{"--quiet=!none"}, 3, {true, true, true, true, true}},
      {{"--quiet=exit"}, 0, {false, false, true, false, false}},
      {{"--silence=EXIT,"}, 0, {false, false, true, false, false}},
      {{"--quiet=attach,personality,exit"}, 2, {true, true, true, false, false}},
      {{"--quiet=path-resolution,thread-execve"}, 0, {false, false, false, true, true}},
      {{"--quiet=!exit"}, 1, {true, true, false, true, true}},
      {{"--quiet=exit", "--quiet=attach"}, 0, {true, false, false, false, false}},
  };
  for (const Case& one : cases) {
    Args args = one.args;
    args.push_back("true");
    CAPTURE(args);
    Options options = good(args);
    CHECK(options.silence == one.silence);
  }
}

TEST_CASE("the program's own options and oddities reach it untouched") {
  const Args commands[] = {
      {"ls", "--bogus", "-l"},
      {"ls", "-f", "--", "-s", "x"},
      {"echo", "[a,b]", "{}", ""},
      {"[a,b]"},
      {"{}"},
      {"%%", "++", "%%"},
      {"-"},
      {""},
      {"--", "--help"},
      {"sh", "-c", "a b; c=\"d\"\n"},
  };
  for (const Args& command : commands) {
    CAPTURE(command);
    Args args = {"-f", "--"};
    args.insert(args.end(), command.begin(), command.end());
    CHECK(good(args).command == command);
    if (command[0] == "--") continue;
    args.erase(args.begin() + 1);
    Options options = good(args);
    CHECK(options.command == command);
    CHECK(options.follow_forks);
  }
}

TEST_CASE("process ids come in lists, once each, with or without a program") {
  CHECK(good({"-p", "12"}).attach == std::vector<Pid>{Pid{12}});
  CHECK(good({"-fp12"}).attach == std::vector<Pid>{Pid{12}});
  CHECK(good({"--attach=12,13"}).attach == std::vector<Pid>{Pid{12}, Pid{13}});
  CHECK(good({"-p", "12 13\t14\n15"}).attach ==
        std::vector<Pid>{Pid{12}, Pid{13}, Pid{14}, Pid{15}});
  CHECK(good({"-p", "12,"}).attach == std::vector<Pid>{Pid{12}});
  CHECK(good({"-p", "13", "-p", "12,13", "-p", "13"}).attach == std::vector<Pid>{Pid{13}, Pid{12}});
  Options both = good({"-p", "12", "ls", "-p", "x"});
  CHECK(both.attach == std::vector<Pid>{Pid{12}});
  CHECK(both.command == Args{"ls", "-p", "x"});
}

TEST_CASE("help comes at once, the version when the rest is right") {
  CHECK(good({"-h"}).action == Action::Help);
  CHECK(good({"-h", "-s", "x"}).action == Action::Help);
  CHECK(good({"-h", "-Q"}).action == Action::Help);
  CHECK(good({"-Vh"}).action == Action::Help);
  CHECK(good({"--help", "ls"}).action == Action::Help);
  CHECK(good({"-V"}).action == Action::Version);
  CHECK(good({"--vers", "-t", "--timestamps"}).action == Action::Version);
  CHECK(error({"-s", "x", "-h"}) == std::string("invalid -s argument: 'x'") + kHint);
  CHECK(error({"-Q", "-h"}) == std::string("invalid option -- 'Q'") + kHint);
  CHECK(error({"-V", "-Q"}) == std::string("invalid option -- 'Q'") + kHint);
}

TEST_CASE("mistakes get strace's messages, and its hint where it gives one") {
  struct Case {
    Args args;
    std::string message;
    bool hint;
  };
  const std::string self = std::to_string(getpid());
  const Case cases[] = {
      {{}, "must have PROG [ARGS] or -p PID", true},
      {{"--"}, "must have PROG [ARGS] or -p PID", true},
      {{"-f", "-t", "--timestamps"}, "must have PROG [ARGS] or -p PID", true},
      {{"-p", ""}, "must have PROG [ARGS] or -p PID", true},
      {{"--attach="}, "must have PROG [ARGS] or -p PID", true},
      {{"--list-funcs"}, "must have PROG [ARGS] or -p PID", true},
      {{"-Q"}, "invalid option -- 'Q'", true},
      {{"--bogus"}, "unrecognized option '--bogus'", true},
      {{"-p"}, "option requires an argument -- 'p'", true},
      {{"-p1", "-o"}, "option requires an argument -- 'o'", true},
      {{"--attach"}, "option '--attach' requires an argument", true},
      {{"--help=3"}, "option '--help' doesn't allow an argument", true},
      {{"--summary-s"},
       "option '--summary-s' is ambiguous; possibilities: '--summary-syscall-overhead' "
       "'--summary-sort-by'",
       true},
      {{"-s", "x", "-Q"}, "invalid -s argument: 'x'", true},
      {{"-p", "x"}, "Invalid process id: 'x'", false},
      {{"-p", "0"}, "Invalid process id: '0'", false},
      {{"-p", "-1"}, "Invalid process id: '-1'", false},
      {{"-p", "1,x"}, "Invalid process id: 'x'", false},
      {{"-p", "12x"}, "Invalid process id: '12x'", false},
      {{"-p", "0x10"}, "Invalid process id: '0x10'", false},
      {{"-p", "2147483648"}, "Invalid process id: '2147483648'", false},
      {{"-p", "99999999999999999999"}, "Invalid process id: '99999999999999999999'", false},
      {{"-p", " 1"}, "Invalid process id: ''", false},
      {{"-p", "1, 2"}, "Invalid process id: ''", false},
      {{"-p", self}, "cannot trace process " + self + ": it is this tracer itself", false},
      {{"-s", "x", "ls"}, "invalid -s argument: 'x'", true},
      {{"-s", "", "ls"}, "invalid -s argument: ''", true},
      {{"-s", "-1", "ls"}, "invalid -s argument: '-1'", true},
      {{"-s", "5 ", "ls"}, "invalid -s argument: '5 '", true},
      {{"-s", "1073741824", "ls"}, "invalid -s argument: '1073741824'", true},
      {{"--string-l=x", "ls"}, "invalid --string-limit argument: 'x'", true},
      {{"-a", "x", "ls"}, "invalid -a argument: 'x'", true},
      {{"-a", "-1", "ls"}, "invalid -a argument: '-1'", true},
      {{"--columns=", "ls"}, "invalid --columns argument: ''", true},
      {{"--columns=2147483648", "ls"}, "invalid --columns argument: '2147483648'", true},
      {{"--timestamps=bogus", "ls"}, "invalid --timestamps argument: 'bogus'", true},
      {{"--abs=unix,us,x", "ls"}, "invalid --absolute-timestamps argument: 'unix,us,x'", true},
      {{"--timestamps=format:us", "ls"}, "invalid --timestamps argument: 'format:us'", true},
      {{"--timestamps=precision:unix", "ls"},
       "invalid --timestamps argument: 'precision:unix'",
       true},
      {{"--timestamps=format:", "ls"}, "invalid --timestamps argument: 'format:'", true},
      {{"--timestamps= us", "ls"}, "invalid --timestamps argument: ' us'", true},
      {{"--relative-timestamps=x", "ls"}, "invalid --relative-timestamps argument: 'x'", true},
      {{"--relative-timestamps=", "ls"}, "invalid --relative-timestamps argument: ''", true},
      {{"--syscall-times=x", "ls"}, "invalid --syscall-times argument: 'x'", true},
      {{"--whole-lines=x", "ls"}, "invalid --whole-lines argument: 'x'", true},
      {{"--funcs", "", "ls"}, "invalid --funcs argument: ''", true},
      {{"-e", "", "ls"}, "invalid system call ''", false},
      {{"-e", "trace=", "ls"}, "invalid system call ''", false},
      {{"--trace=", "ls"}, "invalid system call ''", false},
      {{"-e", "signal=none", "ls"},
       "invalid -e argument: 'signal=none': only trace=, status=, abbrev=, verbose= and "
       "decode-fds= "
       "are supported",
       false},
      {{"-e", "q=exit", "ls"},
       "invalid -e argument: 'q=exit': only trace=, status=, abbrev=, verbose= and decode-fds= "
       "are supported",
       false},
      {{"-e", "abbrev=", "ls"}, "invalid system call ''", false},
      {{"--verbose=", "ls"}, "invalid system call ''", false},
      {{"--decode-fds=bogus", "ls"}, "invalid decode-fds 'bogus'", false},
      {{"-e", "decode-fds=path,bogus", "ls"}, "invalid decode-fds 'bogus'", false},
      {{"--decode-fds=all,dev", "ls"}, "invalid decode-fds 'all'", false},
      {{"--decode-fds=", "ls"}, "invalid decode-fds ''", false},
      {{"--decode-fds=,", "ls"}, "invalid decode-fds ','", false},
      {{"-y", "-e", "decode-fds=none", "ls"},
       "-y and --decode-fds cannot be provided simultaneously",
       false},
      {{"--quiet=bogus", "ls"}, "invalid quiet 'bogus'", false},
      {{"--quiet=exit,bogus", "ls"}, "invalid quiet 'bogus'", false},
      {{"--quiet=all,exit", "ls"}, "invalid quiet 'all'", false},
      {{"--quiet=", "ls"}, "invalid quiet ''", false},
      {{"-t", "--timestamps=none", "ls"},
       "-t and --absolute-timestamps cannot be provided simultaneously",
       false},
      {{"-f", "--follow-forks", "ls"},
       "-f and --follow-forks cannot be provided simultaneously",
       false},
      {{"--quiet", "-q", "ls"}, "-q and -e quiet/--quiet cannot be provided simultaneously", false},
      {{"-o", "", "ls"}, "Can't fopen '': No such file or directory", false},
      {{"-ff", "-o", "|cat", "ls"},
       "piping the output and -ff/--output-separately are mutually exclusive",
       true},
      {{"--output-separately", "-o", "!cat", "ls"},
       "piping the output and -ff/--output-separately are mutually exclusive",
       true},
      {{"-ff", "-o", "-", "ls"}, "-o - and -ff/--output-separately are mutually exclusive", true},
  };
  for (const Case& one : cases) {
    CAPTURE(one.args);
    CHECK(error(one.args) == one.message + (one.hint ? kHint : ""));
  }
}

TEST_CASE("which calls are shown, by how they end") {
  const Statuses none{false, false, false, false, false};
  Statuses good_ones = none, bad_ones = none, left = none;
  good_ones.successful = true;
  bad_ones.failed = true;
  left.unfinished = left.detached = true;
  CHECK(good({"ls"}).statuses == Statuses());
  CHECK(good({"-z", "ls"}).statuses == good_ones);
  CHECK(good({"--successful-only", "ls"}).statuses == good_ones);
  CHECK(good({"-Z", "ls"}).statuses == bad_ones);
  CHECK(good({"--failed-only", "ls"}).statuses == bad_ones);
  CHECK(good({"-e", "status=failed", "ls"}).statuses == bad_ones);
  CHECK(good({"--status=unfinished,Detached", "ls"}).statuses == left);
  CHECK(good({"--status", "!successful,failed,unavailable", "ls"}).statuses == left);
  CHECK(good({"-e", "status=all", "ls"}).statuses == Statuses());
  CHECK(good({"-e", "status=none", "ls"}).statuses == none);
  CHECK(good({"-Z", "-e", "status=successful", "ls"}).statuses == good_ones);
  CHECK(good({"-e", "status=successful", "-Z", "ls"}).statuses == bad_ones);
  CHECK(good({"-z", "-e", "status=failed", "ls"}).warnings.empty());
  for (const Args& letters : {Args{"-z", "-Z", "ls"}, Args{"-zz", "ls"}}) {
    CHECK(good(letters).warnings ==
          Args{"Only the last of -z/--successful-only/-Z/--failed-only options will take effect. "
               "See status qualifier for more complex filters."});
  }
  CHECK(error({"-e", "status=", "ls"}) == "invalid status ''");
  CHECK(error({"--status=failed,x", "ls"}) == "invalid status 'x'");
}

TEST_CASE("the hint names the program as it was called") {
  auto options = parse({"-Q"}, "./tt");
  REQUIRE_FALSE(options.has_value());
  CHECK(options.error().message() == "invalid option -- 'Q'\nTry './tt -h' for more information.");
  CHECK(parse({"ls"}, "./tt").value().program == "./tt");
  CHECK(parse_options(0, nullptr).error().message() ==
        std::string("must have PROG [ARGS] or -p PID") + kHint);
}

TEST_CASE("options without effect are worth a warning, as in strace") {
  CHECK(good({"-A", "ls"}).warnings ==
        Args{"-A/--output-append-mode has no effect without -o/--output"});
  CHECK(good({"-A", "--output-separately", "ls"}).warnings ==
        Args{"--output-separately has no effect without -o/--output",
             "-A/--output-append-mode has no effect without -o/--output"});
  CHECK(good({"-ff", "ls"}).warnings.empty());
}

TEST_CASE("which functions, and how many") {
  Options options =
      good({"--funcs", "a", "--exclude-funcs", "b@c", "--exclude-funcs=d", "--within", "e",
            "--follow-calls=2", "--stack", "3", "--max-funcs", "5", "--depth", "0", "true"});
  CHECK(options.value_depth == 0);
  CHECK(options.excluded_functions == std::vector<std::string>{"b@c", "d"});
  CHECK(options.within == std::vector<std::string>{"e"});
  CHECK(options.follow_calls == 2);
  CHECK(options.function_stack == 3);
  CHECK(options.most_functions == 5);
  CHECK(options.warnings.empty());
  options = good({"true"});
  CHECK(options.follow_calls == 0);
  CHECK(options.most_functions == 10'000);
}

TEST_CASE("options that need functions say so when there are none") {
  for (const char* option : {"--follow-calls=1", "--stack=1", "--exclude-funcs=x"}) {
    Options options = good({option, "true"});
    REQUIRE(options.warnings.size() == 1);
    CHECK(options.warnings.front().find("no effect without --funcs") != std::string::npos);
  }
}

TEST_CASE("stacks of syscalls") {
  using Stack = Options::Stack;
  CHECK(good({"true"}).stack == Stack::None);
  CHECK(good({"-k", "true"}).stack == Stack::Symbols);
  CHECK(good({"-kk", "true"}).stack == Stack::Source);
  CHECK(good({"--stack-trace", "true"}).stack == Stack::Symbols);
  CHECK(good({"--stack-trace=source", "true"}).stack == Stack::Source);
  CHECK(good({"--stack-trace-frame-limit", "7", "true"}).stack_limit == 7);
}

TEST_CASE("the shortest duration, in every unit") {
  CHECK(good({"--min-duration", "5", "true"}).shortest == 5'000);
  CHECK(good({"--min-duration", "1.5s", "true"}).shortest == 1'500'000'000);
  CHECK(good({"--min-duration", "2ms", "true"}).shortest == 2'000'000);
  CHECK(good({"--min-duration", "7ns", "true"}).shortest == 7);
}
