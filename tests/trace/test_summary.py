#!/usr/bin/env python3
"""-c and -C: calls and errors are counted as strace counts them, in tables of its form."""

import os
import re
import signal

import harness

RULE = re.compile(r"^-+( -+)*$")
TITLE = re.compile(r"^(System|Function) call usage summary")
PLAIN = ["-U", "calls,errors,name", "-S", "name"]
TITLE_32 = "System call usage summary for 32 bit mode:"
TITLE_FUNCTIONS = "Function call usage summary:"


def counts(lines):
    """The tables with the columns calls, errors, name: {title: {name: (calls, errors)}}."""
    result, title, inside = {}, "", False
    for line in lines:
        if TITLE.match(line):
            title = line
        elif RULE.match(line):
            inside = True
            result.setdefault(title, {})
        elif inside:
            words = line.split()
            result[title][words[-1]] = (int(words[0]), int(words[1]) if len(words) == 3 else 0)
            if words[-1] == "total":
                title, inside = "", False
    return result


class SameAsStrace(harness.TraceCase):
    def counted(self, tracer, argv, options, status):
        if os.path.exists(self.path("expected")):
            os.remove(self.path("expected"))
        # How much the loader unmaps at both ends of a library, with pages of 64 kB, is chance otherwise.
        run = self.start(tracer, *options, *PLAIN, "-o", "counts", *argv,
                         preexec_fn=harness.without_address_randomisation).end()
        self.assertEqual(run.status, status, run.err)
        return counts(self.lines("counts"))

    def check(self, *argv, options=(), status=0):
        """Both count the same of a program; returns that."""
        expected = self.counted(harness.STRACE, argv, ["-c", *options], status)
        got = self.counted(harness.TTRACE, argv, ["-c", *options], status)
        self.assertTrue(expected)
        self.assertEqual(expected, got)
        for table in got.values():
            total = table.pop("total")
            self.assertEqual(total, tuple(map(sum, zip(*table.values()))))
        return got

    def test_one_program(self):
        found = self.check("ls", self.dir)[""]
        self.assertGreater(found["openat"][0], 1)
        self.assertEqual(found["execve"], (1, 0))
        self.assertNotIn("exit_group", found)

    def test_errors(self):
        found = self.check("ls", "/nonexistent", status=2)[""]
        self.assertGreater(sum(errors for _, errors in found.values()), 0)

    def test_children(self):
        found = self.check("sh", "-c", "ls; cat /nonexistent; exec ls", options=["-f"])[""]
        self.assertGreaterEqual(found["execve"][0], 4)

    def test_children_that_nobody_follows(self):
        found = self.check("sh", "-c", "ls; exec ls")[""]
        self.assertGreaterEqual(found["execve"][0], 2)

    def test_filter(self):
        found = self.check("ls", options=["-e", "trace=openat,close"])[""]
        self.assertEqual(sorted(found), ["close", "openat"])

    # Which of two threads waits for the other is chance: futex and the handling of stacks with it.
    THREADS = ["-f", "-e", "trace=getppid,execve,clone3,set_robust_list,gettid"]

    def test_threads(self):
        found = self.check(self.target("processes"), "expected", "threads", options=self.THREADS)[""]
        self.assertEqual(found["getppid"], (5 * 3 + 1, 0))

    def test_exec_from_a_thread(self):
        found = self.check(self.target("processes"), "expected", "thread-exec", options=self.THREADS)
        self.assertEqual(found[""]["execve"], (2, 0))

    def test_processes(self):
        self.check(self.target("processes"), "expected", "fork", options=["-f"])
        self.check(self.target("processes"), "expected", "vfork", options=["-f"])

    def test_restarted_and_interrupted_calls(self):
        calls = "trace=read,pause,nanosleep,clock_nanosleep,restart_syscall,rt_sigreturn,kill"
        for mode in ("restart", "interrupted", "sleep"):
            self.check(self.target("signals"), "expected", mode, options=["-f", "-e", calls])

    def test_32_bit(self):
        program = [self.target("strings-32"), "expected"]
        found = self.counted(harness.TTRACE, program, ["-c"], 0)
        self.assertEqual(list(found), ["", TITLE_32])
        self.assertEqual(found[""], {"execve": (1, 0), "total": (1, 0)})
        self.assertGreater(found[TITLE_32]["write"][1], 0)
        expected = self.counted(harness.STRACE, program, ["-c"], 0)
        if harness.ABI_32 == "arm":
            # strace looks for the name of the 64-bit execve's number among the calls that it returns to.
            self.assertNotIn("", expected)
            self.assertEqual(expected[TITLE_32].pop("fcntl64"), (1, 0))
            for table in (expected, found):
                table[TITLE_32].pop("total")
            found.pop("")
        self.assertEqual(expected, found)


