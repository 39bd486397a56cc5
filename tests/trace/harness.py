"""Runs of the whole program. Every test file here imports this and ends with harness.main().

The environment says where things are: TTRACE (the program), TTRACE_TARGETS (the folder of the
programs of tests/targets/), STRACE (optional: the strace to compare with), TTRACE_TEST_SLOWNESS (optional: how
many times longer a stop takes than on a usual machine, as in an emulated one).

A run that does not end in time fails, and its failure shows where everybody was waiting.
"""

import ctypes
import difflib
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
import unittest

TTRACE = os.environ.get("TTRACE", "ttrace")
TARGETS = os.environ.get("TTRACE_TARGETS", ".")
STRACE = os.environ.get("STRACE", "strace")
SLOWNESS = float(os.environ.get("TTRACE_TEST_SLOWNESS", 1))
SLOW = SLOWNESS >= 10  # as an emulated machine: less of what another machine does in full
# What this machine's 32-bit programs are called.
ABI_32 = {"x86_64": "i386", "aarch64": "arm"}[os.uname().machine]
NO_FUNCTIONS_32 = "" if ABI_32 == "i386" else "breakpoints in 32-bit ARM code are not supported"
# Long enough for a sanitized build on a busy machine, or an emulated one: only a hang gets there.
TIMEOUT = 100 * max(1, SLOWNESS / 10)


# What is started inherits this: under nohup, ttrace would leave SIGHUP ignored, as it should.
signal.signal(signal.SIGHUP, signal.SIG_DFL)


def fewer(count, least=1):
    """How often to do on this machine what is done `count` times on a usual one; `least` times at least."""
    return max(min(least, count), round(count / SLOWNESS))


def sample(items):
    """All of them, or on a slow machine some."""
    return items[:: max(1, int(SLOWNESS / 5))]


# --- looking at processes ---------------------------------------------------------------------


def read_text(path):
    try:
        with open(path, encoding="utf-8", errors="backslashreplace") as file:
            return file.read()
    except OSError as error:
        return f"({error.strerror})\n"


def task_ids(pid):
    try:
        return sorted(int(name) for name in os.listdir(f"/proc/{pid}/task"))
    except OSError:
        return []


def status_field(pid, field):
    match = re.search(rf"^{field}:\s*(\S+)", read_text(f"/proc/{pid}/status"), re.MULTILINE)
    return match.group(1) if match else ""


def tracers(pid):
    """The tracer of each thread; 0: none."""
    return [int(status_field(f"{pid}/task/{tid}", "TracerPid") or 0) for tid in task_ids(pid)]


def descendants(pid):
    found = []
    for tid in task_ids(pid):
        children = read_text(f"/proc/{pid}/task/{tid}/children")
        for child in (int(word) for word in children.split() if word.isdigit()):
            found += [child] + descendants(child)
    return found


def stacks(pid):
    """Where all threads of a process and its descendants are, as text."""
    text = ""
    for process in [pid] + descendants(pid):
        for tid in task_ids(process):
            folder = f"/proc/{process}/task/{tid}"
            text += f"--- {process}/{tid} {read_text(folder + '/comm').strip()}, "
            text += f"state {status_field(f'{process}/task/{tid}', 'State')}, "
            text += f"tracer {status_field(f'{process}/task/{tid}', 'TracerPid')}, "
            text += f"syscall {read_text(folder + '/syscall').strip()}\n"
            text += read_text(folder + "/stack")
    if shutil.which("gdb"):
        try:
            gdb = subprocess.run(
                ["gdb", "-nx", "-batch", "-p", str(pid), "-ex", "thread apply all bt"],
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60)
            text += gdb.stdout.decode(errors="replace")
        except subprocess.TimeoutExpired:
            text += "(gdb hung)\n"
    return text


def text_damage(pid):
    """Where executable memory differs from the file that it was mapped from: [(path, address)].

    Breakpoints are such places. A process without any gives an empty list.
    """
    damage = []
    with open(f"/proc/{pid}/maps", encoding="utf-8") as maps, open(f"/proc/{pid}/mem", "rb") as memory:
        for line in maps:
            part = line.split(maxsplit=5)
            if "x" not in part[1] or len(part) < 6 or not part[5].startswith("/"):
                continue
            low, high = (int(text, 16) for text in part[0].split("-"))
            path = part[5].rstrip("\n")
            memory.seek(low)
            now = memory.read(high - low)
            with open(path, "rb") as file:
                file.seek(int(part[2], 16))
                then = file.read(high - low)
            if now[: len(then)] != then:
                damage += [(path, hex(low + i)) for i in range(len(then)) if now[i] != then[i]]
    return damage


