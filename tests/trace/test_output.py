#!/usr/bin/env python3
"""Where the trace goes and how its lines look."""

import glob
import os
import re
import signal

import harness

# One call that fails, and the end.
ONE = ["-e", "trace=chdir", "sh", "-c", "exec 2>/dev/null; cd /nonexistent-for-the-test"]


class Destination(harness.TraceCase):
    def test_stderr(self):
        run = self.ttrace("-e", "trace=chdir", "sh", "-c", "echo out; cd /")
        self.assertEqual(run.out, "out\n")
        self.assertEqual(run.err_lines, ['chdir("/")                              = 0',
                                         "+++ exited with 0 +++"])

    def test_file(self):
        run = self.ttrace("-o", "trace", "-e", "trace=chdir", "sh", "-c", "cd /")
        self.assertEqual((run.out, run.err), ("", ""))
        self.assertEqual(self.lines("trace"), ['chdir("/")                              = 0',
                                               "+++ exited with 0 +++"])

    def test_file_is_replaced(self):
        self.write("trace", "old\n" * 1000)
        self.ttrace("-o", "trace", "-e", "trace=chdir", "sh", "-c", "cd /")
        self.assertEqual(len(self.lines("trace")), 2)

    def test_append(self):
        self.write("trace", "old\n")
        self.ttrace("-A", "-o", "trace", "-e", "trace=chdir", "sh", "-c", "cd /")
        self.assertEqual(self.lines("trace")[0], "old")
        self.assertEqual(len(self.lines("trace")), 3)

    def test_stdout(self):
        run = self.ttrace("-o", "-", "-e", "trace=chdir", "sh", "-c", "cd /")
        self.assertEqual(run.err, "")
        self.assertEqual(run.out.splitlines(), ['chdir("/")                              = 0',
                                                "+++ exited with 0 +++"])

    def test_command(self):
        run = self.ttrace("-o", "|sed s/^/got:/", "-e", "trace=chdir", "sh", "-c", "cd /; exit 4")
        self.assertEqual(run.status, 4)
        # The command has written all before ttrace ends.
        self.assertEqual(run.out.splitlines(), ['got:chdir("/")                              = 0',
                                                "got:+++ exited with 4 +++"])

    def test_file_for_each_thread(self):
        self.ttrace("-ff", "-o", "trace", self.target("processes"), "expected", "fork")
        expected = harness.by_thread(self.lines("expected"))
        files = {name.rsplit(".", 1)[1] for name in glob.glob(self.path("trace.*"))}
        self.assertEqual(files, set(expected))
        for pid, lines in expected.items():
            got = [re.sub(r" +=", " =", line) for line in self.lines(f"trace.{pid}")]
            self.assert_same_lines(lines, [line for line in got if line in set(lines)])
            self.assertEqual(got[-1], lines[-1])

    def test_every_event_of_a_pipe_is_a_whole_line(self):
        run = self.ttrace("-f", "-e", "trace=getppid", self.target("processes"), "expected",
                          "many-threads")
        self.assertEqual([line for line in run.err_lines if "unfinished" in line or "resumed" in line], [])
        self.assertEqual(sum("getppid() " in line for line in run.err_lines), 2001)
        for line in run.err_lines:
            self.assertRegex(line, r"^(ttrace: |/.*ttrace: |\[pid +\d+\] |getppid|\+\+\+ |strace: )")

    def test_call_that_hangs_is_visible_in_a_pipe(self):
        program = self.start_ttrace("-e", "trace=clock_nanosleep", "sleep", "100")
        line = program.stderr.readline().decode()
        self.assertRegex(line, r"^clock_nanosleep\(CLOCK_REALTIME, 0, \{tv_sec=100, tv_nsec=0\} <unfinished \.\.\.>$")
        for pid in harness.descendants(program.pid):
            os.kill(pid, signal.SIGTERM)
        run = program.end()
        self.assertEqual(run.status, -signal.SIGTERM)
        self.assertIn("+++ killed by SIGTERM +++", run.err)


