#!/usr/bin/env python3
"""Every call of a Go function has exactly one end, whatever happens to its goroutine: the program
counts its calls and how they end, and the trace is counted against that."""

import collections
import re

import go_programs
import harness

LINE = re.compile(r"\d+ +(?:g (?P<goroutine>\d+) )?(?P<indent> *)(?P<rest>(?:} )?main\..*)")
NAME = re.compile(r"(?:} )?(main\.(?:\(\*\w+\)\.)?\w+)")
FUNCS = r"^main\.T[A-Z]\w*$|\)\.Move$"
ENDS = {"<unwound by panic>": "panics", "<unwound by Goexit>": "exits"}


class Trace:
    """The calls of a trace that was written with -o."""

    def __init__(self, lines):
        self.calls = collections.Counter()
        self.ends = collections.defaultdict(collections.Counter)
        self.problems = []
        self.open = collections.defaultdict(list)  # by goroutine
        for line in lines:
            match = LINE.fullmatch(line)
            if match:
                self._take(line, match)

    def _take(self, line, match):
        rest = match.group("rest")
        name = NAME.match(rest).group(1)
        around = self.open[match.group("goroutine")]
        ended = next((kind for mark, kind in ENDS.items() if rest.endswith(mark)), "returns")
        if "unwound" in rest and ended == "returns":
            self.problems.append("how did it end? " + line)
        if rest.startswith("} "):
            if not around or around[-1] != name:
                self.problems.append(f"{line}: ends in {around}")
                return
            around.pop()
            self.ends[name][ended] += 1
        else:
            self.calls[name] += 1
            if rest.endswith("{"):
                around.append(name)
            else:
                self.ends[name][ended] += 1
        depth = len(around) - (1 if rest.endswith("{") else 0)
        if len(match.group("indent")) != 2 * depth:
            self.problems.append(f"{line}: depth is not {depth}")


def truth(output):
    told = {}
    for line in output.splitlines():
        name, *numbers = line.rsplit(" ", 4)
        told[name] = dict(zip(["calls", "returns", "panics", "exits"], map(int, numbers)))
    return told


@go_programs.for_each_toolchain
class GoTorture(go_programs.GoCase):
    """The program of targets/go/pairing, built in several ways."""

    def compare(self, program, *options, rounds=harness.fewer(4)):
        run = self.ttrace("-f", *options, "-o", "trace", program, rounds)
        self.assertEqual(run.status, 0, run.err)
        told = truth(run.out)
        self.assertGreater(len(told), 15)
        trace = Trace(self.lines("trace"))
        self.assertEqual(trace.problems[:5], [])
        self.assertEqual({k: v for k, v in trace.open.items() if v}, {})
        seen = {name: {"calls": trace.calls[name], **{kind: trace.ends[name][kind] for kind in
                                                     ("returns", "panics", "exits")}}
                for name in told}
        self.assertEqual(seen, told)

    def test_optimised(self):
        self.compare(self.build("pairing"), "-e", "trace=none", "--funcs", FUNCS)

    def test_not_optimised(self):
        self.compare(self.build("pairing", "-gcflags=all=-N -l"), "-e", "trace=none", "--funcs",
                     FUNCS)

    def test_position_independent_and_stripped(self):
        self.compare(self.build("pairing", "-buildmode=pie", "-ldflags=-s -w"), "-e", "trace=none",
                     "--funcs", FUNCS)

    def test_with_syscalls(self):
        self.compare(self.build("pairing"), "--funcs", FUNCS)


if __name__ == "__main__":
    harness.main()
