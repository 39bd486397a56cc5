#!/usr/bin/env python3
"""The calls that -e trace=%CLASS selects are those that strace selects.

The target makes every call, without effect. Calls that only one of the tracers has a name for are
left out: strace does not know newer ones, libseccomp names some that strace does not. strace 6.1 and
7.2 agree about all others, so that there is no list of exceptions.
"""

import re
import shutil

import harness

CLASSES = ("%file", "%desc", "%memory", "%process", "%signal", "%ipc", "%network", "%net", "%creds",
           "%clock", "%pure", "%stat", "%lstat", "%fstat", "%%stat", "%statfs", "%fstatfs", "%%statfs")
OLD_NAMES = ("file", "desc", "memory", "process", "signal", "ipc", "network")
OTHERS = ("none", "!%file", "!none", "%file,%desc,!", "?%nosuch,%pure", "!?%nosuch,%desc", "/^get,%ipc",
          "%file@64", "%file@32", "!%desc@32,read@64", "%nosuch", "%pure,%nosuch", "%", "%FILE", "net", "creds",
          "read@64", "stat64@64")


class Classes(harness.TraceCase):
    def trace(self, tracer, selection, abi):
        # i386's calls can be made by a 64-bit program.
        program = ["every-call-32", "native"] if abi == "arm" else ["every-call", abi]
        return self.start(tracer, "-e", "trace=" + selection, "-o", "trace",
                          self.target(program[0]), program[1], "38", "1", "1").end()

    def names(self, tracer, selection, abi):
        """The names of the calls that are shown, or the message."""
        run = self.trace(tracer, selection, abi)
        if run.status != 0:
            return re.sub(r"^.*?: ", "", run.err.splitlines()[0])
        lines = self.lines("trace")
        found = {line.partition("(")[0] for line in lines if re.match(r"\w+\(", line)}
        return {name for name in found if not name.startswith("syscall_0x")}

    def unnamed(self, tracer, selection, abi):
        self.trace(tracer, selection, abi)
        return [line for line in self.lines("trace") if line.startswith("syscall_0x")]

    def check(self, abi, selections):
        if not shutil.which(harness.STRACE):
            self.skipTest("strace is not installed")
        tracers = (harness.STRACE, harness.TTRACE)
        both = set.intersection(*(self.names(tracer, "all", abi) for tracer in tracers))
        self.assertGreater(len(both), 300)
        wrong = []
        for selection in harness.sample(selections):
            expected, got = (self.names(tracer, selection, abi) for tracer in tracers)
            if isinstance(expected, set) and isinstance(got, set):
                apart = (expected ^ got) & both
                wrong += [f"{selection}: {name} is shown by {'strace' if name in expected else 'ttrace'} only"
                          for name in sorted(apart)]
            elif expected != got:
                wrong.append(f"{selection}: strace: {expected}; ttrace: {got}")
        self.assertEqual(wrong, [])

    def test_every_class(self):
        self.check("native", CLASSES)

    def test_every_class_32_bit(self):
        self.check(harness.ABI_32, CLASSES)

    def test_names_without_percent(self):
        self.check("native", OLD_NAMES)

    def test_with_other_items(self):
        self.check("native", OTHERS)

    def test_with_other_items_32_bit(self):
        self.check(harness.ABI_32, OTHERS)

    def test_what_has_no_name_is_always_shown(self):
        # 0x1ff is above all numbers in use.
        for tracer in (harness.STRACE, harness.TTRACE):
            if shutil.which(tracer):
                for selection in ("none", "%pure", "!%file"):
                    lines = self.unnamed(tracer, selection, "native")
                    self.assertIn("syscall_0x1ff(", "".join(lines), (tracer, selection))


if __name__ == "__main__":
    harness.main()
