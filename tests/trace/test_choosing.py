#!/usr/bin/env python3
"""Which functions and syscalls are shown: --exclude-funcs, --follow-calls, --within, --min-duration,
--max-funcs, inlined functions; and stacks: --stack, -k."""

import os
import re
import subprocess

import harness

ALL = ["choosing-O0", "choosing-O2", "choosing-frames", "choosing-static", "choosing-now"]
if harness.SLOW:
    ALL = ["choosing-O2", "choosing-frames", "choosing-static"]


class Choosing(harness.TraceCase):
    def lines_of(self, target, mode, *options, calls="none"):
        run = self.ttrace("-e", "trace=" + calls, "-o", "-", "--whole-lines=always", *options,
                          self.target(target), mode)
        self.assertEqual(run.status, 0, run.err)
        return [line for line in run.out.splitlines() if line and not line.startswith("+++")]

    def check_all(self, expected, mode, *options, calls="none", targets=None):
        for target in targets or ALL:
            self.assert_same_lines(expected, self.lines_of(target, mode, *options, calls=calls))


class Excluded(Choosing):
    def test_by_name(self):
        self.check_all(["t_root(n=1) {", "  t_middle(n=2) = 6", "} t_root = 19",
                        "t_middle(n=5) = 12"], "calls", "--funcs", "^t_",
                       "--exclude-funcs", "leaf|tail", "--exclude-funcs", "^t_(jumped|pointed|rare)",
                       targets=["choosing-O2"])

    def test_of_an_object(self):
        got = self.lines_of("choosing-O2", "calls", "--funcs", "^t_r", "--funcs", "getppid@libc.so*",
                            "--exclude-funcs", "^t_rare$", "--exclude-funcs", "getppid@other*")
        self.assertEqual([line.split("(")[0] for line in got],
                         ["t_root", "  getppid@libc.so.6", "} t_root = 19"])
        got = self.lines_of("choosing-O2", "calls", "--funcs", "^t_r", "--funcs", "getppid@libc.so*",
                            "--exclude-funcs", "^t_rare$", "--exclude-funcs", "ppid@libc*")
        self.assertEqual(got, ["t_root(n=1) = 19"])


class Followed(Choosing):
    def test_one_level(self):
        self.check_all([
            "t_root(n=1) {",
            "  t_leaf(n=1) = 2",
            "  t_pointed(n=2) = 7",
            "  t_tail(n=7) = 18",
            "  t_jumped(n=18) = 19",
            "  t_rare(n=1)",
            "} t_root = 19",
        ], "calls", "--funcs", "^t_root$", "--follow-calls", "1", "--exclude-funcs", "getppid")

    def test_all_levels(self):
        self.check_all([
            "t_root(n=1) {",
            "  t_leaf(n=1) = 2",
            "  t_pointed(n=2) {",
            "    t_middle(n=2) {",
            "      t_leaf(n=2) = 3",
            "    } t_middle = 6",
            "  } t_pointed = 7",
            "  t_tail(n=7) {",
            "    t_leaf(n=17) = 18",
            "  } t_tail = 18",
            "  t_jumped(n=18) {",
            "    t_leaf(n=18) = 19",
            "  } t_jumped = 19",
            "  t_rare(n=1)",
            "} t_root = 19",
        ], "calls", "--funcs", "^t_root$", "--follow-calls", "3", "--exclude-funcs", "getppid")

    def test_into_a_library(self):
        for target in ("choosing-O2", "choosing-now"):
            got = self.lines_of(target, "calls", "--funcs", "^t_root$", "--follow-calls", "1")
            self.assertIn("  getppid@libc.so.6(", "\n".join(got), target)

    def test_recursion_is_bounded_by_the_matched_function(self):
        self.check_all([
            "t_again(n=3) {",
            "  t_again(n=2) {",
            "    t_again(n=1) {",
            "      t_again(n=0) = 0",
            "    } t_again = 1",
            "  } t_again = 2",
            "} t_again = 3",
        ], "recursion", "--funcs", "^t_again$", "--follow-calls", "1", targets=["choosing-O0"])

    def test_the_cap(self):
        run = self.ttrace("-e", "trace=none", "--funcs", "^t_root$", "--follow-calls", "3",
                          "--max-funcs", "3", self.target("choosing-O2"), "calls")
        self.assertEqual(run.status, 0, run.err)
        self.assertIn("--max-funcs", run.err)


