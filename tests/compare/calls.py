#!/usr/bin/env python3
"""The same lines as strace, for calls with any arguments and results (tests/targets/calls.h).

    calls.py --ttrace TTRACE --targets DIR [--strace STRACE] [--show N] [--seed N] [--rounds N]
             [--calls read,write] [--option=-v] [TARGET ...]

Both tracers see the same calls, so that lines are compared one by one. every-call makes all calls
with made-up arguments, or those of --calls (names or numbers); the others make calls with arguments
that mean something. Each runs with several options of the tracers, or with those that are given.
Prints how many lines were compared, equal, excepted and different, by target
and by syscall, as TAP.
"""

import itertools
import os
import platform
import re
import subprocess
import sys
import tempfile

import command_line
import exceptions
import tally

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir, "trace"))
import harness  # noqa: E402

NEW_ENOUGH = (7, 0)  # the version of strace from which on it prints what ttrace does
# Per cent of the lines of each call that must be equal. What differs comes of made-up arguments that no
# program passes; a call that is described wrongly differs far more often. On slow machines there are few lines of
# each, so that such a one weighs more.
ENOUGH_OF_EACH = 70 if harness.SLOW else 90
TIMEOUT = 300
ABIS = {"x86_64": {"native": "unistd_64.h", "i386": "unistd_32.h"},
        "aarch64": {"native": "unistd.h", "arm": "unistd-eabi.h"}}[platform.machine()]
HEADERS = [*filter(None, os.environ.get("KERNEL_HEADERS", "").split(":")), "/usr/include/x86_64-linux-gnu/asm",
           "/usr/include/asm", "/usr/include/asm-generic", "/usr/arm-linux-gnueabihf/include/asm"]
ERRORS = ("0", "22")  # what the calls of some targets return: success, EINVAL
SEEDS = harness.sample(("1", "2", "3"))
ROUNDS = "8" if len(SEEDS) > 1 else "4"
WITH_ERRORS = ("calls-bpf", "calls-ioctl")
OPTIONS = harness.sample((["-v"], [], ["-s", "3"], ["-e", "verbose=none"]))
# Of every-call, where few strings and structures are. With -v strace may show millions of made-up elements.
OPTIONS_OF_EVERY_CALL = harness.sample(([], ["-v"]))


def numbers(abi):
    """{name: number} of the calls, of the kernel's headers."""
    found = {}
    for folder in HEADERS:
        try:
            with open(os.path.join(folder, ABIS[abi]), encoding="utf-8") as file:
                for name, number in re.findall(r"#define __NR_(\w+)\s+(?:\(__NR_SYSCALL_BASE \+ )?(\d+)", file.read()):
                    found.setdefault(name, number)
        except OSError:
            continue
    return found


def arguments(target, options):
    """What a target is run with, each time."""
    for abi in options.abis:
        if target == "every-call":
            ranges = [()]
            if options.calls:
                known = numbers(abi)
                ranges = [(known.get(call, call),) for call in options.calls
                          if call in known or call.isdigit()]
            for error, seed, calls in itertools.product(ERRORS, options.seed or SEEDS, ranges):
                yield abi, error, seed, options.rounds, *calls
        elif target in WITH_ERRORS:
            yield from ((abi, error) for error in ERRORS)
        else:
            yield (abi,)


def begin(*command):
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def program(options, target, abi, *words):
    """What makes a target's calls of an ABI: ARM's are made by a program of its own."""
    path = os.path.join(options.targets, target)
    return [path + "-32", "native", *words] if abi == "arm" else [path, abi, *words]


def abis(options):
    """Those whose calls can be made and answered on this machine."""
    tries = {abi: program(options, "every-call", abi, "0", "1", "1", "20") for abi in ABIS}
    return [abi for abi, words in tries.items() if os.path.exists(words[0]) and begin(*words).wait(TIMEOUT) == 0]


def lacks_layouts_of_arm(strace):
    """Whether a strace of arm64 shows structures of 32-bit programs as addresses: as it was built ("mpers")."""
    return "no-m32-mpers" in subprocess.run([strace, "-V"], stdout=subprocess.PIPE, text=True, check=False).stdout


