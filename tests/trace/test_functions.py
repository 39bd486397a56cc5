#!/usr/bin/env python3
"""Programs that know the trace of their functions."""

import collections
import os
import re
import unittest

import harness


def shape(lines):
    """What is left of lines when arguments and results are not known: names and nesting."""
    result = []
    for line in lines:
        match = re.match(r"^( *)(} )?([\w:~@.<>]+?)(\(.*\))?( \{| <unwound>)?( = .*)?$", line)
        result.append(line if not match else "".join(match.group(i) or "" for i in (1, 2, 3, 5)))
    return result


class Functions(harness.TraceCase):
    target_name = "functions-O2"

    def run_mode(self, *mode, pattern="^t_", options=()):
        return self.trace(self.target(self.target_name), "expected", *mode, options=[
            "-e", "trace=none", "--funcs", pattern, *options])

    def check(self, *mode, **more):
        self.assert_same_lines(self.lines_expected(*mode, **more), self.got)

    def lines_expected(self, *mode, **more):
        self.got = self.run_mode(*mode, **more)
        return self.lines("expected")

    def test_calls(self):
        self.check("calls")

    def test_deep_recursion(self):
        self.check("deep")

    def test_types(self):
        self.check("types")

    def test_longjmp(self):
        self.check("jumps")

    def test_threads(self):
        expected = self.run_threads()
        counts = collections.Counter()
        for line in self.got:
            match = re.search(r"t_work\((?:thread=(\d+), i=(\d+)|.*)\)", line)
            if match:
                counts[match.group(1)] += 1
        self.assertEqual(dict(counts), expected)

    def run_threads(self):
        self.got = self.run_mode("threads", options=["-f", "--whole-lines=always"])
        return {line.split()[1]: int(line.split()[2]) for line in self.lines("expected")
                if line.startswith("t_work")}

    def test_children_that_nobody_follows(self):
        self.check("children")

    def test_two_patterns(self):
        got = self.trace(self.target(self.target_name), "expected", "calls", options=[
            "-e", "trace=none", "--funcs", "^t_odd$", "--funcs", "^t_nothing$"])
        names = [line.split("(")[0] for line in got if not line.startswith("+++")]
        self.assertEqual(names, ["t_odd", "t_nothing", "t_nothing"])

    def test_syscalls_inside_functions(self):
        got = self.trace(self.target(self.target_name), "/dev/full", "calls", status=99, options=[
            "-e", "trace=writev", "--funcs", "^t_last$"])
        self.assertTrue(any(line.startswith("writev(") for line in got), got)


class FunctionsO0(Functions):
    target_name = "functions-O0"


class FunctionsNoPie(Functions):
    target_name = "functions-nopie"


@unittest.skipIf(harness.NO_FUNCTIONS_32, harness.NO_FUNCTIONS_32)
class Functions32Bit(Functions):
    target_name = "functions-32"


@unittest.skipUnless(harness.NO_FUNCTIONS_32, "functions of 32-bit programs are traced on this machine")
class FunctionsRefused32Bit(harness.TraceCase):
    def test_said_in_one_line(self):
        run = self.ttrace("-e", "trace=openat", "--funcs", "^t_", "-o", "trace",
                          self.target("functions-32"), "expected", "calls")
        self.assertEqual(run.status, 0, run.err)
        message = rf"^\S+: cannot trace \d+ functions of functions-32 \(t_\w+: {harness.NO_FUNCTIONS_32}\)\n$"
        self.assertRegex(run.err, message)
        got = self.lines("trace")
        self.assertTrue(any(line.startswith('openat(AT_FDCWD, "expected"') for line in got), got)
        self.assertEqual([line for line in got if line.startswith(("t_", "}"))], [])
        self.assertEqual(got[-1], "+++ exited with 0 +++")

    def test_addresses_are_those_of_instructions(self):
        # Bit 0 of a symbol's value says that the code is Thumb.
        lines = self.ttrace("--list-funcs", "--funcs", "^t_", self.target("functions-32")).out.splitlines()
        self.assertGreater(len(lines), 20)
        self.assertEqual([line for line in lines if int(line.split()[2], 16) % 2], [])


class FunctionsWithoutDwarf(Functions):
    """Names and nesting are as with DWARF; arguments are registers."""

    target_name = "functions-nodwarf"

    def check(self, *mode, **more):
        expected = self.lines_expected(*mode, **more)
        self.assert_same_lines(shape(expected), shape(self.got))

    def test_threads(self):
        expected = self.run_threads()
        calls = [line for line in self.got if re.search(r"\bt_work\(", line)]
        self.assertEqual(len(calls), sum(expected.values()))


class SharedObjects(harness.TraceCase):
    def trace_mode(self, *mode, pattern):
        return self.trace(self.target("functions-O2"), "expected", *mode,
                          options=["-e", "trace=none", "--funcs", pattern])

    def test_object_opened_later(self):
        got = self.trace_mode("plugin", self.target("plugin.so"), pattern="t_plugin@plugin*")
        self.assert_same_lines(self.lines("expected"), got)

    def test_function_of_the_c_library(self):
        got = self.trace_mode("jumps", pattern="^writev$@libc.so*")
        # The target writes each line of its expectation by one writev.
        calls = [line for line in got if line.startswith("writev@libc.so.6(")]
        self.assertEqual(len(calls), len(self.lines("expected")), got)


class Exceptions(harness.TraceCase):
    def check(self, target):
        got = self.trace(self.target(target), "expected", options=[
            "-e", "trace=none", "--funcs", "^shop::"])
        self.assert_same_lines(self.lines("expected"), got)

    def test_O0(self):
        self.check("exceptions-O0")

    def test_O2(self):
        self.check("exceptions-O2")


class GuardedPages(harness.TraceCase):
    """Indirect branches lead to landing pads only, and a trap stands in for one (arm64: BTI and PACIASP)."""

    LINES = """\
run(argc=1) {
  choose(n=0) {
    leaf(n=10) = 11
  } choose = 11
  choose(n=1) {
    twice(each=leaf, n=5) {
      leaf(n=5) = 6
      leaf(n=5) = 6
    } twice = 12
  } choose = 12
  choose(n=2) {
    leaf(n=30) = 31
  } choose = 62
  choose(n=3) {
    leaf(n=40) = 41
  } choose = 123
  choose(n=4) {
    twice(each=leaf, n=7) {
      leaf(n=7) = 8
      leaf(n=7) = 8
    } twice = 16
  } choose = 17
} run = 0
+++ exited with 0 +++"""

    def test_landing_pads(self):
        """Where this processor guards no pages, the lines alone are tested."""
        got = self.trace(self.target("guarded"), options=["-e", "trace=none", "--funcs", "^(run|choose|twice|leaf)$"])
        self.assert_same_lines(self.LINES.splitlines(), got)


class WithoutSymbols(harness.TraceCase):
    def test_stripped_program(self):
        run = self.ttrace("--funcs", "^t_", self.target("functions-nosymtab"), "expected", "calls")
        self.assertNotEqual(run.status, 0)
        self.assertEqual(len([line for line in run.err_lines if line]), 1, run.err)
        self.assertFalse(os.path.exists(self.path("expected")), "the program must not have run")


if __name__ == "__main__":
    harness.main()
