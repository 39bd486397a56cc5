#!/usr/bin/env python3
"""The same lines as strace, for programs that people run.

    programs.py --ttrace TTRACE [--strace STRACE] [--show N] [--option=-v] [WORKLOAD ...]

Each program is traced without options and with -v -yy, or with those that are given: by strace, by
ttrace, by strace again (lines.py says why). Prints how many lines were compared, equal, excepted and
different, by program and by syscall, as TAP.
"""

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile

import command_line
import exceptions
import lines
import tally
import workloads

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir, "trace"))
import harness  # noqa: E402

TIMEOUT = 300
# Lines of one program that may differ all the same, as it was not alone on the machine; at most one in 20.
FEW, ONE_IN = 3, 20
TRIES = 3  # of a racy program: one with a thread more or less has as many lines more or less


def avoid_small_pids():
    """Numbers that are pids are made alike, and small ones are sizes of files, too: has the kernel count on from
    larger ones (proc(5), ns_last_pid), where the user may."""
    if os.getpid() < 10000:
        try:
            with open("/proc/sys/kernel/ns_last_pid", "w", encoding="ascii") as file:
                file.write("20000")
        except OSError:
            pass


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
        # Through a shell: a strace that is a script has one, which sorts the environment.
        process = subprocess.Popen(["sh", "-c", 'exec "$0" "$@"', tracer, "-ff", *options, "-o", os.path.join(traces, "t"), *command],
                                   cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL, preexec_fn=harness.without_address_randomisation)
        if workload.meanwhile:
            workload.meanwhile(folder)
        process.wait(TIMEOUT)
    finally:
        os.environ.clear()
        os.environ.update(previous)
    return lines.streams(traces, "t")


def compare(options, workload, extra, base, excuse):
    """`extra`: options of both tracers."""
    with workload.server() if workload.server else contextlib.nullcontext():
        oracle, ours, again = (run(tracer, extra, workload, base)
                               for tracer in (options.strace, options.ttrace, options.strace))
    return lines.compare(ours, oracle, again, workload.racy, excuse)


def is_good(part):
    compared, different = part.count()
    return part.good() or different <= min(FEW, compared // ONE_IN) and compared > 0


def tried(options, workload, extra, excuse):
    """The first comparison that is good, or the last."""
    for _ in range(TRIES if workload.racy else 1):
        with tempfile.TemporaryDirectory(prefix="ttrace-compare-") as base:
            part = compare(options, workload, extra, base, excuse)
        if is_good(part):
            break
    return part


def why_not(workload):
    """Why it is not traced on this machine, or None."""
    if workload.missing():
        return f"there is no {workload.missing()}"
    slow = harness.SLOW and {workload.command[0], *workload.needs} & {"gcc", "g++", "go"}
    return "compiling takes minutes on a slow machine" if slow else None


def main():
    parser = command_line.Parser(__doc__.splitlines()[0])
    parser.add_argument("workloads", metavar="WORKLOAD", nargs="*")
    options = parser.parse()
    for name in options.workloads:
        if name not in workloads.WORKLOADS:
            parser.error(f"no workload '{name}': there are {', '.join(workloads.WORKLOADS)}")
    runs = [(name, extra) for extra in ([options.option] if options.option else ([], ["-v", "-yy"]))
            for name in options.workloads or workloads.WORKLOADS]
    if harness.SLOW and not options.workloads:
        programs = len(workloads.WORKLOADS)  # each once, with the one or the other options
        runs = [runs[(i % 2 * programs + i) % len(runs)] for i in range(programs)]
    print(f"1..{len(runs) + 1}", flush=True)
    version = exceptions.version(options.strace)
    if version is None:
        for number in range(len(runs) + 1):
            print(f"ok {number + 1} - comparison # SKIP there is no strace")
        return 0
    excuse = exceptions.excuse(version)
    avoid_small_pids()
    print(f"# ttrace beside strace {exceptions.text(version)}")
    total = tally.Tally()
    failed = False
    for number, (name, extra) in enumerate(runs, 1):
        workload = workloads.WORKLOADS[name]
        name = " ".join([name, *extra])
        if why_not(workload):
            print(f"ok {number} - {name} # SKIP {why_not(workload)}", flush=True)
            continue
        part = tried(options, workload, extra, excuse)
        good = is_good(part)
        failed |= not good
        part.report(number, name, good, options.show)
        total.merge(part)
    for line in total.table():
        print(f"# {line}")
    good = total.good()
    skip = "" if total.compared or failed else " # SKIP nothing was compared"
    print(f"{'ok' if good or skip else 'not ok'} {len(runs) + 1} - all: {total.summary()}{skip}")
    return 0 if (good or skip) and not failed else 1


if __name__ == "__main__":
    sys.exit(main())
