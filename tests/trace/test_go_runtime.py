#!/usr/bin/env python3
"""Go programs under the options that concern their functions, goroutines and runtime."""

import os
import re

import go_programs
import harness

# How often each goroutine has its turn.
ROUNDS = max(10, harness.fewer(100))
SOURCE = os.path.join(go_programs.source("chain"), "main.go")


def line_of(comment):
    """The number of the line of the target that ends with a comment."""
    with open(SOURCE, encoding="utf-8") as file:
        for number, text in enumerate(file, 1):
            if text.rstrip().endswith("// " + comment):
                return number
    raise AssertionError(comment)


def without_prefix(line):
    return re.sub(r"^(\d+ +(g \d+ )?|\[pid +\d+( g \d+)?\] |g \d+ )", "", line)


@go_programs.for_each_toolchain
class Options(go_programs.GoCase):
    def setUp(self):
        super().setUp()
        self.program = self.build("chain")

    def lines_of(self, *argv, options=()):
        run = self.ttrace("-f", "-o", "trace", *options, self.program, *argv)
        self.assertEqual(run.status, 0, run.err)
        self.err = run.err
        return [line for line in self.lines("trace") if "+++" not in line]

    def calls(self, *options):
        return [without_prefix(line)
                for line in self.lines_of("calls", options=["-e", "none", *options])]

    def definition_of_inner(self):
        """Before Go 1.20, nothing says where a function begins but its first instruction."""
        return line_of("inner" if self.toolchain.minor() >= 20 else "inner returns")

    def test_locations(self):
        got = self.calls("--funcs", r"^main\.(inner|middle|outer)$", "--location")
        at = {name: f"{SOURCE}:{line_of(name)}" for name in (
            "inner", "inner returns", "middle", "middle returns", "outer", "outer returns", "outer fails")}
        at["inner"] = f"{SOURCE}:{self.definition_of_inner()}"
        self.assert_same_lines([
            f"main.outer(n=3) at {at['outer']} {{",
            f"  main.middle(n=3) at {at['middle']} {{",
            f"    main.inner(n=3) at {at['inner']} = 4 at {at['inner returns']}",
            f"  }} main.middle = 8 at {at['middle returns']}",
            f"}} main.outer = (result=9, err=nil) at {at['outer returns']}",
            f"main.outer(n=-1) at {at['outer']} = "
            f"(result=0, err=*errors.errorString(\"negative\")) at {at['outer fails']}",
        ], got)

    def test_locations_without_debug_information(self):
        self.program = self.build("chain", "-ldflags=-s -w")
        got = self.calls("--funcs", r"^main\.inner$", "--location")
        self.assertEqual(len(got), 1)
        self.assertRegex(got[0], rf"^main\.inner\(.*\) at \S*/main\.go:{self.definition_of_inner()}.* at "
                                 rf"\S*/main\.go:{line_of('inner returns')}$")

    def test_stacks(self):
        for where, times in (("entry", 1), ("return", 1), ("both", 2)):
            got = self.calls("--funcs", r"^main\.inner$", "--stack", "3", "--stack-at", where)
            self.assertTrue(got[0].startswith("main.inner(n=3) = 4"), got)
            callers = [re.match(r" > \S+\((.*)\+0x\w+\) \[0x\w+\] (\S+):(\d+)$", line).groups() for line in got[1:]]
            self.assertEqual([name for name, _, _ in callers], ["main.middle", "main.outer", "main.main"] * times)
            self.assertEqual(callers[0][1:], (SOURCE, str(line_of("middle returns"))))
            self.assertEqual(callers[1][1:], (SOURCE, str(line_of("outer returns"))))

    def test_follow_calls(self):
        self.assertEqual(self.calls("--funcs", r"^main\.outer$", "--follow-calls", "2", "--exclude-funcs",
                                    r"^(errors|os|runtime|syscall|internal/.*)\.")[:5], [
            "main.outer(n=3) {", "  main.middle(n=3) {", "    main.inner(n=3) = 4",
            "  } main.middle = 8", "} main.outer = (result=9, err=nil)"])

    def test_syscalls_within(self):
        got = self.lines_of("calls", options=["-e", "getppid", "--within", r"^main\.outer$"])
        self.assertEqual([without_prefix(line).split("(")[0] for line in got], ["getppid"])
        self.assertRegex(got[0], r"^\d+ +g 1 ")

    def test_durations(self):
        got = self.lines_of("slow", options=["-e", "none", "--funcs", r"^main\.slow$", "--min-duration", "100ms",
                                             "-T", "-tt"])
        self.assertEqual(len(got), 1)
        self.assertRegex(got[0], r"^\d+ +g 1 \d\d:\d\d:\d\d\.\d{6} main\.slow\(n=200\) = 200 <0\.[2-9]\d+>$")

    def test_table(self):
        run = self.ttrace("-f", "-c", "--funcs", r"^main\.(inner|outer)$", self.program, "calls")
        self.assertRegex(run.err, r"(?m) 2 +main\.outer$")
        self.assertRegex(run.err, r"(?m) 1 +main\.inner$")

    def check_ring(self, lines, rounds):
        """Each of four goroutines makes its calls, with a syscall in each, whole and in order."""
        by_goroutine = {}
        for line in lines:
            match = re.match(r"^(?:\d+ +)?g (\d+) (.*)$", line)
            self.assertTrue(match, line)
            by_goroutine.setdefault(match.group(1), []).append(match.group(2))
        self.assertEqual(len(by_goroutine), 4)
        for own in by_goroutine.values():
            text = "\n".join(harness.joined(own))
            call = r"main\.turn\(n=1, .*\) \{\n  getppid\(\) += \d+\n\} main\.turn = \d+(\n|$)"
            self.assertEqual(re.sub(call, "", text), "")
            self.assertEqual(len(re.findall(call, text)), rounds)

    def test_goroutines_that_take_turns(self):
        for options in ([], ["--whole-lines=always"]):
            got = self.lines_of("ring", ROUNDS, options=["-e", "getppid", "--funcs", r"^main\.turn$", *options])
            # main's goroutine asks nothing, and calls no such function.
            self.check_ring([line for line in got if "getppid" in line or "main.turn" in line], ROUNDS)

    def test_a_file_for_each_thread(self):
        run = self.ttrace("-ff", "-o", "trace", "-e", "getppid", "--funcs", r"^main\.turn$", self.program, "ring", ROUNDS)
        self.assertEqual(run.status, 0, run.err)
        begun = ended = 0
        for name in os.listdir(self.dir):
            if not name.startswith("trace."):
                continue
            for line in self.lines(name):
                if "+++" in line:
                    continue
                self.assertRegex(line, r"^g \d+ ( *getppid\(\)|main\.turn\(|\} main\.turn = )")
                begun += "main.turn(" in line
                ended += "main.turn = " in line
        self.assertEqual((begun, ended), (4 * ROUNDS, 4 * ROUNDS))

    def test_one_of_them(self):
        got = self.lines_of("ring", 20, options=["-e", "getppid", "--funcs", r"^main\.turn$"])
        chosen = re.match(r"^\d+ +g (\d+) ", next(line for line in got if "main.turn" in line)).group(1)
        # Goroutines of the same program have the same numbers mostly; what counts is that one is alone.
        got = self.lines_of("ring", 20, options=["-e", "getppid", "--goroutine", chosen, "--funcs", r"^main\.turn$"])
        self.assertTrue(all(re.match(rf"^\d+ +g {chosen} ", line) for line in got), got)
        got = self.lines_of("calls", options=["-e", "none", "--goroutine", "987654", "--funcs", r"^main\.outer$"])
        self.assertEqual(got, [])
        self.assertIn("--goroutine: nothing was seen of goroutine 987654", self.err)

    def test_the_runtime(self):
        chatter = "trace=futex,nanosleep,epoll_pwait,tgkill,sched_yield,rt_sigprocmask,mmap,clone,clone3"
        hidden = self.lines_of("ring", ROUNDS, options=["-e", chatter, "--funcs", r"^main\.turn$"])
        self.assertEqual([line for line in hidden if "main.turn" not in line], [])
        counted = re.search(r"left out (\d+) of the Go runtime's own: (.*) \(--go-runtime=show shows them\)", self.err)
        self.assertTrue(counted, self.err)
        self.assertEqual(int(counted.group(1)), sum(int(part.split()[0]) for part in counted.group(2).split(", ")))
        shown = self.lines_of("ring", ROUNDS, options=["-e", chatter, "--funcs", r"^main\.turn$", "--go-runtime=show"])
        self.assertTrue(any("futex(" in line for line in shown))
        self.assertNotIn("left out", self.err)
        # Without functions the trace is strace's.
        shown = self.lines_of("ring", ROUNDS, options=["-e", chatter])
        self.assertTrue(any("futex(" in line for line in shown))


if __name__ == "__main__":
    harness.main()
