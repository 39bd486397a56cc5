#!/usr/bin/env python3
"""What a running program does is the same while hundreds of its functions come to be traced, and are let go of again.

    attach.py [--seconds N] [--seed N]

redis-server under the load of clients that know every answer, and programs whose output, status and files are
compared with an untraced run: ttrace attaches to each again and again, each time to other functions, drawn at
random, and is ended by a signal. Prints TAP.
"""

import argparse
import glob
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir, "trace"))
import cases  # noqa: E402
import client  # noqa: E402
import harness  # noqa: E402
import run  # noqa: E402
import trace_file  # noqa: E402

CLIENTS = 6
CHOSEN = 300
PATIENCE = 90  # seconds, for enough to happen
ENDS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Cycles:
    """Attachments to one process."""

    def __init__(self, pid, base, names, object_glob, seed, stacks=False):
        self.pid, self.base, self.names, self.glob, self.stacks = pid, base, names, object_glob, stacks
        self.random = random.Random(seed)
        self.count = self.calls = 0
        self.functions = set()
        self.wrong = []

    def attach(self, alive):
        """Once. `alive`: whether the process is still there, and is to be traced."""
        chosen = self.random.sample(self.names, min(CHOSEN, len(self.names)))
        trace = os.path.join(self.base, "attached")
        tracer = subprocess.Popen(
            [harness.TTRACE, *(["-f"] if self.random.random() < 0.5 else []), "-q", "--output-separately", "-o", trace, "-e", "trace=" + ",".join(run.SYSCALLS),
             "--funcs", f"^({'|'.join(re.escape(name) for name in chosen)})${self.glob}", "-p", str(self.pid)],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        end = time.monotonic() + self.random.uniform(0.1, 1)
        while time.monotonic() < end and alive():
            time.sleep(0.02)
        tracer.send_signal(self.random.choice(ENDS))
        try:
            errors = tracer.communicate(timeout=run.TIMEOUT)[1].decode(errors="replace")
        except subprocess.TimeoutExpired:
            self.wrong.append("hangs:\n" + harness.stacks(tracer.pid))
            tracer.kill()
            return
        if not alive():
            return
        self.count += 1
        if errors:
            self.wrong.append(f"ttrace wrote: {errors}")
        self.look_at(trace)

    def look_at(self, path):
        trace = trace_file.read_separate(path, run.SYSCALLS, self.stacks)
        for name in glob.glob(glob.escape(path) + ".*"):
            os.remove(name)
        self.calls += trace.calls
        self.functions |= set(trace.entered)
        self.wrong += trace.problems

    def summary(self):
        return f"attached {self.count} times, {self.calls} calls of {len(self.functions)} functions"


def redis(seconds, seed):
    """(what was wrong, what to say)"""
    with tempfile.TemporaryDirectory(prefix="ttrace-transparency-") as base:
        path = os.path.join(base, "socket")
        server = subprocess.Popen(["redis-server", "--port", "0", "--unixsocket", path, "--dir", base, "--save", "", "--io-threads", "3"],
                                  stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        try:
            harness.wait_until(lambda: os.path.exists(path), "redis-server listens")
            load = client.Load(path, CLIENTS, seed)
            admin = client.Client(path, "admin", seed)
            names = run.names_in(shutil.which("redis-server"), cases.EXECUTABLE)
            cycles = Cycles(server.pid, base, names, "", seed)
            begin = time.monotonic()

            def enough():
                return load.answers >= 100 and cycles.calls >= 1000 and len(cycles.functions) >= 100

            def goes_on():
                passed = time.monotonic() - begin
                # A busy machine needs longer before much has happened.
                return passed < seconds or (passed < PATIENCE and not enough())

            while goes_on() and server.poll() is None and not load.wrong:
                if cycles.count % 4 == 1:
                    admin.ask("bgsave")  # forks
                cycles.attach(lambda: server.poll() is None)
            wrong = load.stop() + cycles.wrong
            if server.poll() is not None:
                return wrong + [f"the server ended with {server.returncode}"], []
            if harness.text_damage(server.pid):
                wrong.append("breakpoints were left in the program")
            if admin.ask("ping") != b"PONG":
                wrong.append("no answer to a ping")
            admin.close()
            if not enough():
                wrong.append("too little happened")
            return wrong, [f"{load.answers} answers, all checked; {cycles.summary()}"]
        finally:
            if server.poll() is None:
                server.terminate()
            server.wait()


# What is attached to while it runs: how often it does its work, and where its functions are.
PROGRAMS = {
    "exceptions": (cases.Workload(cases.target("throwing-O2"), "4000", threads=True), ""),
    "edges": (cases.Workload(cases.target("edges-O2"), "1500", threads=True, stacks=True), "@libc.so*"),
    "python": (cases.Workload(cases.python(), "-c", cases.PYTHON.format(n=100000)), ""),
    "perl": (cases.Workload("perl", "-e", "for my $round (1 .. 60) {" + cases.PERL.replace("exit 6;", "") + "} exit 6;"), ""),
    "sqlite": (cases.Workload("sqlite3", "db", ".read work.sql", setup=cases.sql(20000)), "@libsqlite3*"),
}


def program(name, seed):
    workload, object_glob = PROGRAMS[name]
    with tempfile.TemporaryDirectory(prefix="ttrace-transparency-") as base:
        untraced = run.run(workload, [], base)
        names = run.names_in(shutil.which(workload.command[0]), object_glob or cases.EXECUTABLE)
        cycles = []

        def meanwhile(process):
            cycles.append(Cycles(process.pid, base, names, object_glob, seed, workload.stacks))
            while process.poll() is None:
                cycles[0].attach(lambda: process.poll() is None)

        attached = run.run(workload, [], base, meanwhile)
        wrong = untraced.differences(attached) + cycles[0].wrong
        if cycles[0].count < 2 or cycles[0].calls < 100:
            wrong.append("too little happened")
        return wrong, [cycles[0].summary()]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=60, help="how long redis-server is attached to")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("names", metavar="NAME", nargs="*", help="redis, " + ", ".join(PROGRAMS))
    options = parser.parse_args()
    names = options.names or ["redis", *PROGRAMS]
    print(f"1..{len(names)}", flush=True)
    failed = 0
    for number, name in enumerate(names, 1):
        missing = run.missing("redis-server") if name == "redis" else PROGRAMS[name][0].missing()
        if missing:
            print(f"ok {number} - attach to {name} # SKIP there is no {missing}", flush=True)
            continue
        wrong, notes = redis(options.seconds, options.seed) if name == "redis" else program(name, options.seed)
        for line in notes:
            print(f"# {line}")
        for line in wrong:
            print(f"#   {line}", file=sys.stderr)
        failed += bool(wrong)
        print(f"{'not ok' if wrong else 'ok'} {number} - attach to {name}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
