#!/usr/bin/env python3
"""Writes prototype files into a C++ source. Run by meson: embed.py OUTPUT FILE..."""

import os
import sys

# Compilers need not take longer literals (C++20 [implimits]).
CHUNK = 8000


def literal(text):
    """The text as adjacent raw strings."""
    chunks = [text[i:i + CHUNK] for i in range(0, len(text), CHUNK)]
    return "\n".join('R"~~~(%s)~~~"' % chunk for chunk in chunks)


def main(output, *paths):
    rows = []
    for path in paths:
        with open(path, encoding="ascii") as file:
            rows.append('      {"%s"sv, %s""sv},\n' % (os.path.basename(path), literal(file.read())))
    with open(output, "w", encoding="ascii") as file:
        file.write('// Made by prototypes/embed.py of prototypes/*.prototypes. Edit those.\n'
                   '#include "functions/prototype_book.h"\n\n'
                   "using namespace std::string_view_literals;\n\n"
                   "namespace ttrace::prototypes {\n\n"
                   "std::vector<BuiltInFile> built_in_files() {\n  return {\n%s  };\n}\n\n"
                   "}  // namespace ttrace::prototypes\n" % "".join(rows))
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
