#!/usr/bin/env python3
"""Bad calls: one clear message on stderr, a status that is not 0, and nothing was run or harmed."""

import os
import shutil

import harness

NOBODY = 65534


class Errors(harness.TraceCase):
    def check(self, *argv, says=(), lines=1, **options):
        run = self.ttrace(*argv, **options)
        self.assertGreater(run.status, 0, run.err)
        self.assertEqual(run.out, "")
        self.assertEqual(len(run.err_lines), lines, run.err)
        self.assertTrue(run.err.startswith(harness.TTRACE + ": "), run.err)
        for text in [says] if isinstance(says, str) else says:
            self.assertIn(text, run.err)
        return run

    TRY = "for more information."

    def test_nothing_to_trace(self):
        self.check(says=["must have PROG [ARGS] or -p PID", self.TRY], lines=2)

    def test_unknown_option(self):
        self.check("--bogus", "true", says=["unrecognized option '--bogus'", self.TRY], lines=2)
        self.check("-y7", "true", says=["invalid option -- ", self.TRY], lines=2)

    def test_missing_argument(self):
        self.check("-e", says=["option requires an argument -- 'e'", self.TRY], lines=2)

    def test_bad_number(self):
        self.check("-s", "x", "true", says=["invalid -s argument: 'x'", self.TRY], lines=2)

    def test_bad_pid(self):
        self.check("-p", "x", says="Invalid process id: 'x'")
        self.check("-p", "0", says="Invalid process id: '0'")

    def test_unknown_syscall(self):
        self.check("-e", "trace=nonsense", "touch", "ran", says="invalid system call 'nonsense'")
        self.check("-e", "trace=openat,nonsense", "touch", "ran", says="invalid system call 'nonsense'")
        self.assertFalse(os.path.exists(self.path("ran")))

    def test_bad_regex(self):
        self.check("--funcs", "a(b", "touch", "ran", says=["invalid regular expression", "a(b"])
        self.assertFalse(os.path.exists(self.path("ran")))

    def test_no_such_program(self):
        self.check("/nonexistent", says=["/nonexistent", "No such file or directory"])
        self.check("nonexistent-program", says="nonexistent-program")

    def test_folder_as_program(self):
        self.check(self.dir, says=self.dir)

    def test_program_that_cannot_be_executed(self):
        path = self.write("program", "#!/bin/sh\n", 0o644)
        run = self.ttrace(path)
        self.assertGreater(run.status, 0)
        self.assertIn("Permission denied", run.err)

    def test_program_in_no_known_format(self):
        path = self.write("program", b"\0\1\2\3" * 100, 0o755)
        run = self.ttrace(path)
        self.assertGreater(run.status, 0)
        self.assertIn("Exec format error", run.err)

    def test_no_function_matches(self):
        self.check("--funcs", "^no_such_function$", self.target("functions-O2"), "expected", "calls",
                   says="no_such_function")
        self.assertFalse(os.path.exists(self.path("expected")))

    def test_no_such_process(self):
        process = self.start("true")
        process.end()
        self.check("-p", process.pid, says=[str(process.pid), "No such process"])

    def test_zombie(self):
        process = self.start("true")
        harness.wait_until(lambda: harness.status_field(process.pid, "State") == "Z", "a zombie")
        self.check("-p", process.pid, says=[str(process.pid), "zombie"])

    def test_already_traced_names_the_tracer(self):
        process = self.start("sleep", "100")
        other = self.start(harness.STRACE, "-o", "/dev/null", "-p", process.pid)
        harness.wait_until(lambda: any(harness.tracers(process.pid)), "strace attached")
        self.check("-p", process.pid, says=[str(process.pid), str(other.pid), "strace"])
        self.assertEqual(harness.tracers(process.pid), [other.pid])

    def test_not_permitted(self):
        if os.geteuid() != 0:
            self.check("-p", 1, says="belongs to user 0")
            return
        # A copy that any user can run, wherever the program lies.
        os.chmod(self.dir, 0o755)
        copy = shutil.copy(harness.TTRACE, self.path("ttrace"))
        process = self.start("sleep", "100")
        run = self.start(copy, "-p", process.pid, user=NOBODY).end()
        self.assertGreater(run.status, 0)
        self.assertEqual(len(run.err_lines), 1, run.err)
        self.assertIn(f"process {process.pid}: it belongs to user 0", run.err)
        self.assertIsNone(process.poll())

    def test_kernel_thread(self):
        kthreadd = 2
        if harness.read_text(f"/proc/{kthreadd}/comm") != "kthreadd\n" or os.geteuid() != 0:
            self.skipTest("no kernel thread is to be seen in this container, or another's")
        self.check("-p", kthreadd, says="kernel thread")

    def test_output_that_cannot_be_written(self):
        self.check("-o", "/nonexistent/trace", "touch", "ran",
                   says=["/nonexistent/trace", "No such file or directory"])
        self.check("-o", self.dir, "touch", "ran", says=[self.dir, "Is a directory"])
        self.check("-ff", "-o", "/nonexistent/trace", "touch", "ran",
                   says=["/nonexistent/trace", "No such file or directory"])
        self.assertFalse(os.path.exists(self.path("ran")))

    def test_closed_stderr(self):
        """Nowhere to write: the program's status still comes through."""
        run = self.start("sh", "-c", 'exec 2>&-; "$0" sh -c "exit 3"; echo $?', harness.TTRACE).end()
        self.assertEqual(run.out, "3\n")


class BadElf(harness.TraceCase):
    """--funcs on what is no whole program: a message, no crash, no hang."""

    def setUp(self):
        super().setUp()
        with open(self.target("functions-O2"), "rb") as file:
            self.elf = file.read()

    def run_with(self, content):
        path = self.write("program", content, 0o755)
        run = self.ttrace("--funcs", "^t_", path, "expected", "calls")
        self.assertGreaterEqual(run.status, 0, "ttrace died: " + run.err)
        self.assertNotIn("AddressSanitizer", run.err)
        self.assertNotIn("runtime error", run.err)
        return run

    def check(self, content):
        run = self.run_with(content)
        self.assertGreater(run.status, 0)
        self.assertEqual(len(run.err_lines), 1, run.err)
        self.assertTrue(run.err.startswith(harness.TTRACE + ": "), run.err)

    def test_truncated(self):
        for size in (0, 1, 16, 63, 64, 100, 1000):
            self.check(self.elf[:size])

    def test_truncated_before_its_sections(self):
        self.check(self.elf[: len(self.elf) // 2])

    def test_section_table_beyond_the_end(self):
        self.check(self.elf[:40] + b"\xff\xff\xff\xff\xff\xff\xff\x7f" + self.elf[48:])

    def test_shell_script(self):
        self.check(b"no program at all\n" * 100)

    def test_corrupted_anywhere(self):
        """Sixteen bytes overwritten, all over the parts that --funcs reads."""
        start = self.elf.index(b"GCC: (")
        for place in harness.sample(range(start, len(self.elf) - 16, max(1, (len(self.elf) - start) // 60))):
            self.run_with(self.elf[:place] + b"\xff" * 16 + self.elf[place + 16 :])


if __name__ == "__main__":
    harness.main()
