"""The compiler of syscall descriptions: what it makes, and each of its messages."""

import ast
import glob
import os
import random
import shutil
import subprocess
import sys
import tempfile
import unittest

import generate
from compiler import emit, lexer

BASE = """
enum errors : s32 { EINTR = 4 }
enum signal : s32 { SIGINT = 2 }
flags open_flags "O_???" { O_RDONLY|O_WRONLY of 3 = 0 1  O_CREAT = 0x40  O_DIRECTORY = 0x10000 aarch64:0x4000 arm:0x4000 }
struct pair { a: int  b: long }
custom thing: u32
custom region: memory
"""


SOURCES = os.path.join(os.path.dirname(generate.__file__), "compiler")
raised = set()  # (file, line) of the compiler's sources where a message was made


def record_messages():
    original = lexer.DescriptionError.__init__

    def recording(self, where, message):
        frame = sys._getframe(1)
        raised.add((os.path.basename(frame.f_code.co_filename), frame.f_lineno))
        if frame.f_code.co_name == "error":  # Lowering.error() makes one for its caller
            raised.add((os.path.basename(frame.f_back.f_code.co_filename), frame.f_back.f_lineno))
        original(self, where, message)

    lexer.DescriptionError.__init__ = recording


record_messages()


def compile_text(text, base=BASE):
    return generate.compile_texts({"base": base, "test": text})


