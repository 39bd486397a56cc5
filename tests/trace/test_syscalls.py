#!/usr/bin/env python3
"""Programs that know the trace of their syscalls: strings, processes, threads, signals."""

import itertools
import re

import harness


class Strings(harness.TraceCase):
    def check(self, target):
        got = self.trace(self.target(target), "expected", options=["-e", "trace=chdir,read,write"])
        self.assert_same_lines(self.lines("expected"), got)

    def test_native(self):
        self.check("strings")

    def test_32_bit(self):
        self.check("strings-32")

    def test_32_bit_is_announced_once(self):
        program = self.target("strings-32")
        lines = self.ttrace("-e", "trace=chdir", program, "expected").err_lines
        announced = [line for line in lines if line.startswith("[ Process PID=")]
        self.assertEqual(len(announced), 1, lines)
        self.assertRegex(announced[0], r"^\[ Process PID=\d+ runs in 32 bit mode\. \]$")
        # Not in a file: as strace.
        self.assertNotIn("runs in", "".join(self.trace(program, "expected")))

    def test_mode_is_announced_though_no_call_is_shown(self):
        run = self.ttrace("-e", "trace=execve", "sh", "-c", f"exec {self.target('strings-32')} expected")
        self.assertEqual(sum("runs in 32 bit mode" in line for line in run.err_lines), 1, run.err)

    def test_child_of_a_32_bit_process_is_not_announced(self):
        run = self.ttrace("-f", "-e", "trace=getppid", self.target("processes-32"), "expected", "fork")
        self.assertEqual(sum("runs in 32 bit mode" in line for line in run.err_lines), 1, run.err)

    def test_stack_32_bit(self):
        got = self.trace(self.target("strings-32"), "expected", options=["-k", "-e", "trace=chdir"])
        call = next(i for i, line in enumerate(got) if line.startswith("chdir("))
        frames = list(itertools.takewhile(lambda line: line.startswith(" > "), got[call + 1 :]))
        # i386's first one is the vdso's.
        self.assertRegex("\n".join(frames[:2]), r" > \S*/strings-32\(\w+\+0x[0-9a-f]+\)")

    def test_longer_limit(self):
        got = self.trace(self.target("strings"), "expected", options=["-s", "33", "-e", "trace=write"])
        self.assertIn('write(-1, "abcdefghijklmnopqrstuvwxyzABCDEFG", 33) = -1 EBADF (Bad file descriptor)', got)

    def test_no_strings(self):
        got = self.trace(self.target("strings"), "expected", options=["-s", "0", "-e", "trace=write"])
        self.assertIn('write(-1, ""..., 31)                    = -1 EBADF (Bad file descriptor)', got)


class Wide(harness.TraceCase):
    def check(self, target):
        got = self.trace(self.target(target), "expected", options=["-e", "trace=!writev,exit_group"])
        begin = [line.startswith("personality(") for line in got].index(True)
        self.assert_same_lines(self.lines("expected"), got[begin + 1 :])

    def test_native(self):
        self.check("wide")

    def test_32_bit(self):
        self.check("wide-32")


class Processes(harness.TraceCase):
    def check(self, mode, target="processes", calls="getppid,execve", more=()):
        got = self.trace(self.target(target), "expected", mode,
                         options=["-f", "-a", "0", "-e", "trace=" + calls, *more])
        got = [line for line in got if "[ Process PID=" not in line]
        if "execve" in calls:
            self.assertRegex(got.pop(0), r"^\d+ +execve\(.* = 0$")
        self.assert_same_threads(harness.by_thread(self.lines("expected")),
                                 harness.joined_by_thread(got))
        return got

    def test_fork(self):
        self.check("fork")

    def test_fork_32_bit(self):
        self.check("fork", "processes-32")

    def test_vfork_and_exec(self):
        self.check("vfork")

    def test_vfork_and_exec_32_bit(self):
        self.check("vfork", "processes-32")

    def test_threads(self):
        self.check("threads", calls="getppid")

    def test_many_threads(self):
        self.check("many-threads", calls="getppid")

    def test_many_threads_in_whole_lines(self):
        got = self.check("many-threads", calls="getppid", more=["--whole-lines=always"])
        self.assertEqual([line for line in got if "resumed>" in line or "unfinished" in line], [])

    def test_exec_by_a_thread(self):
        self.check("thread-exec")

    def test_killed_in_the_middle(self):
        got = self.trace(self.target("processes"), "expected", "killed",
                         options=["-f", "-a", "0", "-e", "trace=getppid"])
        threads = harness.joined_by_thread(got)
        expected = harness.by_thread(self.lines("expected"))
        self.assertEqual(sorted(expected), sorted(threads))
        for pid, lines in expected.items():
            if lines[-1] != "+++ killed by SIGKILL +++":
                continue
            self.assertEqual(threads[pid][-1], lines[-1])
            self.assertGreater(len(threads[pid]), 1)
            whole, last = threads[pid][:-2], threads[pid][-2]
            self.assertEqual([line for line in whole if not re.match(r"getppid\(\) = \d+$", line)], [])
            self.assertRegex(last, r"^getppid\((\) += (\d+|\?))?$")


class Signals(harness.TraceCase):
    target_name = "signals"

    def check(self, mode, status=0):
        calls = "kill,sigreturn,rt_sigreturn,read,clock_nanosleep,restart_syscall"
        got = self.trace(self.target(self.target_name), "expected", mode, status=status,
                         options=["-f", "-a", "0", "-e", "trace=" + calls])
        got = [line.replace(" (core dumped)", "") for line in got if "[ Process PID=" not in line]
        self.assert_same_threads(harness.by_thread(self.lines("expected")),
                                 harness.joined_by_thread(got))

    def test_handler_within_handler(self):
        self.check("nested")

    def test_restarted_read(self):
        self.check("restart")

    def test_interrupted_read(self):
        self.check("interrupted")

    def test_interrupted_sleep(self):
        self.check("sleep")

    def test_stop_and_continue(self):
        self.check("stop")

    def test_death_by_signal(self):
        self.check("die", status=-15)

    def test_crash(self):
        self.check("crash", status=-11)


class Signals32Bit(Signals):
    target_name = "signals-32"


if __name__ == "__main__":
    harness.main()
