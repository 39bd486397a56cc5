#!/usr/bin/env python3
"""The ruler: what tracing costs, in one run on one machine.

ttrace is measured beside strace (a program of nothing but syscalls), beside ltrace (a program of
nothing but calls), and beside the floors: the least that a tracer can do in order to see the same
(floor_syscalls.c, floor_calls.c). Then it is counted what each asks of the kernel.

Times are what the traced program itself measures. The cases of a table take turns, after a round
that does not count; a ratio is the median of the ratios within a round, so that a machine which
gets slower or faster meanwhile does so for both sides of it.
"""

import argparse
import dataclasses
import os
import re
import shutil
import statistics
import subprocess
import tempfile

import counts

LOOPS = 4000  # syscalls or calls in a run that is timed
TRIAL = 100  # the same, in the run that shows whether a tracer sees all of them
TIMEOUT = 120  # seconds


@dataclasses.dataclass
class Case:
    """A way to trace. In `tracer`, {bench} is the folder of the floors, {ttrace} the program, {out}
    a file for the trace and {address} that of the traced function."""
    name: str
    tracer: list
    seen: str = ""  # a pattern of each event in {out}; {n} is their number, to be there once


# The traced function is t_step; the programs call it from one place.
CALL = r"^t_step\(.*= -?\d+$"
SYSCALL_CASES = [
    Case("not traced", []),
    Case("floor", ["{bench}/floor-syscalls"]),
    Case("ttrace", ["{ttrace}", "-o", "{out}"], r"^getppid\("),
    Case("strace", ["strace", "-o", "{out}"], r"^getppid\("),
    Case("ttrace, filtered out", ["{ttrace}", "-e", "trace=openat", "-o", "{out}"]),
    Case("strace, filtered out", ["strace", "-e", "trace=openat", "-o", "{out}"]),
]
CALL_CASES = [
    Case("not traced", []),
    Case("floor", ["{bench}/floor-calls", "{out}", "{address}"], "^{n} entries, {n} returns$"),
    Case("ttrace", ["{ttrace}", "-e", "trace=none", "--funcs", "^t_step$", "-o", "{out}"], CALL),
    Case("ltrace", ["ltrace", "-e", "-*", "-x", "t_step", "-o", "{out}"], CALL),
]


@dataclasses.dataclass
class Table:
    """Cases that are measured beside each other. `which` of the program's numbers counts: 0 is for
    syscalls, 1 for calls. `peer` is the tracer that others are compared with."""
    title: str
    unit: str
    program: str
    which: int
    events: int  # in one loop: what the counts are for
    cases: list
    peer: str


TABLES = [
    Table("Syscalls only", "syscall", "loop-O2", 0, 1, SYSCALL_CASES, "strace"),
    Table("Calls only, -O0", "hit, -O0", "loop-O0", 1, 2, CALL_CASES, "ltrace"),
    Table("Calls only, -O2", "hit, -O2", "loop-O2", 1, 2, CALL_CASES, "ltrace"),
]


