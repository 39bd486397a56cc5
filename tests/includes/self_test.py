#!/usr/bin/env python3
"""The include check finds what it is there for."""

import os
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import check  # noqa: E402


class FileRules(unittest.TestCase):
    def violations(self, path, text):
        return list(check.check_file(path, text))

    def test_downward_include_is_fine(self):
        self.assertEqual(self.violations("os/a.cpp", '#include "base/fd.h"\n#include "os/a.h"\n'), [])

    def test_upward_include(self):
        found = self.violations("base/a.cpp", '#include <x>\n#include "os/a.h"\n')
        self.assertEqual(found, ['src/base/a.cpp:2: base/ may not include os/ ("os/a.h")'])

    def test_output_never_sees_os_or_trace(self):
        self.assertEqual(len(self.violations("output/a.h", '#include "os/a.h"')), 1)
        self.assertEqual(len(self.violations("output/a.h", '# include "trace/a.h"')), 1)

    def test_cli_does_not_see_os(self):
        self.assertEqual(len(self.violations("cli/a.cpp", '#include "os/a.h"')), 1)

    def test_main_may_include_all(self):
        every = "".join(f'#include "{layer}/a.h"\n' for layer in check.MAY_USE if layer != "main")
        self.assertEqual(self.violations("main.cpp", every), [])

    def test_ptrace_outside_os(self):
        self.assertEqual(self.violations("os/a.cpp", "#include <sys/ptrace.h>"), [])
        self.assertEqual(len(self.violations("trace/a.cpp", "#include <sys/ptrace.h>")), 1)

    def test_processor_outside_arch(self):
        self.assertEqual(self.violations("arch/a.cpp", "#ifdef __x86_64__\n#endif"), [])
        found = self.violations("os/a.cpp", "/* two\nlines */\n#if defined(__aarch64__)\n#endif")
        self.assertEqual(found, ["src/os/a.cpp:3: what differs between processors belongs to arch/"])

    def test_processor_in_a_comment_is_fine(self):
        self.assertEqual(self.violations("os/a.cpp", "// not __x86_64__\n"), [])

    def test_relative_include(self):
        self.assertTrue(self.violations("os/a.cpp", '#include "../base/fd.h"'))

    def test_unknown_layer(self):
        self.assertEqual(len(self.violations("misc/a.cpp", "")), 1)


class TreeRules(unittest.TestCase):
    def tree(self, files):
        root = tempfile.mkdtemp()
        self.addCleanup(__import__("shutil").rmtree, root)
        for path, text in files.items():
            full = os.path.join(root, "src", path)
            os.makedirs(os.path.dirname(full), exist_ok=True)
            with open(full, "w", encoding="utf-8") as file:
                file.write(text)
        return check.check_tree(root)

    def test_listed(self):
        self.assertEqual(self.tree({"os/a.cpp": "", "os/meson.build": "files('a.cpp')"}), [])

    def test_listed_further_up(self):
        files = {"decode/custom/a.cpp": "", "decode/meson.build": "files('custom/a.cpp')"}
        self.assertEqual(self.tree(files), [])

    def test_not_listed(self):
        found = self.tree({"os/a.cpp": "", "os/meson.build": "files('other_a.cpp')"})
        self.assertEqual(found, ["src/os/a.cpp: listed in no meson.build"])

    def test_empty_tree(self):
        self.assertEqual(len(self.tree({})), 1)


if __name__ == "__main__":
    unittest.main()