class Messages(unittest.TestCase):
    """Each message, with the line it points to."""

    def check(self, text, *expected):
        errors = [str(e) for e in compile_text(text).errors]
        self.assertEqual(errors, ["test:%s" % e for e in expected])

    def test_syntax(self):
        self.check("f(a: int) -> ;", "1: error: unexpected character ';'")
        self.check("= 3", "1: error: expected a call, enum, flags, struct, custom, class or include, found '='")
        self.check("\nf(a int) -> int", "2: error: expected ':' and a type after the argument 'a', found 'int'")
        self.check("f(a: int b: int) -> int", "1: error: expected ',' or ')' after an argument, found 'b'")
        self.check("f(a: int)", "1: error: expected '->' and the result's type, found the end of the file")
        self.check("f(a: int) in x -> int",
                   "1: error: expected 'memory' after 'in', which says where the arguments are, found 'x'")
        self.check("f(a: out bytes[ret) -> int", "1: error: expected ']' after the length, found ')'")
        self.check("f(a: bytes[+]) -> int", "1: error: unexpected character '+'")
        self.check("include linux", "1: error: expected a header's name: <linux/stat.h>, found 'linux'")
        self.check("custom x", "1: error: expected ':' and a scalar type, 'memory' or 'text', found the end of the file")

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
        self.check("f(a: in u32[4 bytes]) -> int",
                   "1: error: '[... bytes]' is for a structure that is pointed to")
        self.check("f(a: in64 pair) -> int",
                   "1: error: a pointer in a register is as wide as that: 'in'")

    def test_sizes_and_widths(self):
        self.check("f(a: in int[4 bytes]) -> int", "1: error: '[... bytes]' is for a structure that is pointed to")
        self.check("struct s { a: pair[4 bytes] }",
                   "1: error: '[... bytes]' is for a structure that is pointed to")
        self.check("f(a: in64 pair) -> int", "1: error: a pointer in a register is as wide as that: 'in'")
        self.check("f(a: const(pair) O_CREAT) -> int", "1: error: 'pair' is in memory")
        self.check("f(a: const(nosuch) O_CREAT) -> int", "1: error: unknown type 'nosuch'")

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

        self.check("f(ret: int) -> int", "1: error: no argument can be named 'ret': that is what the call returns")
        self.check("f(a: int, b: int, c@0: int) -> int", "1: error: 'c' is in the register of 'a'")
        self.check("f @900 () -> int\ng @900 () -> int", "2: error: the number 900 is that of 'f' at test:1")
        self.check("f(%s) -> int" % ", ".join("a%d@0: int if a0" % i for i in range(9)),
                   "1: error: 'f' has more than 8 arguments")

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
        self.check("f(a: int) -> int\nf$x(a: const(pair) O_CREAT) -> int",
                   "2: error: 'pair' is in memory")


    def test_unions(self):
        self.check("struct s { union { a: int a: long } }", "1: error: structure 's' has two fields 'a'")
        self.check("struct s { a: int union { b: int { c: int a: long } } }",
                   "1: error: structure 's' has two fields 'a'")
        self.check("struct s { { a: int } }", "1: error: only a union has groups of fields in braces")
        self.check("struct s { union a: int } }", "1: error: expected ':' and a type after the field 'union', found 'a'")
        self.check("struct s { a: int else }",
                   "1: error: 'else' is for a member of a union that has no condition")
        self.check("struct s { a: int union { b: int if a else } }",
                   "1: error: 'else' is for a member of a union that has no condition")
        self.check("struct s { union { b: int else c: int } }", "1: error: 'else' in a union without conditions")
        self.check("struct s { a: int\nunion { b: int if a\nc: int } }",
                   "3: error: a member of a union with conditions needs one, or 'else'")
        self.check("struct s { a: int union { b: int if a {c: int} } }",
                   "1: error: a member of a union with conditions needs one, or 'else'")
        self.check("struct s { union { a: int b: int if nosuch } }", 
                   "1: error: a member of a union with conditions needs one, or 'else'")

    def test_inline(self):
        self.check("struct s { inline a: int }", "1: error: only a structure can be inline")
        self.check("struct s { inline a: in pair }", "1: error: only a structure can be inline")
        self.check("struct s { inline a: pair[2] }", "1: error: only a structure can be inline")
        self.check("struct s { inline a: s }", "1: error: structure 's' contains itself")

    def test_parameters(self):
        self.check("struct s(a a) { b: int }", "1: error: expected ')' or ',' after a parameter, found 'a'")
        self.check("struct s(a, a) { b: int }", "1: error: the parameter 'a' is there twice")
        self.check("struct s() { b: int }", "1: error: expected a parameter's name, found ')'")
        self.check("struct s(a) { a: int }\nf(x: in s(1)) -> int", "1: error: 'a' is a parameter and a field")
        self.check("struct s(a) { b: int }", "1: error: structure 's' has parameters and is not used")
        self.check("struct s(a) [x86_64] { b: int }\nstruct s(c) [arm] { b: int }\n[x86_64] f(x: in s(1)) -> int",
                   "2: error: structure 's' has other parameters than at test:1")
        self.check("struct s(a, b) { c: int }\nf(x: in s(1)) -> int",
                   "2: error: structure 's' has the parameters (a, b), 1 given")
        self.check("f(x: in pair(1)) -> int", "1: error: structure 'pair' has no parameters, 1 given")
        self.check("struct s(a) { c: int if aa == 1 }\nf(x: in s(1)) -> int",
                   "1: error: there is no field 'aa'; did you mean 'a'?")
        self.check("struct s(a) { c: int if a == 1 }\nf(x: in s(k)) -> int", "2: error: there is no argument 'k'")
        self.check("struct s(a) { c: int if a == 1 }\nf(x: in s(k), k: in int) -> int",
                   "2: error: 'k' is a pointer: write '*k'")
        self.check("struct s(a) { c: int if a == O_CREATE }\nf(x: in s(k), k: open_flags) -> int",
                   "1: error: unknown constant 'O_CREATE'; did you mean 'O_CREAT'?")
        self.check("f(x: in open_flags(u8, u8)) -> int", "1: error: 'open_flags' is stored as one scalar type")
        self.check("f(x: in open_flags(1)) -> int", "1: error: 'open_flags' is stored as one scalar type")
        self.check("f(x: in open_flags(u8) -> int", "1: error: expected ',' or ')' after an argument, found '->'")
        self.check("f(x: in open_flags(u8 u8)) -> int",
                   "1: error: expected ')' or ',' after what a type is given, found 'u8'")
        # The argument is the structure itself.
        self.check("struct s(a) { c: int }\nf(x: in s(*x)) -> int", "2: error: 'x' is not a number")

    def test_structures_that_point_to_each_other(self):
        self.check("struct s { next: in s }",
                   "1: error: structure 's' points to itself: a program could make a circle of them; write addr")
        self.check("struct s { next: in t }\nstruct t { next: in s[2] }",
                   "1: error: structure 't' points to itself: a program could make a circle of them; write addr",
                   "2: error: structure 's' points to itself: a program could make a circle of them; write addr")

        self.check("struct s { next: in s }\nf(a: in s) -> int\nclass %x of fd { g }",
                   "1: error: structure 's' points to itself: a program could make a circle of them; write addr",
                   "1: error: structure 's' points to itself: a program could make a circle of them; write addr")

    def test_a_mistake_is_told_at_each_use(self):
        self.check("struct s { a: int } order (b)\nf(a: in s) -> int\ng(a: in s) -> int",
                   *["1: error: structure 's' has no field 'b'"] * 3)

    def test_kernel_names(self):
        self.check('struct s { a: int } is "struct s" in <a.h> as (b "c")', "1: error: structure 's' has no field 'b'")
        self.check('struct s { a: int } is "struct s" in <a.h> as (a b)',
                   "1: error: expected the kernel's name of 'a', or 'none', found 'b'")

    def test_arguments_in_one_register(self):
        self.check("f(a: int, b: hex else) -> int",
                   "1: error: 'else' is for one of several arguments in the same register: no other '@N' has a condition")
        self.check("f(a: int, b@1: int, c@1: hex else) -> int",
                   "1: error: 'else' is for one of several arguments in the same register: no other '@1' has a condition")
        self.check("f(a@0: out int if ret == EINTR, b@0: hex else) -> int", "1: error: 'else' cannot depend on 'ret'")

    def test_classes(self):
        self.check("class x { f }\nclass %y, x { f }", "2: error: class 'x' is already defined at test:1")
        self.check("class %x { %y }", "1: error: unknown class '%y'")
        self.check("class %file { f }\nclass %x { %fiel }", "2: error: unknown class '%fiel'; did you mean '%file'?")
        self.check("class %x { %y }\nclass %y { f } without { %x }", "1: error: class '%x' contains itself",
                   "2: error: class '%y' contains itself")
        self.check("class %x { f g f }", "1: error: 'f' is twice in '%x'")
        self.check("class %x { f g } without { f g\ng }", "2: error: 'g' is twice in '%x'")
        self.check("f(a: fd) -> int\nclass %x of fd {\nf }", "3: error: 'f' is in '%x' already, by its types")
        self.check("class %x { f } without { g }", "1: error: 'g' is not in '%x' anyway")
        self.check("class %x of nosuch { f }", "1: error: unknown type 'nosuch'")
        self.check("class %x of { f }", "1: error: expected a type, found '{'")
        self.check("class %x f", "1: error: expected '{' and names of calls, found 'f'")
        self.check("class %x { 3 }", "1: error: expected a call's name, a class or '}', found '3'")
        self.check("class = { f }", "1: error: expected the class's name: %file, found '='")
        self.check("class %% { f }", "1: error: unexpected character '%'")
        self.check("\n".join("class %%c%s { f }" % (chr(97 + i // 26) + chr(97 + i % 26)) for i in range(33)),
                   "33: error: more than 32 classes")

    def test_numbers(self):
        self.check("enum e { A = 09 }", "1: error: '09' is no octal number")
        self.check("enum e { A = 0x10000000000000000 }", "1: error: '0x10000000000000000' has more than 64 bits")
        self.check("flags e { A of 0 = 0 }", "1: error: a mask has at least one bit")
        self.check("flags e { A of -1 = 0 }", "1: error: a mask has at least one bit")
        self.check("enum m { M = 4 arm:none }\nf(a: int, b: int if a of M == 4) -> int",
                   "2: error: not every architecture has the mask 'M'")
        self.check("f(a: in u8[-1]) -> int", "1: error: a length is from 0 to 65535")
        self.check("f(a: in char[70000]) -> int", "1: error: a length is from 0 to 65535")
        self.check("f(a: in u64[60000]) -> int", "1: error: an array is larger than 65535 bytes")
        self.check("struct s { a: u64[60000] }", "1: error: structure 's' is larger than 65535 bytes")
        self.check("f @2000 () -> int", "1: error: a syscall's number is from 0 to 1023")
        self.check("f(a@-1: int) -> int", "1: error: a register's number is from 0 to 5")
        self.check("f(a@6: int) -> int", "1: error: a register's number is from 0 to 5")
        self.check("f(a: s32, b: s32 if a *) -> int", "1: error: expected ',' or ')' after an argument, found '*'")
        self.check("struct s { a: in bytes[*n] n: int }", "1: error: only an argument can be followed with '*'")
        self.check("struct s { a: in bytes[n] n: pair }", "1: error: 'n' is not a number")
        self.check("struct s { a: in bytes[n] n: u8[4] }", "1: error: 'n' is not a number")
        self.check("f(a: in int[*a]) -> int", "1: error: 'a' is not a number")
        self.check("f(a: out bytes[*ret]) -> int", "1: error: 'ret' is not a pointer")


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
        self.assertIn('{"mseal"sv, 0xf, 462,', emit.cxx(result))
        self.assertIn("pair = ", emit.header(result))
        self.assertIn("#ifdef O_CREAT\n", emit.kernel_checks(result, "x86_64"))
        self.assertIn("(0x4000ull", emit.kernel_checks(result, "aarch64"))


    def test_unions_overlap(self):
        result = self.compiled("""
            struct s { k: u8 union { a: u16 if k == 1 { b: u8 c: u64 } if k == 2 _pad: u8[21] d: u32 else } e: u8 }
            struct p { k: u8 union { a: u16 b: u64 } e: u8 } packed [x86_64]""")
        measure = result.layouts.measure
        self.assertEqual(measure("s", "x86_64"), (40, 8, {
            "k": (0, 1), "a": (8, 2), "b": (8, 1), "c": (16, 8), "_pad": (8, 21), "d": (8, 4), "e": (32, 1)}))
        self.assertEqual(measure("s", "i386"), (32, 4, {
            "k": (0, 1), "a": (4, 2), "b": (4, 1), "c": (8, 8), "_pad": (4, 21), "d": (4, 4), "e": (28, 1)}))
        self.assertEqual(measure("p", "x86_64"), (10, 1, {"k": (0, 1), "a": (1, 2), "b": (1, 8), "e": (9, 1)}))
        self.assertEqual(measure("p", "aarch64")[0], 24)

    def test_parameters_make_layouts_of_their_own(self):
        result = self.compiled("""
            struct s(k) { a: int if k == 1 }
            f(k: int, x: in s(k)) -> int
            g(x: in s(k), k: int) -> int
            h(j: int, y: in s(j)) -> int
            i(x: in s(1)) -> int""")
        uses = {c["name"]: result.arguments[c["arguments"][0] + (0 if c["name"] in "gi" else 1)][1]
                for c in result.calls}
        self.assertEqual(len(set(uses.values())), 3)
        self.assertEqual(uses["f"], uses["h"])

    def test_constants_of_a_parameter_are_those_of_its_argument(self):
        result = self.compiled("""
            enum x { K = 1 } enum y { K = 2 }
            struct s(k) { a: int if k == K }
            f(k: x, a: in s(k)) -> int
            g(k: y, a: in s(k)) -> int
            h$k(k: const O_CREAT, a: in t(k)) -> int
            h(k: int) -> int
            flags other : u64 { O_CREAT = 0x80 O_OTHER = 0x1 }
            struct t(k) { a: int if k & O_OTHER }""".replace("O_CREAT = 0x80 ", ""))
        used = {result.condition_values[c[3]][0] for c in result.conditions.rows if c[1] == "Is"}
        self.assertLessEqual({1, 2}, used)

    def test_else_is_none_of_the_others(self):
        result = self.compiled("struct s { k: int union { a: int if k == 1 b: int if k != 2 c: int if k & 4 "
                               "d: int if k e: int else } }")
        condition, tests = result.layouts.fields[-1][2], []
        while condition != 0xffff:
            tests.append(result.conditions.rows[condition][1])
            condition = result.conditions.rows[condition][5]
        self.assertEqual(sorted(tests), ["Is", "IsNot", "NoBit", "NoBit"])

    def test_classes(self):
        result = self.compiled("""
            struct inner { x: fd } struct outer { y: int union { inline i: inner z: int } }
            class %file, file of path { mount } without { g }
            class %desc of fd|thing { } class %both { %file %desc } without { mount }
            f(a: in path) -> int
            g(a: in path) -> int
            h(a: int) -> fd
            i(a: thing) -> int
            j(a: in outer[2]) -> int
            k(a: int) -> int
            k$x(a: const O_CREAT, b: fd) -> int""")
        self.assertEqual(result.classes.names, [("%file", 1), ("file", 1), ("%desc", 2), ("%both", 4)])
        self.assertEqual(result.classes.members,
                         {"f": 5, "g": 0, "mount": 1, "h": 6, "i": 6, "j": 6})
        self.assertIn('{"mount"sv, 0x1}', emit.cxx(result))

    def test_kernel_checks_of_unions(self):
        checks = emit.kernel_checks(self.compiled("""
            struct s { k: u32 union { a: u32 if k b: u64 else } c: u8 _d: u8 }
              is "struct kernels" in <linux/s.h> as (a "un.a" c none _d "d")"""), "x86_64")
        self.assertIn("#if __has_include(<linux/s.h>)\n#include <linux/s.h>\n", checks)
        self.assertIn("sizeof(struct kernels) == 24", checks)
        self.assertIn("offsetof(struct kernels, k) == 0", checks)
        self.assertIn("offsetof(struct kernels, un.a) == 8", checks)
        self.assertIn("offsetof(struct kernels, b) == 8", checks)
        self.assertIn("offsetof(struct kernels, d) == 17", checks)
        self.assertNotIn("struct kernels, c)", checks)


HERE = os.path.dirname(os.path.abspath(__file__))
EVERYTHING = os.path.join(HERE, "..", "unit", "decode", "language.syscalls")


class Mutations(unittest.TestCase):
    """Whatever a description says, the compiler makes tables of it or reports an error."""

    WORDS = ("-1 0 09 99999999999999999999 70000 ret union { } ( ) [ ] if else inline in out const char str "
             'bytes path * % %x "a" <a.h> class struct enum flags custom include none use of @ $ x kind '
             "without as is order brief packed memory t_pair t_kind t_message T_PAIR : , | & = == != ->").split()

    MORE = """
class %file, file of path|fd { mount } without { t_fd }
custom area: memory
f(a: in area[n], n: int) -> none (note t_bits)
g(a: int) -> int
[i386 arm] g$x(a: const T_PAIR of 7, b@3=: long) -> fd
struct t_k { a: char[3] } packed [arm] is "struct x" in <a.h> as (a "b")
"""

    def mutate(self, tokens, chance):
        tokens = list(tokens)
        for _ in range(chance.choice((1, 1, 2, 3))):
            at = chance.randrange(len(tokens))
            action = chance.randrange(8)
            if action == 0:
                del tokens[at]
            elif action == 1:
                tokens.insert(at, tokens[at])
            elif action == 2:
                tokens[at] = chance.choice(tokens)
            elif action == 3:
                tokens[at] = tokens[at]._replace(text=chance.choice(self.WORDS))
            else:
                tokens[at] = chance.choice([t for t in tokens if t.kind == tokens[at].kind])
        return " ".join(t.text for t in tokens)

    def test_nothing_but_errors_comes_out(self, seeds=range(300)):
        with open(EVERYTHING, encoding="utf-8") as file:
            text = file.read() + self.MORE
        tokens = lexer.tokenize("test", text)[:-1]
        self.assertEqual(compile_text(text).errors, [])
        accepted = 0
        for seed in seeds:
            result = None
            mutated = self.mutate(tokens, random.Random(seed))
            try:
                result = compile_text(mutated)
                if not result.errors:
                    accepted += 1
                    emit.cxx(result)
                    emit.header(result)
                    emit.kernel_checks(result, "arm")
            except Exception as error:
                raise AssertionError("seed %d" % seed) from error
        self.assertIn(accepted, range(10, 200))


class KernelChecks(unittest.TestCase):
    """The generated assertions, compiled."""

    def compiled(self, text):
        result = compile_text(text)
        self.assertEqual([str(e) for e in result.errors], [])
        if not shutil.which("cc"):
            self.skipTest("no C compiler")
        with tempfile.TemporaryDirectory() as directory:
            for name, content in (("checks.c", emit.kernel_checks(result, "x86_64")),
                                  ("theirs.h", "#pragma once\n#define O_CREAT 0x40\n#define OTHER 3\n"
                                   "struct theirs { int kind; union { int a; long b; struct { int x; } in; } u; };\n")):
                with open(os.path.join(directory, name), "w", encoding="utf-8") as file:
                    file.write(content)
            done = subprocess.run(["cc", "-std=gnu17", "-I", directory, "-fsyntax-only", "checks.c"], cwd=directory,
                                  capture_output=True, text=True, check=False)
        return done.returncode == 0, done.stderr

    STRUCT = 'struct one { y: int } struct ours { kind: int union { a: int if kind b: %s else inner: one if kind == 1 } } ' \
        'is "struct theirs" in <theirs.h> as (a "u.a" b "u.%s" inner "u.in.x")'

    def test_what_is_right_compiles(self):
        self.assertEqual(self.compiled("include <theirs.h>\n" + self.STRUCT % ("long", "b")), (True, ""))

    def test_a_wrong_constant(self):
        good, errors = self.compiled("include <theirs.h>\nenum e { OTHER = 4 }")
        self.assertFalse(good)
        self.assertIn("test:2: OTHER is not what the kernel", errors)

    def test_a_wrong_size_and_a_wrong_offset(self):
        good, errors = self.compiled(self.STRUCT % ("u8[40]", "b"))
        self.assertFalse(good)
        self.assertIn("test:1: the size of struct theirs", errors)
        good, errors = self.compiled((self.STRUCT % ("long", "b")).replace("kind: int", "kind: int two: u8"))
        self.assertFalse(good)

    def test_a_header_or_constant_that_is_missing_is_not_compared(self):
        self.assertEqual(self.compiled("include <nosuch.h>\nenum e { OTHER = 4 }\nstruct t { a: int } "
                                       'is "struct nosuch" in <nosuch/too.h>'), (True, ""))


class Program(unittest.TestCase):
    def run_on(self, text):
        with tempfile.TemporaryDirectory() as directory:
            source = os.path.join(directory, "x.syscalls")
            with open(source, "w", encoding="utf-8") as file:
                file.write(text)
            outputs = {name: os.path.join(directory, name)
                       for name in ("tables", "header", "checks")}
            command = [sys.executable, "-B", generate.__file__, "--tables", outputs["tables"],
                       "--header", outputs["header"], "--checks", "x86_64", outputs["checks"], source]
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


class Untested(unittest.TestCase):
    """Runs last: the compiler has no message that no test above has seen."""

    def test_every_message(self):
        missing = []
        for path in sorted(glob.glob(os.path.join(SOURCES, "*.py"))):
            name = os.path.basename(path)
            with open(path, encoding="utf-8") as file:
                tree = ast.parse(file.read())
            for node in ast.walk(tree):
                if not isinstance(node, ast.Call):
                    continue
                function = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
                makes = function == "DescriptionError" or function == "error"
                here = any((name, line) in raised for line in range(node.lineno, node.end_lineno + 1))
                if makes and not here:
                    missing.append("%s:%d" % (name, node.lineno))
        self.assertEqual(missing, [])


if __name__ == "__main__":
    unittest.main()