class Within(Choosing):
    def test_syscalls_inside_alone(self):
        self.check_all(["geteuid()                               = %d",
                        "getppid()                               = %d",
                        "geteuid()                               = %d"],
                       "within", "--within", "^t_with_calls$", calls="geteuid,getppid")

    def check_all(self, expected, mode, *options, calls="none", targets=None):
        for target in targets or ALL:
            got = self.lines_of(target, mode, *options, calls=calls)
            got = [re.sub(r"= \d+$", "= %d", line) for line in got]
            self.assert_same_lines(expected, got)

    def test_beside_functions(self):
        self.check_all([
            "t_with_calls(n=3) {",
            "  t_inside(n=3) {",
            "    getppid() = %d",
            "  } t_inside = %d",
            "} t_with_calls = %d",
            "t_jumps() <unwound>",
        ], "within", "--funcs", "^t_", "--within", "^t_inside$", calls="geteuid,getppid")

    def test_a_longjmp_ends_it(self):
        self.check_all(["getppid()                               = %d"], "within",
                       "--within", "^t_jumps$", calls="geteuid,getppid")

    def test_in_a_thread(self):
        got = self.lines_of("choosing-O2", "thread", "-f", "--within", "^t_with_calls$",
                            calls="geteuid,getppid")
        calls = [re.sub(r"^\[pid +\d+\] | +=.*", "", line) for line in got if "get" in line]
        self.assertEqual(calls, ["geteuid()", "getppid()", "geteuid()"])

    def test_no_match(self):
        run = self.ttrace("--within", "^no_such$", self.target("choosing-static"), "within")
        self.assertEqual(run.status, 1)
        self.assertIn("no function of", run.err)


class Durations(Choosing):
    # Whatever the machine is busy with, what sleeps 400 ms lasts longer than 300.
    LONG = ["--min-duration", "300ms"]

    def test_functions_and_syscalls(self):
        for target in ALL:
            got = self.lines_of(target, "slow", "--funcs", "^t_", *self.LONG, calls="all")
            names = [re.sub(r"\(.*\{$", " {", re.sub(r"\(.*= ", " = ", line)) for line in got]
            self.assert_same_lines([
                "t_around {",
                "  t_slow {",
                "    clock_nanosleep = 0",
                "  } t_slow",
                "} t_around",
            ], names)

    def test_a_call_that_does_not_end(self):
        """It is seen while it lasts."""
        trace = self.path("trace")
        tracer = self.start_ttrace("-e", "trace=rt_sigtimedwait,getpid", "-o", trace, *self.LONG, "python3", "-c",
                                   "import os, signal; os.getpid(); signal.sigwait([signal.SIGUSR1])")
        harness.wait_until(lambda: "rt_sigtimedwait(" in harness.read_text(trace), "the call that hangs")
        self.assertNotIn("getpid", harness.read_text(trace))
        tracer.terminate()
        self.reap(tracer)

    def test_counting(self):
        run = self.ttrace("-c", "--min-duration", "300ms", self.target("choosing-O2"), "slow")
        rows = [line.split()[-1] for line in run.err_lines if re.match(r"^ *[\d.]+ ", line)]
        self.assertEqual(rows, ["clock_nanosleep", "total"], run.err)

    def test_bad_times(self):
        for text in ("", "x", "-1s", "5 parsecs", "1h"):
            run = self.ttrace("--min-duration", text, "true")
            self.assertEqual(run.status, 1, text)
            self.assertIn("invalid --min-duration argument", run.err)


