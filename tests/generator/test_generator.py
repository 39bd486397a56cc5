"""The compiler of syscall descriptions: what it makes, and each of its messages."""

import os
import subprocess
import sys
import tempfile
import unittest

import generate
from compiler import emit

BASE = """
enum errors : s32 { EINTR = 4 }
enum signal : s32 { SIGINT = 2 }
flags open_flags "O_???" { O_RDONLY|O_WRONLY of 3 = 0 1  O_CREAT = 0x40  O_DIRECTORY = 0x10000 aarch64:0x4000 arm:0x4000 }
struct pair { a: int  b: long }
custom thing: u32
custom region: memory
"""


def compile_text(text, base=BASE):
    return generate.compile_texts({"base": base, "test": text})


class Messages(unittest.TestCase):
    """Each message, with the line it points to."""

    def check(self, text, *expected):
        errors = [str(e) for e in compile_text(text).errors]
        self.assertEqual(errors, ["test:%s" % e for e in expected])

    def test_syntax(self):
        self.check("f(a: int) -> ;", "1: error: unexpected character ';'")
        self.check("= 3", "1: error: expected a call, enum, flags, struct, custom or include, found '='")
        self.check("\nf(a int) -> int", "2: error: expected ':' and a type after the argument 'a', found 'int'")
        self.check("f(a: int b: int) -> int", "1: error: expected ',' or ')' after an argument, found 'b'")
        self.check("f(a: int)", "1: error: expected '->' and the result's type, found the end of the file")
        self.check("f(a: int) in x -> int",
                   "1: error: expected 'memory' after 'in', which says where the arguments are, found 'x'")
        self.check("f(a: out bytes[ret) -> int", "1: error: expected ']' after the length, found ')'")
        self.check("f(a: bytes[+]) -> int", "1: error: unexpected character '+'")
        self.check("include linux", "1: error: expected a header's name: <linux/stat.h>, found 'linux'")
        self.check("custom x", "1: error: expected ':' and a scalar type or 'memory', found the end of the file")

    def test_one_error_does_not_hide_the_next(self):
        self.check("f(a: nosuch) -> int\ng(b int) -> int\nh(c: nosuch2) -> int",
                   "1: error: unknown type 'nosuch'",
                   "2: error: expected ':' and a type after the argument 'b', found 'int'",
                   "3: error: unknown type 'nosuch2'")

    def test_constants(self):
        self.check("enum e { A }", "1: error: expected '=' after 'A', found '}'")
        self.check("enum e { A = }", "1: error: expected a value or 'none' for 'A', found '}'")
        self.check("enum e { A = 1 mips:2 }",
                   "1: error: unknown architecture 'mips'; known are x86_64, i386, aarch64, arm")
        self.check("enum e { A|B of 3 = 1 2 }",
                   "1: error: an enum has no exclusive groups: its values exclude each other; write flags")
        self.check("flags e { A|B = 1 2 }", "1: error: expected 'of MASK' after a group of constants")
        self.check("flags e { A|B of 3 = 1 }", "1: error: fewer values than names in the group of 'A'")
        self.check("flags e { A|B of 3 = 1 2 3 }", "1: error: more values than names in the group of 'A'")
        self.check("flags e { A|B of 3 = 1 4 }", "1: error: 'B' has bits outside its group's mask")
        self.check("flags e { A = 0 }", "1: error: 'A' is no flag: its value is 0")
        self.check("enum e { A = 1 A = 2 }", "1: error: 'A' is twice in 'e'")
        self.check("enum e : uint32 { A = 1 }", "1: error: 'uint32' is not a scalar type; did you mean 'uint'?")
        self.check("enum e : u16 { A = 0x10000 }", "1: error: 'A' does not fit into u16")
        self.check("enum e : u7 { A = 1 }", "1: error: 'u7' is not a scalar type")
        self.check("enum signal { A = 1 }", "1: error: 'signal' is already defined at base:3")
        self.check("flags e { use nosuch }", "1: error: unknown enum or flags 'nosuch'")
        self.check("flags e { use open_flags of 3 }", "1: error: unknown enum 'open_flags'")
        self.check("enum e { use signal of 3 }", "1: error: only flags can give bits to an enum")
        self.check("enum e { use e }", "1: error: 'e' uses itself")

    def test_structures(self):
        self.check("struct s { a: nosuch }", "1: error: unknown type 'nosuch'")
        self.check("struct s { a: int a: int }", "1: error: structure 's' has two fields 'a'")
        self.check("struct s { a: s }", "1: error: structure 's' contains itself")
        self.check("struct s { a: u8[a] }", "1: error: an array in a structure needs a constant length")
        self.check("struct s { a: str }", "1: error: a field can only point to 'str': write 'in str'")
        self.check("struct s { a: char }", "1: error: char needs a constant length: char[16]")
        self.check("struct s { a: int } brief (b)", "1: error: structure 's' has no field 'b'")
        self.check("struct s { a: int b: int } order (a)", "1: error: the order of 's' leaves out 'b'")
        self.check("struct s { a: int } order (a a)", "1: error: the order of 's' names a field twice")
        self.check("struct pair { a: int }", "1: error: structure 'pair' is already defined for x86_64 at base:5")
        self.check("struct signal { a: int }", "1: error: 'signal' is already defined at base:3")
        self.check("struct s { a: int if nosuch }", "1: error: there is no field 'nosuch'")
        self.check("struct s [i386] { a: int }\nf(a: in s) -> int",
                   "2: error: structure 's' is not described for x86_64")
        self.check("struct s [i386] { a: int }\nstruct t { a: s }",
                   "2: error: structure 's' is not described for x86_64")

    def test_types(self):
        self.check("f(a: signl) -> int", "1: error: unknown type 'signl'; did you mean 'signal'?")
        self.check("f(a: pair) -> int",
                   "1: error: 'pair' is in memory: write 'in pair', 'out pair' or 'inout pair'")
        self.check("f(a: in bytes) -> int", "1: error: bytes need a length: bytes[count]")
        self.check("f(a: in str[4]) -> int", "1: error: 'str' ends at its NUL and has no length")
        self.check("f(a: int(u8)) -> int", "1: error: only an enum or flags can be stored as another type")
        self.check("custom c: nosuch", "1: error: unknown scalar type 'nosuch'")

    def test_lengths_and_conditions(self):
        self.check("f(a: in bytes[cuont], count: size) -> int",
                   "1: error: there is no argument 'cuont'; did you mean 'count'?")
        self.check("f(a: in bytes[ret]) -> int",
                   "1: error: 'ret' is not known yet when an 'in' argument is read")
        self.check("f(a: in bytes[*n], n: int) -> int", "1: error: 'n' is not a pointer")
        self.check("f(a: in bytes[n], n: in int) -> int", "1: error: 'n' is a pointer: write '*n'")
        self.check("f(a: in bytes[*n], n: in pair) -> int", "1: error: 'n' is not a number")
        self.check("f(a: open_flags, b: int if a & O_CREATE) -> int",
                   "1: error: unknown constant 'O_CREATE'; did you mean 'O_CREAT'?")
        self.check("f(a: int if a = 1) -> int", "1: error: expected ',' or ')' after an argument, found '='")
        self.check("f(a: int if ret == EINTR) -> int", "1: error: only an 'out' argument can depend on 'ret'")
        self.check("f(a: out int if ret == 4) -> int",
                   "1: error: in a condition 'ret' is compared with errors: ret == EINTR")
        self.check("enum x { K = 1 }\nenum y { K = 2 }\nf(a: int, b: int if a == K) -> int",
                   "3: error: 'K' has different values in 'x' and 'y'")

    def test_calls(self):
        self.check("f() -> int\nf() -> int", "2: error: 'f' is already described for x86_64 at test:1")
        self.check("f(a: int, a: int) -> int", "1: error: 'f' has two arguments named 'a'")
        self.check("f(a: int, b: int, c: int, d: int, e: int, f: int, g: int) -> int",
                   "1: error: 'g' is beyond the sixth register on x86_64")
        self.check("[i386] f(a: int, b: s64, c: s64, d: s64) -> int",
                   "1: error: 'd' is beyond the sixth register on i386")
        self.check("f() -> pair", "1: error: the result cannot be a 'pair': it is not held in a register")
        self.check("f() -> int (in pair)", "1: error: a note cannot be a 'pair': it is not held in a register")
        self.check("f() -> custom", "1: error: '-> custom' is not supported: give the result a custom "
                   "type, or arguments ('custom NAME: ...')")

    def test_variants(self):
        self.check("f$x(a: const O_CREAT) -> int",
                   "1: error: 'f$x' is a variant of a call that is not described for x86_64")
        self.check("f(a: int) -> int\nf$x(a: int) -> int",
                   "2: error: variant 'f$x' needs an argument 'const ...' to be told by")
        self.check("f(a: int) -> int\nf$x(a: const O_CREAT|SIGINT) -> int",
                   "2: error: the constants of 'const' must be of one set")
        self.check("f(a: int) -> int\nf$x(a: const NOSUCH) -> int",
                   "2: error: unknown constant 'NOSUCH'")
        self.check("enum x { K = 1 }\nenum y { K = 1 }\nf(a: int) -> int\nf$x(a: const K) -> int",
                   "4: error: 'K' is in several sets: x, y")


