"""Go programs for the tests: which Go commands there are, and what they build.

There are two toolchains: the `go` of this machine, and the newest, which GO_NEWEST names (./dev test
fetches it). Tests of one that is missing are skipped and say so. What is built stays in the build
folder, found again by the content of its sources, the flags and the version of the toolchain. Nothing
is fetched from anywhere: the programs use the standard library only.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys

import harness

FOLDER = os.path.join(os.path.abspath(harness.TARGETS), "go-built")
SOURCES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "targets", "go")
# A first build compiles the standard library, too.
BUILD_TIMEOUT = 500


class BuildError(Exception):
    """What the Go command said."""


class Toolchain:
    """A Go command. `missing` says why there is none; empty: there is."""

    def __init__(self, name, command, missing):
        self.name, self.command = name, command
        self.missing = "" if command else missing
        self._version = None

    def environment(self, cgo=False):
        """For the Go command: nothing is fetched, nothing is written outside of the build folder."""
        # Not what its user has set for builds of their own.
        own = {name: value for name, value in os.environ.items()
               if not name.startswith(("GO", "CGO_")) or name == "GO_NEWEST"}
        own.update(GOPROXY="off", GOTOOLCHAIN="local", GOSUMDB="off", GOFLAGS="-mod=mod", GOENV="off",
                   GOTELEMETRY="off", CGO_ENABLED="1" if cgo else "0",
                   GOCACHE=os.path.join(FOLDER, "cache-" + self.name), GOPATH=os.path.join(FOLDER, "path"),
                   HOME=FOLDER)
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


TOOLCHAINS = [
    Toolchain("installed", shutil.which("go"), "there is no Go on this machine"),
    Toolchain("newest", os.environ.get("GO_NEWEST"), "GO_NEWEST does not name the newest Go"),
]


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


def build(folder, toolchain, *flags, cgo=False, package=".", command="build", environment=()):
    """Builds `package` of the module in `folder` and returns the program's path.

    `flags` go to `go build`; command="test" makes it `go test -c`. A folder without go.mod is built
    outside of module mode. Raises BuildError.
    """
    folder = os.path.abspath(folder)
    variables = dict(toolchain.environment(cgo), **dict(environment))
    if not os.path.exists(os.path.join(folder, "go.mod")):
        variables.update(GO111MODULE="off", GOFLAGS="")
    words = [toolchain.version(), folder, *flags, cgo, package, command, dict(environment)]
    key = _key(folder, words)
    program = os.path.join(FOLDER, key, os.path.basename(folder))
    if os.path.exists(program):
        return program
    os.makedirs(os.path.dirname(program), exist_ok=True)
    # Several tests that run at once may want the same one.
    with open(os.path.join(FOLDER, key, "lock"), "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if os.path.exists(program):
            return program
        what = ["test", "-c"] if command == "test" else [command]
        done = subprocess.run([toolchain.command, *what, *flags, "-o", program + ".new", package],
                              cwd=folder, env=variables, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=BUILD_TIMEOUT, check=False)
        if done.returncode != 0:
            raise BuildError(done.stdout.decode(errors="replace"))
        os.rename(program + ".new", program)
    return program


class GoCase(harness.TraceCase):
    """Tests of what a toolchain builds: self.toolchain."""

    toolchain = TOOLCHAINS[0]

    def setUp(self):
        if self.toolchain.missing:
            self.skipTest(self.toolchain.missing)
        super().setUp()

    def build(self, name, *flags, **options):
        """The path of tests/targets/go/NAME, built."""
        return build(source(name), self.toolchain, *flags, **options)


def for_each_toolchain(case):
    """A class decorator: the tests of a GoCase, once for each toolchain."""
    module = sys.modules[case.__module__]
    for toolchain in TOOLCHAINS:
        name = case.__name__ + toolchain.name.capitalize()
        made = type(name, (case,), {"toolchain": toolchain, "__module__": case.__module__})
        setattr(module, name, made)
    # The module's own name for it must not be one more set of tests.
    return None
