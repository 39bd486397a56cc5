#!/usr/bin/env python3
"""What tracing a call of a Go program costs, beside the same call of a C program, and beside Delve.

The programs (go_loop/main.go, tests/targets/loop.c) measure themselves. Cases take turns in rounds; a
ratio is the median of the ratios within a round. GO_NEWEST and DLV_NEWEST name the Go command and the
Delve (./dev bench sets them); without them, the installed Go, and no Delve.
"""

import argparse
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile

CALLS = 4000
DELVE_CALLS = 200  # it takes milliseconds for each
TIMEOUT = 120  # seconds
HERE = os.path.dirname(os.path.abspath(__file__))


class Case:
    """A way to trace. `seen`: a pattern of each call in the trace."""

    def __init__(self, name, argv, calls, seen):
        self.name, self.argv, self.calls, self.seen = name, argv, calls, seen

    def run(self, folder, cpus):
        """Microseconds a call, as the program saw them."""
        out, messages = os.path.join(folder, "trace"), os.path.join(folder, "messages")
        with open(out, "wb"), open(messages, "wb") as trace:
            words = [word.format(out=out, calls=self.calls) for word in self.argv]
            done = subprocess.run(words, check=True, timeout=TIMEOUT, stdin=subprocess.DEVNULL,
                                  stdout=subprocess.PIPE, stderr=trace,
                                  preexec_fn=lambda: os.sched_setaffinity(0, cpus))
        text = ""
        for file in out, messages:  # Delve has its trace where ttrace has its messages
            with open(file, encoding="utf-8", errors="replace") as trace:
                text += trace.read()
        seen = len(re.findall(self.seen, text, re.M)) if self.seen else self.calls
        if seen != self.calls:
            raise ValueError(f"saw {seen} of {self.calls} calls")
        # loop.c prints the time of a syscall first. Delve adds words of its own.
        return float(re.findall(rb"^[\d. ]+$", done.stdout, re.M)[-1].split()[-1]) / 1000


def build(go, folder):
    program = os.path.join(folder, "go-loop")
    # Not what the user has set for other builds; nothing is fetched.
    variables = {name: value for name, value in os.environ.items() if not name.startswith(("GO", "CGO"))}
    variables.update(GOPROXY="off", GOTOOLCHAIN="local", GOENV="off", CGO_ENABLED="0",
                     GOCACHE=os.environ.get("GOCACHE", os.path.join(folder, "cache")), HOME=folder)
    subprocess.run([go, "build", "-o", program, "."], check=True, cwd=os.path.join(HERE, "go_loop"), env=variables)
    version = subprocess.run([go, "env", "GOVERSION"], check=True, cwd=folder, env=variables,
                             stdout=subprocess.PIPE, text=True).stdout.strip()
    return program, version


def cases_of(ttrace, go_program, c_program):
    options = [ttrace, "-f", "-e", "trace=none", "-o", "{out}", "--funcs"]
    cases = [
        Case("C, not traced", [c_program, "0", "{calls}"], CALLS * 100, None),
        Case("Go, not traced", [go_program, "{calls}"], CALLS * 100, None),
        Case("C, ttrace", [*options, "^t_step$", c_program, "0", "{calls}"], CALLS, r"t_step\(.*= -?\d+$"),
        Case("Go, ttrace", [*options, r"^main\.step$", go_program, "{calls}"], CALLS,
             r"main\.step\(n=\d+\) = \(?\d+\)?$"),
        Case("Go, 4 goroutines, ttrace", [*options, r"^main\.step$", go_program, "{calls}", "4"], CALLS,
             r"main\.step\(n=\d+\) = \(?\d+\)?$"),
    ]
    delve = os.environ.get("DLV_NEWEST")
    if delve:
        cases.append(Case("Go, dlv trace", [delve, "trace", "--check-go-version=false", "--exec", go_program,
                                            r"^main\.step$", "--", "{calls}"],
                          DELVE_CALLS, r">> goroutine\(\d+\): main\.step"))
    else:
        print("no Delve: DLV_NEWEST does not name one")
    return cases


def ratio(results, a, b):
    if a not in results or b not in results:
        return "-"
    value = statistics.median(x / y for x, y in zip(results[a], results[b]))
    return f"{value:.2f}"


def measure(cases, rounds, folder, cpus):
    """Name -> microseconds, one number a round, of the cases that work."""
    results = {case.name: [] for case in cases}
    for turn in range(rounds + 1):
        first = turn % len(cases)
        for case in cases[first:] + cases[:first]:
            if case.name not in results:
                continue
            try:
                value = case.run(folder, cpus)
            except (ValueError, IndexError, OSError, subprocess.SubprocessError) as error:
                print(f"no '{case.name}': {error}")
                del results[case.name]
                continue
            if turn > 0:  # the first is the warm-up
                results[case.name].append(value)
    return results


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ttrace", required=True)
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    go = os.environ.get("GO_NEWEST") or shutil.which("go")
    if not go:
        print("no Go: nothing to measure")
        return
    ttrace = os.path.abspath(options.ttrace)
    c_program = os.path.join(os.path.dirname(ttrace), "bench", "loop-O2")
    everywhere = os.sched_getaffinity(0)
    with tempfile.TemporaryDirectory() as folder:
        go_program, version = build(go, folder)
        cases = cases_of(ttrace, go_program, c_program)
        for placement, cpus in (("any CPU", everywhere), ("all on one CPU", {max(everywhere)})):
            results = measure(cases, options.rounds, folder, cpus)
            print(f"Calls of a Go program ({version}): us a call (two hits), {placement}")
            for name, values in results.items():
                print(f"  {name:26}{statistics.median(values):>11.3f}{min(values):>11.3f} .. {max(values):.3f}")
            print(f"  Go / C: {ratio(results, 'Go, ttrace', 'C, ttrace')}; dlv / ttrace: "
                  f"{ratio(results, 'Go, dlv trace', 'Go, ttrace')}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
