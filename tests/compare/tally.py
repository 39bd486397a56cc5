"""How many lines of two tracers are equal, and what the others look like."""

import collections
import os
import re
import sys

ENOUGH = 99  # per cent of the lines that must be equal


def name_of(line):
    """What a line is about: the name of a call, "signal" or "exit"."""
    match = re.match(r"\w+", line)
    return match.group() if match else {"---": "signal", "+++": "exit"}.get(line[:3], line[:3])


def shortened(line, other, before=60, after=160):
    """What of a long line is around its first difference from the other one."""
    same = len(os.path.commonprefix([line, other]))
    start = line.partition("(")[0] + "(… " if same > 2 * before else ""
    line = start + line[same - before if start else 0:]
    end = len(start) + min(same, before) + after
    return line if len(line) <= end else line[:end] + " …"


class Tally:
    """How many lines were compared, and which differ, by what they are about (name_of)."""

    def __init__(self):
        self.compared = collections.Counter()
        self.excepted = collections.Counter()  # different for a known reason
        self.shaped = collections.Counter()  # of a racy program: as some other line of strace's
        self.alone = collections.Counter()  # in one run only, of a racy program
        self.different = collections.defaultdict(list)  # name -> [(strace's, ttrace's)]

    def merge(self, other):
        for mine, others in ((self.compared, other.compared), (self.excepted, other.excepted),
                             (self.shaped, other.shaped), (self.alone, other.alone)):
            mine.update(others)
        for name, lines in other.different.items():
            self.different[name] += lines

    def count(self):
        """(lines compared, lines different)"""
        return sum(self.compared.values()), sum(map(len, self.different.values()))

    def equal(self):
        """Per cent of the lines."""
        compared, different = self.count()
        return 100 * (compared - different) / max(compared, 1)

    def poor(self, enough):
        """The calls of which less than `enough` per cent of the lines are equal: name -> per cent."""
        equal = {name: 100 - 100 * len(lines) / self.compared[name] for name, lines in self.different.items()}
        return {name: part for name, part in sorted(equal.items()) if part < enough}

    def good(self):
        return sum(self.compared.values()) > 0 and self.equal() >= ENOUGH

    def summary(self):
        compared, different = self.count()
        excepted, shaped, alone = (sum(x.values()) for x in (self.excepted, self.shaped, self.alone))
        return (f"{len(self.compared)} calls, {compared} lines compared, {compared - different} equal "
                f"({self.equal():.2f}%), {excepted} excepted, {different} different"
                + (f"; {shaped} equal in shape only, {alone} in one run only" if shaped or alone else ""))

    def report(self, number, name, good, count):
        """Prints a test's line of TAP, and the first `count` differing pairs of lines of each call."""
        print(f"{'ok' if good else 'not ok'} {number} - {name}: {self.summary()}")
        for line in self.differences(count):
            print(f"#   {line}")
        sys.stdout.flush()

    def differences(self, count):
        """The first `count` differing pairs of lines of each call."""
        for name in sorted(self.different, key=lambda n: len(self.different[n])):
            for expected, got in self.different[name][:count]:
                yield f"- {shortened(expected, got) or '(no such line)'}"
                yield f"+ {shortened(got, expected) or '(no such line)'}"

    def table(self):
        """Lines of a table: compared, equal, excepted, different, by name."""
        rows = [("", "compared", "equal", "excepted", "different")]
        for name in sorted(self.compared):
            wrong = len(self.different.get(name, ()))
            rows.append((name, self.compared[name], self.compared[name] - self.excepted[name] - wrong,
                         self.excepted[name], wrong))
        compared, wrong = self.count()
        excepted = sum(self.excepted.values())
        rows.append(("total", compared, compared - excepted - wrong, excepted, wrong))
        return ["%-24s %9s %9s %9s %9s" % row for row in rows]