class Tables(unittest.TestCase):
    def compiled(self, text):
        result = compile_text(text)
        self.assertEqual([str(e) for e in result.errors], [])
        return result

    def argument(self, result, index=0):
        return result.arguments[result.calls[-1]["arguments"][0] + index]

    def test_layouts_follow_each_abi(self):
        result = self.compiled("struct s { a: u8  b: u64  c: long }")
        measure = result.layouts.measure
        self.assertEqual(measure("s", "x86_64")[:2], (24, 8))
        self.assertEqual(measure("s", "i386")[:2], (16, 4))
        self.assertEqual(measure("s", "arm")[:2], (24, 8))
        self.assertEqual(measure("s", "i386")[2], {"a": (0, 1), "b": (4, 8), "c": (12, 4)})

    def test_packed_on_one_abi(self):
        measure = self.compiled("struct s { a: u32 b: u64 } packed [x86_64]").layouts.measure
        self.assertEqual(measure("s", "x86_64")[0], 12)
        self.assertEqual(measure("s", "aarch64")[0], 16)

    def test_64_bits_take_two_registers_of_32(self):
        result = self.compiled("f(a: int, b: s64, c: int) -> int")
        self.assertEqual(self.argument(result, 1)[7], (1, 1, 1, 2))
        self.assertEqual(self.argument(result, 2)[7], (2, 3, 2, 4))

    def test_variants_come_before_the_call(self):
        result = self.compiled("f(a: int) -> int\nf$x(a: const O_CREAT) -> int")
        self.assertEqual([c["variant"] for c in result.calls], ["x", ""])

    def test_values_of_an_architecture(self):
        result = self.compiled("")
        self.assertEqual(result.sets.values_of("O_DIRECTORY", None)["aarch64"], 0x4000)
        self.assertEqual(result.sets.values_of("O_DIRECTORY", None)["i386"], 0x10000)

    def test_several_names_share_a_description(self):
        result = self.compiled("f, g(a: int) -> int")
        self.assertEqual([c["name"] for c in result.calls], ["f", "g"])
        self.assertEqual(result.calls[0]["arguments"], result.calls[1]["arguments"])

    def test_arguments_in_memory(self):
        calls = compile_text("f(a: int, b: int) in memory -> int\ng(a: int) -> int").calls
        self.assertEqual([c["in_memory"] for c in calls], [True, False])

    def test_output(self):
        result = self.compiled("mseal @462 (a: in pair) -> int")
        self.assertIn('{"mseal", 0xf, 462,', emit.cxx(result))
        self.assertIn("pair = ", emit.header(result))
        self.assertIn("#ifdef O_CREAT\n", emit.kernel_checks(result, "x86_64"))
        self.assertIn("(0x4000ull", emit.kernel_checks(result, "aarch64"))


class Program(unittest.TestCase):
    def run_on(self, text):
        with tempfile.TemporaryDirectory() as directory:
            source = os.path.join(directory, "x.syscalls")
            with open(source, "w", encoding="utf-8") as file:
                file.write(text)
            outputs = {name: os.path.join(directory, name)
                       for name in ("tables", "header", "checks")}
            command = [sys.executable, "-B", generate.__file__, "--abi", "x86_64", source]
            for name, path in outputs.items():
                command += ["--" + name, path]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            written = [name for name, path in outputs.items() if os.path.exists(path)]
            return done.returncode, done.stderr.replace(directory + os.sep, ""), written

    def test_good_input_writes_all_files(self):
        status, errors, written = self.run_on("f(a: int) -> int\n")
        self.assertEqual((status, errors), (0, ""))
        self.assertEqual(len(written), 3)

    def test_bad_input_fails_and_writes_nothing(self):
        status, errors, written = self.run_on("f(a: intt) -> int\n")
        self.assertEqual(status, 1)
        self.assertEqual(errors, "x.syscalls:1: error: unknown type 'intt'; did you mean 'int'?\n")
        self.assertEqual(written, [])


if __name__ == "__main__":
    unittest.main()
