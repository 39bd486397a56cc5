#!/usr/bin/env python3
"""How many functions begin with an instruction that is emulated: bench-step-coverage over the C and the
C++ library, python3, the Go runtime and a large C++ program, as far as they are here.

coverage.py BENCH-STEP-COVERAGE
"""

import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile

WANTED = 90  # percent of the entries
FOLDERS = ["/lib/*-linux-gnu", "/lib64", "/usr/lib64", "/usr/bin"]
# The first that is there of each. LLVM's library is the largest C++ program whose names a distribution
# leaves in: compilers and debuggers are stripped.
FILES = [["libc.so.6"], ["libstdc++.so.6"], ["python3.??"],
         ["libLLVM-*.so.1", "libLLVM.so.*", "libclang-cpp.so.*", "libwebkit2gtk-4.*.so.*"]]
GO = 'package main\n\nfunc main() { println("hello") }\n'


def find(names):
    for name in names:
        for folder in FOLDERS:
            # Not another machine's library of that name.
            found = [path for path in glob.glob(os.path.join(folder, name)) if "-cross" not in path]
            if found:
                return sorted(found)[0]
    return None


def go_program(folder):
    """A program that has the Go runtime; None: there is no Go compiler."""
    if not shutil.which("go"):
        return None
    source = os.path.join(folder, "hello.go")
    program = os.path.join(folder, "hello-go")
    with open(source, "w", encoding="utf-8") as file:
        file.write(GO)
    environment = {**os.environ, "GOCACHE": os.path.join(folder, "cache"), "GO111MODULE": "off"}
    run = subprocess.run(["go", "build", "-o", program, source], env=environment, check=False)
    return program if run.returncode == 0 else None


def main():
    tool = sys.argv[1]
    text = ""
    with tempfile.TemporaryDirectory() as folder:
        runs = []
        for names in FILES:
            path = find(names)
            if path:
                runs.append([tool, path])
            else:
                print(f"none of {', '.join(names)} is here")
        program = go_program(folder)
        if program:
            runs.append([tool, "--funcs", r"^runtime\.", program])
        else:
            print("no Go compiler is here")
        for command in runs:
            run = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
            print(run.stdout, end="", flush=True)
            text += run.stdout
    shares = [float(share) for share in re.findall(r" entries .* ([\d.]+)% emulated", text)]
    if shares:
        print(f"least of the entries: {min(shares):.2f}% ({WANTED}% are wanted)")
    return 0 if shares and min(shares) >= WANTED else 1


if __name__ == "__main__":
    sys.exit(main())
