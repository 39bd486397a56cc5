"""The command line that the comparisons have in common."""

import argparse
import os
import shutil


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one line; status 2."""

    def __init__(self, description):
        super().__init__(description=description)
        self.add_argument("--ttrace", default=os.environ.get("TTRACE"))
        self.add_argument("--strace", default=os.environ.get("STRACE", "strace"))
        self.add_argument("--show", type=int, default=3, help="how many differing pairs of lines of each call")
        self.add_argument("--option", action="append", help="of both tracers, instead of those that are tried")

    def error(self, message):
        self.exit(2, f"{self.prog}: {message}\n")

    def parse(self):
        options = self.parse_args()
        if not options.ttrace:
            self.error("which ttrace? --ttrace or TTRACE in the environment names it")
        found = shutil.which(options.ttrace)
        if not found:
            self.error(f"no program '{options.ttrace}'")
        options.ttrace = os.path.abspath(found)
        return options
