"""What a run of a program left behind, and how two runs differ."""

import hashlib
import os
import stat


class Result:
    """`status` as Popen's returncode; `output` and `errors`: what it wrote, `files`: {name: what it is}."""

    def __init__(self, status, output, errors, files):
        self.status, self.output, self.errors, self.files = status, output, errors, files

    def differences(self, other):
        """What `other` has differently, one line each; none: they are the same."""
        found = []
        if self.status != other.status:
            found.append(f"exit status {self.status} became {other.status}")
        for name in ("output", "errors"):
            found += different_lines(name, getattr(self, name), getattr(other, name))
        for name in sorted(self.files.keys() | other.files.keys()):
            before, after = self.files.get(name, "missing"), other.files.get(name, "missing")
            if before != after:
                found.append(f"{name}: {before} became {after}")
        return found


def different_lines(name, before, after):
    if before == after:
        return []
    before, after = before.splitlines(), after.splitlines()
    for number, (left, right) in enumerate(zip(before, after), 1):
        if left != right:
            return [f"{name}, line {number}: {left[:100]!r} became {right[:100]!r}"]
    return [f"{name}: {len(before)} lines became {len(after)}"]


def described(path):
    about = os.lstat(path)
    mode = oct(stat.S_IMODE(about.st_mode))
    if stat.S_ISLNK(about.st_mode):
        return f"link to {os.readlink(path)}"
    if not stat.S_ISREG(about.st_mode):
        return f"{stat.filemode(about.st_mode)}"
    with open(path, "rb") as file:
        return f"{about.st_size} bytes {mode} {hashlib.sha256(file.read()).hexdigest()[:16]}"


def files_in(folder, ignored):
    """{name: what it is} of all below; a name of `ignored` and what is below it is left out."""
    found = {}
    for place, folders, names in os.walk(folder):
        for name in folders + names:
            path = os.path.join(place, name)
            short = os.path.relpath(path, folder)
            if not any(short == one or short.startswith(one + "/") for one in ignored):
                found[short] = described(path)
    return found
