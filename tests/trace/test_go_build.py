#!/usr/bin/env python3
"""ttrace builds a Go program, or a package's tests, and traces it: --go-build and --go-test."""

import os
import shutil
import signal
import stat
import time

import go_programs
import harness


@go_programs.for_each_toolchain
class GoBuild(go_programs.GoCase):
    def setUp(self):
        super().setUp()
        if not self.toolchain.command:
            self.skipTest("there is no Go on this machine: its programs were built on another")
        self.module = self.path("shop")
        shutil.copytree(go_programs.source("shop"), self.module)
        # The only `go` in reach is the toolchain's.
        os.mkdir(self.path("bin"))
        os.symlink(os.path.realpath(self.toolchain.command), self.path("bin/go"))
        self.temporary = self.path("tmp")
        os.mkdir(self.temporary)
        self.variables = dict(self.toolchain.environment(), TMPDIR=self.temporary,
                              PATH=self.path("bin") + ":" + os.environ["PATH"])

    def start_here(self, *argv, **options):
        """ttrace in the module's folder."""
        return self.start("/usr/bin/env", "-C", self.module, "--", harness.TTRACE, *argv,
                          env=options.pop("env", self.variables), **options)

    def run_here(self, *argv, status=0, **options):
        run = self.start_here(*argv, **options).end()
        self.assertEqual(run.status, status, run.err)
        self.assert_tidy()
        return run

    def assert_tidy(self):
        self.assertEqual(os.listdir(self.temporary), [], "left behind")

    def test_a_program(self):
        run = self.run_here("--go-build", "./app", "-e", "none", "--funcs", r"lib\.Price", "tea", "--",
                            status=3)
        self.assertEqual(run.out, "tea 300 <nil> plain\n-- 200 <nil> plain\n")
        calls = [line for line in run.err_lines if "lib.Price(" in line]
        self.assertEqual(len(calls), 2, run.err)

    def test_without_functions(self):
        run = self.run_here("--go-build=./app", "-f", "-e", "write", "x")
        self.assertIn('write(1, "x 100 <nil> plain\\n", 18', run.err)

    def test_names_of_functions(self):
        run = self.run_here("--go-build=./app", "--list-funcs", "--funcs", r"lib\.")
        self.assertRegex(run.out, r"(?m)^example.org/shop/lib\.Price +app +0x")

    def test_tests(self):
        """In the folder of the package; what is ttrace's stays where ttrace is."""
        run = self.run_here("--go-test", "./lib", "-e", "none", "--funcs", r"lib\.Price", "-o", "trace",
                            "--", "-test.run", "Price", "-test.v")
        self.assertIn("PASS: TestPrice", run.out)
        trace = harness.read_text(os.path.join(self.module, "trace"))
        self.assertEqual(trace.count("lib.Price("), 1, trace)

    def test_tests_that_fail(self):
        with open(os.path.join(self.module, "lib/lib_test.go"), "a", encoding="utf-8") as file:
            file.write("\nfunc TestBad(t *testing.T) { t.Fatal() }\n")
        self.run_here("--go-test=./lib", "-o", "/dev/null", "--", "-test.run", "Bad", status=1)

    def test_flags(self):
        run = self.run_here("--go-build=./app", "--go-flags=-tags special", "--go-flags=-gcflags='-N -l'",
                            "-o", "/dev/null", "x")
        self.assertEqual(run.out, "x 100 <nil> special\n")
        run = self.run_here("--go-test=./lib", "--go-flags=-tags special -cover", "-o", "/dev/null",
                            "--", "-test.run", "^$")
        self.assertIn("coverage:", run.out)

    def test_the_program_is_kept(self):
        run = self.run_here("--go-build=./app", "--go-output=kept", "-o", "/dev/null", "x")
        self.assertEqual(run.out, "x 100 <nil> plain\n")
        kept = os.path.join(self.module, "kept")
        self.assertTrue(os.stat(kept).st_mode & stat.S_IXUSR)
        self.assertEqual(self.start(kept, "y").end().out, "y 100 <nil> plain\n")
        run = self.run_here("--go-test=./lib", "--go-output=kept.test", "-o", "/dev/null")
        self.assertTrue(os.path.exists(kept + ".test"))

    def test_build_errors(self):
        for how in ("--go-build", "--go-test"):
            run = self.run_here(how, "./bad", "--funcs", "x", status=1)
            self.assertRegex(run.err, r"(?m)^bad/main\.go:3:15: undefined: x")
            self.assertEqual(run.err_lines[-1].split("ttrace: ")[1],
                             f"cannot trace ./bad: '{'go build' if how == '--go-build' else 'go test -c'}' failed")
            self.assertEqual(run.out, "")

    def test_old_file_where_there_are_no_tests(self):
        old = os.path.join(self.dir, "old.test")
        with open(old, "w", encoding="ascii") as file:
            file.write("#!/bin/sh\necho old\n")
        os.chmod(old, 0o755)
        run = self.run_here("--go-test=./empty", "--go-output", old, "--funcs", "x", status=1)
        self.assertIn("it has no tests", run.err)
        self.assertEqual(run.out, "")

    def test_what_is_no_program(self):
        for argv, message in ((["--go-build=./empty"], "'go build' failed"),
                              (["--go-test=./empty"], "it has no tests"),
                              (["--go-build=./nothing"], "'go build' failed"),
                              (["--go-test=./nothing"], None),
                              (["--go-test=./..."], "these are several packages"),
                              (["--go-build=./app", "--go-output=lib"], "cannot write 'lib'")):
            run = self.run_here(*argv, status=1)
            self.assertIn("ttrace: cannot", run.err)
            if message:
                self.assertIn(message, run.err_lines[-1])

    def test_no_function_matches(self):
        run = self.run_here("--go-build=./app", "--funcs", "^nothing$", status=1)
        self.assertRegex(run.err, "no function of .* matches 'nothing'|matches '\\^nothing\\$'")

    def test_no_go_command(self):
        run = self.run_here("--go-build=./app", status=1, env=dict(self.variables, PATH="/nowhere"))
        self.assertIn("cannot find program 'go' in PATH", run.err)

    def test_signals_while_it_is_traced(self):
        functions = ["--funcs", r"lib\."]
        for number, what in ((signal.SIGINT, functions), (signal.SIGTERM, ["-e", "openat"]),
                             (signal.SIGHUP, functions)):
            tracer = self.start_here("-f", "-o", "trace", *what, "--go-build=./app", "wait")
            self.assertEqual(tracer.stdout.readline(), b"wait 400 <nil> plain\n")
            program = next(pid for pid in harness.descendants(tracer.pid)
                           if harness.status_field(pid, "Name") == "app")
            tracer.send_signal(number)
            harness.wait_until(lambda: harness.tracers(program) != []
                               and not any(harness.tracers(program)), "the program is let go")
            self.assertEqual(len(os.listdir(self.temporary)), 1, "it still runs")
            # ttrace stays until the program that it started ends.
            os.kill(program, signal.SIGKILL)
            tracer.end()
            self.assert_tidy()

    def test_two_signals(self):
        """The second ends ttrace, although the program goes on."""
        tracer = self.start_here("-f", "-o", "trace", "-e", "none", "--go-build=./app", "wait")
        self.assertEqual(tracer.stdout.readline(), b"wait 400 <nil> plain\n")
        program = next(pid for pid in harness.descendants(tracer.pid)
                       if harness.status_field(pid, "Name") == "app")
        tracer.send_signal(signal.SIGTERM)
        harness.wait_until(lambda: not any(harness.tracers(program)), "the program is let go")
        # It is told that a moment after it was let go.
        deadline = time.monotonic() + harness.TIMEOUT
        while tracer.poll() is None and time.monotonic() < deadline:
            tracer.send_signal(signal.SIGTERM)
            time.sleep(0.05)
        self.assertEqual(tracer.returncode, -signal.SIGTERM)
        self.assert_tidy()
        os.kill(program, signal.SIGKILL)

    def test_the_program_is_killed(self):
        tracer = self.start_here("-o", "/dev/null", "--go-build=./app", "wait")
        self.assertEqual(tracer.stdout.readline(), b"wait 400 <nil> plain\n")
        program = next(pid for pid in harness.descendants(tracer.pid)
                       if harness.status_field(pid, "Name") == "app")
        os.kill(program, signal.SIGTERM)
        self.assertEqual(tracer.end().status, -signal.SIGTERM)
        self.assert_tidy()


