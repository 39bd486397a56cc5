#!/usr/bin/env python3
"""Breakpoints in text that others use too: threads, children of every kind, the program itself."""

import os
import signal

import harness


class Threads(harness.TraceCase):
    def test_fifty_threads_in_one_function(self):
        threads, calls = 50, harness.fewer(10000)
        run = self.ttrace("-f", "-e", "trace=none", "--funcs", "^crowded$", "-o", "trace",
                          self.target("crowd"), threads, calls)
        signals = [line for line in self.lines("trace") if " --- " in line or " +++ " in line] if run.status else []
        self.assertEqual((run.status, run.out), (0, f"{threads * calls}\n"), run.err + "\n".join(signals[:9]))
        counts = {}
        with open(self.path("trace"), encoding="utf-8") as trace:
            for line in trace:
                thread, call = line.split(maxsplit=1)
                entry, _, result = call.rstrip("\n").partition(" = ")
                if "crowded" not in entry:
                    continue
                number = counts.get(thread, 0)
                # Each thread counts for itself: a call that is missing or doubled shows at once.
                self.assertEqual((entry, result), (f"crowded(number={number})", f"{number + 1}"))
                counts[thread] = number + 1
        self.assertEqual(sorted(counts.values()), [calls] * threads)


class Steps(harness.TraceCase):
    def test_steps_that_look_like_breakpoints(self):
        """A virtual machine may lose what tells that a trap was a step's: the program must not get it."""
        if os.uname().machine != "x86_64":
            self.skipTest("arm64's kernel tells steps from breakpoints without a register that is lost")
        environment = dict(os.environ, LD_PRELOAD=self.target("lost_dr6.so"))
        # A sanitized ttrace wants its library to be the first.
        environment["ASAN_OPTIONS"] = environment.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"
        run = self.ttrace("-f", "-e", "trace=none", "--funcs", "^crowded$", "-o", "trace",
                          "env", "-u", "LD_PRELOAD", self.target("crowd"), 2, 100, env=environment)
        self.assertEqual((run.status, run.out), (0, "200\n"), run.err)
        lines = self.lines("trace")
        self.assertEqual(sum("crowded(number=" in line for line in lines), 200)
        self.assertFalse([line for line in lines if "SIGTRAP" in line])


class OwnTraps(harness.TraceCase):
    """Programs that use breakpoints, the trap flag or SIGTRAP themselves."""

    def part(self, name, functions):
        """Returns (the run, the trace's lines); the output is checked against an untraced run's."""
        program = self.target("own_traps")
        plain = self.start(program, name).end()
        run = self.ttrace("-e", "trace=none", "--funcs", functions, "-o", "trace", program, name)
        self.assertEqual((run.status, run.out), (plain.status, plain.out), run.err)
        return run, self.lines("trace")

    def test_breakpoints_of_its_own(self):
        run, lines = self.part("int3", "^(leaf|trapped)$")
        self.assertIn("trapped: the program has a breakpoint of its own there", run.err)
        self.assertEqual(sum(line.startswith("leaf(") for line in lines), 100)

    def test_single_steps_of_its_own(self):
        if os.uname().machine != "x86_64":
            self.skipTest("programs cannot step themselves on this machine: it has no trap flag")
        _, lines = self.part("steps", "^(leaf|other)$")
        self.assertEqual([line for line in lines if not line.lstrip().startswith(("---", "+++"))],
                         ["leaf(number=1) {", "} leaf = 2", "other(number=2) {", "} other = 6",
                          "leaf(number=3) {", "} leaf = 4"])

    def test_sigtrap_of_its_own(self):
        _, lines = self.part("signals", "^leaf$")
        self.assertEqual(sum(line.startswith("leaf(") for line in lines), 50)
        self.assertEqual(sum("si_code=SI_USER" in line for line in lines), 50)

    def test_changes_its_own_text(self):
        """Behind a breakpoint, whose own byte it leaves alone."""
        _, lines = self.part("patch", "^patched$")
        self.assertEqual([line.partition(" = ")[2].split()[0] for line in lines[:2]], ["0x5", "0x7"])

    def test_reads_its_own_text(self):
        """It sees the breakpoints, which are there; what ttrace shows is the program's own text."""
        argv = ("-a", "0", "-e", "trace=write", "-o", "trace", self.target("own_traps"), "text")
        shown = []
        for options in [], ["--funcs", "^leaf$"]:
            run = self.ttrace(*options, *argv)
            self.assertEqual(run.status, 0, run.err)
            shown.append([line.strip() for line in self.lines("trace") if "write(2, " in line])
        self.assertEqual(len(shown[0]), 1)
        self.assertEqual(shown[0], shown[1])
        self.assertRegex(run.out, r"\A2 \d+\nsteady\n\Z")


class Sharers(harness.TraceCase):
    def test_a_foreign_process_with_the_same_memory(self):
        program = self.start(self.target("own_traps"), "share")
        pid, sharer = (int(word) for word in program.stdout.readline().split())
        self.addCleanup(os.kill, sharer, signal.SIGKILL)
        run = self.ttrace("-p", pid, "--funcs", "^leaf$")
        self.assertNotEqual(run.status, 0)
        self.assertIn(f"process {pid} shares its memory with process {sharer}, which is not traced",
                      run.err_lines[-1])
        self.assert_undamaged(pid)
        self.assertEqual(harness.tracers(pid), [0])
        self.assertIsNone(program.poll())


if __name__ == "__main__":
    harness.main()
