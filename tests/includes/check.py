#!/usr/bin/env python3
"""Checks that the sources keep the direction of docs/architecture.md.

Usage: check.py PROJECT_FOLDER. Prints one line for each violation and exits with 1 when there is one.
"""

import os
import re
import sys

# Layer -> the layers whose headers it may include, besides its own.
MAY_USE = {
    "base": set(),
    "event": {"base"},
    "output": {"base", "event"},
    "cli": {"base", "event"},
    "arch": {"base", "event"},
    "os": {"base", "event", "arch"},
    "symbols": {"base", "event", "arch", "os"},
    "decode": {"base", "event", "arch", "os"},
    "functions": {"base", "event", "arch", "os", "symbols", "decode"},
    # trace/ joins everything but the command line; it gets the sink passed in.
    "trace": {"base", "event", "arch", "os", "symbols", "decode", "functions"},
    "main": {"base", "event", "arch", "os", "symbols", "decode", "functions", "trace", "output", "cli"},
}

INCLUDE = re.compile(r'^\s*#\s*include\s*(["<])([^">]+)[">]')
ARCHITECTURE = re.compile(r"\b__(x86_64|i386|aarch64|amd64|arm)__\b")
COMMENTS_AND_STRINGS = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"', re.DOTALL)
SOURCE_SUFFIXES = (".cpp", ".h", ".c", ".inc")


def without_comments_and_strings(text):
    """Keeps the line breaks, so that line numbers stay true."""
    return COMMENTS_AND_STRINGS.sub(lambda m: "\n" * m.group().count("\n"), text)


def layer_of(path):
    """src-relative path -> layer; files directly in src/ belong to main."""
    first, _, rest = path.partition("/")
    return first if rest else "main"


def check_file(path, text):
    """Yields the violations in one file; `path` is relative to src/."""
    layer = layer_of(path)
    if layer not in MAY_USE:
        yield f"src/{path}: '{layer}' is no layer of the architecture"
        return
    for number, line in enumerate(text.splitlines(), 1):
        include = INCLUDE.match(line)
        if not include:
            continue
        bracket, header = include.groups()
        where = f"src/{path}:{number}"
        if bracket == "<":
            if header in ("sys/ptrace.h", "linux/ptrace.h") and layer != "os":
                yield f"{where}: <{header}> belongs to os/ only"
            continue
        if header.startswith("."):
            yield f'{where}: "{header}": includes are relative to src/'
        # Generated headers carry no folder and belong to whoever includes them.
        used = layer_of(header) if "/" in header else layer
        if used not in MAY_USE:
            yield f'{where}: "{header}" belongs to no layer'
        elif used != layer and used not in MAY_USE[layer]:
            yield f'{where}: {layer}/ may not include {used}/ ("{header}")'
    if layer != "arch":
        for number, line in enumerate(without_comments_and_strings(text).splitlines(), 1):
            if ARCHITECTURE.search(line):
                yield f"src/{path}:{number}: what differs between processors belongs to arch/"


def check_listed(sources, meson_texts):
    """Yields the sources that no meson.build names: they would silently not be compiled."""
    for path in sources:
        if not path.endswith((".cpp", ".c")):
            continue
        folder, _, name = path.rpartition("/")
        # In the folder's own meson.build, or with its path in one further up.
        candidates = [(folder, name)]
        while folder:
            folder, _, last = folder.rpartition("/")
            name = f"{last}/{name}"
            candidates.append((folder, name))
        if not any(f"'{name}'" in meson_texts.get(folder, "") for folder, name in candidates):
            yield f"src/{path}: listed in no meson.build"


def check_tree(root):
    source_root = os.path.join(root, "src")
    sources, meson_texts = [], {}
    for folder, folders, names in os.walk(source_root):
        folders.sort()
        relative = os.path.relpath(folder, source_root).replace(os.sep, "/")
        relative = "" if relative == "." else relative
        for name in sorted(names):
            if name == "meson.build":
                with open(os.path.join(folder, name), encoding="utf-8") as file:
                    meson_texts[relative] = file.read()
            elif name.endswith(SOURCE_SUFFIXES):
                sources.append(f"{relative}/{name}" if relative else name)
    violations = [] if sources else [f"{source_root}: no sources"]
    for path in sources:
        with open(os.path.join(source_root, path), encoding="utf-8") as file:
            violations += check_file(path, file.read())
    violations += check_listed(sources, meson_texts)
    return violations


def main():
    violations = check_tree(sys.argv[1])
    for violation in violations:
        print(violation)
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main())
