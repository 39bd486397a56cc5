"""What a tracer asks of the kernel for one syscall and for one function hit, by kind."""

import array
import itertools
import os
import subprocess

# Two runs whose difference is counted: what it costs to start drops out.
FEW = 1000
MANY = 5000

# The counters of count_calls.c: ptrace's requests are at their numbers, those from 0x4200 on at 32.
REQUESTS = {
    0: "TRACEME", 1: "PEEKTEXT", 2: "PEEKDATA", 3: "PEEKUSER", 4: "POKETEXT", 5: "POKEDATA",
    6: "POKEUSER", 7: "CONT", 9: "SINGLESTEP", 12: "GETREGS", 13: "SETREGS", 14: "GETFPREGS",
    15: "SETFPREGS", 16: "ATTACH", 17: "DETACH", 24: "SYSCALL", 32: "SETOPTIONS",
    33: "GETEVENTMSG", 34: "GETSIGINFO", 35: "SETSIGINFO", 36: "GETREGSET", 37: "SETREGSET",
    38: "SEIZE", 39: "INTERRUPT", 40: "LISTEN", 41: "PEEKSIGINFO", 42: "GETSIGMASK",
    43: "SETSIGMASK", 46: "GET_SYSCALL_INFO", 50: "SET_SYSCALL_INFO",
}
FIRST_MEMORY = 64
MEMORY = {64: "process_vm_readv", 65: "process_vm_writev", 66: "pread /proc/PID/mem",
          67: "pwrite /proc/PID/mem"}
WAITS = {68: "wait", 69: "wait, WNOHANG"}
COUNTERS = 70


def count(command, library, path):
    """Runs a tracer and returns its counters. `path` is the counters' file."""
    with open(path, "wb") as file:
        file.write(bytes(8 * COUNTERS))
    environment = {**os.environ, "LD_PRELOAD": library, "COUNT_FILE": path,
                   "COUNT_PROGRAM": os.path.realpath(command[0])}
    subprocess.run(command, check=True, env=environment, stdin=subprocess.DEVNULL,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=120)
    with open(path, "rb") as file:
        return array.array("Q", file.read())


def per_event(command_for, events, library, path):
    """Counters for one event. `command_for(N)` traces N loops, with `events` in each."""
    few, many = (count(command_for(n), library, path) for n in (FEW, MANY))
    return [(b - a) / (MANY - FEW) / events for a, b in zip(few, many)]


def name_of(counter):
    """What a counter counts."""
    if counter < FIRST_MEMORY:
        return "PTRACE_" + REQUESTS.get(counter, f"(counter {counter})")
    return {**MEMORY, **WAITS}[counter]


def print_table(columns):
    """Prints (title, tracer, counters) as columns, by title. A kind that nobody uses has no row."""
    def row(name, cells):
        print(f"  {name:26}" + "".join(f"{cell:>9}" for cell in cells))

    def number(value):
        return f"{value:.2f}" if value >= 0.005 else "-"

    # Each title goes over its columns.
    groups = [(title, list(group)) for title, group in itertools.groupby(columns, lambda c: c[0])]
    print(f"  {'':28}" + "".join(title.center(9 * len(group)) for title, group in groups).rstrip())
    row("", [tracer for _, tracer, _ in columns])
    used = [i for i in range(COUNTERS) if any(c[i] >= 0.005 for _, _, c in columns)]
    for counter in (i for i in used if i not in WAITS):
        row(name_of(counter), [number(c[counter]) for _, _, c in columns])
    row("ptrace and memory, in all", [number(sum(c[:min(WAITS)])) for _, _, c in columns])
    for counter in (i for i in used if i in WAITS):
        row(name_of(counter), [number(c[counter]) for _, _, c in columns])
