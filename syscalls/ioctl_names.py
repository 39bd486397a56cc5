#!/usr/bin/env python3
"""Writes ioctl_names.syscalls: the commands of ioctl that the kernel's headers define, by number.

    ioctl_names.py --headers DIR --calls CALLS_IOCTL [--strace STRACE] [--clang CLANG] > ioctl_names.syscalls

DIR holds the headers of the architectures (linux/, drm/, ..., x86_64-linux-gnu/asm/, ...), as Debian's
linux-libc-dev does. clang says what a macro's value is on each. Which macros are commands strace
tells: CALLS_IOCTL (tests/targets/calls_ioctl.c) makes every number, and strace names those it knows.
Numbers that no macro of the headers has (those of drivers that keep theirs to themselves) are tried
with usual sizes.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile

FOLDERS = ("linux", "drm", "sound", "misc", "mtd", "rdma", "scsi", "video", "xen", "cxl", "fwctl",
           "regulator", "asm-generic")
TRIPLETS = {"x86_64": "x86_64-linux-gnu", "i386": "i386-linux-gnu", "aarch64": "aarch64-linux-gnu",
            "arm": "arm-linux-gnueabihf"}
KVM_TYPE = 0xae  # commands of which every architecture has some of its own
SIZES = (1, 2, 4, 6, 8, 12, 16, 20, 24, 28, 32, 36, 40, 42, 44, 48, 64, 72, 4096)
# What the kernel's headers expect of the C library's.
LIBRARY = """
#include <stddef.h>
#define _STRUCT_TIMESPEC 1
typedef long time_t; typedef int pid_t, clockid_t; typedef unsigned uid_t; typedef _Bool bool;
typedef unsigned char u_char, u_int8_t, *caddr_t; typedef unsigned short u_int16_t, mode_t, domid_t;
typedef unsigned u_int, u_int32_t, grant_ref_t, socklen_t; typedef unsigned long xen_pfn_t, xen_ulong_t;
typedef unsigned long long u_quad_t, u_int64_t; typedef long off_t; typedef unsigned short sa_family_t;
struct timespec { time_t tv_sec; long tv_nsec; }; struct timeval { time_t tv_sec; long tv_usec; };
struct sockaddr { unsigned short sa_family; char sa_data[14]; };
"""
SHADOWED = ("time.h", "stdlib.h", "string.h", "unistd.h", "endian.h", "stdio.h", "byteswap.h",
            "sys/time.h", "sys/types.h", "sys/ioctl.h", "sys/socket.h", "net/if.h", "netinet/in.h")


class Headers:
    """Values of the macros of the headers, for one architecture at a time."""

    def __init__(self, options, scratch):
        self.options = options
        self.shadow = os.path.join(scratch, "library")
        for name in SHADOWED:
            path = os.path.join(self.shadow, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w", encoding="utf-8"):
                pass

    def compile(self, abi, arguments, text):
        include = self.options.headers
        return subprocess.run(
            [self.options.clang, "--target=" + TRIPLETS[abi], "-ffreestanding", "-nostdlibinc", "-w", "-x", "c",
             "-I", include, "-I", os.path.join(include, TRIPLETS[abi]), "-idirafter", self.shadow,
             *arguments, "-"], input=text, capture_output=True, text=True, check=False)

    def files(self, abi):
        roots = [(os.path.join(self.options.headers, folder), folder) for folder in FOLDERS]
        roots.append((os.path.join(self.options.headers, TRIPLETS[abi], "asm"), "asm"))
        for root, folder in roots:
            for at, _, names in sorted(os.walk(root)):
                for name in sorted(names):
                    path = os.path.join(at, name)
                    yield path, os.path.join(folder, os.path.relpath(path, root))

    def values(self, abi):
        """{macro: {value}} of what fits into 32 bits."""
        found = {}
        for path, header in self.files(abi):
            with open(path, encoding="utf-8", errors="replace") as file:
                macros = re.findall(r"^\s*#\s*define\s+([A-Za-z]\w*)[ \t]+\S", file.read(), re.M)
            prologue = LIBRARY + "#include <linux/types.h>\n#include <linux/ioctl.h>\n#include <%s>\n" % header
            for name, value in self.evaluate(abi, prologue, sorted(set(macros))):
                if value < 2 ** 32:
                    found.setdefault(name, set()).add(value)
        return found

    def evaluate(self, abi, prologue, macros):
        for _ in range(8):
            lines = ["#ifdef %s\n#line %d \"M\"\nunsigned long long V_%s = (unsigned long long)(%s);\n#endif\n" %
                     (m, i + 1, m, m) for i, m in enumerate(macros)]
            done = self.compile(abi, ["-S", "-o", "-", "-ferror-limit=0"], prologue + "".join(lines))
            wrong = {int(n) for n in re.findall(r"^M:(\d+):\d+: (?:fatal )?error", done.stderr, re.M)}
            if done.returncode == 0:
                return self.constants(done.stdout)
            if not wrong:
                break
            macros = [m for i, m in enumerate(macros) if i + 1 not in wrong]
        return []

    @staticmethod
    def constants(assembly):
        """(name, value) of the variables V_name in an assembler text."""
        for match in re.finditer(r"^V_(\w+):\n((?:\s+\.(?:quad|xword|zero|long|word)\s.*\n)+)", assembly, re.M):
            parts = re.findall(r"\.(\w+)\s+(-?\d\w*)", match[2])
            if not parts:
                continue
            if parts[0][0] == "zero":
                yield match[1], 0
            elif parts[0][0] in ("quad", "xword"):
                yield match[1], int(parts[0][1], 0) % 2 ** 64
            elif len(parts) == 2:
                yield match[1], int(parts[0][1], 0) % 2 ** 32 + (int(parts[1][1], 0) % 2 ** 32 << 32)


def names_of(options, abi, numbers, scratch):
    """{number: [names]} as strace says."""
    listing, output = os.path.join(scratch, "numbers"), os.path.join(scratch, "lines")
    with open(listing, "w", encoding="utf-8") as file:
        file.writelines("%x\n" % n for n in numbers)
    subprocess.run([options.strace, "-e", "trace=ioctl", "-o", output, options.calls, abi, "9", listing, "once"],
                   check=True)
    with open(output, encoding="utf-8", errors="replace") as file:
        lines = [line for line in file if line.startswith("ioctl(3, ")]
    if len(lines) != len(numbers):
        sys.exit("%d lines for %d calls" % (len(lines), len(numbers)))
    found = {}
    for number, line in zip(numbers, lines):
        name = re.match(r"((?:[^,()]|\([^()]*\))*)", line[len("ioctl(3, "):])[1].strip()
        names = [n for n in name.split(" or ") if re.fullmatch(r"\w+", n)]
        if names:
            found[number] = names
    return found


def collect(options, scratch):
    """{name: {abi: number}}"""
    headers = Headers(options, scratch)
    macros = {abi: headers.values(abi) for abi in TRIPLETS}
    known = sorted({v for found in macros.values() for values in found.values() for v in values}
                   | set(range(65536)))
    usual = [d << 30 | size << 16 | low for size in SIZES for d in (1, 2, 3) for low in range(65536)]
    commands = {}
    for abi, as_called in (("x86_64", "native"), ("i386", "i386")):
        for numbers in [known] + [usual[i:i + 10 ** 6] for i in range(0, len(usual), 10 ** 6)]:
            for number, names in names_of(options, as_called, numbers, scratch).items():
                for name in names:
                    commands.setdefault(name, {}).setdefault(abi, number)
    for name, values in commands.items():
        for abi, like in (("aarch64", "x86_64"), ("arm", "i386")):
            here = macros[abi].get(name, set())
            if like in values and (here or not any(name in macros[a] for a in ("x86_64", "i386"))):
                values[abi] = next(iter(here)) if len(here) == 1 else values[like]
    for name, values in macros["aarch64"].items():
        value = max(values)
        if name.startswith("KVM_ARM") and name not in commands and value >> 8 & 0xff == KVM_TYPE:
            commands[name] = {"aarch64": value}
    return commands


def entry(name, values):
    default = values.get("x86_64")
    parts = ["none" if default is None else "0x%x" % default]
    for abi in ("x86_64", "i386", "aarch64", "arm"):
        if abi not in values and default is not None:
            parts.append(abi + ":none")
        elif values.get(abi, default) != default:
            parts.append("%s:0x%x" % (abi, values[abi]))
    return "%s = %s" % (name, " ".join(parts))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--headers", required=True)
    parser.add_argument("--calls", required=True)
    parser.add_argument("--strace", default="strace")
    parser.add_argument("--clang", default="clang")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        commands = collect(options, scratch)
    print("# The names of the commands of ioctl, in the order of their type and number.\n"
          "# Made by ioctl_names.py of the headers of Linux 7.2; a number with several names has all of them.\n"
          "enum ioctl_name joined {")
    line = "   "
    for name in sorted(commands, key=lambda n: (next(iter(commands[n].values())) & 0xffff,
                                                next(iter(commands[n].values())) >> 30, n)):
        text = entry(name, commands[name])
        if len(line) + len(text) > 98:
            print(line)
            line = "   "
        line += (" " if line == "   " else "  ") + text
    print(line + "\n}")


if __name__ == "__main__":
    main()
