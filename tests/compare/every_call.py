#!/usr/bin/env python3
"""The same lines as strace for every syscall, with made-up arguments (tests/targets/every_call.c).

    every_call.py --ttrace TTRACE --target EVERY_CALL [--strace STRACE] [-v] [--rounds N] [--seed N]
                  [--abi native|i386] [--option=-y ...] [CALL ...]

CALL is a name or a number; all when none is given. Prints how many lines of each call differ, and
with --show N the first N differing pairs of each.
"""

import argparse
import collections
import os
import re
import subprocess
import sys
import tempfile

ERRORS = (0, 22)  # what the calls return: success, EINVAL


def name_of(line):
    match = re.match(r"(\w+)\(", line)
    return match.group(1) if match else line


def trace(tracer, options, program):
    """The lines of one run, without what the program does before it begins."""
    with tempfile.NamedTemporaryFile("r", errors="backslashreplace") as output:
        subprocess.run([tracer, *options, "-o", output.name, *program], check=False,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        lines = output.read().splitlines()
    begin = [i for i, line in enumerate(lines) if "PR_SET_SECCOMP" in line]
    return lines[begin[0] + 1:-2] if begin else []


def numbers(abi):
    """{name: number} of the calls, of the kernel's headers."""
    header = {"native": "unistd_64.h", "i386": "unistd_32.h"}[abi]
    found = {}
    for folder in os.environ.get("KERNEL_HEADERS", "").split(":") + [
            "/usr/include/x86_64-linux-gnu/asm", "/usr/include/asm"]:
        try:
            with open(os.path.join(folder, header), encoding="utf-8") as file:
                found.update((m[1], int(m[2])) for m in
                             re.finditer(r"#define __NR_(\w+) (\d+)", file.read()) if m[1] not in found)
        except OSError:
            continue
    return found


def compare(options, tracer_options, call_range, seed):
    """[(name, strace's line, ttrace's line)] of all calls made."""
    pairs = []
    for error in ERRORS:
        program = [options.target, options.abi, str(error), str(seed), str(options.rounds),
                   *map(str, call_range)]
        expected = trace(options.strace, tracer_options, program)
        got = trace(options.ttrace, tracer_options, program)
        if len(expected) != len(got):
            sys.exit(f"{len(expected)} lines of strace, {len(got)} of ttrace: {program}")
        pairs += [(name_of(a), a, b) for a, b in zip(expected, got)]
    return pairs


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--ttrace", required=True)
    parser.add_argument("--target", required=True)
    parser.add_argument("--strace", default="strace")
    parser.add_argument("--abi", default="native", choices=("native", "i386"))
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--show", type=int, default=0)
    parser.add_argument("--option", action="append", default=[])
    parser.add_argument("calls", nargs="*")
    options = parser.parse_args()
    known = numbers(options.abi)
    for call in options.calls:
        if not call.isdigit() and call not in known:
            sys.exit(f"no call '{call}' in the kernel's headers")
    ranges = [(n, n) for n in (int(c) if c.isdigit() else known[c] for c in options.calls)] or [()]
    pairs = [pair for call_range in ranges
             for pair in compare(options, options.option, call_range, options.seed)]
    total, different = collections.Counter(), collections.defaultdict(list)
    for name, expected, got in pairs:
        total[name] += 1
        if expected != got:
            different[name].append((expected, got))
    for name, lines in sorted(different.items(), key=lambda item: len(item[1])):
        print(f"{name}: {len(lines)} of {total[name]} differ")
        for expected, got in lines[:options.show]:
            print(f"  - {expected}\n  + {got}")
    count = sum(map(len, different.values()))
    print(f"{len(total)} calls, {len(pairs)} lines, {count} differ "
          f"({100 * (1 - count / max(len(pairs), 1)):.2f}% equal), in {len(different)} calls")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
