#!/usr/bin/env python3
"""How many ptrace and memory calls ttrace makes for a syscall and for a function hit, at most.

Times are measured and never tested; these numbers are the same in each run. A TAP program:
test_counts.py TTRACE FOLDER-OF-COUNT-CALLS-AND-LOOPS.
"""

import os
import sys
import tempfile

import counts

# What is traced -> (options, program, the place of its count, events in a loop, calls at most).
LIMITS = {
    "a syscall": (["-e", "trace=getppid"], "loop-O2", 0, 1, 6),
    "a syscall that is filtered out": (["-e", "trace=openat"], "loop-O2", 0, 1, 5),
    "a hit, -O0": (["-e", "trace=none", "--funcs", "^t_step$"], "loop-O0", 1, 2, 4),
    "a hit, -O2": (["-e", "trace=none", "--funcs", "^t_step$"], "loop-O2", 1, 2, 3.5),
}


def made(ttrace, folder, options, program, place, events, path):
    def command(loops):
        amounts = ["0", "0"]
        amounts[place] = str(loops)
        return [ttrace, "-o", "/dev/null", *options, os.path.join(folder, program), *amounts]

    library = os.path.join(folder, "count-calls.so")
    return sum(counts.per_event(command, events, library, path)[:min(counts.WAITS)])


def main():
    ttrace, folder = sys.argv[1:]
    print(f"1..{len(LIMITS)}")
    for number, (what, (*how, most)) in enumerate(LIMITS.items(), 1):
        with tempfile.NamedTemporaryFile() as file:
            calls = made(ttrace, folder, *how, file.name)
        # The kernel may stop a thread once more than usual: not once in a hundred events.
        fine = 1 < calls < most + 0.01
        print(f"{'ok' if fine else 'not ok'} {number} - {what}: {calls:.2f} calls of the kernel, {most} at most",
              flush=True)


if __name__ == "__main__":
    main()
