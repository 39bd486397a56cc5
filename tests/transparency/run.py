#!/usr/bin/env python3
"""What a program does is the same with hundreds of its functions traced as it is without.

    run.py [--short] [--seed N] [--times N] [--keep FOLDER] [WORKLOAD ...]

Runs each program of cases.py twice untraced, so that what it leaves behind is known to be the same each
time, and then traced: output, messages, exit status and all files must be the same, byte for byte. And the
trace must be a trace: well formed (trace_file.py), with as many functions and calls as the workload asks for at
least, and of those functions that the program counts itself ("calls NAME COUNT") exactly as many calls.
Prints TAP. --short: those that are part of `meson test`. --times: with that many different seeds.
"""

import argparse
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir, "trace"))
import cases  # noqa: E402
import harness  # noqa: E402
import results  # noqa: E402
import trace_file  # noqa: E402


TIMEOUT = 1500
# What is traced beside the functions: the beginnings and ends of processes, which a trace cannot be read without.
SYSCALLS = ("execve", "execveat", "exit", "exit_group", "fork", "vfork", "clone", "clone3", "wait4", "waitid", "kill")
# Messages that there must be no cause for.
FAILURES = re.compile(r"cannot trace \d|no longer tracing|functions? .*match(es)?,? and at most")
OWN_COUNT = re.compile(rb"^calls (\w+) (\d+)$", re.MULTILINE)


def environment(folder):
    return {"PATH": os.environ["PATH"], "HOME": folder, "LANG": "C", "PWD": folder, "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": "/dev/null",
            "GIT_AUTHOR_DATE": "1000000000 +0000", "GIT_COMMITTER_DATE": "1000000000 +0000", "TZ": "UTC",
            "TMPDIR": folder, "PYTHONHASHSEED": "0", "PERL_HASH_SEED": "0", "MALLOC_ARENA_MAX": "1"}


def on_one_cpu():
    os.sched_setaffinity(0, [min(os.sched_getaffinity(0))])


class Hang(Exception):
    pass


def missing(program):
    return None if shutil.which(program) else program


def run(workload, tracer, base, meanwhile=None):
    """The Result of one run, in a folder of the same name each time. `meanwhile` is called with the process."""
    folder = os.path.join(base, "work")
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    surroundings = environment(folder)
    if workload.setup:
        previous = dict(os.environ)
        # Compilers may need the user's own home.
        os.environ.update({name: value for name, value in surroundings.items() if name != "HOME"})
        try:
            workload.setup(folder)
        finally:
            os.environ.clear()
            os.environ.update(previous)
    with open(os.path.join(base, "output"), "wb+") as output, open(os.path.join(base, "errors"), "wb+") as errors:
        process = subprocess.Popen([*tracer, *workload.command], cwd=folder, env=surroundings, stdin=subprocess.DEVNULL,
                                   stdout=output, stderr=errors, preexec_fn=None if workload.threads else on_one_cpu)
        try:
            if meanwhile:
                meanwhile(process)
            process.wait(TIMEOUT)
        except subprocess.TimeoutExpired:
            where = harness.stacks(process.pid)
            for pid in harness.descendants(process.pid) + [process.pid]:
                try:
                    os.kill(pid, 9)
                except ProcessLookupError:
                    pass
            raise Hang(where) from None
        output.seek(0)
        errors.seek(0)
        return results.Result(process.returncode, output.read(), errors.read(), results.files_in(folder, workload.ignored))


def names_in(program, pattern):
    """The functions that a pattern matches, as ttrace lists them."""
    listed = subprocess.run([harness.TTRACE, "--list-funcs", "--funcs", pattern, program], stdout=subprocess.PIPE,
                            stderr=subprocess.DEVNULL, check=False).stdout.decode()
    return sorted({line.split("  ")[0].rstrip() for line in listed.splitlines() if "  " in line})


def patterns_of(workload, seed):
    """The arguments of --funcs."""
    if workload.some is None:
        return list(workload.functions)
    glob, count = workload.some
    names = names_in(shutil.which(workload.command[0]) or workload.command[0], f"@{glob}")
    chosen = random.Random(seed).sample(names, min(count, len(names)))
    return [f"^({'|'.join(re.escape(name) for name in sorted(chosen))})$@{glob}"]


def without_ours(errors):
    """What the program wrote, and what ttrace did."""
    mark = re.compile(rb"^(?:[^ \n]*/)?(?:ttrace|" + re.escape(os.path.basename(harness.TTRACE).encode()) + rb"): .*\n", re.MULTILINE)
    return mark.sub(b"", errors), [line.decode(errors="replace").rstrip() for line in mark.findall(errors)]


