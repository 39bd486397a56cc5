#!/usr/bin/env python3
"""What tracing costs: ttrace beside strace, on one machine, in one run.

Prints the median cost of one traced syscall and of one traced function call, in microseconds. The
tracers take turns, so that a machine that gets slower or faster meanwhile does so for all of them.
"""

import argparse
import os
import shutil
import statistics
import subprocess

SYSCALLS = 20000
FUNCTIONS = 20000


def measure(tracer, program, syscalls, functions):
    """Nanoseconds for one syscall and one function call, as the program itself saw them."""
    run = subprocess.run([*tracer, program, str(syscalls), str(functions)], check=True,
                         stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    return [float(word) for word in run.stdout.split()]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ttrace", required=True)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    program = os.path.join(os.path.dirname(options.ttrace), "tests", "targets", "loop")
    strace = shutil.which("strace")

    # What is measured: title -> (tracer, syscalls, functions, which of the two counts).
    cases = {
        "syscall, not traced": ([], SYSCALLS, 0, 0),
        "syscall, ttrace": ([options.ttrace, "-o", "/dev/null"], SYSCALLS, 0, 0),
        "syscall, ttrace, filtered out": (
            [options.ttrace, "-e", "trace=openat", "-o", "/dev/null"], SYSCALLS, 0, 0),
        "function, not traced": ([], 0, FUNCTIONS, 1),
        "function, ttrace": (
            [options.ttrace, "-e", "trace=none", "--funcs", "^t_step$", "-o", "/dev/null"],
            0, FUNCTIONS, 1),
    }
    if strace:
        cases["syscall, strace"] = ([strace, "-o", "/dev/null"], SYSCALLS, 0, 0)
        cases["syscall, strace, filtered out"] = (
            [strace, "-e", "trace=openat", "-o", "/dev/null"], SYSCALLS, 0, 0)

    results = {title: [] for title in cases}
    for _ in range(options.rounds):
        for title, (tracer, syscalls, functions, which) in cases.items():
            results[title].append(measure(tracer, program, syscalls, functions)[which])
    for title in sorted(results):
        values = sorted(results[title])
        print(f"{title:32} {statistics.median(values) / 1000:9.3f} us   "
              f"({values[0] / 1000:.3f} .. {values[-1] / 1000:.3f})")


if __name__ == "__main__":
    main()
