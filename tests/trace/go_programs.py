"""Go programs for the tests: which Go commands there are, and what they build.

There are two toolchains: the `go` of this machine, and the newest, which GO_NEWEST names (./dev test
fetches it). Tests of one that is missing are skipped and say so. What is built stays in the build
folder, found again by the content of its sources, the flags and the version of the toolchain. Nothing
is fetched from anywhere: the programs use the standard library only.

Run as a program, this builds all of them for the machine that TTRACE_TEST_GOARCH names (arm64), and
prints as JSON the versions of the toolchains and the programs. There, TTRACE_TEST_GO_VERSIONS (the
former) says that there is no Go: a program that was not built beforehand is an error.
"""

import fcntl
import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
import typing

import harness

FOLDER = os.path.join(os.path.abspath(harness.TARGETS), "go-built")
SOURCES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "targets", "go")
# A first build compiles the standard library, too.
BUILD_TIMEOUT = 500
# uname's name of a machine -> Go's.
MACHINES = {"x86_64": "amd64", "aarch64": "arm64"}
OWN_MACHINE = MACHINES.get(platform.machine(), platform.machine())
MACHINE = os.environ.get("TTRACE_TEST_GOARCH", OWN_MACHINE)
# One whose programs can be read, but do not run.
OTHER_MACHINE = "amd64" if MACHINE == "arm64" else "arm64"

UNOPTIMISED = "-gcflags=all=-N -l"
STRIPPED = "-ldflags=-s -w"
TRIMMED = "-trimpath"
PIE = "-buildmode=pie"


class Program(typing.NamedTuple):
    """A folder of tests/targets/go, and how it is built."""

    name: str
    flags: tuple = ()
    cgo: bool = False
    machine: str = MACHINE


# All that the tests use.
PROGRAMS = [
    Program("assembly"),
    Program("callbacks", cgo=True),
    Program("chain"), Program("chain", (STRIPPED,)),
    Program("ends"),
    Program("names"), Program("names", (UNOPTIMISED,)), Program("names", (STRIPPED,)),
    Program("names", (STRIPPED, TRIMMED)), Program("names", (PIE,)), Program("names", (PIE, STRIPPED)),
    Program("names", machine=OTHER_MACHINE), Program("names", (STRIPPED,), machine=OTHER_MACHINE),
    Program("names", (PIE,), machine=OTHER_MACHINE), Program("names", machine="386"),
    Program("pairing"), Program("pairing", (UNOPTIMISED,)), Program("pairing", (PIE, STRIPPED)),
    Program("server"),
    Program("values"), Program("values", (UNOPTIMISED,)), Program("values", (PIE,)),
    Program("values", (TRIMMED,)), Program("values", (STRIPPED,)), Program("values", cgo=True),
]


class BuildError(Exception):
    """What the Go command said."""


class Toolchain:
    """A Go command. `missing` says why there is none, nor what it has built elsewhere; empty: there is."""

    def __init__(self, name, command, missing, version=None):
        self.name, self.command = name, command
        self.missing = "" if command or version else missing
        self._version = version

    def environment(self, cgo=False, machine=MACHINE):
        """For the Go command: nothing is fetched, nothing is written outside of the build folder."""
        # Not what its user has set for builds of their own.
        own = {name: value for name, value in os.environ.items()
               if not name.startswith(("GO", "CGO_")) or name == "GO_NEWEST"}
        own.update(GOPROXY="off", GOTOOLCHAIN="local", GOSUMDB="off", GOFLAGS="-mod=mod", GOENV="off",
                   GOTELEMETRY="off", CGO_ENABLED="1" if cgo else "0", GOARCH=machine,
                   GOCACHE=os.path.join(FOLDER, "cache-" + self.name), GOPATH=os.path.join(FOLDER, "path"),
                   HOME=FOLDER)
        if machine == "arm64" and machine != OWN_MACHINE:
            own["CC"] = "aarch64-linux-gnu-gcc"
        return own

    def version(self):
        """"go1.19.8"."""
        if self._version is None:
            os.makedirs(FOLDER, exist_ok=True)
            done = subprocess.run([self.command, "env", "GOVERSION"], env=self.environment(),
                                  cwd=FOLDER, stdout=subprocess.PIPE, timeout=harness.TIMEOUT, check=True)
            self._version = done.stdout.decode().strip()
        return self._version

    def minor(self):
        """19 of "go1.19.8"."""
        return int(self.version().removeprefix("go1.").split(".")[0].split("rc")[0])