class Numbers(Choosing):
    def test_too_many(self):
        run = self.ttrace("--funcs", "^t_", "--max-funcs", "3", self.target("choosing-O2"), "calls")
        self.assertEqual(run.status, 1)
        self.assertEqual(len([line for line in run.err_lines if line]), 1, run.err)
        self.assertRegex(run.err, r"functions of .* match, and at most 3 are traced: narrow")

    def test_just_enough(self):
        got = self.lines_of("choosing-O2", "recursion", "--funcs", "^t_(again|leaf)$", "--max-funcs", "2")
        self.assertEqual(len(got), 7)


class Inlined(Choosing):
    def test_among_others(self):
        run = self.ttrace("-e", "trace=none", "--funcs", "^t_in", self.target("choosing-O2"), "within")
        self.assertRegex(run.err, r"ttrace: cannot trace what is inlined everywhere: "
                                  r"t_inlined \(.*choosing\.c:\d+\)\n")

    def test_alone(self):
        run = self.ttrace("--funcs", "^t_inlined$", self.target("choosing-static"), "within")
        self.assertEqual(run.status, 1)
        self.assertRegex(run.err, r"matches '\^t_inlined\$'; inlined everywhere: t_inlined \(")

    def test_in_the_list(self):
        run = self.ttrace("--list-funcs", "--funcs", "^t_in", self.target("choosing-O2"))
        self.assertRegex(run.out, r"(?m)^t_inlined +\S+ +inlined everywhere +\S*choosing\.c:\d+$")
        self.assertRegex(run.out, r"(?m)^t_inside +\S+ +0x")


def frames(lines):
    """Stack lines as "function+offset is not 0" pairs: their functions, and whether at the start."""
    found = []
    for line in lines:
        match = re.match(r"^ *> (.*)\((.*?)(?:\+(0x[0-9a-f]+))?\) \[0x[0-9a-f]+\]( .*:\d+)?$", line)
        if match:
            found.append((match.group(2), match.group(4)))
    return found


