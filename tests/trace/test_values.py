#!/usr/bin/env python3
"""Values of arguments and results: the same whatever compiled the program, and however."""

import os
import unittest

import harness

CPP = r"^t_|^shop::(Fruit::(Fruit|rename|count)|Item::total)$"


class Values(harness.TraceCase):
    def check(self, target, pattern="^t_"):
        path = self.target(target)
        if not os.path.exists(path):
            raise unittest.SkipTest(f"{target} was not built: no such compiler or library")
        got = self.trace(path, "expected", options=["-e", "trace=none", "--funcs", pattern])
        self.assert_same_lines(self.lines("expected"), got)


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
        self.check("values-clang-O2")


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
        self.check("values-rust-O0", "^values::t_")

    def test_O2(self):
        self.check("values-rust-O2", "^values::t_")

    def test_distribution_O0(self):
        self.check("values-rust-old-O0", "^values::t_")

    def test_distribution_O2(self):
        self.check("values-rust-old-O2", "^values::t_")


if __name__ == "__main__":
    harness.main()
