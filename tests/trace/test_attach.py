#!/usr/bin/env python3
"""-p: programs that already run."""

import os
import re
import signal
import time

import harness


class Attach(harness.TraceCase):
    def attached(self, pid):
        """All threads are traced."""
        return harness.tracers(pid) and all(harness.tracers(pid))

    def detach(self, tracer):
        tracer.send_signal(signal.SIGINT)
        return tracer.end()

    def test_follows_all_threads(self):
        server = harness.Server(self)
        tracer = self.start_ttrace("-f", "-p", server.pid, "-a", "0", "-e", "trace=sendto", "-o", "trace")
        harness.wait_until(lambda: self.attached(server.pid), "attached")
        server.check(8, 100)
        run = self.detach(tracer)
        threads = harness.joined_by_thread(self.lines("trace"))
        replies = sum(line.startswith("sendto(") for lines in threads.values() for line in lines)
        self.assertEqual(replies, 800)
        self.assertTrue(set(map(int, threads)) <= set(harness.task_ids(server.pid)), threads.keys())
        self.assertIn(f"Process {server.pid} attached with 5 threads\n", run.err)
        for tid in harness.task_ids(server.pid):
            self.assertIn(f"Process {tid} detached", run.err)
        server.check()

    def test_without_f_traces_one_thread(self):
        server = harness.Server(self)
        tracer = self.start_ttrace("-p", server.pid, "-e", "trace=sendto", "-o", "trace")
        harness.wait_until(lambda: any(harness.tracers(server.pid)), "attached")
        server.check(4, 10)
        self.assertEqual(sum(tracer_pid != 0 for tracer_pid in harness.tracers(server.pid)), 1)
        self.detach(tracer)
        self.assertEqual([line for line in self.lines("trace") if "sendto" in line], [])

    def test_several_programs(self):
        servers = []
        for name in "ab":
            os.mkdir(self.path(name))
            self.dir, whole = self.path(name), self.dir
            servers.append(harness.Server(self))
            self.dir = whole
        pids = [server.pid for server in servers]
        tracer = self.start_ttrace("-f", "-p", pids[0], "-p", str(pids[1]), "-e", "trace=sendto",
                                   "-o", "trace")
        for pid in pids:
            harness.wait_until(lambda: self.attached(pid), "attached")
        for server in servers:
            server.check(4, 25)
        self.detach(tracer)
        threads = harness.joined_by_thread(self.lines("trace"))
        for server in servers:
            own = [threads.get(str(tid), []) for tid in harness.task_ids(server.pid)]
            self.assertEqual(sum(line.startswith("sendto(") for lines in own for line in lines), 100)

    def test_list_of_pids(self):
        one, two = self.start("sleep", "100"), self.start("sleep", "100")
        tracer = self.start_ttrace("-p", f"{one.pid},{two.pid}")
        harness.wait_until(lambda: self.attached(one.pid) and self.attached(two.pid), "attached")
        one.kill()
        one.wait()
        two.terminate()
        run = tracer.end()
        self.assertIn(f"[pid {one.pid:5}] +++ killed by SIGKILL +++", run.err)
        self.assertIn("+++ killed by SIGTERM +++", run.err)

    def test_functions_of_all_threads_are_counted(self):
        server = harness.Server(self)
        tracer = self.start_ttrace("-p", server.pid, "-e", "trace=none", "--funcs", "^(answer|scramble)$",
                                   "-o", "trace")
        harness.wait_until(lambda: harness.text_damage(server.pid), "breakpoints")
        harness.wait_until(lambda: self.attached(server.pid), "attached")
        questions = harness.fewer(250, least=50)
        server.check(8, questions)
        self.detach(tracer)
        self.assert_undamaged(server.pid)
        lines = [line for own in harness.by_thread(self.lines("trace")).values() for line in own]
        self.assertEqual(sum(bool(re.match(r" *answer\(question=\d+\)", line)) for line in lines), 8 * questions)
        self.assertEqual(sum(bool(re.match(r" *scramble\(value=\d+\) = \d+$", line)) for line in lines), 8 * questions)
        self.assertEqual(server.calls(), 8 * questions)
        server.check()

    def test_attach_and_detach_many_times_under_load(self):
        server = harness.Server(self)
        rounds, questions = harness.fewer(5, least=2), harness.fewer(500, least=200)
        for _ in range(rounds):
            load = server.ask(8, questions)
            tracer = self.start_ttrace("-p", server.pid, "-e", "trace=none", "--funcs", "^answer$",
                                       "-o", "trace")
            harness.wait_until(lambda: harness.text_damage(server.pid), "breakpoints")
            tracer.send_signal(signal.SIGTERM)
            tracer.end()
            self.assert_undamaged(server.pid)
            self.assertEqual(load.end().out, f"{8 * questions}\n")
        self.assertEqual(server.calls(), rounds * 8 * questions)
        self.assertEqual(server.stop().status, 0)

    def attach_among_children(self, *options):
        program = self.start(self.target("children"))
        for _ in range(harness.fewer(6, least=2)):
            tracer = self.start_ttrace("-p", program.pid, "--funcs", "^(leaf|nest)$", "-o", "trace", *options)
            harness.wait_until(lambda: os.path.exists(self.path("trace"))
                               and "nest(" in harness.read_text(self.path("trace")), "calls")
            time.sleep(0.2)
            tracer.send_signal(signal.SIGTERM)
            tracer.end()
            os.remove(self.path("trace"))
        program.terminate()
        run = program.end()
        self.assertEqual((run.err, run.status), ("", 0))

    def test_children_of_every_kind(self):
        self.attach_among_children()

    def test_children_of_every_kind_followed(self):
        self.attach_among_children("-f")

    def test_stopped_program_stays_stopped(self):
        program = self.start("sleep", "100")
        os.kill(program.pid, signal.SIGSTOP)
        harness.wait_until(lambda: harness.status_field(program.pid, "State") == "T", "stopped")
        tracer = self.start_ttrace("-p", program.pid, "-o", "trace")
        harness.wait_until(lambda: self.attached(program.pid), "attached")
        # A tracer that resumes it does so at once: look again after it had the time.
        time.sleep(0.3)
        self.assertIn(harness.status_field(program.pid, "State"), "tT")
        self.detach(tracer)
        harness.wait_until(lambda: harness.status_field(program.pid, "State") == "T",
                           "stopped after the detach")
        os.kill(program.pid, signal.SIGCONT)
        harness.wait_until(lambda: harness.status_field(program.pid, "State") == "S", "continued")

    def test_ends_with_its_program(self):
        program = self.start("sleep", "100")
        tracer = self.start_ttrace("-p", program.pid)
        harness.wait_until(lambda: self.attached(program.pid), "attached")
        program.terminate()
        run = tracer.end()
        self.assertEqual(run.status, 0)
        self.assertIn("+++ killed by SIGTERM +++", run.err)


if __name__ == "__main__":
    harness.main()
