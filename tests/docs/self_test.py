#!/usr/bin/env python3
"""The check of the documentation finds what it is there for."""

import os
import stat
import sys
import tempfile
import unittest
from contextlib import redirect_stdout
from io import StringIO

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import check  # noqa: E402

HELP = """Usage: x [-f] PROG
  indented prose
Group:
  -f, --follow             text -x, --no-option
  -s N, --limit=N          text
  -q, --quiet[=SET], --silent[=SET]
                           text
"""
MANUAL = """.Nm x
.Op Fl fq
.Op Fl s Ar N
.It Fl f , Fl -follow
.It Fl ff
Twice.
.It Fl s Ar N , Fl -limit Ns = Ns Ar N
.It Fl q , Fl -quiet Ns Oo = Ns Ar SET Oc , Fl -silent Ns Oo = Ns Ar SET Oc
"""


class Compare(unittest.TestCase):
    def errors(self, help_text=HELP, manual=MANUAL):
        return list(check.compare(help_text, manual))

    def test_equal(self):
        self.assertEqual(self.errors(), [])
        self.assertEqual(check.help_options(HELP), {"-f", "--follow", "-s N", "--limit=N", "-q",
                                                    "--quiet[=SET]", "--silent[=SET]"})

    def test_missing_in_manual(self):
        self.assertEqual(self.errors(help_text=HELP + "  -z, --zed  text\n"),
                         ["not in the manual, but in --help: --zed",
                          "not in the manual, but in --help: -z"])

    def test_missing_in_help(self):
        self.assertEqual(self.errors(manual=MANUAL + ".It Fl -zed\n"),
                         ["not in --help, but in the manual: --zed"])

    def test_other_value(self):
        self.assertEqual(len(self.errors(manual=MANUAL.replace("Fl s Ar N", "Fl s Ar M"))), 2)
        self.assertEqual(len(self.errors(help_text=HELP.replace("quiet[=SET]", "quiet=SET"))), 2)

    def test_mention_of_nothing(self):
        self.assertEqual(self.errors(manual=MANUAL + "See\n.Fl fz .\n"),
                         ["the manual mentions an option that there is not: -z"])

    def test_empty_help(self):
        self.assertIn("--help describes no options", self.errors(help_text=""))


class Main(unittest.TestCase):
    def run_main(self, script, manual=MANUAL):
        with tempfile.TemporaryDirectory() as folder:
            program, page = os.path.join(folder, "x"), os.path.join(folder, "x.1")
            with open(program, "w", encoding="utf-8") as file:
                file.write("#!/bin/sh\n" + script)
            os.chmod(program, os.stat(program).st_mode | stat.S_IXUSR)
            with open(page, "w", encoding="utf-8") as file:
                file.write(manual)
            output = StringIO()
            with redirect_stdout(output):
                status = check.main(program, page)
            return status, output.getvalue()

    def test_failing_program(self):
        status, output = self.run_main("echo oops >&2; exit 3")
        self.assertEqual(status, 1)
        self.assertIn("--help ends with status 3", output)
        self.assertIn("-h writes to standard error: oops", output)

    def test_different_texts(self):
        status, output = self.run_main('echo "$1"')
        self.assertEqual(status, 1)
        self.assertIn("-h and --help differ", output)


if __name__ == "__main__":
    unittest.main()
