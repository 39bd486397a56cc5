#!/usr/bin/env python3
"""What `--funcs` costs on a large program with debug information: the time until the first line and the
memory at the most, and the time that planting takes.

large.py --ttrace TTRACE [--megabytes 500] [--program FILE]

Without --program, one is made (big_program.py), which takes a minute or two, and is removed.
"""

import argparse
import os
import re
import statistics
import subprocess
import tempfile
import time

import big_program

TRACE = ["-e", "trace=none", "--max-funcs", "100000", "--funcs"]
# What is traced -> a pattern. How many functions match is counted, not assumed.
ONE = r"^shard0007::step_3_3$"
MANY = r"shard00[0-4].::step_[23]_[0-4]?.?.$"
RUNS = 5
MEMORY = ("VmHWM", "RssAnon", "RssFile")


def tracer_of(pid):
    """The process that traces: a child of the one that was started, or that one."""
    for entry in os.listdir("/proc"):
        try:
            with open(f"/proc/{entry}/stat", encoding="utf-8") as file:
                name, parent = re.match(r"\d+ \((.*)\) \S (\d+)", file.read()).groups()
        except (OSError, AttributeError):
            continue
        if name == "tracer" and int(parent) == pid:
            return int(entry)
    return pid


def memory(pid):
    with open(f"/proc/{pid}/status", encoding="utf-8") as file:
        fields = dict(line.split(":", 1) for line in file if ":" in line)
    return {name: int(fields[name].split()[0]) / 1024 for name in MEMORY}


def start(ttrace, program, pattern):
    """Seconds until the first line of the trace, and the tracer's memory in MB."""
    began = time.monotonic()
    # The program works for long enough to be looked at.
    run = subprocess.Popen([ttrace, *TRACE, pattern, program, "1000"],
                           stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    line = run.stderr.readline()
    seconds = time.monotonic() - began
    if not line.startswith(b"shard"):
        raise SystemExit(f"not a line of a trace: {line}")
    used = memory(tracer_of(run.pid))
    run.terminate()
    run.stderr.close()
    run.wait()
    return seconds, used


def whole_run(ttrace, program, pattern):
    """Seconds from the start to the end of a program that calls nothing: traps are planted, and no more."""
    began = time.monotonic()
    subprocess.run([ttrace, *TRACE, pattern, "-o", "/dev/null", program, "0"],
                   check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    return time.monotonic() - began


def matched(ttrace, program, pattern):
    run = subprocess.run([ttrace, "--list-funcs", "--funcs", pattern, program], stdout=subprocess.PIPE,
                         check=True, text=True)
    return run.stdout.count("\n")


def measure(ttrace, program):
    symbols = subprocess.run(["nm", program], stdout=subprocess.PIPE, check=True, text=True).stdout.count("\n")
    print(f"{os.path.getsize(program) / 1e6:.0f} MB, {symbols} symbols; of {RUNS} runs the median")
    print(f"  {'':32}{'first line':>12}{'memory':>10}{'of it files':>13}")
    for what, pattern in (("one function", ONE), ("many functions", MANY)):
        runs = [start(ttrace, program, pattern) for _ in range(RUNS)]
        seconds = statistics.median(run[0] for run in runs)
        most = max(run[1]["VmHWM"] for run in runs)
        files = max(run[1]["RssFile"] for run in runs)
        print(f"  {what:32}{seconds:10.2f} s{most:7.0f} MB{files:10.0f} MB")
    few = statistics.median(whole_run(ttrace, program, ONE) for _ in range(RUNS))
    many = statistics.median(whole_run(ttrace, program, MANY) for _ in range(RUNS))
    count = matched(ttrace, program, MANY)
    print(f"  planting {count} breakpoints and taking them out: {many - few:.2f} s, "
          f"{(many - few) / count * 1e6:.1f} us each")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ttrace", required=True)
    parser.add_argument("--megabytes", type=int, default=500)
    parser.add_argument("--program")
    options = parser.parse_args()
    ttrace = os.path.abspath(options.ttrace)
    if options.program:
        measure(ttrace, options.program)
        return
    with tempfile.TemporaryDirectory() as folder:
        measure(ttrace, big_program.make(folder, options.megabytes))


if __name__ == "__main__":
    main()
