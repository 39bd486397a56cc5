#!/usr/bin/env python3
"""Calls that end in unusual ways: which of them are reported as returned, as unwound, or not at all."""

import os
import re
import unittest

import harness


def is_end(line):
    return line.startswith("+++ ")


def following(lines):
    """Lines that `-f -o` wrote -> {pid: its lines}, with their indentation."""
    threads = {}
    for line in lines:
        pid = re.match(r"\d+", line).group()
        threads.setdefault(pid, []).append(line[max(5, len(pid)) + 1:])
    return threads


def expected_following(lines):
    threads = {}
    for line in lines:
        pid, rest = line.split(" ", 1)
        threads.setdefault(pid, []).append(rest)
    return threads


class Pairing(harness.TraceCase):
    target_name = "pairing-O2"

    def run_mode(self, mode, *options, pattern="^t_", status=0):
        """What was traced, but for its signals, and what was to be expected."""
        run = self.ttrace("-e", "trace=none", "--funcs", pattern, "-o", "trace", *options,
                          self.target(self.target_name), "expected", mode)
        if run.status == 77:
            self.skipTest("this machine's way to switch stacks is not written")
        self.assertEqual(run.status, status, run.err)
        signal = re.compile(r"(\d+ )? *--- SIG")
        return [line for line in self.lines("trace") if not signal.match(line)], self.lines("expected")

    def check(self, mode, **more):
        got, expected = self.run_mode(mode, **more)
        self.assert_same_lines(expected, got)

    def check_thread(self, mode):
        """The one thread that calls traced functions, while others only end."""
        got, expected = self.run_mode(mode, "-f")
        lines = [line for own in following(got).values() for line in own if not is_end(line)]
        self.assert_same_lines([line for line in expected if not is_end(line)], lines)

    def test_every_way_to_jump(self):
        self.check("jumps")

    def test_handlers(self):
        self.check("handlers")

    def test_handlers_on_a_signal_stack(self):
        self.check("signal-stack")

    def test_handlers_on_a_thread_s_signal_stack(self):
        self.check_thread("signal-stack-thread")

    def test_coroutines(self):
        self.check("swapped")

    def test_coroutines_by_hand(self):
        self.check("by-hand-apart")

    def test_coroutines_in_one_mapping(self):
        """Which calls end is known; how deep they are, the program alone knows."""
        got, expected = self.run_mode("by-hand-together")
        self.assert_same_lines([line.lstrip() for line in expected], [line.lstrip() for line in got])

    def test_stack_used_again(self):
        self.check("recycled")

    def test_stack_used_again_by_hand(self):
        self.check("recycled-by-hand")

    def test_threads_that_end_inside(self):
        self.check_thread("forced")

    def test_ends_inside(self):
        self.check("exit", status=3)
        self.check_again("_exit", status=4)
        self.check_again("exec")

    def check_again(self, mode, **more):
        open(self.path("expected"), "w", encoding="utf-8").close()
        self.check(mode, **more)

    def test_killed_inside(self):
        run = self.ttrace("-e", "trace=none", "--funcs", "^t_", "-o", "trace",
                          self.target(self.target_name), "expected", "kill")
        self.assertLess(run.status, 0)
        lines = [line for line in self.lines("trace") if not line.lstrip().startswith("--- SIG")]
        self.assert_same_lines(self.lines("expected"), lines)

    def test_ended_by_another_thread(self):
        got, expected = self.run_mode("ended-by-other", "-f", status=4)
        for pid, lines in expected_following(expected).items():
            self.assert_same_lines(lines, following(got)[pid])

    def test_children_that_are_followed(self):
        got, expected = self.run_mode("forks", "-f")
        threads = following(got)
        known = expected_following([line for line in expected if line[0].isdigit()])
        for pid, lines in known.items():
            self.assert_same_lines(lines, threads.pop(pid))
        # What is left is the child of vfork, which becomes another program.
        (lines,) = threads.values()
        self.assert_same_lines(["  t_leaf(n=5) = 5", "t_leaf(n=9) = 9", "+++ exited with 0 +++"], lines)

    def test_children_that_nobody_follows(self):
        got, expected = self.run_mode("forks")
        parent = expected_following([line for line in expected if "} t_vforking" in line])
        self.assert_same_lines([line.split(" ", 1)[1] for line in expected
                                if line.split(" ", 1)[0] in parent], got)


class PairingO0(Pairing):
    target_name = "pairing-O0"


class PairingStatic(Pairing):
    target_name = "pairing-static"


@unittest.skipIf(harness.NO_FUNCTIONS_32, harness.NO_FUNCTIONS_32)
class Pairing32Bit(Pairing):
    target_name = "pairing-32"


class Unwinding(harness.TraceCase):
    target_name = "unwinding-O2"

    def test_exceptions(self):
        run = self.ttrace("-f", "-e", "trace=none", "--funcs", "^shop::", "-o", "trace",
                          self.target(self.target_name), "expected")
        self.assertEqual(run.status, 0, run.err)
        got = [line for own in following(self.lines("trace")).values() for line in own]
        ends = [line for line in got if is_end(line)]
        self.assertEqual(len(ends), 2)
        self.assert_same_lines([line for line in self.lines("expected") if not is_end(line)],
                               [line for line in got if not is_end(line)])


class UnwindingO0(Unwinding):
    target_name = "unwinding-O0"


class UnwindingStatic(Unwinding):
    target_name = "unwinding-static"


class Panics(harness.TraceCase):
    target_name = "panics-O2"

    def names(self, lines):
        """Lines without arguments and results: Rust 1.63 and later ones describe them differently."""
        return [re.sub(r"\(.*?\)| = .*", "", line) for line in lines]

    def test_panics(self):
        if not os.path.exists(os.path.join(harness.TARGETS, self.target_name)):
            self.skipTest("rustc was not there when the targets were built")
        run = self.ttrace("-f", "-e", "trace=none", "--funcs", r"^panics::t_\w+$", "-o", "trace",
                          self.target(self.target_name))
        self.assertEqual(run.status, 0, run.err)
        threads = [[line for line in own if not is_end(line)]
                   for own in following(self.lines("trace")).values()]
        catching = [
            "panics::t_catching {",
            "  panics::t_guarded {",
            "    panics::t_fail {",
            "      panics::t_fail <unwound>",
            "    } panics::t_fail <unwound>",
            "    panics::t_note",
            "  } panics::t_guarded <unwound>",
            "  panics::t_note",
            "} panics::t_catching",
        ]
        thread = [
            "panics::t_guarded {",
            "  panics::t_fail <unwound>",
            "  panics::t_note",
            "} panics::t_guarded <unwound>",
        ]
        self.assertEqual(len(threads), 2, threads)
        self.assert_same_lines(2 * catching + ["panics::t_note"], self.names(threads[0]))
        self.assert_same_lines(thread, self.names(threads[1]))


class PanicsO0(Panics):
    target_name = "panics-O0"


if __name__ == "__main__":
    harness.main()
