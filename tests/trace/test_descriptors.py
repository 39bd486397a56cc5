#!/usr/bin/env python3
"""-y and -yy: what stands behind the numbers of descriptors; -v and its kin: how much is shown."""

import os
import re
import subprocess

import harness

CALLS = ("fcntl,dup,dup2,dup3,pipe2,ppoll,close,faccessat,socketpair,socket,accept,"
         "sendmsg,recvmsg,epoll_create1,epoll_ctl")
# Calls of everyday programs that both tracers decode in full, whatever the version of strace.
COMMON = "openat,close,fstat,newfstatat,read,write,lseek,mmap,dup2,pipe2,fcntl,ioctl,getdents64,statfs"


class Descriptors(harness.TraceCase):
    def setUp(self):
        super().setUp()
        # The kernel shows a path without links in it.
        self.dir = os.path.realpath(self.dir)

    def check(self, mode, option):
        # The first descriptor that the program opens is that of the expected lines.
        got = self.trace(self.target("descriptors"), "expected", mode, options=[
            "-f", "-a", "0", option, "-e", "trace=" + CALLS])
        got = [line for line in got if "+++ exited with" not in line]
        # How an eventfd goes on depends on the kernel.
        got = [re.sub(r"(eventfd-count=0x5), .*", r"\1", line) for line in got]
        self.assert_same_threads(harness.by_thread(self.lines("expected")),
                                 harness.joined_by_thread(got))

    def test_paths(self):
        self.check("paths", "-y")

    def test_details(self):
        self.check("details", "-yy")

    def test_details_by_name(self):
        self.check("details", "--decode-fds=path,socket,dev,eventfd,pidfd,signalfd")

    def test_a_thread_with_descriptors_of_its_own(self):
        self.check("threads", "-y")

    def test_exec_closes(self):
        self.check("exec", "--decode-fds")

    def test_not_asked_for(self):
        for options in ([], ["--decode-fds=none"], ["-e", "decode-fds=!all"]):
            got = self.trace("cat", "/dev/null", options=[*options, "-e", "trace=openat,close"])
            self.assertEqual([line for line in got if "<" in line], [])
            self.assertIn('openat(AT_FDCWD, "/dev/null", O_RDONLY) = 3', got)

    def test_devices_only(self):
        got = self.trace("cat", "/dev/null", options=["--decode-fds=dev", "-a0", "-e", "openat,close"])
        self.assertIn('openat(AT_FDCWD, "/dev/null", O_RDONLY) = 3</dev/null<char 1:3>>', got)
        self.assertIn("close(3)", "\n".join(got))

    def test_attached(self):
        program = self.start("cat", stdin=subprocess.PIPE)
        pipe = os.fstat(program.stdin.fileno()).st_ino
        tracer = self.start_ttrace("-y", "-a0", "-o", "trace", "-e", "read", "-p", program.pid)
        # The call that hangs is shown before it returns.
        harness.wait_until(lambda: "read(0" in harness.read_text(self.path("trace")), "attached")
        program.stdin.write(b"abc")
        program.stdin.close()
        program.stdin = None
        self.assertEqual(program.end().out, "abc")
        self.assertEqual(tracer.end().status, 0)
        lines = harness.joined(self.lines("trace"))
        self.assertRegex(lines[-2], rf'^read\(0<pipe:\[{pipe}\]>, "", \d+\) = 0$')
        self.assertRegex(lines[-3], rf'^read\(0<pipe:\[{pipe}\]>, "abc", \d+\) = 3$')


class AsStrace(harness.TraceCase):
    """The same lines as strace's, for programs that are there everywhere."""

    def normal(self, lines):
        numbers = {}
        result = []
        for line in lines:
            if line.startswith("execve("):
                continue
            # Inodes, in the order of their appearance.
            line = re.sub(r"\[\d+\]", lambda m: numbers.setdefault(m.group(), f"[I{len(numbers)}]"), line)
            # The stack begins where the program's environment ends.
            line = re.sub(r"0x7fffffff[0-9a-f]{4}\b", "STACK", line)
            # What 6.1 says of a deleted file.
            line = re.sub(r">\(deleted\)", " (deleted)>", line)
            # On some file systems, as tmpfs, that of the folder with the traces in it changes.
            line = re.sub(r"(st_mode=S_IFDIR[^,]*, st_size=)\d+", r"\1N", line)
            result.append(re.sub(r" += ", " = ", line))
        return result

    def folder(self):
        os.mkdir(self.path("folder"))
        self.write("folder/file", "x")
        return self.path("folder")

    def check(self, *argv, options):
        if not harness.shutil.which(harness.STRACE):
            self.skipTest("strace is not installed")
        traces = []
        for tracer, name in ((harness.STRACE, "strace"), (harness.TTRACE, "ttrace")):
            run = self.start(tracer, *options, "-o", name, *argv, env={**os.environ, "PWD": self.dir},
                             preexec_fn=harness.without_address_randomisation).end()
            self.assertEqual(run.status, 0, run.err)
            traces.append(self.normal(self.lines(name)))
        self.assertGreater(len(traces[0]), 3)
        self.assert_same_lines(*traces)

    def test_paths(self):
        self.check("ls", self.folder(), options=["-y", "-e", "trace=" + COMMON])

    def test_paths_of_a_shell(self):
        self.check("sh", "-c", "cd /; : < /dev/null > /dev/null; echo a 2>&1",
                   options=["-y", "-e", "trace=" + COMMON])

    def test_details(self):
        self.check("cat", "/dev/null", options=["-yy", "-e", "trace=" + COMMON])

    def test_unabbreviated(self):
        self.check("ls", self.folder(), options=["-v", "-e", "trace=getdents64,statfs,uname,execve"])

    def test_unabbreviated_calls(self):
        self.check("ls", self.folder(), options=["-e", "abbrev=!getdents64", "-e", "trace=" + COMMON])

    def test_addresses_only(self):
        self.check("ls", self.folder(), options=["-e", "verbose=none", "-e", "trace=" + COMMON])


if __name__ == "__main__":
    harness.main()
