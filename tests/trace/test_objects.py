#!/usr/bin/env python3
"""Where symbols and debug information are found, and objects that come and go while a program runs.

Programs are compiled here, by the compilers that there are: how they are compiled is what is tested.
"""

import itertools
import os
import platform
import shutil
import signal
import subprocess

import harness

SOURCE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "targets", "objects.c")
OPTIONS = ["-e", "trace=none", "--funcs", "^t_"]

TYPED = ['t_scale(n=2, text="two", factor=1.5) = 3', "t_join(small=-1, large=8) = 7"]
PLUGIN = """int t_plugin(int n);
int t_plugin(int n) { __asm__ volatile("" : "+r"(n)); return n %s; }
"""

BUILT = {}  # what was built by the same commands before: on an emulated machine it takes most of the time


class Objects(harness.TraceCase):
    def need(self, *tools):
        for tool in tools:
            if shutil.which(tool) is None:
                self.skipTest(f"there is no {tool} here")

    def run_tool(self, *command, **options):
        self.need(command[0])
        options.setdefault("cwd", self.dir)
        run = subprocess.run([str(word) for word in command], timeout=harness.TIMEOUT,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, **options)
        self.assertEqual(run.returncode, 0, run.stdout.decode(errors="replace"))
        return run.stdout.decode(errors="replace")

    def build(self, *flags, compiler="gcc", name="program", folder="."):
        """Compiles and links in two steps, as a build system does, in `folder`."""
        where = self.path(folder)
        os.makedirs(where, exist_ok=True)
        link = [flag for flag in flags if flag.startswith(("-static", "-Wl", "-no-pie", "-fuse", "-m32"))]
        return self.built(os.path.join(where, name),
                          [compiler, "-O2", "-g", *flags, "-c", SOURCE, "-o", "objects.o"],
                          [compiler, "objects.o", *link, "-pthread"])

    def build_plugin(self, path, change, *flags):
        os.makedirs(os.path.dirname(path), exist_ok=True)
        self.write(os.path.join(os.path.dirname(path), "plugin.c"), PLUGIN % change)
        return self.built(path, ["gcc", "-O2", "-g", "-shared", "-fPIC", *flags, "plugin.c"], about=change)

    def built(self, path, *commands, about=None):
        """Makes `path` by `commands`, each time anew only where there is more that they make."""
        key = (*map(tuple, commands), about)
        if key in BUILT:
            with open(path, "wb") as file:
                file.write(BUILT[key])
            os.chmod(path, 0o755)
            return path
        *before, last = commands
        for command in (*before, [*last, "-o", path]):
            self.run_tool(*command, cwd=os.path.dirname(path))
        if "-gsplit-dwarf" not in commands[0]:
            with open(path, "rb") as file:
                BUILT[key] = file.read()
        return path

    def calls(self, program, *more, status=0, mode="calls"):
        lines = self.trace(program, mode, *more, options=OPTIONS, status=status)
        return [line for line in lines if not line.startswith("+++")]

    def check(self, program):
        self.assert_same_lines(TYPED, self.calls(program))

    def check_raw(self, run, warning):
        """Nothing is known of the functions but their names, and one message says why."""
        self.assertEqual(run.status, 0, run.err)
        self.assertEqual([line for line in run.err_lines if "debug information" in line],
                         [f"{harness.TTRACE}: {warning}"])
        calls = [line for line in run.err_lines if line.startswith("t_")]
        self.assertEqual(self.names(calls), ["t_scale", "t_join"])
        for line in calls:
            self.assertRegex(line, r"^t_\w+\(\w+=0x\w+, .*\.\.\.\) = 0x\w+ /\* \w+ \*/$")

    def names(self, lines):
        return [line.split("(")[0] for line in lines]

    def build_id(self, path):
        text = self.run_tool("readelf", "-n", path)
        return text.split("Build ID: ")[1].split()[0]


