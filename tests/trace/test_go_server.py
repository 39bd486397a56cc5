#!/usr/bin/env python3
"""A tracer comes to a busy Go HTTP server and goes, whatever ends it: no request fails, and the server's
text is its file's afterwards.

All of net, and what that matches of net/http and its like, is traced. Clients check every answer: from
handlers that grow their stacks, that panic and recover, and that panic without, where net/http does.
TTRACE_TEST_GO_CYCLES says how often tracers come, with both toolchains together.
"""

import http.client
import os
import random
import re
import signal
import threading
import time

import go_programs
import harness

CYCLES = int(os.environ.get("TTRACE_TEST_GO_CYCLES", max(4, harness.fewer(200))))
CLIENTS = 4
FUNCTIONS = r"net\..*"
# Bytes of a trace: enough to say something about it.
LITTLE, MUCH = (4_000, 60_000) if harness.SLOW else (20_000, 300_000)


class Client(threading.Thread):
    """Asks one thing after the other, on one connection or on many."""

    def __init__(self, port, seed):
        super().__init__(daemon=True)
        self.port, self.random = port, random.Random(seed)
        self.stop = threading.Event()
        self.answers, self.wrong = 0, []

    def expected(self):
        number = self.random.randrange(1, 300)
        return self.random.choice([
            (f"/hello/x{number}", 200, f"hello, x{number}"), ("/hello/", 400, "nobody to greet\n"),
            (f"/sum/{number}", 200, str(number * (number + 1) // 2)),
            ("/caught", 200, "caught: 2 is too many"), ("/file", 200, str(self.port)),
            ("/panic", None, None)])

    def ask(self, connection):
        path, status, text = self.expected()
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            got = answer.status, answer.read().decode()
        except http.client.RemoteDisconnected:
            got = None, None
            connection.close()
        if got != (status, text):
            self.wrong.append((path, got))
        self.answers += 1

    def run(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=harness.TIMEOUT)
        while not self.stop.is_set():
            try:
                self.ask(connection)
            except Exception as error:  # whatever it is, a request has failed
                self.wrong.append(repr(error))
                connection.close()
            if self.random.random() < 0.2:
                connection.close()
        connection.close()


@go_programs.for_each_toolchain
class GoServer(go_programs.GoCase):
    flags = ()

    def setUp(self):
        super().setUp()
        program = self.build("server", *self.flags)
        self.server = self.start(program, self.path("port"), stdout=None, stderr=None)
        harness.wait_until(lambda: os.path.exists(self.path("port")), "the server listens")
        self.port = int(self.lines("port")[0])
        self.clients = [Client(self.port, seed) for seed in range(CLIENTS)]
        for client in self.clients:
            client.start()
        self.addCleanup(self.stop_clients)

    def stop_clients(self):
        for client in self.clients:
            client.stop.set()
        for client in self.clients:
            client.join(harness.TIMEOUT)

    def answers(self):
        return sum(client.answers for client in self.clients)

    def check_unharmed(self):
        self.assertIsNone(self.server.poll(), "the server has ended")
        self.assertEqual([client.wrong for client in self.clients], [[]] * CLIENTS)
        self.assertEqual(set(harness.tracers(self.server.pid)), {0})
        self.assert_undamaged(self.server.pid)

    def more_answers(self, count=20):
        before = self.answers()
        harness.wait_until(lambda: self.answers() > before + count, "the server answers")

    def attach(self, *argv, **options):
        return self.start_ttrace("-p", self.server.pid, "--funcs", FUNCTIONS, *argv, **options)

    def by_signal(self, number):
        trace = self.path("trace")
        if os.path.exists(trace):
            os.remove(trace)
        tracer = self.attach("-o", trace)
        harness.wait_until(lambda: tracer.poll() is not None or
                           (os.path.exists(trace) and os.path.getsize(trace) > 0), "something is traced")
        time.sleep(random.random() / 20)
        tracer.send_signal(number)
        run = tracer.end()
        self.assertEqual(run.status, -number, run.err)

    def by_reader(self):
        shell = self.start("sh", "-c", f"{harness.TTRACE} -p {self.server.pid} --funcs '{FUNCTIONS}' 2>&1 | head -5")
        run = shell.end()
        self.assertEqual(len(run.out.splitlines()), 5, run.err)
        # head does not wait for ttrace.
        harness.wait_until(lambda: set(harness.tracers(self.server.pid)) == {0}, "ttrace has let go")
        harness.wait_until(lambda: not harness.text_damage(self.server.pid), "the breakpoints are gone")

    def by_full_disk(self):
        run = self.attach("-o", "/dev/full").end()
        self.assertIn("No space left on device", run.err)

    def test_cycles(self):
        ways = [lambda: self.by_signal(signal.SIGINT), lambda: self.by_signal(signal.SIGTERM),
                self.by_reader, self.by_full_disk]
        present = sum(1 for toolchain in go_programs.TOOLCHAINS if not toolchain.missing)
        first = go_programs.TOOLCHAINS.index(self.toolchain) * len(ways) // 2  # with few cycles, all ways between them
        for i in range(first, first + CYCLES // present):
            ways[i % len(ways)]()
            self.check_unharmed()
        self.more_answers()
        self.check_unharmed()

    def test_what_is_seen(self):
        """Every line is a goroutine's; calls end once, and what is inside of them is."""
        tracer = self.attach("-f", "-o", "trace", "-e", "none")
        harness.wait_until(lambda: os.path.exists(self.path("trace")), "it is traced")
        harness.wait_until(lambda: os.path.getsize(self.path("trace")) > MUCH, "something is traced")
        tracer.send_signal(signal.SIGINT)
        tracer.end()
        self.check_unharmed()
        self.check_pairs(self.lines("trace"))

    def check_pairs(self, lines):
        opened, names, complete = {}, set(), 0
        for line in lines:
            match = re.match(r"^\d+ +(?:g (\d+) )?( *)(.*)$", line)
            self.assertTrue(match, line)
            goroutine, blanks, text = match.groups()
            if text.startswith(("---", "+++")):
                continue
            self.assertTrue(goroutine, line)
            stack = opened.setdefault(goroutine, [])
            level = len(blanks) // 2
            if text.startswith("} "):
                name = text.split()[1]
                self.assertTrue(stack and stack[-1] == (level, name), f"{line}\n{stack}")
                stack.pop()
                complete += 1
                continue
            # Attached to in the middle, a goroutine is at the outermost level.
            self.assertEqual(level, len(stack), f"{line}\n{stack}")
            name = re.match(r"[^(]*(?:\(\*[^)]*\)[^(]*)*", text).group(0)
            names.add(name)
            if text.endswith("{"):
                stack.append((level, name))
            else:
                complete += 1
        self.assertGreater(complete, 100)
        for name in ("net.(*conn).Read", "net.(*conn).Write", "net.(*netFD).accept"):
            self.assertIn(name, names)

    def test_one_goroutine(self):
        """--goroutine: the one that accepts connections is the first."""
        self.check_first_goroutine("--funcs", FUNCTIONS)

    def test_one_goroutine_without_functions(self):
        self.check_first_goroutine("--go-runtime=hide")

    def check_first_goroutine(self, *options):
        tracer = self.start_ttrace("-p", self.server.pid, "-f", "-o", "trace", "--goroutine", "1", *options)
        harness.wait_until(lambda: os.path.exists(self.path("trace")), "it is traced")
        harness.wait_until(lambda: os.path.getsize(self.path("trace")) > LITTLE, "something is traced")
        tracer.send_signal(signal.SIGINT)
        tracer.end()
        lines = self.lines("trace")
        other = [line for line in lines if not re.match(r"^\d+ +g 1 ", line)]
        self.assertEqual(other, [])
        self.assertTrue(any(" accept4(" in line for line in lines))
        self.assertFalse(any(" futex(" in line for line in lines))
        self.check_unharmed()

    def test_quiet_runtime(self):
        """What the runtime does is left out, and counted; shown when asked for."""
        tracer = self.attach("-f", "-o", "trace", "-e", "trace=futex,epoll_pwait,nanosleep,read")
        harness.wait_until(lambda: os.path.exists(self.path("trace")) and
                           os.path.getsize(self.path("trace")) > LITTLE, "something is traced")
        tracer.send_signal(signal.SIGINT)
        run = tracer.end()
        hidden = [line for line in self.lines("trace") if re.search(r" (futex|epoll_pwait|nanosleep)\(", line)]
        self.assertEqual(hidden, [])
        self.assertRegex(run.err, r"left out \d+ of the Go runtime's own: \d+ \w+")
        tracer = self.attach("-f", "-o", "shown", "--go-runtime=show", "-e", "trace=futex,epoll_pwait,nanosleep,read")
        harness.wait_until(lambda: re.search(r" (futex|epoll_pwait|nanosleep)\(", harness.read_text(self.path("shown"))),
                           "the runtime is shown")
        tracer.send_signal(signal.SIGINT)
        self.assertNotIn("left out", tracer.end().err)
        self.check_unharmed()


if __name__ == "__main__":
    harness.main()
