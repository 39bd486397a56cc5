#!/usr/bin/env python3
"""run.py BUILD [SUITE | TEST | TEST:CASE]...: boots an arm64 kernel in qemu once, and runs there the tests
of the cross-built folder BUILD that run what was built (of all suites in SUITES, unless others are asked
for). `./dev test-arm64` prepares everything and calls this.

What the tests wrote is in BUILD/meson-logs/testlog.json afterwards, what the guest wrote on its console
in BUILD/console.log. Exit status: 0 when no test failed.

The guest sees the sources and what was built at the same paths as here. From the environment:
TTRACE_ARM64_CPU (max,… has pointer authentication, BTI and MTE; neoverse-n1 is a sixth faster),
TTRACE_ARM64_PROCESSORS (1: with more than one, a stop takes five times as long),
TTRACE_ARM64_SECONDS (how long the guest may take), TTRACE_TEST_SLOWNESS.
"""

import glob
import json
import os
import re
import shutil
import subprocess
import sys
import time

import initramfs

HERE = os.path.dirname(os.path.abspath(__file__))
SOURCE = os.path.dirname(os.path.dirname(HERE))
SUITES = ("unit", "trace", "compare")
# A stop in the guest takes fifty times as long as here, and computing ten times.
SLOWNESS = os.environ.get("TTRACE_TEST_SLOWNESS", "50")
BOOT_SECONDS = 120
# norandmaps: qemu keeps what it has translated by its virtual address, so that each process at other addresses
# takes a third longer. The other machine runs the same tests with randomisation.
CMDLINE = "console=ttyAMA0 quiet panic=-1 kpti=0 mitigations=off init_on_alloc=0 norandmaps"
MODULES = ("fs/overlayfs/overlay.ko", "net/ipv4/inet_diag.ko", "net/ipv4/tcp_diag.ko", "net/ipv4/udp_diag.ko",
           "net/unix/unix_diag.ko", "net/netlink/netlink_diag.ko")  # loaded in order of their names
# Of the packages and of what was built, what no test needs.
UNWANTED = re.compile(r"^(boot|usr/include|usr/lib/modules|usr/share/(?!python3|pam|binfmts).*|etc/(?!alternatives).*"
                      r"|usr/lib/python3.*/(test|idlelib|tkinter|lib2to3|ensurepip|config-.*|pydoc_data)"
                      r"|usr/bin/(gcc.*|c\+\+.*)|usr/lib/(rustlib|llvm-14/(include|cmake|lib/.*\.a))"
                      r"|usr/lib/aarch64-linux-gnu/(perl|perl5|libperl.*|.*\.a|cmake|pkgconfig|gconv|dri))$")
# Of the guest's compilers: what optimises at link time or sanitizes.
UNWANTED_OF_COMPILERS = re.compile(r"^(etc|usr/share|usr/bin/.*lto-dump.*|usr/lib/gcc/.*/(lto1|plugin|lib.*san.*))$")


def newest_strace(build):
    """Where tests/newest.sh puts it; nowhere when it cannot be had."""
    return os.path.join(build, "newest", "bin", "strace")


