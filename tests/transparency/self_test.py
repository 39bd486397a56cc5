#!/usr/bin/env python3
"""The checks of traces and of results find what they are there for."""

import os
import sys
import unittest

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir, "trace"))
import harness  # noqa: E402
import results  # noqa: E402
import trace_file  # noqa: E402

WELL_FORMED = """\
7     execve("./a", ["./a"], 0x7ffc /* 1 var */) = 0
7     _start() <no return>
7     main(argc=1) {
7       operator new@libstdc++.so.6(8) = 0x10
7       get(n=1) = " {"
7       clone(child_stack=NULL, flags=SIGCHLD) = 1234567
1234567   f(n=1) {
7       --- SIGCHLD {si_signo=SIGCHLD} ---
7       g(n=2) <unwound>
1234567     execve("/bin/true", ["true"], 0x7ffc <unfinished ...>
7       operator()(1) {
7         h() = 3
7       } operator() = {x = 1}
1234567 <... execve resumed>) = 0
1234567 +++ exited with 0 +++
7     } main = 0
7     end() {
7       exit_group(0) = ?
7     +++ exited with 0 +++
"""
SYSCALLS = ("execve", "clone", "exit_group")


def read(text, many_stacks=False):
    trace = trace_file.TraceFile(SYSCALLS, many_stacks)
    for line in text.splitlines():
        trace.add(line)
    trace.finish()
    return trace


class Traces(unittest.TestCase):
    def test_well_formed(self):
        trace = read(WELL_FORMED)
        self.assertEqual(trace.problems, [])
        self.assertEqual((trace.calls, trace.returned, trace.unwound, trace.endless.total(), trace.left_open, trace.executed, trace.signals),
                         (9, 5, 1, 1, 2, 2, 1))
        self.assertEqual(trace.entered["operator new@libstdc++.so.6"], 1)
        self.assertEqual(trace.entered["operator()"], 1)

    def broken(self, line, instead, what):
        """One line of the well-formed trace changed, or left out, shows."""
        self.assertEqual(WELL_FORMED.count(line), 1, line)
        problems = read(WELL_FORMED.replace(line, instead)).problems
        self.assertTrue(any(what in problem for problem in problems), problems)

    def test_end_left_out(self):
        self.broken("7     } main = 0\n", "", "but 1 calls are open")

    def test_end_of_another(self):
        self.broken("7     } main = 0\n", "7     } mains = 0\n", "ends 'main(argc=1)'")

    def test_two_ends(self):
        self.broken("7     } main = 0\n", "7     } main = 0\n7     } main = 0\n", "an end without a beginning")

    def test_beginning_left_out(self):
        self.broken("7     main(argc=1) {\n", "", "but 0 calls are open")

    def test_depth(self):
        self.broken("7         h() = 3\n", "7       h() = 3\n", "at depth 1, but 2 calls are open")

    def test_odd_depth(self):
        self.broken("7         h() = 3\n", "7        h() = 3\n", "odd")

    def test_thread_without_end(self):
        self.broken("1234567 +++ exited with 0 +++\n", "", "has no end")

    def test_no_return(self):
        self.broken("_start() <no return>", "start() <no return>", "no return: start")

    def test_half_a_line(self):
        self.broken("7         h() = 3\n", "7         h\n", "what is this")

    def test_names(self):
        for name in ("f", "malloc@libc.so.6", "operator new@libstdc++.so.6", "A::operator()", "operator<< <char>", "a<b (*)(int)>::c",
                     "(anonymous namespace)::work", "call_once<void (std::thread::*)()>(x)::{lambda()#1}::operator()".replace("(x)", "")):
            self.assertEqual(trace_file.name_of(name + "(x=1, s=\"(\") = 5"), name)

    def test_stacks(self):
        text = "5     a() {\n5       b() = 1\n5     c() {\n5       } a\n5     } c\n5     +++ exited with 0 +++\n"
        text = text.replace("5       } a", "5     } a")
        self.assertNotEqual(read(text).problems, [])
        self.assertEqual(read(text, many_stacks=True).problems, [])


class Results(unittest.TestCase):
    def differences(self, **changed):
        before = {"status": 0, "output": b"a\nb\n", "errors": b"", "files": {"x": "1 bytes"}}
        return results.Result(**before).differences(results.Result(**{**before, **changed}))

    def test_the_same(self):
        self.assertEqual(self.differences(), [])

    def test_status(self):
        self.assertEqual(self.differences(status=-11), ["exit status 0 became -11"])

    def test_output(self):
        self.assertEqual(self.differences(output=b"a\nc\n"), ["output, line 2: b'b' became b'c'"])
        self.assertEqual(self.differences(errors=b"x\n"), ["errors: 0 lines became 1"])

    def test_files(self):
        self.assertEqual(self.differences(files={"y": "2 bytes"}), ["x: 1 bytes became missing", "y: missing became 2 bytes"])


if __name__ == "__main__":
    harness.main()