def _toolchains():
    if versions := os.environ.get("TTRACE_TEST_GO_VERSIONS"):
        versions = json.loads(versions)
        return [Toolchain(name, None, "where the Go programs were built, this Go was missing", versions.get(name))
                for name in ("installed", "newest")]
    return [Toolchain("installed", shutil.which("go"), "there is no Go on this machine"),
            Toolchain("newest", os.environ.get("GO_NEWEST"), "GO_NEWEST does not name the newest Go")]


TOOLCHAINS = _toolchains()


def source(name):
    """The folder of a program of tests/targets/go."""
    return os.path.normpath(os.path.join(SOURCES, name))


def _files(folder):
    for root, folders, files in os.walk(folder):
        folders.sort()
        for file in sorted(files):
            yield os.path.relpath(os.path.join(root, file), folder)


def _key(folder, words):
    digest = hashlib.sha256(repr(words).encode())
    for file in _files(folder):
        with open(os.path.join(folder, file), "rb") as content:
            digest.update(repr((file, content.read())).encode())
    return digest.hexdigest()[:16]


def build(program, toolchain):
    """Builds one of PROGRAMS and returns its path. Raises BuildError."""
    if program not in PROGRAMS:
        raise BuildError(f"{program} is none of go_programs.PROGRAMS")
    folder = source(program.name)
    key = _key(folder, [toolchain.version(), folder, *program])
    path = os.path.join(FOLDER, key, program.name)
    if os.path.exists(path):
        return path
    if not toolchain.command:
        raise BuildError(f"{program} was not built beforehand by {toolchain.version()}")
    os.makedirs(os.path.dirname(path), exist_ok=True)
    # Several tests that run at once may want the same one.
    with open(os.path.join(FOLDER, key, "lock"), "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if os.path.exists(path):
            return path
        done = subprocess.run([toolchain.command, "build", *program.flags, "-o", path + ".new", "."],
                              cwd=folder, env=toolchain.environment(program.cgo, program.machine),
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              timeout=BUILD_TIMEOUT, check=False)
        if done.returncode != 0:
            raise BuildError(done.stdout.decode(errors="replace"))
        os.rename(path + ".new", path)
    return path


class GoCase(harness.TraceCase):
    """Tests of what a toolchain builds: self.toolchain."""

    toolchain = TOOLCHAINS[0]

    def setUp(self):
        if self.toolchain.missing:
            self.skipTest(self.toolchain.missing)
        super().setUp()

    def build(self, name, *flags, **options):
        """The path of tests/targets/go/NAME, built."""
        return build(Program(name, flags, **options), self.toolchain)


def for_each_toolchain(case):
    """A class decorator: the tests of a GoCase, once for each toolchain."""
    module = sys.modules[case.__module__]
    for toolchain in TOOLCHAINS:
        name = case.__name__ + toolchain.name.capitalize()
        made = type(name, (case,), {"toolchain": toolchain, "__module__": case.__module__})
        setattr(module, name, made)
    # The module's own name for it must not be one more set of tests.
    return None


def main():
    present = [toolchain for toolchain in TOOLCHAINS if not toolchain.missing]
    print(json.dumps({"versions": {toolchain.name: toolchain.version() for toolchain in present},
                      "programs": [build(program, toolchain) for toolchain in present for program in PROGRAMS]}))


if __name__ == "__main__":
    main()
