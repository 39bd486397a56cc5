#!/usr/bin/env python3
"""The same lines as strace, for programs that people run.

    programs.py --ttrace TTRACE [--strace STRACE] [--show N] [--option=-v] [WORKLOAD ...]

Each program is traced three times: by strace, by ttrace, by strace again (lines.py says why). Prints
how many lines were compared, equal, excepted and different, by syscall.
"""

import argparse
import contextlib
import ctypes
import os
import shutil
import subprocess
import sys
import tempfile

import lines
import workloads

ADDR_NO_RANDOMIZE = 0x0040000
TIMEOUT = 300


def without_address_randomisation():
    ctypes.CDLL(None).personality(ADDR_NO_RANDOMIZE)


def run(tracer, options, workload, base):
    """{place: lines} of one run, in a folder of the same name each time."""
    folder, traces = os.path.join(base, "work"), os.path.join(base, "traces")
    for path in (folder, traces):
        shutil.rmtree(path, ignore_errors=True)
        os.makedirs(path)
    environment = {"PATH": os.environ["PATH"], "HOME": folder, "LANG": "C", "PWD": folder, "GOCACHE": base + "/gocache",
                   "GIT_CONFIG_NOSYSTEM": "1"}
    previous = dict(os.environ)
    os.environ.clear()
    os.environ.update(environment)
    try:
        if workload.setup:
            workload.setup(folder)
        command = [word.replace("{folder}", folder) if "{folder}" in word else word
                   for word in workload.command]
        process = subprocess.Popen([tracer, "-ff", *options, "-o", os.path.join(traces, "t"), *command],
                                   cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL, preexec_fn=without_address_randomisation)
        if workload.meanwhile:
            workload.meanwhile(folder)
        process.wait(TIMEOUT)
    finally:
        os.environ.clear()
        os.environ.update(previous)
    return lines.streams(traces, "t")


def compare(options, workload, base):
    with workload.server() if workload.server else contextlib.nullcontext():
        oracle, ours, again = (run(tracer, options.option, workload, base)
                               for tracer in (options.strace, options.ttrace, options.strace))
    tally = lines.Tally()
    tally.add(ours, oracle, again, workload.racy)
    return tally


def show(tally, count):
    compared, different = tally.count()
    for name in sorted(tally.different, key=lambda n: len(tally.different[n])):
        pairs = tally.different[name]
        print(f"  {name}: {len(pairs)} of {tally.compared[name]} differ")
        for expected, got in pairs[:count]:
            print(f"    - {expected}\n    + {got}")
    print(f"  {compared} lines compared in {len(tally.compared)} calls, {compared - different} equal "
          f"({100 * (compared - different) / max(compared, 1):.2f}%), "
          f"{sum(tally.excepted.values())} excepted, {sum(tally.shaped.values())} of them by shape, "
          f"{sum(tally.alone.values())} in one run only")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--ttrace", required=True)
    parser.add_argument("--strace", default="strace")
    parser.add_argument("--show", type=int, default=0)
    parser.add_argument("--option", action="append", default=[])
    parser.add_argument("workloads", nargs="*")
    options = parser.parse_args()
    options.ttrace = os.path.abspath(options.ttrace)
    total = lines.Tally()
    for name in options.workloads or workloads.WORKLOADS:
        workload = workloads.WORKLOADS[name]
        if workload.missing():
            print(f"{name}: skipped, there is no {workload.missing()}")
            continue
        with tempfile.TemporaryDirectory(prefix="ttrace-compare-") as base:
            tally = compare(options, workload, base)
        print(f"{name}:")
        show(tally, options.show)
        total.merge(tally)
    print("all:")
    show(total, 0)


if __name__ == "__main__":
    sys.exit(main())