class Check:
    """One workload, once."""

    def __init__(self, workload, seed):
        self.workload = workload
        self.seed = seed
        self.wrong = []
        self.notes = []

    def trace(self, base):
        path = os.path.join(base, "trace")
        tracer = [harness.TTRACE, "-f", "-o", path, "--max-funcs=1000000", "-e", "trace=" + ",".join(SYSCALLS)]
        for pattern in patterns_of(self.workload, self.seed):
            tracer += ["--funcs", pattern]
        begun = time.monotonic()
        result = run(self.workload, tracer, base)
        self.seconds = time.monotonic() - begun
        result.errors, notices = without_ours(result.errors)
        self.notes += [line for line in notices if "inlined everywhere" not in line]
        self.wrong += [line for line in notices if FAILURES.search(line)]
        return result, trace_file.read(path, SYSCALLS, self.workload.stacks)

    def __call__(self, base):
        untraced = run(self.workload, [], base)
        again = untraced.differences(run(self.workload, [], base))
        if again:
            self.wrong = ["not the same from run to run, untraced"] + again
            return
        traced, trace = self.trace(base)
        self.wrong += untraced.differences(traced)
        self.wrong += trace.problems
        self.compare_counts(untraced, trace)
        if len(trace.entered) < self.workload.least_functions:
            self.wrong.append(f"only {len(trace.entered)} functions were called")
        if trace.calls < self.workload.least_calls:
            self.wrong.append(f"only {trace.calls} calls were traced")
        self.calls, self.functions = trace.calls, len(trace.entered)
        self.notes.insert(0, f"{trace.calls} calls of {len(trace.entered)} functions in {len(trace.threads)} threads: "
                          f"{trace.returned} returned, {trace.unwound} unwound, {trace.endless.total()} without return, "
                          f"{trace.left_open} open at an end; {self.seconds:.1f} s; the program's status {untraced.status}, "
                          f"{len(untraced.output)} bytes of output, {len(untraced.files)} files")

    def compare_counts(self, untraced, trace):
        if cases.EXECUTABLE not in self.workload.functions or self.workload.some:
            return
        seen = {}
        for name, count in trace.entered.items():
            bare = re.sub(r"@.*$", "", name).split("::")[-1]
            seen[bare] = seen.get(bare, 0) + count
        for name, count in OWN_COUNT.findall(untraced.output):
            if seen.get(name.decode(), 0) != int(count):
                self.wrong.append(f"{name.decode()} was called {count.decode()} times, the trace has {seen.get(name.decode(), 0)}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--times", type=int, default=1)
    parser.add_argument("--keep", help="keep the traces of those that fail in this folder")
    parser.add_argument("workloads", metavar="WORKLOAD", nargs="*")
    options = parser.parse_args()
    for name in options.workloads:
        if name not in cases.WORKLOADS:
            parser.error(f"no workload '{name}': there are {', '.join(cases.WORKLOADS)}")
    names = options.workloads or [name for name, one in cases.WORKLOADS.items() if one.short or not options.short]
    runs = [(name, seed) for seed in range(options.seed, options.seed + options.times) for name in names]
    print(f"1..{len(runs)}", flush=True)
    failed, calls, functions = 0, 0, 0
    for number, (name, seed) in enumerate(runs, 1):
        workload = cases.WORKLOADS[name]
        title = f"{name}, seed {seed}" if workload.some else name
        if workload.missing():
            print(f"ok {number} - {title} # SKIP there is no {workload.missing()}", flush=True)
            continue
        check = Check(workload, seed)
        with tempfile.TemporaryDirectory(prefix="ttrace-transparency-") as base:
            try:
                check(base)
                calls, functions = calls + getattr(check, "calls", 0), functions + getattr(check, "functions", 0)
            except Hang as where:
                check.wrong = ["hangs"] + str(where).splitlines()
            if check.wrong and options.keep and os.path.exists(os.path.join(base, "trace")):
                shutil.copy(os.path.join(base, "trace"), os.path.join(options.keep, f"{name}.{seed}.trace"))
        for line in check.notes:
            print(f"# {line}")
        for line in check.wrong:
            print(f"#   {line}", file=sys.stderr)
        failed += bool(check.wrong)
        print(f"{'not ok' if check.wrong else 'ok'} {number} - {title}", flush=True)
    print(f"# {calls} calls of {functions} functions in all")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
