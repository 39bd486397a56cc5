#!/usr/bin/env python3
"""-e status=, -z and -Z: which calls are shown, by how they end."""

import os
import re
import signal

import harness

NUMBERS = re.compile(r"\b(0x[0-9a-f]+|\d{3,})\b")


class Status(harness.TraceCase):
    def normal(self, tracer, argv, options):
        """A trace's lines with pids and addresses made the same."""
        if os.path.exists(self.path("expected")):
            os.remove(self.path("expected"))
        self.start(tracer, "-a", "0", *options, "-o", "trace", *argv).end()
        return [NUMBERS.sub("N", line) for line in self.lines("trace")]

    def check(self, *options, program):
        """The lines are strace's; returns them."""
        expected = self.normal(harness.STRACE, program, options)
        got = self.normal(harness.TTRACE, program, options)
        self.assert_same_lines(expected, got)
        return got

    # Paths that strings can be told apart by, and a status that is not 0.
    LS = ["ls", "/nonexistent", "/"]
    CALLS = ["-e", "trace=openat,access,close,exit_group"]

    def test_successful(self):
        for options in (["-z"], ["-e", "status=successful"], ["--status=!failed,unfinished,detached"]):
            lines = self.check(*options, *self.CALLS, program=self.LS)
            self.assertFalse([line for line in lines if " = -1 " in line or line.endswith("= ?")])
            self.assertTrue([line for line in lines if line.startswith("close(")])

    def test_failed(self):
        for options in (["-Z"], ["--failed-only"], ["-e", "status=FAILED,,"], ["-z", "-Z"]):
            lines = self.check(*options, *self.CALLS, program=self.LS)
            self.assertGreater(len(lines), 1)
            for line in lines[:-1]:
                self.assertIn(" = -1 E", line)

    def test_unfinished(self):
        lines = self.check("-e", "status=unfinished", program=["true"])
        self.assertEqual(lines, ["exit_group(0) = ?", "+++ exited with 0 +++"])

    def test_all_and_none(self):
        self.assertEqual(self.check("-e", "status=none", program=["true"]), ["+++ exited with 0 +++"])
        self.check("-e", "status=all", *self.CALLS, program=["true"])
        self.check("-e", "status=none", "-e", "status=successful,failed", *self.CALLS, program=["true"])

    def test_interrupted_calls_have_failed(self):
        program = [self.target("signals"), "expected", "interrupted"]
        lines = self.check("-Z", "-f", "-e", "trace=read,rt_sigreturn", program=program)
        self.assertTrue([line for line in lines if "? ERESTARTSYS" in line], lines)

    def test_killed_in_a_call(self):
        program = ["sh", "-c", "kill -9 $$"]
        self.check("-z", "-e", "trace=kill", program=program)
        lines = self.check("-e", "status=unfinished", "-e", "trace=kill", program=program)
        self.assertEqual(lines[0], "kill(N, SIGKILL) = ?")

    def test_threads(self):
        """Held back, a call is one line, and it stands where the call ends."""
        program = [self.target("processes"), "expected", "thread-exec"]
        self.assertEqual(self.ttrace("-f", "-z", "-a", "0", "-e", "trace=execve,getppid", "-o", "trace",
                                     *program).status, 0)
        lines = self.lines("trace")
        self.assertEqual(len([line for line in lines if re.search(r"execve\(.*\) = 0$", line)]), 2, lines)
        self.assertFalse([line for line in lines if "unfinished" in line or "resumed" in line], lines)

    def test_detached(self):
        for wanted, count in (("detached", 1), ("successful", 0), ("unfinished", 0)):
            tracer = self.start_ttrace("-e", f"status={wanted}", "-o", "trace", "sleep", "100")
            harness.wait_until(lambda: self.asleep(tracer), "asleep")
            [pid] = harness.descendants(tracer.pid)
            tracer.send_signal(signal.SIGINT)
            harness.wait_until(lambda: harness.tracers(pid) == [0], "detached")
            os.kill(pid, signal.SIGTERM)
            self.assertEqual(tracer.end().status, -signal.SIGTERM)
            shown = [line for line in self.lines("trace") if line.endswith(" <detached ...>")]
            self.assertEqual(len(shown), count, self.lines("trace"))

    def asleep(self, tracer):
        """The program runs and is in the call that it stays in."""
        return [True for pid in harness.descendants(tracer.pid)
                if harness.read_text(f"/proc/{pid}/comm") == "sleep\n"
                and harness.status_field(pid, "State") == "S"]

    def test_counted_are_those_that_are_shown(self):
        # strace 6.1 counts all calls.
        lines = self.trace(*self.LS, options=["-C", "-Z", "-U", "calls,errors,name"], status=2)
        end = lines.index("+++ exited with 2 +++")
        self.assertGreater(end, 1)
        self.assertEqual(lines[-1].split(), [str(end), str(end), "total"])
        run = self.ttrace("-c", "-e", "status=unfinished", "true")
        self.assertEqual((run.status, run.err), (0, ""))

    def test_mistakes(self):
        for options, word in ((["-e", "status=bogus"], "bogus"), (["--status="], ""),
                              (["-e", "status=failed,x"], "x")):
            run = self.ttrace(*options, "touch", "ran")
            self.assertGreater(run.status, 0)
            self.assertEqual(run.err, f"{harness.TTRACE}: invalid status '{word}'\n")
            self.assertFalse(os.path.exists(self.path("ran")))
        run = self.ttrace("-z", "-Z", "-o", "trace", "true")
        self.assertEqual(run.status, 0)
        self.assertIn("Only the last of -z/--successful-only/-Z/--failed-only options", run.err)


if __name__ == "__main__":
    harness.main()