def tests_of(build, wanted):
    """What the guest shall run: tests as guest.py wants them."""
    listed = json.loads(subprocess.run(["meson", "introspect", "--tests", build], stdout=subprocess.PIPE,
                                       check=True).stdout)
    chosen = []
    for test in listed:
        command, name = list(test["cmd"]), test["name"]
        suites = [suite.rpartition(":")[2] for suite in test["suite"]]
        # What is written in Python and has nothing of ours to run says the same everywhere.
        if not command[0].startswith(build) and "TTRACE" not in test["env"]:
            continue
        cases = [want.partition(":")[2] for want in wanted if want.partition(":")[0] == name]
        if wanted and not cases and not set(wanted) & set(suites):
            continue
        if not wanted and not set(SUITES) & set(suites):
            continue
        if not command[0].startswith(build):
            command[0] = "/usr/bin/python3"
        command = [os.path.normpath(word) if word.startswith("/") else word for word in command]
        # Made-up inputs, of which the other machine tries all. fuzz_decode wants to see each variant chosen.
        if os.path.basename(command[0]).startswith("replay-") and name != "fuzz decode":
            command[1] = str(int(command[1]) // 5)
        environment = {key: value for key, value in test["env"].items() if key != "LD_LIBRARY_PATH"}
        for key, value in os.environ.items():
            if key.startswith("TTRACE_TEST_"):
                environment[key] = value
        environment["TTRACE_TEST_SLOWNESS"] = SLOWNESS
        if name == "compare calls" and os.path.exists(newest_strace(build)):
            environment["STRACE"] = newest_strace(build)
        chosen.append({"name": name, "command": command + [case for case in cases if case], "env": environment,
                       "folder": test["workdir"] or "/tmp", "timeout": max(test["timeout"], 300)})
    return chosen


def add_go(build, tests):
    """Builds the Go programs, if there are tests of them, and tells these of it: the guest has no Go.
    Returns the programs."""
    go_tests = [test for test in tests if test["name"].startswith("trace go_")]
    if not go_tests:
        return []
    environment = dict(os.environ, TTRACE_TEST_GOARCH="arm64", TTRACE_TARGETS=os.path.join(build, "tests", "targets"))
    done = subprocess.run([sys.executable, "-B", os.path.join(SOURCE, "tests", "trace", "go_programs.py")],
                          env=environment, stdout=subprocess.PIPE, check=True)
    built = json.loads(done.stdout)
    for test in go_tests:
        test["env"]["TTRACE_TEST_GO_VERSIONS"] = json.dumps(built["versions"])
    return built["programs"]


def write_initramfs(build, tests, seconds, path):
    go = add_go(build, tests)
    made = initramfs.Initramfs()
    root, guest = (os.path.join(build, "sysroot", name) for name in ("root", "guest"))
    made.tree(root, "/", lambda name: not UNWANTED.match(name))
    made.tree(guest, "/", lambda name: not UNWANTED_OF_COMPILERS.match(name))
    for module in MODULES:
        for file in glob.glob(f"{root}/usr/lib/modules/*/kernel/{module}"):
            made.file(file, "/modules/" + os.path.basename(file))
    made.text("/etc/passwd", "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/sh\n")
    made.text("/etc/group", "root:x:0:\ntty:x:5:\nnogroup:x:65534:\n")
    made.text("/etc/hosts", "127.0.0.1 localhost guest\n::1 localhost\n")
    made.text("/etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files dns\n")
    made.file(os.path.join(HERE, "init"), "/init")
    made.file(os.path.join(HERE, "guest.py"), "/guest.py")
    made.file(os.path.join(build, "leave"), "/usr/sbin/leave")
    made.text("/tests.json", json.dumps({"tests": tests, "seconds": seconds}))

    for folder in ("tests", "prototypes"):
        made.tree(os.path.join(SOURCE, folder), os.path.join(SOURCE, folder), lambda name: "__pycache__" not in name)
    built = lambda name: not re.search(r"\.(p|o|a|h|cpp|c)$|^go-built$", name)
    made.tree(os.path.join(build, "tests", "targets"), os.path.join(build, "tests", "targets"), built)
    made.tree(os.path.join(build, "tests", "unit", "symbols"), os.path.join(build, "tests", "unit", "symbols"), built)
    if os.path.exists(newest_strace(build)):
        made.file(newest_strace(build), newest_strace(build))
        made.tree(os.path.join(build, "newest", "root"), os.path.join(build, "newest", "root"),
                  lambda name: not name.startswith(("etc", "usr/share")))
    programs = {test["command"][0] for test in tests if test["command"][0].startswith(build)}
    for program in programs.union(go, [os.path.join(build, "ttrace")]):
        made.file(program, program)
    # The C library of 32-bit programs is in their compiler's package.
    for name, folder in (("ld-linux-armhf.so.3", "/usr/lib"), ("libc.so.6", "/usr/lib/arm-linux-gnueabihf")):
        made.file(f"/usr/arm-linux-gnueabihf/lib/{name}", f"{folder}/{name}")
    made.write(path)


def boot(build, archive, seconds):
    """Runs the guest; prints its progress. Returns (qemu's exit status or None, the guest's verdict or None)."""
    kernels = glob.glob(os.path.join(build, "sysroot", "root", "boot", "vmlinuz-*"))
    results = os.path.join(build, "results")
    command = ["qemu-system-aarch64", "-M", "virt", "-cpu", os.environ.get("TTRACE_ARM64_CPU", "max,pauth-impdef=on,sve=off,sme=off"),
               "-smp", os.environ.get("TTRACE_ARM64_PROCESSORS", "1"), "-m", "2048", "-display", "none",
               "-nodefaults", "-no-reboot", "-semihosting-config", "enable=on,userspace=on", "-serial", "stdio",
               "-chardev", f"file,id=results,path={results}", "-device", "pci-serial,chardev=results",
               "-kernel", kernels[0], "-initrd", archive,
               "-append", CMDLINE]
    verdict = None
    with open(os.path.join(build, "console.log"), "w", encoding="utf-8") as console:
        qemu = subprocess.Popen(["timeout", "-k", "5", str(seconds), *command], stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="backslashreplace")
        for line in qemu.stdout:
            line = line.rstrip("\r\n")
            print(line, file=console, flush=True)
            if line.startswith("### "):
                print(line[4:], flush=True)
            match = re.match(r"@@@ status=(\d+)$", line)
            if match:
                verdict = int(match.group(1))
        status = qemu.wait()
    return (None if status in (124, 137) else status), verdict


def read_results(build, tests):
    """Meson's log of what came back; a test that nothing came back of has failed. Returns the complaints."""
    complaints = []
    with open(os.path.join(build, "results"), encoding="utf-8", errors="backslashreplace") as file:
        lines = file.read().split("\n")
    found = {}
    for line in lines:
        try:
            test = json.loads(line)
            found[test["name"]] = test
        except (ValueError, TypeError):
            if line not in ("", "end"):
                complaints.append("a result did not arrive whole")
    logs = os.path.join(build, "meson-logs")
    with open(os.path.join(logs, "testlog.json"), "w", encoding="utf-8") as log:
        for test in tests:
            result = found.get(test["name"])
            if result is None:
                complaints.append(f"no result of '{test['name']}'")
                result = {"name": test["name"], "result": "ERROR", "stdout": "", "stderr": ""}
            log.write(json.dumps(result) + "\n")
            if result["result"] not in ("OK", "SKIP"):
                print(f"--- {result['name']}: {result['result']}")
                print("\n".join((result["stdout"] + result["stderr"]).splitlines()[-60:])
                      if "1.." not in result["stdout"] else result["stderr"])
    return complaints


def main():
    build = os.path.abspath(sys.argv[1])
    tests = tests_of(build, sys.argv[2:])
    if not tests:
        sys.exit("no such tests; suites and tests are those of `meson test --list`, a case goes behind a colon")
    seconds = int(os.environ.get("TTRACE_ARM64_SECONDS", "1500"))
    subprocess.run(["aarch64-linux-gnu-gcc", "-O2", "-static", os.path.join(HERE, "leave.c"), "-o",
                    os.path.join(build, "leave")], check=True)
    archive = os.path.join(build, "initramfs")
    begin = time.monotonic()
    write_initramfs(build, tests, seconds, archive)
    print(f"initramfs: {os.path.getsize(archive) >> 20} MB, {time.monotonic() - begin:.1f} s", flush=True)
    begin = time.monotonic()
    status, verdict = boot(build, archive, seconds + BOOT_SECONDS)
    print(f"the guest ran for {time.monotonic() - begin:.0f} s")
    complaints = read_results(build, tests)
    if status is None:
        complaints.append("the guest hangs: its console is in console.log")
    elif verdict is None or verdict != status:
        complaints.append(f"the guest came to no verdict (qemu's status is {status}): its console is in console.log")
    for complaint in complaints:
        print(f"arm64: {complaint}")
    shutil.rmtree(os.path.join(build, "__pycache__"), ignore_errors=True)
    sys.exit(1 if complaints or verdict else 0)


if __name__ == "__main__":
    main()