class Tables(harness.TraceCase):
    def check_form(self, lines):
        """One table, as strace's is, whatever its numbers are. Returns the calls of each row."""
        self.assertEqual(lines[0],
                         "% time     seconds  usecs/call     calls    errors syscall")
        rule = "------ ----------- ----------- --------- --------- ----------------"
        self.assertEqual([i for i, line in enumerate(lines) if line == rule], [1, len(lines) - 2])
        calls = {}
        for line in lines[2:-2] + lines[-1:]:
            self.assertRegex(line, r"^[ 1][ 0-9]\d\.\d\d [ 0-9]{3}\d\.\d{6} [ 0-9]{10}\d [ 0-9]{8}\d "
                                   r"[ 0-9]{9} \w+$")
            calls[line.split()[-1]] = int(line[31:41])
        self.assertRegex(lines[-1], r"^100\.00 .* total$")
        self.assertEqual(calls.pop("total"), sum(calls.values()))
        return calls

    def test_form(self):
        program = [self.target("loop"), 1000, 0]
        for options in (["-c"], ["-cw"], ["-c", "-O", "1ms"], ["-c", "-f", "-S", "calls"]):
            run = self.ttrace(*options, *program)
            self.assertEqual(run.status, 0)
            self.assertEqual(self.check_form(run.err_lines)["getppid"], 1000)
            calls = self.check_form(self.trace(*program, options=options))
            self.assertEqual(calls["getppid"], 1000)

    def test_overhead_is_taken_off(self):
        lines = self.trace("true", options=["-c", "-w", "-O", "1000s"])
        for line in lines[2:-2]:
            self.assertTrue(line.startswith("  0.00    0.000000           0 "), line)

    def test_rows_are_sorted(self):
        lines = self.trace(self.target("loop"), 1000, 0, options=["-c", "-S", "name"])
        names = [line.split()[-1] for line in lines[2:-2]]
        self.assertEqual(names, sorted(names))
        lines = self.trace(self.target("loop"), 1000, 0, options=["-c", "-S", "calls"])
        self.assertEqual(lines[2].split()[-1], "getppid")
        lines = self.trace(self.target("loop"), 1000, 0, options=["-cw"])
        times = [float(line.split()[1]) for line in lines[2:-2]]
        self.assertEqual(times, sorted(times, reverse=True))

    def test_columns(self):
        lines = self.trace("true", options=["-c", "-U", "name,max-time,min-time", "-e", "brk"])
        self.assertEqual(lines[:2], ["syscall           longest shortest",
                                     "---------------- -------- --------"])
        self.assertRegex(lines[2], r"^brk              \d\.\d{6} \d\.\d{6}$")

    def test_lines_and_table(self):
        program = [self.target("loop"), 5, 0]
        plain = self.trace(*program, options=["-e", "getppid"])
        lines = self.trace(*program, options=["-C", "-e", "getppid"])
        self.assertEqual(len(plain), 6)
        self.assert_same_lines([re.sub(r"\d+$", "N", line) for line in plain],
                               [re.sub(r"\d+$", "N", line) for line in lines[:6]])
        self.assertEqual(self.check_form(lines[6:]), {"getppid": 5})

    def test_nothing_counted(self):
        self.assertEqual(self.trace("true", options=["-c", "-e", "nanosleep"]), [])

    def test_appended(self):
        for _ in range(2):
            self.trace("true", options=["-A", "-c", "-e", "execve"])
        self.assertEqual(len(self.lines("trace")), 2 * 5)

    def test_functions(self):
        for options in (["-c"], ["-C"]):
            lines = self.trace(self.target("functions-O2"), "expected", "threads",
                               options=[*options, "-f", "-e", "execve", "--funcs", "^t_work$", *PLAIN])
            self.assertEqual(counts(lines), {
                "": {"execve": (1, 0), "total": (1, 0)},
                TITLE_FUNCTIONS: {"t_work": (8 * 500, 0), "total": (8 * 500, 0)},
            })
        heading = lines[lines.index(TITLE_FUNCTIONS) + 1]
        self.assertEqual(heading, "    calls    errors function")

    def test_functions_that_were_left(self):
        lines = self.trace(self.target("functions-O2"), "expected", "jumps",
                           options=["-C", "-e", "none", "--funcs", "^t_", *PLAIN])
        unwound = sum(line.endswith("<unwound>") and "t_jumping" in line for line in lines)
        self.assertGreater(unwound, 0)
        returned = sum(bool(re.search(r"t_jumping(\(.*\))? +=", line)) for line in lines)
        self.assertEqual(counts(lines)[TITLE_FUNCTIONS]["t_jumping"], (unwound + returned, 0))