def wait_until(condition, what, timeout=TIMEOUT):
    deadline = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"waited in vain: {what}")
        time.sleep(0.01 * max(1, SLOWNESS / 5))  # looking takes time from those who are waited for


def without_address_randomisation():
    """For preexec_fn: this process and those it makes get their memory at fixed addresses."""
    ADDR_NO_RANDOMIZE = 0x0040000
    ctypes.CDLL(None).personality(ADDR_NO_RANDOMIZE)


# --- reading traces ---------------------------------------------------------------------------

PID_PREFIX = re.compile(r"^(?:\[pid +(\d+)\]|(\d+)) +(.*)$")


def by_thread(lines):
    """Lines with a pid in front -> {pid: its lines without the pid}, in order of appearance."""
    threads = {}
    for line in lines:
        match = PID_PREFIX.match(line)
        pid, rest = (match.group(1) or match.group(2), match.group(3)) if match else ("", line)
        threads.setdefault(pid, []).append(rest)
    return threads


def joined(lines):
    """The lines of one thread with every `unfinished` and its `resumed` put together again."""
    result, pending = [], None
    for line in lines:
        resumed = re.match(r"^ *<\.\.\. \S+ resumed>(.*)$", line)
        if resumed and pending is not None:
            result[pending] += resumed.group(1)
            pending = None
        elif line.endswith(" <unfinished ...>"):
            pending = len(result)
            result.append(line[: -len(" <unfinished ...>")])
        else:
            result.append(line)
    return result


def joined_by_thread(lines):
    return {pid: joined(own) for pid, own in by_thread(lines).items()}


class Run:
    """How a run ended and what it wrote. `status` is negative when a signal ended it."""

    def __init__(self, status, out, err):
        self.status, self.out, self.err = status, out, err

    @property
    def err_lines(self):
        return self.err.splitlines()


class Process(subprocess.Popen):
    """A Popen whose wait is for limited time."""

    def end(self):
        """Waits for the end; a hang fails with the stacks. Returns a Run."""
        try:
            out, err = self.communicate(timeout=TIMEOUT)
        except subprocess.TimeoutExpired:
            where = stacks(self.pid)
            for pid in descendants(self.pid) + [self.pid]:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            raise AssertionError(f"{self.args} hangs:\n{where}") from None
        return Run(self.returncode, (out or b"").decode(errors="backslashreplace"),
                   (err or b"").decode(errors="backslashreplace"))


class TraceCase(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="ttrace-test-")
        self.addCleanup(shutil.rmtree, self.dir, ignore_errors=True)

    def path(self, name):
        return os.path.join(self.dir, name)

    def write(self, name, content, mode=0o644):
        path = self.path(name)
        with open(path, "wb") as file:
            file.write(content.encode() if isinstance(content, str) else content)
        os.chmod(path, mode)
        return path

    def lines(self, name):
        with open(self.path(name), encoding="utf-8", errors="backslashreplace") as file:
            return file.read().splitlines()

    def target(self, name):
        path = os.path.join(TARGETS, name)
        if not os.path.exists(path) and name.endswith("-32"):
            self.skipTest("no compiler here makes 32-bit programs")
        return path

    def start(self, *argv, **options):
        """Starts a program; it is killed at the test's end if it still runs."""
        options.setdefault("stdin", subprocess.DEVNULL)
        options.setdefault("stdout", subprocess.PIPE)
        options.setdefault("stderr", subprocess.PIPE)
        process = Process([str(word) for word in argv], cwd=self.dir, **options)
        self.addCleanup(self.reap, process)
        return process

    def reap(self, process):
        if process.poll() is None:
            process.kill()
            process.wait(timeout=TIMEOUT)
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream:
                stream.close()

    def start_ttrace(self, *argv, **options):
        return self.start(TTRACE, *argv, **options)

    def ttrace(self, *argv, **options):
        """Runs ttrace to its end."""
        return self.start_ttrace(*argv, **options).end()

    def trace(self, *argv, options=(), status=0):
        """Runs `ttrace OPTIONS -o trace ARGV` and returns the trace's lines."""
        run = self.ttrace(*options, "-o", "trace", *argv)
        self.assertEqual(run.status, status, f"exit status; stderr: {run.err}")
        return self.lines("trace")

    def assert_same_lines(self, expected, got):
        if expected != got:
            diff = list(difflib.unified_diff(expected, got, "expected", "got", lineterm="", n=1))
            more = f"\n... and {len(diff) - 40} lines more" if len(diff) > 40 else ""
            self.fail("the traces differ:\n" + "\n".join(line[:300] for line in diff[:40]) + more)

    def assert_same_threads(self, expected, got):
        """Compares {pid: lines}: the same threads with the same lines each."""
        self.assertEqual(sorted(expected), sorted(got), "the threads that were seen")
        for pid in expected:
            self.assert_same_lines([f"{pid} {line}" for line in expected[pid]],
                                   [f"{pid} {line}" for line in got[pid]])

    def assert_undamaged(self, pid):
        self.assertEqual(text_damage(pid), [], "breakpoints were left in the program")


