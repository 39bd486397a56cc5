#!/usr/bin/env python3
"""Go's calls begin and end in the trace as they do in the program, by goroutine; so do C's between
them, and syscalls."""

import os
import re

import go_programs
import harness
import harness

# What a line shows of a call without its values: "f {", "} f <unwound by panic>", "f".
VALUES = re.compile(r"\(.*\)(?= \{$| <|$)| = .*| /\*.*")


def shape(line):
    """A line's goroutine and what it shows, with its indentation: ("1", "  } f")."""
    _, goroutine, text = re.fullmatch(r"(\d+) +(?:g (\d+) )?(.*)", line).groups()
    if re.match(r" *\}", text):
        return goroutine, text.split(" = ")[0]
    name, values = text.split("(", 1) if not re.match(r" *main\.\(", text) else split_method(text)
    end = next((mark for mark in (" {", " <unwound by panic>", " <unwound by Goexit>", " <unwound>")
                if values.endswith(mark)), "")
    return goroutine, name + end


def split_method(text):
    """At the parenthesis behind a method's name: main.(*T).Write(...)."""
    at = text.index("(", text.index(").") + 2)
    return text[:at], text[at + 1:]


def is_event(line):
    return "+++" not in line and "execve(" not in line and "--- SIG" not in line


class Scene(go_programs.GoCase):
    def scene(self, name, *options, program="ends", funcs=r"^main\.", status=0, cgo=False):
        run = self.ttrace("-f", "-e", "trace=getppid,write", "--funcs", funcs, "--exclude-funcs",
                          r"^main\.(main|inGoroutine)", *options, "-o", "trace",
                          self.build(program, cgo=cgo), name)
        self.assertEqual(run.status, status, run.err)
        return [line for line in self.lines("trace") if is_event(line)]

    def expect(self, name, expected, *options, **more):
        """The scene's lines, all by one goroutine."""
        shapes = [shape(line) for line in self.scene(name, *options, **more)]
        self.assert_same_lines([line for line in expected.strip("\n").splitlines()],
                               [text for _, text in shapes])
        goroutines = {goroutine for goroutine, _ in shapes}
        self.assertEqual(len(goroutines), 1, shapes)
        self.assertNotIn(None, goroutines)