class Ends(harness.TraceCase):
    """The table comes whatever ends the tracing, and the program goes on."""

    def check_server(self, server, lines):
        # A client may have its last answer before the server's thread is back from sendto.
        self.assertGreaterEqual(counts(lines)[""]["sendto"][0], 800 - 8, lines)
        server.check()
        self.assertEqual(set(harness.tracers(server.pid)), {0})

    def attach(self, *options, **streams):
        server = harness.Server(self)
        tracer = self.start_ttrace("-c", "-f", *PLAIN, *options, "-p", server.pid, **streams)
        harness.wait_until(lambda: all(harness.tracers(server.pid)), "attached")
        server.check(8, 100)
        return server, tracer

    def test_detached_by_a_signal(self):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            server, tracer = self.attach()
            tracer.send_signal(number)
            run = tracer.end()
            self.assertEqual(run.status, -number)
            self.assertIn(f"Process {server.pid} detached", run.err)
            self.check_server(server, run.err_lines)
            self.assertEqual(run.err_lines[-1].split()[-1], "total")
            self.assertEqual(server.stop().status, 0)
            os.remove(self.path("socket"))

    def test_detached_with_a_file(self):
        server, tracer = self.attach("-o", "counts")
        tracer.send_signal(signal.SIGINT)
        run = tracer.end()
        self.assertNotIn("total", run.err)
        self.check_server(server, self.lines("counts"))

    def test_the_program_ends(self):
        server, tracer = self.attach()
        self.assertEqual(server.stop().status, 0)
        run = tracer.end()
        self.assertEqual(run.status, 0)
        self.assertGreaterEqual(counts(run.err_lines)[""]["sendto"][0], 800 - 8)

    def test_started_program_goes_on(self):
        """The table comes at once, not when the program ends."""
        server = harness.Server(self, [harness.TTRACE, "-c", "-f", *PLAIN, "-o", "counts"])
        server.check(8, 100)
        server.process.send_signal(signal.SIGTERM)
        harness.wait_until(lambda: harness.tracers(server.pid) and not any(harness.tracers(server.pid)),
                           "detached")
        harness.wait_until(lambda: any("total" in line for line in self.lines("counts")), "the table")
        self.check_server(server, self.lines("counts"))
        self.assertEqual(server.stop().status, 0)

    def test_reader_that_went_away(self):
        reading, writing = os.pipe()
        server, tracer = self.attach(stderr=writing)
        os.close(writing)
        os.close(reading)
        tracer.send_signal(signal.SIGINT)
        tracer.wait(timeout=harness.TIMEOUT)
        server.check()
        self.assertEqual(set(harness.tracers(server.pid)), {0})
        self.assertEqual(server.stop().status, 0)

    def test_killed_program(self):
        run = self.ttrace("-c", *PLAIN, "sh", "-c", "kill -9 $$")
        self.assertEqual(run.status, -signal.SIGKILL)
        found = counts(run.err_lines)[""]
        self.assertEqual(found["execve"], (1, 0))
        # The call did not return.
        self.assertNotIn("kill", found)

    def test_no_such_program(self):
        run = self.ttrace("-c", "/nonexistent")
        self.assertGreater(run.status, 0)
        self.assertEqual(len(run.err_lines), 1, run.err)


class Mistakes(harness.TraceCase):
    def check(self, *options, says):
        run = self.ttrace(*options, "touch", "ran")
        self.assertGreater(run.status, 0)
        self.assertEqual(run.err_lines, [f"{harness.TTRACE}: {says}",
                                         f"Try '{harness.TTRACE} -h' for more information."])
        self.assertFalse(os.path.exists(self.path("ran")))

    def test_bad_options(self):
        either = "(-c/--summary-only or -C/--summary)"
        self.check("-c", "-C", says="-c/--summary-only and -C/--summary are mutually exclusive")
        self.check("-w", says=f"-w/--summary-wall-clock must be given with {either}")
        self.check("-U", "calls", says=f"-U/--summary-columns must be given with {either}")
        self.check("-c", "-ff", "-o", "trace",
                   says=f"{either} and -ff/--output-separately are mutually exclusive")
        self.check("-c", "-S", "x", says="invalid sortby: 'x'")
        self.check("-c", "-U", "calls,x", says="unknown column name: 'x'")
        self.check("-c", "-O", "5m", says="invalid -O argument: '5m'")

    def test_warnings(self):
        run = self.ttrace("-c", "-T", "-e", "execve", "true")
        self.assertEqual(run.status, 0)
        self.assertEqual(run.err_lines[0], f"{harness.TTRACE}: -T/--syscall-times has no effect with "
                                           "-c/--summary-only")
        self.assertEqual(len(run.err_lines), 1 + 5)


if __name__ == "__main__":
    harness.main()