# --- the server target ------------------------------------------------------------------------


CHECKED = fewer(200, least=50)  # of each client, when a server is checked


class Server:
    """The target `server`, running or being run by a ttrace."""

    THREADS = 4

    def __init__(self, case, tracer_argv=(), how="serve", threads=THREADS, **options):
        self.case = case
        self.program = case.target("server")
        self.socket = case.path("socket")
        self.process = case.start(*tracer_argv, self.program, how, self.socket, threads,
                                  **options)
        line = self.process.stdout.readline()
        case.assertEqual(line, b"ready\n", "the server did not start")
        self.pid = self.process.pid if not tracer_argv else self.find()
        case.addCleanup(self.kill)

    def find(self):
        for pid in descendants(self.process.pid):
            try:
                if os.path.samefile(f"/proc/{pid}/exe", self.program):
                    return pid
            except OSError:
                pass
        self.case.fail("the server is no child of its tracer")

    def kill(self):
        try:
            os.kill(self.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass

    def ask(self, clients, count):
        """Starts clients; their end() has printed how many answers were right."""
        return self.case.start(self.program, "ask", self.socket, clients, count)

    def check(self, clients=8, count=CHECKED):
        """Every thread of the server answers, and rightly."""
        run = self.ask(clients, count).end()
        self.case.assertEqual((run.status, run.out), (0, f"{clients * count}\n"), run.err)

    def calls(self):
        return int(self.case.start(self.program, "calls", self.socket).end().out)

    def stop(self):
        os.kill(self.pid, signal.SIGTERM)
        return self.process.end()


# --- running as a test program ----------------------------------------------------------------


class TapResult(unittest.TestResult):
    """Prints each test's outcome as a TAP line as it comes, and how long it took where that is long."""

    number = 0
    begin = 0.0

    def startTest(self, test):
        super().startTest(test)
        self.begin = time.monotonic()

    def stopTest(self, test):
        super().stopTest(test)
        seconds = time.monotonic() - self.begin
        if seconds > 2:
            print(f"# that took {seconds:.1f} s", flush=True)

    def line(self, ok, test, comment=""):
        TapResult.number += 1
        name = f"{type(test).__name__}.{test._testMethodName}" if hasattr(test, "_testMethodName") else str(test)
        print(f"{'ok' if ok else 'not ok'} {TapResult.number} - {name}{comment}", flush=True)

    def problem(self, test, error):
        for line in "".join(traceback.format_exception(*error, limit=-4)).splitlines():
            print(f"#   {line}", file=sys.stderr)  # meson shows of a failed TAP test what is here
        self.line(False, test)

    def addSuccess(self, test):
        self.line(True, test)

    def addSkip(self, test, reason):
        self.line(True, test, f" # SKIP {reason}")

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self.problem(test, err)

    def addError(self, test, err):
        super().addError(test, err)
        self.problem(test, err)


def main():
    # Names on the command line choose among the tests, for use by hand.
    loader = unittest.defaultTestLoader
    if len(sys.argv) > 1:
        suite = loader.loadTestsFromNames(sys.argv[1:], sys.modules["__main__"])
    else:
        suite = loader.loadTestsFromModule(sys.modules["__main__"])
    print(f"1..{suite.countTestCases()}", flush=True)
    result = suite.run(TapResult())
    sys.exit(0 if result.wasSuccessful() else 1)