class Ruler:
    """Where the programs are, and what has to be said about those that cannot run."""

    def __init__(self, ttrace, folder):
        self.names = {"ttrace": ttrace, "out": os.path.join(folder, "out"),
                      "bench": os.path.join(os.path.dirname(ttrace), "bench")}
        self.counters = os.path.join(folder, "counters")
        self.library = os.path.join(self.names["bench"], "count-calls.so")
        self.notes = []

    def command(self, table, case, loops, out="/dev/null"):
        """The tracer and the program, with so many syscalls or calls."""
        program = os.path.join(self.names["bench"], table.program)
        address = ""
        if "{address}" in case.tracer:
            symbols = subprocess.run(["nm", program], check=True, capture_output=True, text=True)
            address = re.search(r"^(\w+) T t_step$", symbols.stdout, re.M)[1]
        names = {**self.names, "out": out, "address": address}
        tracer = [word.format(**names) for word in case.tracer]
        if tracer and not os.path.isabs(tracer[0]):
            tracer[0] = shutil.which(tracer[0]) or tracer[0]
        amounts = ["0", "0"]
        amounts[table.which] = str(loops)
        return [*tracer, program, *amounts]

    def problem(self, table, case):
        """Why a case cannot be measured: it does not run, or does not see what it should."""
        out = self.names["out"]
        with open(out, "wb"):
            pass
        try:
            subprocess.run(self.command(table, case, TRIAL, out), check=True, text=True,
                           stdin=subprocess.DEVNULL, capture_output=True, timeout=TIMEOUT)
        except subprocess.CalledProcessError as error:
            return (error.stderr.strip() or str(error)).splitlines()[-1]
        except (OSError, subprocess.TimeoutExpired) as error:
            return str(error)
        wanted = 1 if "{n}" in case.seen else TRIAL
        with open(out, encoding="utf-8", errors="replace") as file:
            seen = len(re.findall(case.seen.replace("{n}", str(TRIAL)), file.read(), re.M))
        return f"saw {seen} of {wanted}" if case.seen and seen != wanted else ""

    def usable(self, table):
        """The cases that can be measured here. Those that cannot are noted."""
        cases = []
        for case in table.cases:
            problem = self.problem(table, case)
            if not problem:
                cases.append(case)
            else:
                self.notes.append(f"{table.title}: no '{case.name}': {problem}")
        return cases

    def measure(self, table, case, cpus):
        """Microseconds for one loop, as the program itself saw them."""
        run = subprocess.run(self.command(table, case, LOOPS), check=True, timeout=TIMEOUT,
                             stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                             preexec_fn=lambda: os.sched_setaffinity(0, cpus))
        return float(run.stdout.split()[table.which]) / 1000

    def rounds(self, table, cases, cpus, number):
        """Name -> microseconds, one number a round."""
        results = {case.name: [] for case in cases}
        for turn in range(number + 1):
            # Each begins in its turn: what goes before a case is not always the same.
            first = turn % len(cases)
            for case in cases[first:] + cases[:first]:
                value = self.measure(table, case, cpus)
                if turn > 0:  # the first is the warm-up
                    results[case.name].append(value)
        return results


def short(value):
    """A number with as many digits as say something."""
    return f"{value:.2f}" if value >= 0.1 else f"{value:.2g}"


def variant(name):
    """What a case's name has behind the tracer's, if anything."""
    return "".join(name.partition(", ")[1:])


def print_times(title, results, peer):
    """Prints one table: medians, extremes, and ratios to the floor and to the peer. A variant
    (`ttrace, filtered out`) is compared with the peer's same variant where it has one."""
    def ratio(values, name):
        others = results.get(name)
        if not others:
            return "-"
        return short(statistics.median(a / b for a, b in zip(values, others)))

    print(f"{title}\n  {'':22}{'median us':>11}{'min .. max':>21}{'/ floor':>10}{'/ ' + peer:>10}")
    for name, values in results.items():
        extremes = f"{short(min(values))} .. {short(max(values))}"
        print(f"  {name:22}{short(statistics.median(values)):>11}{extremes:>21}"
              f"{ratio(values, 'floor'):>10}{ratio(values, peer + variant(name)):>10}")
    print()


def print_counts(ruler, usable):
    """Prints what each case asks of the kernel."""
    columns = []
    for table, cases in usable:
        for case in cases:
            if not case.tracer:
                continue
            made = counts.per_event(lambda n, t=table, c=case: ruler.command(t, c, n), table.events,
                                    ruler.library, ruler.counters)
            tracer, _, different = case.name.partition(", ")
            columns.append((different or f"per {table.unit}", tracer, made))
    print("What is asked of the kernel (a hit is one stop at a trap: an entry or a return)")
    counts.print_table(columns)


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ttrace", required=True)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--counts", action="store_true", help="only count, measure no time")
    options = parser.parse_args()
    if options.rounds < 1:
        parser.error("--rounds takes a number from 1 on")
    everywhere = os.sched_getaffinity(0)
    placements = [("any CPU", everywhere), ("all on one CPU", {max(everywhere)})]
    with tempfile.TemporaryDirectory() as folder:
        ruler = Ruler(os.path.abspath(options.ttrace), folder)
        usable = [(table, ruler.usable(table)) for table in TABLES]
        for table, cases in usable if not options.counts else []:
            what = "call" if table.which else "syscall"
            for placement, cpus in placements:
                results = ruler.rounds(table, cases, cpus, options.rounds)
                print_times(f"{table.title}: us a {what}, {placement}", results, table.peer)
        print_counts(ruler, usable)
    for note in ruler.notes:
        print(note)


if __name__ == "__main__":
    main()
