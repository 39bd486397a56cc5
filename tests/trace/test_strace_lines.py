#!/usr/bin/env python3
"""The same lines as strace, for everyday programs.

Both tracers run the program with memory at fixed addresses, so addresses are compared as they are.
What differs from run to run (pids, random bytes, times) is replaced before comparing.
"""

import re
import shutil

import harness

# Calls that strace 6.1 shows in an older way than newer ones do: only that they are made counts.
OLD_IN_STRACE = ("rseq",)


def normal(lines):
    """Lines with a pid in front -> {first pid is P1: lines} without what changes with each run."""
    # The first execve is made by the tracer's own child, from the tracer's own memory.
    lines = [re.sub(r" 0x[0-9a-f]+ /\*", " ENVIRON /*", line) for line in lines[:1]] + lines[1:]
    threads = harness.joined_by_thread(lines)
    names = {pid: f"P{number}" for number, pid in enumerate(threads, 1) if pid}
    result = {}
    for pid, own in threads.items():
        own = [re.sub(r"\b\d+\b", lambda word: names.get(word.group(), word.group()), line) for line in own]
        own = [re.sub(r"^(getrandom\()[^,]*", r"\1RANDOM", line) for line in own]
        own = [re.sub(r"(si_[us]time)=\d+( /\* [\d.]+ s \*/)?", r"\1=T", line) for line in own]
        # On some file systems, as tmpfs, that of the folder with the traces in it changes.
        own = [re.sub(r"(st_mode=S_IFDIR[^,]*, st_size=)\d+", r"\1N", line) for line in own]
        own = [re.sub(r"^(set_tid_address\(.*\) += )\d+", r"\1TID", line) for line in own]
        own = [re.sub(r"^(getppid\(\) += )\d+", r"\1TRACER", line) for line in own]
        own = [re.sub(r"\(.*\)", "(...)", line) if line.startswith(OLD_IN_STRACE) else line for line in own]
        # Columns depend on what was replaced.
        result[names.get(pid, "")] = [re.sub(r" += ", " = ", line) for line in own]
    return result


def pid_is_a_number_in(lines, others):
    """Whether a pid of one trace is, by chance, a size or the like, which stands in the other."""
    pids = {word for word in harness.joined_by_thread(lines) if word}
    return not pids.isdisjoint(re.findall(r"\b\d+\b", "\n".join(others)))


class StraceLines(harness.TraceCase):
    def check(self, *argv, options=("-f",)):
        if not shutil.which(harness.STRACE):
            self.skipTest("strace is not installed")
        for _ in range(5):
            self.trace_twice(argv, options)
            theirs, ours = self.lines("strace"), self.lines("ttrace")
            if not pid_is_a_number_in(theirs, ours) and not pid_is_a_number_in(ours, theirs):
                break
        expected, got = normal(theirs), normal(ours)
        self.assertGreater(sum(map(len, expected.values())), 3)
        self.assert_same_threads(expected, got)

    def trace_twice(self, argv, options):
        outputs = []
        for tracer, name in ((harness.STRACE, "strace"), (harness.TTRACE, "ttrace")):
            run = self.start(tracer, *options, "-o", name, *argv,
                             preexec_fn=harness.without_address_randomisation).end()
            outputs.append((run.status, run.out, run.err))
        self.assertEqual(outputs[0], outputs[1])

    def test_true(self):
        self.check("true")

    def test_cat(self):
        self.check("cat", self.write("file", "line\n" * 100), "/nonexistent")

    def test_ls(self):
        folder = self.path("folder")
        __import__("os").mkdir(folder)
        for name in ("folder/a", "folder/b", "folder/\u00e9"):
            self.write(name, "")
        self.check("ls", folder)

    def test_ls_long(self):
        self.check("ls", "-l", self.write("file", "x"))

    def test_shell_with_a_child(self):
        self.check("sh", "-c", "sleep 0.3; exit 3")

    def test_shell_killed(self):
        self.check("sh", "-c", "kill -9 $$")

    def test_filter(self):
        self.check("cat", "/dev/null", options=("-e", "trace=openat,close"))

    def test_negated_filter(self):
        self.check("cat", "/dev/null", options=("-e", "trace=!mmap,close,rseq"))

    def test_short_strings(self):
        self.check("cat", self.write("file", "\x01\x02\xff\"\\" * 20), options=("-s", "7"))

    def test_long_strings(self):
        self.check("cat", self.write("file", "abc" * 100), options=("-s", "1000"))

    def test_column(self):
        self.check("true", options=("-a", "70"))


if __name__ == "__main__":
    harness.main()
