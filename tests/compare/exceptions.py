"""Where ttrace and a strace may differ, and why. ttrace prints what the newest strace prints."""

import re
import subprocess

# (from this version on strace prints what ttrace does; None: never), what a line is about, a regular
# expression that it matches, why.
EXCEPTIONS = [
    ((6, 3), r"rseq", r"", "strace 6.3 began to decode rseq"),
    ((7, 0), r".*", r"eventfd-count=", "older straces do not describe eventfds"),
    (None, r"pkey_alloc", r"PKEY_DISABLE_READ", "strace does not know arm64's PKEY_DISABLE_READ"),
    (None, r"ptrace", r"COMPAT_PTRACE_", "strace names requests that only 32-bit programs can make on arm64"),
    ((6, 6), r"epoll_(ctl|p?wait2?)", r"data=", "older straces print both halves of epoll_data"),
]


def version(strace):
    """The version of a strace as numbers: (7, 2); None when there is none to run."""
    try:
        run = subprocess.run([strace, "-V"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
    except OSError:
        return None
    match = re.search(rb"version (\d+)\.(\d+)", run.stdout)
    return tuple(map(int, match.groups())) if match else None


def text(strace_version):
    return ".".join(map(str, strace_version))


def excuse(strace_version):
    """A function (name, strace's line, ttrace's line) -> why they may differ, or None."""
    rows = [row for row in EXCEPTIONS if row[0] is None or strace_version < row[0]]

    def find(name, line, ours):
        for _, names, text, why in rows:
            if re.fullmatch(names, name) and (re.search(text, line) or re.search(text, ours)):
                return why
        return None

    return find
