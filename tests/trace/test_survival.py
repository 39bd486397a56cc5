#!/usr/bin/env python3
"""Whatever ends the tracing, the traced program goes on unharmed.

Each end comes while all threads of a server run into breakpoints. Afterwards the program's text is
its file's, every answer was and is right, and for a program that ttrace started, ttrace stays until
it ends and returns its status.
"""

import os
import signal

import harness

FUNCTIONS = ["--funcs", "^(answer|scramble)$"]
CLIENTS = 8
QUESTIONS = harness.fewer(2000, least=200)  # of each client
CHECKED = CLIENTS * harness.CHECKED


class Survival(harness.TraceCase):
    def start_traced(self, attach, *options, **streams):
        """Returns (server, tracer)."""
        argv = [harness.TTRACE, "-f", "-e", "trace=sendto,recvfrom", *FUNCTIONS, *options]
        if not attach:
            server = harness.Server(self, argv, **streams)
            return server, server.process
        server = harness.Server(self)
        return server, self.start(*argv, "-p", server.pid, **streams)

    def check_survival(self, attach, server, tracer, load, statuses=(0,)):
        harness.wait_until(lambda: harness.text_damage(server.pid) == [], "breakpoints removed")
        self.assertEqual(load.end().out, f"{CLIENTS * QUESTIONS}\n")
        server.check()
        self.assert_undamaged(server.pid)
        self.assertEqual(server.calls(), CLIENTS * QUESTIONS + CHECKED)
        if attach:
            run = tracer.end()
            self.assertIn(run.status, statuses, run.err)
            self.assertEqual(set(harness.tracers(server.pid)), {0})
            self.assertEqual(server.stop().status, 0)
        else:
            self.assertIsNone(tracer.poll(), "ttrace ended before the program that it started")
            self.assertEqual(server.stop().status, 0)

    def start_loaded(self, attach):
        """Returns (server, tracer, clients) once calls are being traced."""
        server, tracer = self.start_traced(attach, "-o", "trace")
        harness.wait_until(lambda: harness.text_damage(server.pid), "breakpoints")
        load = server.ask(CLIENTS, QUESTIONS)
        harness.wait_until(lambda: any("answer(" in line for line in self.lines("trace")), "a trace")
        return server, tracer, load

    def end_by_signal(self, number, attach):
        server, tracer, load = self.start_loaded(attach)
        tracer.send_signal(number)
        self.check_survival(attach, server, tracer, load, (-number, 0))

    def test_sigint_started(self):
        self.end_by_signal(signal.SIGINT, False)

    def test_sigint_attached(self):
        self.end_by_signal(signal.SIGINT, True)

    def test_sigterm_started(self):
        self.end_by_signal(signal.SIGTERM, False)

    def test_sigterm_attached(self):
        self.end_by_signal(signal.SIGTERM, True)

    def test_sighup_started(self):
        self.end_by_signal(signal.SIGHUP, False)

    def test_sighup_attached(self):
        self.end_by_signal(signal.SIGHUP, True)

    def end_by_sigkill(self, attach):
        """Of the process that the user started: the other one lets go."""
        server, tracer, load = self.start_loaded(attach)
        tracer.kill()
        self.assertEqual(tracer.wait(harness.TIMEOUT), -signal.SIGKILL)
        harness.wait_until(lambda: set(harness.tracers(server.pid)) == {0}, "let go of")
        self.assert_undamaged(server.pid)
        self.assertEqual(load.end().out, f"{CLIENTS * QUESTIONS}\n")
        server.check()
        self.assertEqual(server.calls(), CLIENTS * QUESTIONS + CHECKED)

    def test_sigkill_started(self):
        self.end_by_sigkill(False)

    def test_sigkill_attached(self):
        self.end_by_sigkill(True)

    def kill_tracing_process(self, attach):
        """Its guardian takes the breakpoints out. All threads wait: none is at a breakpoint."""
        server, tracer = self.start_traced(attach, "-o", "trace")
        harness.wait_until(lambda: harness.text_damage(server.pid), "breakpoints")
        server.check()
        tracing, = {pid for pid in harness.tracers(server.pid)}
        self.assertNotEqual(tracing, tracer.pid)
        os.kill(tracing, signal.SIGKILL)
        harness.wait_until(lambda: harness.text_damage(server.pid) == [], "breakpoints removed")
        harness.wait_until(lambda: set(harness.tracers(server.pid)) == {0}, "let go of")
        server.check()
        self.assertEqual(server.calls(), 2 * CHECKED)
        if not attach:
            self.assertIsNone(tracer.poll(), "ttrace ended before the program that it started")
            os.kill(server.pid, signal.SIGTERM)
        run = tracer.end()
        self.assertEqual(run.status, -signal.SIGKILL)
        self.assertEqual(run.err.splitlines()[-1],
                         f"{harness.TTRACE}: the tracing process was killed by SIGKILL; the breakpoints were removed")

    def test_sigkill_of_the_tracing_process_started(self):
        self.kill_tracing_process(False)

    def test_sigkill_of_the_tracing_process_attached(self):
        self.kill_tracing_process(True)

    def end_by_closed_pipe(self, attach):
        """2>&1 | head -1"""
        server, tracer = self.start_traced(attach)
        harness.wait_until(lambda: harness.text_damage(server.pid), "breakpoints")
        load = server.ask(CLIENTS, QUESTIONS)
        self.assertNotEqual(tracer.stderr.readline(), b"")
        tracer.stderr.close()
        tracer.stderr = None
        self.check_survival(attach, server, tracer, load)

    def test_closed_pipe_started(self):
        self.end_by_closed_pipe(False)

    def test_closed_pipe_attached(self):
        self.end_by_closed_pipe(True)

    def end_by_reader(self, attach):
        server, tracer = self.start_traced(attach, "-o", "|head -n 1 > first")
        harness.wait_until(lambda: harness.text_damage(server.pid) or self.has("first"), "breakpoints")
        load = server.ask(CLIENTS, QUESTIONS)
        self.check_survival(attach, server, tracer, load)
        self.assertEqual(len(self.lines("first")), 1)

    def has(self, name):
        try:
            return self.lines(name)
        except FileNotFoundError:
            return []

    def test_reader_that_ends_started(self):
        self.end_by_reader(False)

    def test_reader_that_ends_attached(self):
        self.end_by_reader(True)

    def end_by_full_disk(self, attach):
        server, tracer = self.start_traced(attach, "-o", "/dev/full")
        if attach:
            harness.wait_until(lambda: any(harness.tracers(server.pid)), "attached")
        load = server.ask(CLIENTS, QUESTIONS)
        self.check_survival(attach, server, tracer, load, (0, 1))

    def test_full_disk_started(self):
        self.end_by_full_disk(False)

    def test_full_disk_attached(self):
        self.end_by_full_disk(True)

    def test_full_disk_is_said_once(self):
        run = self.ttrace("-o", "/dev/full", "sh", "-c", "echo alive; exit 5")
        self.assertEqual((run.status, run.out), (5, "alive\n"))
        self.assertEqual(run.err.count("No space left on device"), 1, run.err)

    def test_closed_pipe_returns_the_programs_status(self):
        run = self.start("sh", "-c", '"$0" -o "|true" sh -c "sleep 0.2; echo alive; exit 6"; echo $?',
                         harness.TTRACE).end()
        self.assertEqual(run.out, "alive\n6\n", run.err)


if __name__ == "__main__":
    harness.main()
