#!/usr/bin/env python3
"""Values of arguments and results: the same whatever compiled the program, and however."""

import os
import platform
import unittest

import harness

CPP = r"^t_|^shop::(Fruit::(Fruit|rename|count)|Item::total)$"


RUST = r"^values::t_\w+$"


def parts(line):
    """A line's name, its arguments and its result."""
    result, depth, quoted, start, i = [], 0, False, 0, 0
    while i < len(line):
        c = line[i]
        if quoted:
            i += c == "\\"
            quoted = c != '"'
        elif c == '"':
            quoted = True
        elif c in "([{":
            depth += 1
            if depth == 1:
                result.append(line[start:i])
                start = i + 1
        elif c in ")]}":
            depth -= 1
        elif c == "," and depth == 1:
            result.append(line[start:i].strip())
            start = i + 1
        elif c == "=" and depth == 0:
            result.append(line[start:i].strip(" )"))
            start = i + 1
            break
        i += 1
    return [*result, line[start:].strip()]


class Values(harness.TraceCase):
    def built(self, target):
        path = self.target(target)
        if not os.path.exists(path):
            raise unittest.SkipTest(f"{target} was not built: no such compiler or library")
        return path

    def run_target(self, target, pattern):
        return self.trace(self.built(target), "expected", options=["-e", "trace=none", "--funcs", pattern])

    def check(self, target, pattern="^t_"):
        got = self.run_target(target, pattern)
        self.assert_same_lines(self.lines("expected"), got)

    def check_honest(self, target, pattern):
        """What is not said to be optimised out is right. (LLVM before 16 changes how functions are
        called that nobody else can call, and does not say so.)"""
        got = self.run_target(target, pattern)
        expected = self.lines("expected")
        self.assertEqual(len(expected), len(got), got)
        gone = right = 0
        for want, have in zip(map(parts, expected), map(parts, got)):
            self.assertEqual(len(want), len(have), (want, have))
            for a, b in zip(want, have):
                if b.endswith("<optimized out>"):
                    gone += 1
                else:
                    self.assertEqual(a, b)
                    right += 1
        self.assertGreater(right, 0, got)
        return gone


class ValuesOfC(Values):
    def test_O0(self):
        self.check("values-O0")

    def test_O2(self):
        self.check("values-O2")

    def test_dwarf4_cet_and_frame_pointer(self):
        self.check("values-dwarf4")

    def test_clang_O0(self):
        self.check("values-clang-O0")

    def test_clang_O2(self):
        # For arm64 it does not say where a `bool` is before the prologue has stored it.
        undescribed = 1 if platform.machine() == "aarch64" else 0
        self.assertEqual(self.check_honest("values-clang-O2", "^t_"), undescribed)


class ValuesOfCpp(Values):
    def test_O0(self):
        self.check("values-cpp-O0", CPP)

    def test_O2(self):
        self.check("values-cpp-O2", CPP)

    def test_dwarf4_and_type_units(self):
        self.check("values-cpp-dwarf4", CPP)

    def test_clang_O0(self):
        self.check("values-cpp-clang-O0", CPP)

    def test_clang_O2(self):
        self.check("values-cpp-clang-O2", CPP)

    def test_libcxx_O0(self):
        self.check("values-cpp-libcxx-O0", CPP)

    def test_libcxx_O2(self):
        self.check("values-cpp-libcxx-O2", CPP)


class ValuesOfRust(Values):
    def test_O0(self):
        self.check("values-rust-O0", RUST)

    def test_O2(self):
        # rustc is the distribution's where there is no other; it does not describe optimised results.
        with open(self.built("values-rust-O2"), "rb") as file:
            old = b"rustc version 1.63" in file.read()
        (self.check_honest if old else self.check)("values-rust-O2", RUST)

    def test_distribution_O0(self):
        self.check("values-rust-old-O0", RUST)

    def test_distribution_O2(self):
        self.check_honest("values-rust-old-O2", RUST)


class Optimised(Values):
    """Nothing is called what it is not when compilers leave arguments and results out."""

    def test_gcc(self):
        self.assertGreater(self.check_honest("optimised", "^t_"), 0)

    def test_gcc_O3(self):
        self.assertGreater(self.check_honest("optimised-O3", "^t_"), 0)

    def test_clang(self):
        self.assertGreater(self.check_honest("optimised-clang", "^t_"), 0)

    def test_parameter_that_clang_does_not_describe(self):
        got = self.run_target("missing-clang", "^t_")
        self.assertIn(got[0], ["t_missing(n=<optimized out>, text=<optimized out>, ...) = 5",
                               't_missing("not used", n=4, text="text") = 5'])


if __name__ == "__main__":
    harness.main()