class Stacks(Choosing):
    def test_at_functions(self):
        for target in ALL:
            got = self.lines_of(target, "calls", "--funcs", "^t_middle$", "--stack", "3")
            stacks = frames(got)
            names = [name for name, line in stacks]
            self.assertEqual(names[:3], ["t_pointed", "t_root", "main"])
            self.assertEqual(names[3], "main")
            self.assertTrue(all(line for name, line in stacks[:4]), got)
            self.assertIn("choosing.c:", stacks[0][1])
            first = got.index("t_middle(n=2) = 6")
            self.assertTrue(got[first + 1].startswith(" > "), got)

    def test_at_returns(self):
        for target in ALL:
            got = self.lines_of(target, "calls", "--funcs", "^t_middle$", "--stack", "2", "--stack-at", "return")
            first = got.index("t_middle(n=2) = 6")
            at_return = frames(got[first + 1:first + 3])
            self.assertEqual([name for name, line in at_return], ["t_pointed", "t_root"])
            both = self.lines_of(target, "calls", "--funcs", "^t_middle$", "--stack", "2", "--stack-at=both")
            first = both.index("t_middle(n=2) = 6")
            # The call is on the same line in both; the address differs where one is behind the other.
            self.assertEqual(frames(both[first + 1:first + 3]), frames(both[first + 3:first + 5]))
            self.assertEqual(frames(both[first + 3:first + 5]), at_return)

    def test_locations(self):
        path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../targets/choosing.c")
        with open(path, encoding="utf-8") as source:
            lines = source.read().splitlines()
        defined = lines.index("static PLAIN int t_middle(int n) {") + 1
        called = next(i for i, line in enumerate(lines, 1) if "t_middle(n) + 1" in line)
        for target in ALL:
            got = self.lines_of(target, "calls", "--funcs", "^t_middle$", "--location")
            self.assertRegex(got[0], rf"^t_middle\(n=2\) at \S*choosing\.c:{defined} = 6 at \S*choosing\.c:{called}$")

    def test_in_a_handler(self):
        for target in ALL:
            got = self.lines_of(target, "signal", "--funcs", "^t_handler_part$", "--stack", "20")
            names = [name for name, line in frames(got)]
            self.assertEqual(names[0], "handler")
            self.assertIn("t_interrupted", names)
            self.assertIn("main", names)
            self.assertLess(names.index("t_interrupted"), names.index("main"))

    def test_nested(self):
        got = self.lines_of("choosing-O2", "calls", "--funcs", "^t_(root|middle)$", "--stack", "1")
        self.assertEqual([re.sub(r"\(\+?.*", "", line) if ">" in line else line for line in got][:5], [
            "t_root(n=1) {", re.sub(r"\(.*", "", got[1]), "  t_middle(n=2) = 6",
            re.sub(r"\(.*", "", got[3]), "} t_root = 19"])
        self.assertTrue(got[1].startswith(" > ") and "(main+0x" in got[1], got)
        self.assertTrue(got[3].startswith("   > ") and "(t_pointed+0x" in got[3], got)

    def test_at_syscalls(self):
        for target in ALL:
            got = self.lines_of(target, "within", "-k", calls="getppid")
            names = [name for name, line in frames(got)]
            first = names.index("main")
            self.assertEqual(names[first - 2:first + 1], ["t_inside", "t_with_calls", "main"])
            self.assertTrue(all(line is None for name, line in frames(got)), got)
            self.assertTrue(got[0].startswith("getppid()  "), got)

    def test_with_source(self):
        got = self.lines_of("choosing-O2", "within", "-kk", calls="getppid")
        lines = dict(frames(got))
        self.assertRegex(lines["t_inside"], r" \S*choosing\.c:\d+$")
        self.assertEqual([line for name, line in frames(got)], [line for name, line in frames(
            self.lines_of("choosing-O2", "within", "--stack-trace=source", calls="getppid"))])

    def test_the_limit(self):
        got = self.lines_of("choosing-O2", "within", "-k", "--stack-trace-frame-limit", "2",
                            calls="getppid")
        self.assertEqual(len(got), 9, got)

    def test_as_strace(self):
        """The program's own frames are the same, where strace was built to show any."""
        target = self.target("choosing-O2")
        theirs = subprocess.run([harness.STRACE, "-k", "-e", "trace=getppid", target, "within"],
                                stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True,
                                timeout=harness.TIMEOUT, check=False)
        if theirs.returncode != 0:
            self.skipTest("this strace has no -k")
        ours = self.ttrace("-k", "-e", "trace=getppid", target, "within")
        own = [line for line in theirs.stderr.splitlines() if target in line]
        self.assertGreater(len(own), 3, theirs.stderr)
        self.assert_same_lines(own, [line for line in ours.err_lines if target in line])


class StackOptions(Choosing):
    def test_no_effect(self):
        run = self.ttrace("--stack", "2", "-e", "none", self.target("choosing-O2"))
        self.assertIn("--stack has no effect without --funcs", run.err)

    def test_bad_numbers(self):
        for option in ("--stack", "--follow-calls", "--max-funcs", "--stack-trace-frame-limit"):
            for text in ("0", "x", "-1", ""):
                run = self.ttrace(option, text, "true")
                self.assertEqual(run.status, 1, (option, text))
                self.assertIn("invalid", run.err)

    def test_bad_regex(self):
        for option in ("--exclude-funcs", "--within"):
            run = self.ttrace("--funcs", "x", option, "a(b", "true")
            self.assertEqual(run.status, 1)
            self.assertIn("invalid regular expression", run.err)


if __name__ == "__main__":
    harness.main()
