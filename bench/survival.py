#!/usr/bin/env python3
"""How often a traced program survives SIGKILL of ttrace while breakpoints are planted.

The program is a server of eight threads. It survived when every answer to its clients, those asked
during the kill included, was right, its process lives, and its text is its file's.

  busy  eight clients ask all the time, so that threads are in breakpoints at any moment
  calm  a client asks a question each millisecond
  idle  all threads wait for a question
"""

import argparse
import os
import random
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tests", "trace"))
import harness  # noqa: E402

FUNCTIONS = "^(answer|scramble)$"
QUESTIONS = 400  # of each client during a kill

# What is killed: of (the process that the user started, the one that traces).
VICTIMS = {
    "the process that was started": lambda started, tracing: [started],
    "the process that traces": lambda started, tracing: [tracing],
    "both, one after the other": lambda started, tracing: [started, tracing],
}
LOADS = {"busy": ("ask", 8, QUESTIONS), "calm": ("amble", 1, 100), "idle": None}


class Kills(harness.TraceCase):
    """One server after the other, as long as they live."""

    server = None

    def runTest(self):  # for unittest: the rounds are called by main()
        pass

    def begin(self):
        if os.path.exists(self.path("socket")):
            os.unlink(self.path("socket"))
        self.server = harness.Server(self, threads=8)

    def kill_once(self, choose, load):
        """Returns whether the program survived one kill."""
        if self.server is None:
            self.begin()
        clients = load and self.start(self.server.program, load[0], self.server.socket, *load[1:])
        tracer = subprocess.Popen([harness.TTRACE, "-f", "-e", "trace=none", "--funcs", FUNCTIONS,
                                   "-o", "/dev/null", "-p", str(self.server.pid)],
                                  stderr=subprocess.DEVNULL)
        harness.wait_until(lambda: harness.text_damage(self.server.pid), "breakpoints")
        tracing = max(harness.tracers(self.server.pid))
        time.sleep(random.uniform(0, 0.03))
        for pid in choose(tracer.pid, tracing):
            os.kill(pid, signal.SIGKILL)
        tracer.wait()
        survived = self.survived(clients, load)
        if not survived:
            self.server.kill()
            self.server = None
        return survived

    def survived(self, clients, load):
        try:
            if clients and clients.end().out != f"{load[1] * load[2]}\n":
                return False
            harness.wait_until(lambda: set(harness.tracers(self.server.pid)) == {0}, "let go of", 5)
            self.server.check()
            return self.server.process.poll() is None and harness.text_damage(self.server.pid) == []
        except (AssertionError, OSError):
            return False


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=200, help="of each kind")
    options = parser.parse_args()
    for victim, choose in VICTIMS.items():
        for name, load in LOADS.items():
            kills = Kills()
            kills.setUp()
            survived = sum(kills.kill_once(choose, load) for _ in range(options.kills))
            kills.doCleanups()
            print(f"{victim:30} {name:6} {survived:4} of {options.kills} survived"
                  f" {100 * survived / options.kills:6.1f} %", flush=True)


if __name__ == "__main__":
    main()
