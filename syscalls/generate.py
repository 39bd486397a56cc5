#!/usr/bin/env python3
"""Compiles descriptions of syscalls into C++ tables. Run by meson.

Writes the tables, a header that names them, and C files of assertions against the kernel's headers.
What is wrong with a description goes to stderr as "file:line: error: ...", exit status 1.
"""

import argparse
import sys

from compiler import emit
from compiler.lower import Lowering
from compiler.model import Description
from compiler.parser import parse


def compile_texts(texts) -> Lowering:
    """Compiles {file name: text}. Look at `.errors` of the result first."""
    description = Description()
    for name, text in texts.items():
        parse(name, text, description)
    lowering = Lowering(description)
    lowering.run()
    description.errors.sort(key=lambda e: e.where)
    return lowering


def main(arguments) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tables", required=True, help="the C++ file to write")
    parser.add_argument("--header", required=True, help="the C++ header of names to write")
    parser.add_argument("--checks", nargs=2, action="append", default=[], metavar=("ABI", "FILE"),
                        help="a C file of assertions against an architecture's headers to write")
    parser.add_argument("files", nargs="+", metavar="FILE.syscalls")
    options = parser.parse_args(arguments)
    texts = {}
    for path in options.files:
        with open(path, encoding="utf-8") as file:
            texts[path] = file.read()
    lowering = compile_texts(texts)
    seen = set()
    for error in lowering.errors:
        if str(error) not in seen:
            print(error, file=sys.stderr)
        seen.add(str(error))
    if lowering.errors:
        return 1
    checks = [(path, emit.kernel_checks(lowering, abi)) for abi, path in options.checks]
    for path, content in [(options.tables, emit.cxx(lowering)), (options.header, emit.header(lowering)), *checks]:
        with open(path, "w", encoding="utf-8") as file:
            file.write(content)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
