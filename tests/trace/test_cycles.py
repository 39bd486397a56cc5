#!/usr/bin/env python3
"""A tracer comes and goes a thousand times, whatever ends it, in the middle of everything.

The program is a server of eight busy threads that also get signals, while other threads are born and
die, execute an instruction out of line, and make children with vfork. It checks itself, and
its clients check every answer; after each cycle its text must be its file's.
"""

import os
import random
import signal
import time

import harness

CYCLES = int(os.environ.get("TTRACE_TEST_CYCLES", harness.fewer(1000)))
FUNCTIONS = "^(answer|scramble|vectorial|in_handler|short_lived)$"
CLIENTS = 8
QUESTIONS = harness.fewer(2000, least=50)  # of each client, in one load


class Cycles(harness.TraceCase):
    def setUp(self):
        super().setUp()
        self.server = harness.Server(self, how="storm", threads=8)
        self.load = None
        self.answers = 0

    def keep_busy(self):
        """One load after the other."""
        if self.load is not None and self.load.poll() is None:
            return
        if self.load is not None:
            self.assertEqual(self.load.end().out, f"{CLIENTS * QUESTIONS}\n", "wrong answers")
            self.answers += CLIENTS * QUESTIONS
        self.load = self.server.ask(CLIENTS, QUESTIONS)

    def by_signal(self, number):
        tracer = self.attach("-o", "/dev/null")
        self.wait_for_breakpoints(tracer)
        tracer.send_signal(number)
        return tracer

    def by_closed_pipe(self):
        tracer = self.attach()
        self.assertNotEqual(tracer.stderr.readline(), b"")
        tracer.stderr.close()
        tracer.stderr = None
        return tracer

    def by_full_disk(self):
        return self.attach("-o", "/dev/full")

    def attach(self, *options):
        # Without -f the children are let go of, but for those that share the program's memory.
        follow = self.random.choice([["-f"], []])
        return self.start_ttrace(*follow, "-e", "trace=none", "--funcs", FUNCTIONS, *options,
                                 "-p", self.server.pid)

    def wait_for_breakpoints(self, tracer):
        deadline = time.monotonic() + harness.TIMEOUT
        while tracer.poll() is None and set(harness.tracers(self.server.pid)) == {0}:
            self.assertLess(time.monotonic(), deadline, "not attached")
        time.sleep(self.random.uniform(0, 0.02))

    def test_attach_and_let_go(self):
        ways = [lambda n=n: self.by_signal(n) for n in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)]
        # The one that a user sends when nothing else helps: to the process that he started.
        ways += [self.by_closed_pipe, self.by_full_disk, lambda: self.by_signal(signal.SIGKILL)]
        seed = random.randrange(1 << 30)
        self.random = random.Random(seed)
        for cycle in range(CYCLES):
            self.keep_busy()
            way = cycle % len(ways)
            where = f"cycle {cycle}, way {way}, seed {seed}"
            tracer = ways[way]()
            run = tracer.end()
            # Nobody is left to wait for after a SIGKILL but the program's own state.
            harness.wait_until(lambda: set(harness.tracers(self.server.pid)) == {0}, where)
            self.assertNotIn("internal error", run.err, where)
            self.assertIsNone(self.server.process.poll(), f"the server died: {where}")
            self.assertEqual(harness.text_damage(self.server.pid), [], where)
            self.reap(tracer)
        self.assertEqual(self.load.end().out, f"{CLIENTS * QUESTIONS}\n")
        self.server.check()
        print(f"# {CYCLES} cycles, {self.answers + CLIENTS * QUESTIONS} answers, all right", flush=True)
        self.assertEqual(self.server.stop().status, 0)


if __name__ == "__main__":
    harness.main()
