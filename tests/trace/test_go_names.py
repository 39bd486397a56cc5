#!/usr/bin/env python3
"""Go programs say themselves how their functions are named and where they are, however they were built
and whatever was taken from them."""

import os
import re
import struct
import subprocess

import go_programs
import harness

FUNCS = r"^main\."
ROW = re.compile(r"(?P<name>\S+) +\S+ +(?P<where>0x[0-9a-f]+|inlined everywhere)(?: +(?P<file>\S+):(?P<line>\d+))?")
INLINED = {"main.small", "main.twice"}


def expected(machine=go_programs.MACHINE):
    """name -> (file, line), as the comments of the sources have it."""
    places = {}
    for file in ("main.go", f"add_{machine}.s"):
        with open(os.path.join(go_programs.source("names"), file), encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                if match := re.search(r"// (main\.\S+)$", line):
                    places[match.group(1)] = (file, number)
    return places


def without_section_headers(path):
    """A copy that only the kernel can make sense of."""
    with open(path, "rb") as file:
        program = bytearray(file.read())
    struct.pack_into("<Q", program, 0x28, 0)  # e_shoff
    struct.pack_into("<HHH", program, 0x3a, 0, 0, 0)  # e_shentsize, e_shnum, e_shstrndx
    with open(path + "-bare", "wb") as file:
        file.write(program)
    os.chmod(path + "-bare", 0o755)
    return path + "-bare"


@go_programs.for_each_toolchain
class GoNames(go_programs.GoCase):

    def rows(self, program, funcs=FUNCS):
        run = self.ttrace("--list-funcs", "--funcs", funcs, program)
        self.assertEqual(run.status, 0, run.err)
        rows = [ROW.fullmatch(line) for line in run.out.splitlines()]
        self.assertNotIn(None, rows, run.out)
        return rows

    def check(self, program, machine=go_programs.MACHINE, inlined=True, folder=None):
        places = expected(machine)
        rows = self.rows(program)
        if inlined:
            # What only an inlined function calls is inlined by its name, too.
            self.assertEqual({row["name"] for row in rows if row["where"].startswith("inlined")} | INLINED,
                             INLINED)
            self.assertIn("main.twice", {row["name"] for row in rows})
            places = {name: place for name, place in places.items() if name not in INLINED}
            rows = [row for row in rows if not row["where"].startswith("inlined")]
        self.assertEqual(sorted(row["name"] for row in rows), sorted(places))
        for row in rows:
            file, line = places[row["name"]]
            self.assertEqual(os.path.basename(row["file"]), file, row)
            # Before 1.20, Go says only which line its first instruction is of.
            first = self.toolchain.minor() < 20 and file.endswith(".s")
            self.assertEqual(int(row["line"]), line + first, row)
            if folder:
                self.assertEqual(os.path.dirname(row["file"]), folder, row)
        return {row["name"]: int(row["where"], 16) for row in rows}

    def symbols(self, program):
        """What the toolchain's linker says: name -> addresses."""
        listed = subprocess.run(["nm", "--defined-only", program], check=True, stdout=subprocess.PIPE,
                                timeout=harness.TIMEOUT).stdout.decode()
        found = {}
        for line in listed.splitlines():
            address, kind, name = line.split(None, 2)
            if kind in "Tt":
                found.setdefault(re.sub(r"\[.*\]", "[...]", name), set()).add(int(address, 16))
        return found

    def test_plain(self):
        program = self.build("names")
        symbols = self.symbols(program)
        for name, address in self.check(program, folder=go_programs.source("names")).items():
            self.assertIn(address, symbols.get(name, set()) | symbols.get(name + ".abi0", set()), name)

    def test_nothing_optimised(self):
        self.check(self.build("names", "-gcflags=all=-N -l"), inlined=False)

    def test_stripped_and_trimmed(self):
        self.check(self.build("names", "-ldflags=-s -w", "-trimpath"), folder="example.com/names")

    def test_position_independent(self):
        self.check(self.build("names", "-buildmode=pie"))

    def test_position_independent_and_stripped(self):
        self.check(self.build("names", "-buildmode=pie", "-ldflags=-s -w"))

    def test_without_section_headers(self):
        self.check(without_section_headers(self.build("names")))
        self.check(without_section_headers(self.build("names", "-buildmode=pie")))

    def test_another_machine(self):
        other = go_programs.OTHER_MACHINE
        for flags in ((), ("-ldflags=-s -w",), ("-buildmode=pie",)):
            with self.subTest(flags=flags):
                self.check(self.build("names", *flags, machine=other), machine=other)

    def test_what_is_not_understood_is_refused(self):
        """A program for 32 bits has symbols, but its functions are no C functions."""
        program = self.build("names", machine="386")
        run = self.ttrace("--list-funcs", "--funcs", FUNCS, program)
        self.assertEqual(run.status, 1)
        self.assertIn("functions cannot be traced", run.err)
        self.assertEqual(run.out, "")

    def test_what_is_inlined_is_said_where_it_is_defined(self):
        if self.toolchain.minor() < 20:
            self.skipTest("Go says so since 1.20")
        row, = self.rows(self.build("names", "-ldflags=-s -w"), r"^main\.twice$")
        self.assertEqual((os.path.basename(row["file"]), int(row["line"])), expected()["main.twice"])


if __name__ == "__main__":
    harness.main()
