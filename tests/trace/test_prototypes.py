#!/usr/bin/env python3
"""Calls of library functions without debug information: typed by their prototypes, whichever
implementation was chosen. The program library-calls writes the lines that it expects."""

import ctypes
import os
import re
import subprocess

import harness
import plain_libc


class Libc(harness.TraceCase):
    """The program runs with a copy of the C library that no debug information is found for."""

    def setUp(self):
        super().setUp()
        self.program = self.target("library-calls")
        os.mkdir(self.path("lib"))
        if plain_libc.copy_without_debug_information(self.program, self.path("lib")) is None:
            self.skipTest("the C library here is not glibc")

    def environment(self):
        return dict(os.environ, LD_LIBRARY_PATH=self.path("lib"),
                    TTRACE_WORD="some thing")

    def calls(self, mode, functions, options=()):
        """The lines of these functions' calls, and those that the program expects."""
        pattern = f"^({'|'.join(functions.split())})$@libc.so*"
        run = self.ttrace("-e", "trace=none", "--funcs", pattern, *options, "-o", "trace",
                          self.program, "expected", mode, env=self.environment())
        self.assertEqual(run.status, 0, run.err)
        lines = [re.sub(r"^\[pid +\d+\] ", "", line) for line in self.lines("trace")]
        got = [line for line in lines if not line.startswith(("---", "+++"))]
        return self.lines("expected"), got

    def check(self, *call, **more):
        self.assert_same_lines(*self.calls(*call, **more))


class Prototypes(Libc):
    def test_streams_and_formats(self):
        self.check("streams", "fopen fclose fread fwrite fgets fseek fprintf snprintf "
                   "__isoc99_sscanf")

    def test_memory_and_the_environment(self):
        self.check("memory", "malloc free getenv strtol")

    def test_types_of_the_syscalls_and_of_functions(self):
        self.check("values", "strtol qsort gmtime mmap munmap mkdir open close setlocale div strtod "
                   "strtold pipe waitpid socket bind setsockopt")

    def test_threads(self):
        self.check("threads", "pthread_mutex_trylock pthread_create pthread_join sem_init")

    def test_a_file_of_the_users_own(self):
        self.write("mine", 'library "libc.so*"\nmalloc(how_much: hex) -> hex\n')
        expected, got = self.calls("memory", "malloc free", ["--prototypes", "mine"])
        malloc, free = [line for line in expected if re.match("malloc|free", line)]
        self.assert_same_lines([malloc.replace("size=100", "how_much=0x64"), free], got)

    def test_a_library_of_the_users_own(self):
        self.write("mine", 'library "library-calls"\nwork(argument: addr) -> hex\n')
        run = self.ttrace("-f", "-e", "trace=none", "--funcs", "^work$", "--prototypes", "mine", "-o",
                          "trace", self.program, "expected", "threads", env=self.environment())
        self.assertEqual(run.status, 0, run.err)
        arg = re.search(r"arg=(0x\w+)", "\n".join(self.lines("expected"))).group(1)
        work = [re.sub(r"^\d+ +", "", line) for line in self.lines("trace") if "work" in line]
        self.assert_same_lines([f"work(argument={arg}) = {arg}"], work)

    def test_a_file_with_a_mistake(self):
        self.write("mine", 'library "libc.so*"\n\nmalloc(size: sise) -> addr\n')
        run = self.ttrace("--prototypes", "mine", "touch", "made")
        self.assertEqual(run.status, 1)
        self.assertEqual(run.err, f"{harness.TTRACE}: mine:3: error: unknown type 'sise'; did you mean "
                         "'size'?\n")
        self.assertFalse(os.path.exists(self.path("made")))

    def test_a_file_that_is_not_there(self):
        run = self.ttrace("--prototypes", "nowhere", "touch", "made")
        self.assertEqual(run.status, 1)
        self.assertEqual(run.err, f"{harness.TTRACE}: nowhere: No such file or directory\n")
        self.assertFalse(os.path.exists(self.path("made")))


