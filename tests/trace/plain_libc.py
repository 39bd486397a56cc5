"""A copy of the C library without debug information, for tests of what is shown then."""

import os
import re
import subprocess


def library_of(program):
    """The path of the C library that a program loads; None: it loads none, or none of glibc's."""
    listed = subprocess.run(["ldd", program], capture_output=True, text=True, check=False).stdout
    found = re.search(r"libc\.so\.6 => (\S+)", listed)
    return found.group(1) if found else None


def copy_without_debug_information(program, folder):
    """Puts a copy of the program's C library into `folder`, of which no debug information can be
    found: the copy has another build-id, and lies elsewhere. Returns the path; None: no glibc."""
    path = library_of(program)
    if path is None:
        return None
    with open(path, "rb") as file:
        content = bytearray(file.read())
    notes = subprocess.run(["readelf", "-n", path], capture_output=True, text=True, check=True).stdout
    build_id = re.search(r"Build ID: ([0-9a-f]+)", notes)
    if build_id:
        old = bytes.fromhex(build_id.group(1))
        at = content.find(old)
        content[at:at + len(old)] = bytes(255 - byte for byte in old)
    copy = os.path.join(folder, "libc.so.6")
    with open(copy, "wb") as file:
        file.write(content)
    return copy