def both(options, command):
    """The lines of strace and those of ttrace, from the first call that is answered on."""
    found = []
    with tempfile.TemporaryDirectory(prefix="ttrace-compare-") as folder:
        runs = [(options.strace, os.path.join(folder, "strace")), (options.ttrace, os.path.join(folder, "ttrace"))]
        for process in [begin(tracer, "-o", path, *command) for tracer, path in runs]:
            try:
                process.wait(TIMEOUT)
            except subprocess.TimeoutExpired:
                sys.exit(f"{' '.join(command)}: does not end\n{harness.stacks(process.pid)}\n"
                         + "".join(f"{path}: {harness.read_text(path)[-500:]}" for _, path in runs))
        for tracer, path in runs:
            with open(path, encoding="utf-8", errors="backslashreplace") as file:
                made = list(itertools.dropwhile(lambda line: "PR_SET_SECCOMP" not in line, file.read().splitlines()))
            if not made or made[-1] != "+++ exited with 0 +++":
                sys.exit(f"{' '.join(command)}: did not end as it should, below {tracer}")
            found.append(made[1:-2])
    return found


def compare(options, target, excuse):
    result = tally.Tally()
    tried = [options.option] if options.option else OPTIONS_OF_EVERY_CALL if target == "every-call" else OPTIONS
    for words, extra in itertools.product(arguments(target, options), tried):
        command = [*extra, *program(options, target, *words)]
        for line, mine in itertools.zip_longest(*both(options, command), fillvalue=""):
            name = tally.name_of(line or mine)
            result.compared[name] += 1
            if line == mine:
                continue
            if excuse(name, line, mine):
                result.excepted[name] += 1
            else:
                result.different[name].append((line, mine))
    return result


def parsed():
    """The options, as the command line has them."""
    parser = command_line.Parser(__doc__.splitlines()[0])
    parser.add_argument("--targets", default=os.environ.get("TTRACE_TARGETS"), help="the folder of the targets")
    parser.add_argument("--calls", type=lambda text: text.split(","), default=[], help="of every-call")
    parser.add_argument("--seed", action="append", help="of every-call: what its arguments are made up from")
    parser.add_argument("--rounds", default=ROUNDS, help="of every-call: how often each call is made")
    parser.add_argument("targets_wanted", metavar="TARGET", nargs="*")
    options = parser.parse()
    known = set().union(*map(numbers, ABIS))
    for call in options.calls:
        if call not in known and not call.isdigit():
            parser.error(f"no call '{call}' in the kernel's headers: its number will do")
    if not options.targets:
        parser.error("where are the targets? --targets or TTRACE_TARGETS in the environment names their folder")
    try:
        there = sorted(name for name in os.listdir(options.targets) if re.fullmatch(r"every-call|calls-\w+", name))
    except OSError as error:
        parser.error(f"no targets in '{options.targets}': {error.strerror}")
    for name in [*options.targets_wanted, "every-call"]:  # which tells what can be answered, too
        if name not in there:
            parser.error(f"no target '{name}' in '{options.targets}'")
    options.names = options.targets_wanted or (["every-call"] if options.calls else there)
    return options


def main():
    options = parsed()
    names = options.names
    version = exceptions.version(options.strace)
    options.abis = abis(options)
    why_not = ("there is no strace" if version is None else
               f"strace {exceptions.text(version)} is older than what ttrace prints; ./dev compare fetches the newest"
               if version < NEW_ENOUGH else
               "" if options.abis else "no calls can be answered here: that takes seccomp's listeners")
    if why_not:
        print(f"1..1\nok 1 - comparison # SKIP {why_not}")
        return 0
    left_out = "arm" in options.abis and lacks_layouts_of_arm(options.strace)
    if left_out:
        options.abis.remove("arm")
    print(f"1..{len(names) + 1 + left_out}")
    if left_out:
        print(f"ok {len(names) + 2} - the calls of 32-bit ARM # SKIP this strace does not know their structures")
    print(f"# ttrace beside strace {exceptions.text(version)}", flush=True)
    total = tally.Tally()
    failed = False
    for number, name in enumerate(names, 1):
        part = compare(options, name, exceptions.excuse(version))
        failed |= not part.good()
        part.report(number, name, part.good(), options.show)
        total.merge(part)
    for line in total.table():
        print(f"# {line}")
    poor = [f"{name} ({part:.2f}%)" for name, part in total.poor(ENOUGH_OF_EACH).items()]
    good = total.good() and not poor
    print(f"{'ok' if good else 'not ok'} {len(names) + 1} - all: {total.summary()}"
          + (f"; below {ENOUGH_OF_EACH}%: {', '.join(poor)}" if poor else ""))
    return 0 if good and not failed else 1


if __name__ == "__main__":
    sys.exit(main())