class Ifuncs(Libc):
    FUNCTIONS = "memcpy strlen strchr"

    def test_chosen_when_the_program_starts(self):
        self.check("ifuncs", self.FUNCTIONS)

    def test_chosen_before_the_attach(self):
        program = self.start(self.program, "expected", "wait", stdin=subprocess.PIPE,
                             env=self.environment())
        self.assertEqual(program.stdout.readline(), b"ready\n")
        tracer = self.start_ttrace("-e", "trace=none", "--funcs", "^(memcpy|strlen|strchr)$@libc.so*",
                                   "-o", "trace", "-p", program.pid)
        harness.wait_until(lambda: any(harness.tracers(program.pid)), "attached")
        program.stdin.write(b"go\n")
        program.stdin.close()
        program.stdin = None
        self.assertEqual(tracer.end().status, 0)
        got = [line for line in self.lines("trace") if not line.startswith("+++")]
        self.assert_same_lines(self.lines("expected"), got)

    def test_one_line_for_both_names_of_an_implementation(self):
        # memcpy and memmove are one function where the processor copies either way.
        self.check("ifuncs", "memcpy memmove strlen strchr")


class Static(harness.TraceCase):
    def test_chosen_in_a_static_program(self):
        run = self.ttrace("-e", "trace=none", "--funcs", "^(memcpy|strlen|strchr)$", "-o", "trace",
                          self.target("library-calls-static"), "expected", "ifuncs")
        self.assertEqual(run.status, 0, run.err)
        # The C library's own beginning calls them, too.
        got = [line for line in self.lines("trace") if not line.startswith("+++")]
        expected = [line.replace("@libc.so.6", "") for line in self.lines("expected")]
        self.assert_same_lines(expected, got[-len(expected):])


class Known(harness.TraceCase):
    """Every prototype is of a function that there is."""

    FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "prototypes")
    # Not exported by glibc 2.36, which Debian 12 has: newer ones, and those that are linked in.
    ABSENT = set("""
        __isoc23_fscanf __isoc23_scanf __isoc23_sscanf __isoc23_strtol __isoc23_strtoll
        __isoc23_strtoul __isoc23_strtoull at_quick_exit atexit strlcat strlcpy
        """.split())
    # Only the older machines' libraries have them, for old programs.
    if os.uname().machine == "aarch64":
        ABSENT |= {"__secure_getenv", "pthread_atfork"}

    def described(self):
        names = {}
        for file in sorted(os.listdir(self.FOLDER)):
            if not file.endswith(".prototypes"):
                continue
            with open(os.path.join(self.FOLDER, file), encoding="ascii") as lines:
                text = re.sub(r"#.*|\"[^\"]*\"|\(u?int\)|\(u\d+\)", "", lines.read())
            text = re.sub(r"(enum|flags|struct) [^{]*\{[^}]*\}", "", text)
            for group in re.findall(r"((?:\w+,\s*)*\w+)\(", text):
                for name in re.split(r",\s*", group):
                    names.setdefault(name, []).append(file)
        return names

    def exported(self):
        names = set()
        for library in ("libc.so.6", "libm.so.6"):
            try:
                ctypes.CDLL(library)
            except OSError:
                self.skipTest(f"there is no {library} here")
            path = re.search(rf"/.*/{re.escape(library)}$", harness.read_text("/proc/self/maps"), re.MULTILINE)
            symbols = subprocess.run(["readelf", "--dyn-syms", "-W", path.group()],
                                     capture_output=True, text=True, check=True).stdout
            names.update(re.findall(r"(?:FUNC|IFUNC)\s+(?:GLOBAL|WEAK)\s+DEFAULT\s+\d+ (\w+)@", symbols))
        return names

    def test_every_one_is_exported(self):
        described = self.described()
        exported = self.exported()
        self.assertGreater(len(described), 450)
        unknown = sorted(set(described) - exported)
        print(f"# {len(described)} functions described, {len(unknown)} not in the C library here: "
              f"{' '.join(unknown)}")
        self.assertEqual(sorted(set(unknown) - self.ABSENT), [])


if __name__ == "__main__":
    harness.main()