@go_programs.for_each_toolchain
class GoPairing(Scene):
    def test_panic(self):
        self.expect("recovers", """
main.recovers {
  main.down {
    main.down {
      main.down {
        main.cleanUp {
          getppid
        } main.cleanUp
        main.recovers.func1
      } main.down <unwound by panic>
    } main.down <unwound by panic>
  } main.down <unwound by panic>
} main.recovers
""")

    def test_panic_that_replaces_another(self):
        self.expect("replaced", """
main.recoversReplaced {
  main.replaces {
    main.down {
      main.recoversReplaced.func1
    } main.down <unwound by panic>
  } main.replaces <unwound by panic>
} main.recoversReplaced
""", "--exclude-funcs", r"main\.replaces\.")

    def test_goexit(self):
        self.expect("exits", """
main.exits {
  main.exits {
    main.cleanUp {
      getppid
    } main.cleanUp
    main.cleanUp {
      getppid
    } main.cleanUp
  } main.exits <unwound by Goexit>
} main.exits <unwound by Goexit>
""", "--exclude-funcs", r"main\.main")

    def test_a_growing_stack_is_entered_once(self):
        lines = [shape(line)[1] for line in self.scene("grows", funcs="^main.grows$")]
        opened = ["  " * depth + "main.grows {" for depth in range(31)]
        closed = ["  " * depth + "} main.grows" for depth in reversed(range(31))]
        self.assert_same_lines(opened + ["  " * 31 + "getppid"] + closed, lines)

    def test_calls_through_pointers_and_interfaces(self):
        for options in [], ["--follow-calls=3"]:
            self.expect("calls", """
main.calls {
  main.leaf
  main.leaf
  main.(*silent).Write {
    main.silent.Write {
      main.leaf
    } main.silent.Write
  } main.(*silent).Write
} main.calls
""", *options, funcs=r"^main\.calls$" if options else r"^main\.")

    def test_a_method_that_is_a_jump_returns_with_what_it_jumps_to(self):
        self.expect("wrapper", """
main.calls {
  main.leaf
  main.leaf
  main.(*wrapper).Write {
    main.(*target).Write
  } main.(*wrapper).Write
} main.calls
""")
        self.expect("wrapper", "main.(*wrapper).Write", funcs=r"wrapper\)\.Write")

    def test_a_loop_to_the_first_instruction_is_one_call(self):
        self.expect("counts", "main.counts")

    def test_open_when_a_panic_ends_the_program(self):
        lines = self.scene("dies", "-e", "trace=none", status=2)
        self.assertEqual([line.split("(")[0].split(" g 1 ")[1] for line in lines],
                         ["main.down", "  main.down"])

    def test_within(self):
        run = self.ttrace("-f", "--within", "^main.grows$", "-o", "trace", self.build("ends"), "leaves")
        self.assertEqual(run.status, 3, run.err)
        self.assertEqual([shape(line)[1] for line in self.lines("trace") if is_event(line)], ["getppid"])

    def test_the_stack_of_a_call(self):
        lines = self.scene("leaves", "--stack=4", "-e", "trace=none", funcs="^main.grows$", status=3)
        text = "\n".join(lines)
        names = re.findall(r"\(([\w.]+)\+0x", text)
        self.assertEqual(names, ["main.main", "runtime.main", "runtime.goexit"], text)

    def test_the_stack_of_a_syscall(self):
        self.scene("leaves", "-k", funcs="^main.grows$", status=3)
        text = "\n".join(self.lines("trace"))
        names = re.findall(r"\(([\w./]+)\+0x", text[text.index("getppid"):text.index("} main.grows")])
        self.assertEqual(names[-4:], ["main.grows", "main.main", "runtime.main", "runtime.goexit"], text)

    def test_what_the_program_prints_is_not_the_runtimes(self):
        self.assertEqual([shape(line) for line in self.scene("prints", funcs=r"^main\.main$")][0],
                         ("1", "write"))

    def test_a_child(self):
        for options in ["-f"], []:
            run = self.ttrace(*options, "-e", "trace=execve", "--funcs", r"^(os|syscall)\.", "-o", "trace",
                              self.build("ends"), "runs")
            self.assertEqual(run.status, 0, run.err)
            lines = self.lines("trace")
            self.assertEqual('execve("/bin/true"' in "\n".join(lines), bool(options))
            # What it did on its parent's stack has ended nothing there.
            self.assertEqual([line for line in lines if "unwound" in line], [])
            self.assertEqual(len([line for line in lines if "} syscall.forkExec = (pid=" in line]), 1)

    def test_everything(self):
        """All functions there are, the scheduler's and the signal handler's, too."""
        functions, environment = ".", dict(os.environ)
        if harness.SLOW:
            # A part of the alphabet that has the scheduler (mcall, newstack, schedule), panics and signals.
            functions = r"\.[m-s]\w*$"
            # Each function would take longer than a goroutine may, and would be interrupted.
            environment["GODEBUG"] = "asyncpreemptoff=1"
        for name in harness.sample(["recovers", "exits", "grows"]):
            run = self.ttrace("-f", "-e", "trace=none", "--max-funcs=20000", "--funcs", functions, "-o", "trace",
                              self.build("ends"), name, env=environment)
            self.assertEqual(run.status, 0, run.err)
            self.assertGreater(len(self.lines("trace")), 500 if functions == "." else 100)

    def test_what_leaves_the_schedulers_stack(self):
        """runtime.newstack leaves g0 without returning, maybe for another goroutine."""
        run = self.ttrace("-f", "-e", "trace=none", "--funcs", r"^main\.main\.func", "--funcs",
                          r"^runtime\.newstack$", "-o", "trace", self.build("ends"), "grows")
        self.assertEqual(run.status, 0, run.err)
        lines = self.lines("trace")
        self.assertEqual([line for line in lines if "main.main.func" in line and "unwound" in line], [])
        self.assertTrue(any("main.main.func" in line for line in lines))

    def test_data_in_assembly(self):
        run = self.ttrace("-e", "trace=none", "--funcs", r"^main\.sum$", "-o", "trace", self.build("assembly"))
        data = {"amd64": 0xc3c3c3c3c3c3c3c3, "arm64": 0xd65f03c0d65f03c0}[go_programs.MACHINE]
        self.assertEqual(run.out, "2 100\n" + f"{data}\n" * 3)
        lines = [line for line in self.lines("trace") if "main.sum" in line]
        self.assertEqual(len(lines), 3, lines)
        for line in lines:
            self.assertRegex(line, r"main\.sum\(\.\.\.\)$")

    def test_jumps_that_lead_on(self):
        lines = [shape(line) for line in self.scene("", program="assembly", funcs=r"^main\.(one|two|three)$")]
        self.assertEqual([text for _, text in lines if "main." in text], [
            "main.one {", "  main.two {", "    main.three", "  } main.two", "} main.one",
            "main.one {", "  main.two", "} main.one"])


@go_programs.for_each_toolchain
class GoAndC(Scene):
    def setUp(self):
        super().setUp()
        self.program = {"program": "callbacks", "cgo": True, "funcs": r"^main\.(inner|outer|recovers)$"}

    def test_calls(self):
        self.expect("calls", """
main.outer {
  c_outer {
    c_inner {
      getppid
    } c_inner
    main.inner
  } c_outer
} main.outer
""", "--funcs", "^c_", **self.program)

    def test_panic_over_frames_of_c(self):
        self.expect("panics", """
main.outer {
  c_outer {
    main.inner {
      main.recovers {
        main.outer {
          c_outer {
            main.inner <unwound by panic>
          } c_outer <unwound by panic>
        } main.outer <unwound by panic>
      } main.recovers
    } main.inner
  } c_outer
} main.outer
""", "--funcs", "^c_outer", "-e", "trace=none", **self.program)

    def test_threads_of_c(self):
        lines = [shape(line) for line in self.scene("threads", "--funcs", "^c_outer$", "-e", "trace=none",
                                                    **self.program)]
        self.assertEqual(len([1 for goroutine, text in lines if text.strip() == "main.inner" and goroutine]),
                         9, lines)
        self.assertEqual({goroutine for goroutine, text in lines if "c_outer" in text}, {None}, lines)


if __name__ == "__main__":
    harness.main()