class Interrupted(harness.TraceCase):
    """The build takes long, with a go command that does nothing else."""

    def setUp(self):
        super().setUp()
        os.mkdir(self.path("bin"))
        self.write("bin/go", "#!/bin/sh\nsleep 1000 &\necho $$ $! >started.new\n"
                             "mv started.new started\nwait\n", 0o755)
        self.temporary = self.path("tmp")
        os.mkdir(self.temporary)
        self.variables = dict(os.environ, TMPDIR=self.temporary,
                              PATH=self.path("bin") + ":" + os.environ["PATH"])

    def test_signals(self):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            tracer = self.start_ttrace("--go-build=.", "--funcs=x", env=self.variables)
            harness.wait_until(lambda: os.path.exists(self.path("started")), "the build has begun")
            begun = [int(word) for word in harness.read_text(self.path("started")).split()]
            os.remove(self.path("started"))
            # The `sleep` in the background ignores SIGINT.
            tracer.send_signal(number)
            self.assertEqual(tracer.end().status, -number)
            self.assertEqual(os.listdir(self.temporary), [])
            harness.wait_until(lambda: not any(harness.status_field(pid, "State") in ("S", "R")
                                               for pid in begun), "what the build has started has ended")

    def test_an_ignored_signal(self):
        """Under nohup, a build goes on, too."""
        tracer = self.start("nohup", harness.TTRACE, "--go-build=.", "--funcs=x", env=self.variables)
        harness.wait_until(lambda: os.path.exists(self.path("started")), "the build has begun")
        tracer.send_signal(signal.SIGHUP)
        time.sleep(0.3)
        self.assertIsNone(tracer.poll())
        tracer.send_signal(signal.SIGTERM)
        self.assertEqual(tracer.end().status, -signal.SIGTERM)


if __name__ == "__main__":
    harness.main()