class Lines(harness.TraceCase):
    def first(self, *options):
        return self.ttrace(*options, *ONE).err_lines[0]

    call = r'chdir\("/nonexistent-for-the-test"\) += -1 ENOENT \(No such file or directory\)'

    def test_plain(self):
        self.assertRegex(self.first(), f"^{self.call}$")

    def test_time(self):
        self.assertRegex(self.first("-t"), rf"^\d\d:\d\d:\d\d {self.call}$")

    def test_microseconds(self):
        self.assertRegex(self.first("-tt"), rf"^\d\d:\d\d:\d\d\.\d{{6}} {self.call}$")

    def test_unix_time(self):
        self.assertRegex(self.first("-ttt"), rf"^\d{{10}}\.\d{{6}} {self.call}$")

    def test_relative_time(self):
        self.assertRegex(self.first("-r"), rf"^ {{5}}0\.\d{{6}} {self.call}$")

    def test_durations(self):
        self.assertRegex(self.first("-T"), rf"^{self.call} <0\.\d{{6}}>$")

    def test_column(self):
        run = self.ttrace("-a", "60", *ONE)
        self.assertEqual(run.err_lines[0].index("= -1"), 60)

    def test_string_limit(self):
        run = self.ttrace("-s", "5", "-e", "trace=write", "-o", "trace", "echo", "1234567")
        self.assertEqual((run.out, run.err), ("1234567\n", ""))
        self.assertRegex(self.lines("trace")[0], r'^write\(1, "12345"\.\.\., 8\) +=')

    def test_pid_prefix(self):
        self.ttrace("-f", "-o", "trace", "-e", "trace=getppid", self.target("processes"),
                    "expected", "fork")
        self.assertEqual([line for line in self.lines("trace") if not re.match(r"^\d+ +\S", line)], [])

    def test_attach_messages_and_quiet(self):
        argv = ["-e", "trace=getppid", self.target("processes"), "expected", "fork"]
        loud = self.ttrace("-f", *argv).err
        self.assertEqual(len(re.findall(r"Process \d+ attached$", loud, re.MULTILINE)), 5, loud)
        self.assertRegex(loud, r"(?m)^\[pid +\d+\] getppid\(\) +=")
        self.assertRegex(loud, r"(?m)^\+\+\+ exited with 0 \+\+\+$")
        quiet = self.ttrace("-f", "-q", *argv).err
        self.assertNotIn("attached", quiet)
        self.assertIn("+++ exited with 0 +++", quiet)
        self.assertNotIn("exited", self.ttrace("-f", "-qq", *argv).err)


class Status(harness.TraceCase):
    def test_exit_status(self):
        for status in (0, 1, 7, 255):
            self.assertEqual(self.ttrace("sh", "-c", f"exit {status}").status, status)

    def test_death_by_signal(self):
        for number in (signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1):
            run = self.ttrace("-o", "trace", "sh", "-c", f"kill -{int(number)} $$")
            self.assertEqual(run.status, -number)
            self.assertEqual(self.lines("trace")[-1], f"+++ killed by {number.name} +++")

    def test_standard_input_is_the_programs(self):
        process = self.start_ttrace("-o", "trace", "cat", stdin=harness.subprocess.PIPE)
        process.stdin.write(b"hello\n")
        process.stdin.close()
        process.stdin = None
        self.assertEqual(process.end().out, "hello\n")

    def test_descriptors_are_the_programs(self):
        """The traced program has what it has without a tracer."""
        plain = self.start("ls", "-1", "/proc/self/fd").end().out
        for options in ([], ["-f"], ["-f", "-o", "trace"], ["-o", "|cat >/dev/null"]):
            run = self.ttrace(*options, "ls", "-1", "/proc/self/fd")
            self.assertEqual(run.out, plain, options)

    def test_signals_are_the_programs(self):
        """Neither masks nor ignored signals are inherited from the tracer."""
        show = "grep ^Sig[BI] /proc/self/status"
        plain = self.start("sh", "-c", show).end().out
        self.assertEqual(self.ttrace("-f", "-o", "trace", "sh", "-c", show).out, plain)


if __name__ == "__main__":
    harness.main()