class DebugInformation(Objects):
    """The same program with its debug information in every place where it may be."""

    def each_compiler(self, *flags, **more):
        """Yields programs: DWARF 4 and 5, of each compiler that there is."""
        compilers = [name for name in ("gcc", "clang") if shutil.which(name)] or ["gcc"]
        for compiler, version in harness.sample(list(itertools.product(compilers, ("-gdwarf-4", "-gdwarf-5")))):
            yield self.build(version, *flags, compiler=compiler, folder=compiler + version, **more)

    def test_in_the_program(self):
        for program in self.each_compiler():
            self.check(program)

    def test_compressed(self):
        for kind, section in (("zlib", "] .debug_info"), ("zlib-gnu", "] .zdebug_info")):
            for program in self.each_compiler():
                before = os.path.getsize(program)
                self.run_tool("objcopy", "--compress-debug-sections=" + kind, program)
                self.assertIn(section, self.run_tool("readelf", "-SW", program))
                self.assertLess(os.path.getsize(program), before)
                self.check(program)

    def test_split(self):
        for program in self.each_compiler("-gsplit-dwarf"):
            self.assertTrue(os.path.exists(os.path.join(os.path.dirname(program), "objects.dwo")))
            self.check(program)

    def test_split_and_installed_elsewhere(self):
        for program in self.each_compiler("-gsplit-dwarf"):
            installed = self.path("installed")
            shutil.move(program, installed)
            self.check(installed)

    def test_split_and_moved_with_its_file(self):
        for program in self.each_compiler("-gsplit-dwarf"):
            folder = os.path.dirname(program)
            moved = self.path("moved")
            os.mkdir(moved)
            shutil.move(program, moved)
            shutil.move(os.path.join(folder, "objects.dwo"), moved)
            shutil.rmtree(folder)
            self.check(os.path.join(moved, "program"))
            shutil.rmtree(moved)

    def check_package(self, tool, make):
        self.need(tool)
        for program in self.each_compiler("-gsplit-dwarf"):
            if "gcc-gdwarf-5" in program:
                continue  # LLVM 14's package tool never ends with it
            folder = os.path.dirname(program)
            self.run_tool(*make(program, os.path.join(folder, "objects.dwo")))
            os.unlink(os.path.join(folder, "objects.dwo"))
            self.check(program)

    def test_package(self):
        self.check_package("llvm-dwp", lambda program, dwo: ["llvm-dwp", dwo, "-o", program + ".dwp"])

    def test_package_of_binutils(self):
        self.need("dwp")
        for program in self.each_compiler("-gsplit-dwarf"):
            if "dwarf-5" in program:
                continue  # Debian 12's dwp knows DWARF 4 only
            folder = os.path.dirname(program)
            self.run_tool("dwp", "-e", program, "-o", program + ".dwp", cwd=folder)
            os.unlink(os.path.join(folder, "objects.dwo"))
            self.check(program)

    def test_split_and_lost(self):
        for program in self.each_compiler("-gsplit-dwarf"):
            os.unlink(os.path.join(os.path.dirname(program), "objects.dwo"))
            run = self.ttrace(*OPTIONS, program, "calls")
            self.check_raw(run, f"{program}: its debug information lies in other files, which are not "
                                "there or of another build (objects.dwo)")

    def separate(self, program, debug):
        os.makedirs(os.path.dirname(debug), exist_ok=True)
        self.run_tool("objcopy", "--only-keep-debug", program, debug)
        self.run_tool("strip", program)

    def test_debuglink(self):
        for program in self.each_compiler():
            folder = os.path.dirname(program)
            for where in ("program.debug", ".debug/program.debug"):
                built = shutil.copy(program, program + "2")
                debug = os.path.join(folder, where)
                self.separate(built, debug)
                self.run_tool("objcopy", "--add-gnu-debuglink=" + debug, built)
                self.check(built)
                os.unlink(debug)

    def test_debuglink_to_the_file_of_another_build(self):
        program = self.build("-Wl,--build-id")
        other = self.build("-Wl,--build-id", "-O0", folder="other")
        self.separate(other, self.path("program.debug"))
        self.run_tool("strip", program)
        self.run_tool("objcopy", "--add-gnu-debuglink=" + self.path("program.debug"), program)
        run = self.ttrace(*OPTIONS, program, "calls")
        self.assertNotIn("t_scale", run.err)
        self.assertIn("no function matched '^t_'", run.err)

    def check_cache(self, cache, **environment):
        program = self.build("-Wl,--build-id", name=f"cached-{len(environment)}")
        self.separate(program, os.path.join(self.path(cache), self.build_id(program), "debuginfo"))
        run = self.ttrace(*OPTIONS, "-o", "trace", program, "calls", env={
            key: value for key, value in os.environ.items()
            if key not in ("XDG_CACHE_HOME", "HOME", "DEBUGINFOD_CACHE_PATH")} | environment)
        self.assertEqual(run.status, 0, run.err)
        self.assert_same_lines(TYPED, [line for line in self.lines("trace") if not line.startswith("+++")])

    def test_debuginfod_cache(self):
        self.check_cache("cache", DEBUGINFOD_CACHE_PATH=self.path("cache"))
        self.check_cache("xdg/debuginfod_client", XDG_CACHE_HOME=self.path("xdg"))
        self.check_cache("home/.cache/debuginfod_client", HOME=self.path("home"))

    def test_dwz(self):
        self.need("dwz")
        first = self.build(folder="one")
        second = self.build(folder="two")
        common = self.path("common.debug")
        self.run_tool("dwz", "-m", common, "-M", common, first, second)
        self.assertIn("gnu_debugaltlink", self.run_tool("readelf", "-SW", first))
        self.check(first)

    def test_dwz_and_lost(self):
        self.need("dwz")
        first = self.build(folder="one")
        second = self.build(folder="two")
        common = self.path("common.debug")
        self.run_tool("dwz", "-m", common, "-M", common, first, second)
        os.unlink(common)
        run = self.ttrace(*OPTIONS, first, "calls")
        self.check_raw(run, f"{first}: its debug information needs {common}, which is not there or of "
                            "another build")

    def mini_debug_info(self, program):
        """As Fedora's find-debuginfo makes it: the symbols that .dynsym has not, compressed."""
        self.need("xz")
        self.run_tool("objcopy", "--only-keep-debug", "--remove-section=.debug*", program, "mini")
        self.run_tool("objcopy", "-S", "--remove-section=.gnu_debuglink", "--keep-symbol=t_scale",
                      "--keep-symbol=t_join", "mini", "mini2")
        self.run_tool("xz", "-f", "mini2")
        self.run_tool("objcopy", "--add-section", ".gnu_debugdata=mini2.xz", program)
        self.run_tool("strip", program)
        self.assertIn("gnu_debugdata", self.run_tool("readelf", "-SW", program))

    def test_mini_debug_info(self):
        program = self.build()
        self.mini_debug_info(program)
        self.assertEqual(self.names(self.calls(program)), ["t_scale", "t_join"])

    def test_broken_mini_debug_info(self):
        program = self.build("-Wl,--export-dynamic")
        self.mini_debug_info(program)
        with open(self.path("mini2.xz"), "rb") as file:
            good = file.read()
        for bad in (good[:40], good[:20] + b"\\0\\xff" * 9 + good[38:], b"", os.urandom(4096)):
            self.write("bad", bad)
            broken = self.path("broken")
            self.run_tool("objcopy", "--update-section", ".gnu_debugdata=bad", program, broken)
            # What .dynsym has is still there.
            self.assertEqual(self.names(self.calls(broken)), ["t_scale"])

    def test_truncated(self):
        program = self.build()
        self.run_tool("objcopy", "--dump-section", ".debug_info=info", program, "/dev/null")
        size = os.path.getsize(self.path("info"))
        for keep in (3, 11, size // 2):
            with open(self.path("info"), "rb") as file:
                self.write("cut", file.read(keep))
            broken = self.path(f"broken{keep}")
            self.run_tool("objcopy", "--update-section", ".debug_info=cut", program, broken)
            run = self.ttrace(*OPTIONS, broken, "calls")
            self.check_raw(run, f"{broken}: its debug information cannot be read: it is not complete")


class Kinds(Objects):
    """Programs that are linked in unusual ways."""

    def test_static_pie(self):
        self.check(self.build("-static-pie", "-fPIE"))

    def test_static(self):
        self.check(self.build("-static", "-no-pie"))

    def test_musl(self):
        self.check(self.build(compiler="musl-gcc"))

    def test_musl_static(self):
        self.check(self.build("-static", compiler="musl-gcc"))

    def test_musl_loads(self):
        program = self.build(compiler="musl-gcc")
        source = self.write("plugin.c", PLUGIN % "+ 1")
        self.run_tool("musl-gcc", "-O2", "-g", "-shared", "-fPIC", source, "-o", "musl.so")
        lines = self.trace(program, "load", self.path("musl.so"), self.path("musl.so"), options=[
            "-e", "trace=none", "--funcs", "t_plugin@musl.so"])
        # musl's dlclose does nothing.
        self.assert_same_lines(["t_plugin@musl.so(n=3) = 4"] * 2 + ["+++ exited with 0 +++"], lines)

    def test_linked_for_an_address(self):
        """Prelinked: the file's addresses do not begin at 0."""
        program = self.build()
        for linker in ("-Wl,-Ttext-segment=0x41000000", "-Wl,-Ttext-segment=0x7f1200000000"):
            plugin = self.build_plugin(self.path("prelinked.so"), "+ 1", linker)
            lines = self.trace(program, "load", plugin, options=["-e", "trace=none", "--funcs",
                                                                 "t_plugin@prelinked.so"])
            self.assert_same_lines(["t_plugin@prelinked.so(n=3) = 4", "+++ exited with 0 +++"], lines)


class Loading(Objects):
    """Shared objects come, go, and others take their places."""

    def load(self, *objects, options=(), mode="load"):
        program = self.build()
        run = self.ttrace("-e", "trace=none", "--funcs", "t_plugin@*.so", "-o", "trace", *options, program,
                          mode, *objects)
        self.assertEqual(run.status, 0, run.err)
        self.out = run.out.splitlines()
        return self.lines("trace")[:-1]

    def test_another_object_at_the_same_place(self):
        one = self.build_plugin(self.path("one.so"), "+ 1")
        two = self.build_plugin(self.path("two.so"), "* 5")
        got = self.load(one, two, one, two)
        self.assertEqual(got, ["t_plugin@one.so(n=3) = 4", "t_plugin@two.so(n=3) = 15"] * 2)
        self.assertEqual(self.out, ["/one.so 4", "/two.so 15"] * 2)

    def test_an_object_that_is_not_traced_takes_the_place(self):
        one = self.build_plugin(self.path("one.so"), "+ 1")
        other = self.build_plugin(self.path("other.plugin"), "* 5")
        got = self.load(one, other, one, other)
        self.assertEqual(got, ["t_plugin@one.so(n=3) = 4"] * 2)
        self.assertEqual(self.out, ["/one.so 4", "/other.plugin 15"] * 2)

    def test_the_same_name_with_other_contents(self):
        one = self.build_plugin(self.path("one.so"), "+ 1")
        link = self.path("link.so")
        self.build_plugin(self.path("a/link.so"), "+ 2")
        self.build_plugin(self.path("b/link.so"), "* 7")
        os.symlink("a/link.so", link)
        got = self.load(link, one, self.path("b/link.so"))
        self.assertEqual(got, ["t_plugin@link.so(n=3) = 5", "t_plugin@one.so(n=3) = 4",
                               "t_plugin@link.so(n=3) = 21"])


class Execution(Objects):
    def setUp(self):
        super().setUp()
        self.old = self.build(folder="old", name="old")
        self.new = self.build("-O0", folder="new", name="new")

    def test_exec(self):
        self.assert_same_lines(TYPED * 2, self.calls(self.old, self.new, "calls", mode="exec"))

    def test_exec_by_a_thread(self):
        lines = self.trace(self.old, "thread", self.new, "calls", options=["-f", *OPTIONS])
        calls = [match[1] for match in map(harness.PID_PREFIX.match, lines) if match]
        got = [line.split(maxsplit=1)[1] for line in lines if " t_" in line]
        self.assert_same_lines(TYPED * 2, got)
        self.assertTrue(calls is not None)

    def test_exec_of_a_program_without_the_functions(self):
        got = self.calls(self.old, "/bin/true", mode="exec")
        self.assert_same_lines(TYPED, got)

    def test_exec_of_the_program_that_matches_only_after(self):
        got = self.trace("/bin/sh", "-c", f"exec {self.new} calls", options=OPTIONS)
        self.assert_same_lines(TYPED, got[:-1])

    def test_children(self):
        got = self.trace("/bin/sh", "-c", f"{self.old} calls; {self.new} calls; :", options=["-f", *OPTIONS])
        self.assert_same_lines(TYPED * 2, [line.split(maxsplit=1)[1] for line in got if " t_" in line])


class Replaced(Objects):
    """The file that a running program was started from is another one, or none."""

    def hold(self, program, *wrapper):
        process = self.start(*wrapper, program, "hold", stdin=subprocess.PIPE)
        self.assertEqual(process.stdout.readline(), b"ready\n")
        return process

    def attach(self, process, pid=None, wrapper=(), options=OPTIONS):
        """Attaches to a held program, lets it make its calls, and returns ttrace's run and the lines."""
        out = self.path("trace")
        if os.path.exists(out):
            os.unlink(out)
        tracer = self.start(*wrapper, harness.TTRACE, *options, "-o", out, "-p", str(pid or process.pid), bufsize=0)
        traced = lambda: os.path.exists(out) and harness.tracers(pid or process.pid)[:1] not in ([0], [])
        harness.wait_until(lambda: traced() or tracer.poll() is not None, "the attach")
        if tracer.poll() is None:
            line = tracer.stderr.readline()
            self.assertIn(b"attached", line)
        process.stdin.write(b"go\n")
        process.stdin.flush()
        self.assertEqual(process.stdout.readline(), b"called\n")
        if tracer.poll() is None:
            tracer.send_signal(signal.SIGINT)
        run = tracer.end()
        lines = self.lines("trace") if os.path.exists(out) else []
        return run, [line for line in lines if line.startswith("t_")]

    def replace_by_rename(self, program):
        other = self.build("-O0", folder="other")
        os.rename(other, program)

    def test_renamed_over(self):
        program = self.build()
        process = self.hold(program)
        self.replace_by_rename(program)
        self.assert_same_lines(TYPED, self.attach(process)[1])

    def test_deleted(self):
        program = self.build()
        process = self.hold(program)
        os.unlink(program)
        self.assert_same_lines(TYPED, self.attach(process)[1])

    def unprivileged(self):
        """A tracer that may trace, but not follow map_files."""
        self.need("setpriv")
        return ["setpriv", "--bounding-set=-sys_admin,-checkpoint_restore",
                "--inh-caps=-sys_admin,-checkpoint_restore"]

    def test_deleted_without_privilege(self):
        program = self.build()
        process = self.hold(program)
        self.replace_by_rename(program)
        self.assert_same_lines(TYPED, self.attach(process, wrapper=self.unprivileged())[1])

    def hold_plugin(self):
        plugin = self.build_plugin(self.path("plugin.so"), "+ 1")
        source = self.write("loader.c", """
#include <stdio.h>
int t_plugin(int n);
int main(void) {
  char line[16];
  puts("ready");
  fflush(stdout);
  while (fgets(line, sizeof line, stdin) != NULL) { t_plugin(3); puts("called"); fflush(stdout); }
}""")
        program = self.path("loader")
        self.run_tool("gcc", "-g", source, plugin, "-o", program)
        return plugin, self.hold(program)

    def test_library_replaced(self):
        plugin, process = self.hold_plugin()
        os.unlink(plugin)
        self.build_plugin(plugin, "* 7 + 2", "-O0")
        options = ["-e", "trace=none", "--funcs", "t_plugin@plugin.so*"]
        got = self.attach(process, options=options)[1]
        self.assertEqual(got, ["t_plugin@plugin.so(n=3) = 4"])

    def test_library_replaced_without_privilege(self):
        plugin, process = self.hold_plugin()
        os.unlink(plugin)
        self.build_plugin(plugin, "* 7 + 2", "-O0")
        options = ["-e", "trace=none", "--funcs", "t_plugin@plugin.so*"]
        run, got = self.attach(process, options=options, wrapper=self.unprivileged())
        self.assertEqual(got, [])
        self.assertEqual(len([line for line in run.err_lines if "plugin.so" in line and "deleted" in line]),
                         1, run.err)

    def test_in_another_mount_namespace(self):
        self.need("unshare")
        program = self.build("-Wl,--build-id")
        hidden = self.path("hidden")
        os.mkdir(hidden)
        script = f"mount -t tmpfs none {hidden} && cp {program} {hidden}/inside && exec {hidden}/inside hold"
        try:
            process = self.start("unshare", "-m", "sh", "-c", script, stdin=subprocess.PIPE)
            if process.stdout.readline() != b"ready\n":
                self.skipTest("no mount namespaces here")
            self.assertFalse(os.path.exists(hidden + "/inside"))
            self.assert_same_lines(TYPED, self.attach(process)[1])
            self.assert_same_lines(TYPED, self.attach(process, wrapper=self.unprivileged())[1])
        finally:
            self.reap(process)

    def test_other_file_of_that_name_here(self):
        self.need("unshare")
        program = self.build("-Wl,--build-id")
        other = self.build("-O0", "-Wl,--build-id", folder="other")
        process = self.start("unshare", "-m", "sh", "-c",
                             f"mount --bind {program} {other} && exec {other} hold", stdin=subprocess.PIPE)
        if process.stdout.readline() != b"ready\n":
            self.skipTest("no mount namespaces here")
        self.assert_same_lines(TYPED, self.attach(process)[1])
        self.assert_same_lines(TYPED, self.attach(process, wrapper=self.unprivileged())[1])

    def test_separate_debug_file_in_the_namespace(self):
        self.need("unshare")
        program = self.build("-Wl,--build-id")
        debug = self.path("inside.debug")
        self.run_tool("objcopy", "--only-keep-debug", program, debug)
        self.run_tool("strip", program)
        hidden = self.path("hidden")
        os.mkdir(hidden)
        script = (f"mount -t tmpfs none {hidden} && cp {program} {debug} {hidden} && cd {hidden} && "
                  f"objcopy --add-gnu-debuglink=inside.debug program && exec {hidden}/program hold")
        process = self.start("unshare", "-m", "sh", "-c", script, stdin=subprocess.PIPE)
        if process.stdout.readline() != b"ready\n":
            self.skipTest("no mount namespaces here")
        os.unlink(debug)
        self.assert_same_lines(TYPED, self.attach(process)[1])

    def test_in_another_pid_namespace(self):
        self.need("unshare")
        program = self.build()
        wrapper = ("unshare", "-pf", "--mount-proc")
        if subprocess.run([*wrapper, "true"], stderr=subprocess.DEVNULL, check=False).returncode != 0:
            self.skipTest("no PID namespaces with a /proc here")  # in a chroot, for one
        process = self.hold(program, *wrapper)
        inside = harness.descendants(process.pid)[-1]
        self.assert_same_lines(TYPED, self.attach(process, pid=inside)[1])

    def test_started_in_another_pid_namespace(self):
        self.need("unshare")
        program = self.build()
        got = self.trace("unshare", "-pf", program, "calls", options=["-f", *OPTIONS])
        self.assert_same_lines(TYPED, [line.split(maxsplit=1)[1] for line in got if " t_" in line])

    def test_overlay(self):
        """The kernel may name the file below: the one that is mapped has another device."""
        self.need("unshare")
        program = self.build("-Wl,--build-id")
        for name in ("upper", "work", "merged"):
            os.mkdir(self.path(name))
        script = (f"mount -t tmpfs none {self.path('work')} && cd {self.path('work')} && mkdir u w && "
                  f"mount -t overlay overlay -o lowerdir={os.path.dirname(program)},upperdir=u,workdir=w "
                  f"{self.path('merged')} && exec {self.path('merged')}/program hold")
        process = self.start("unshare", "-m", "sh", "-c", script, stdin=subprocess.PIPE)
        if process.stdout.readline() != b"ready\n":
            self.skipTest("no overlay file systems here")
        self.assert_same_lines(TYPED, self.attach(process)[1])
        self.assert_same_lines(TYPED, self.attach(process, wrapper=self.unprivileged())[1])


NAMES = """
int t_old(int n); int t_new(int n); int __t_reply(int n);
int t_old(int n) { __asm__ volatile("" : "+r"(n)); return n + 1; }
int t_new(int n) { __asm__ volatile("" : "+r"(n)); return n + 2; }
__asm__(".symver t_old, t_answer@V1");
__asm__(".symver t_new, t_answer@@V2");
int __t_reply(int n) { __asm__ volatile("" : "+r"(n)); return n + 3; }
extern __typeof__(__t_reply) t_reply __attribute__((weak, alias("__t_reply")));
extern __typeof__(__t_reply) t_reply_too __attribute__((weak, alias("__t_reply")));
"""
# What an entry of a linkage table begins with when jumps must lead to a landing pad.
LANDING_PADS = "-mbranch-protection=standard" if platform.machine() == "aarch64" else "-fcf-protection"
CALLER = """
int t_answer(int n); int t_answer_1(int n); int t_reply(int n); int t_reply_too(int n);
__asm__(".symver t_answer_1, t_answer@V1");
int main(void) { return t_answer(1) + t_answer_1(2) + t_reply(3) + t_reply_too(4); }
"""


class Names(Objects):
    """Versions of one name, names of one address, and calls through the linkage table."""

    def called(self, *patterns, stripped=False, flags=()):
        library = self.write("names.c", NAMES)
        self.write("map", "V1 { global: t_answer; t_reply; t_reply_too; local: *; }; V2 { global: t_answer; } V1;")
        self.run_tool("gcc", "-O2", *(["-s"] if stripped else ["-g"]), "-shared", "-fPIC", library,
                      "-Wl,--version-script=map", "-Wl,-soname,libnames.so.1", "-o", "libnames.so.1")
        caller = self.write("caller.c", CALLER)
        self.run_tool("gcc", "-O0", *flags, caller, "./libnames.so.1", "-Wl,-rpath," + self.dir, "-o", "caller")
        options = ["-e", "trace=none"]
        for pattern in patterns:
            options += ["--funcs", pattern + "@libnames*"]
        lines = self.trace(self.path("caller"), options=options, status=19)
        return [line.replace("@libnames.so.1", "") for line in lines if not line.startswith("+++")]

    def test_both_versions(self):
        for flags in ([], ["-fno-plt"], ["-Wl,-z,now"], ["-Wl,-z,lazy", LANDING_PADS]):
            self.assertEqual(self.called("^t_answer$", flags=flags), ["t_answer(n=1) = 3", "t_answer(n=2) = 3"])

    def test_one_line_whatever_the_name(self):
        self.assertEqual(self.called("reply"), ["t_reply(n=3) = 6", "t_reply(n=4) = 7"])

    def test_the_name_that_was_asked_for(self):
        self.assertEqual(self.called("^t_reply_too$"), ["t_reply_too(n=3) = 6", "t_reply_too(n=4) = 7"])

    def test_several_patterns_are_one_line(self):
        self.assertEqual(self.called("^t_reply$", "^t_reply_too$", "^t_answer$"), [
            "t_answer(n=1) = 3", "t_answer(n=2) = 3", "t_reply(n=3) = 6", "t_reply(n=4) = 7"])

    def test_of_the_dynamic_symbols_alone(self):
        lines = self.called("answer", "^t_reply$", stripped=True)
        self.assertEqual(self.names(lines), ["t_answer", "t_answer", "t_reply", "t_reply"])


if __name__ == "__main__":
    harness.main()
