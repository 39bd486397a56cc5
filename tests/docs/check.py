#!/usr/bin/env python3
"""Holds the manual page and `ttrace --help` against each other.

usage: check.py TTRACE MANUAL

Every spelling of every option, with the form of its value ("-s N", "--quiet[=SET]"), must be in
both; the manual's text and synopsis may name no other option. --help must go to standard output,
succeed, and be the same as -h. If mandoc is there, it must have nothing to say about the page.
"""

import re
import shutil
import subprocess
import sys


def help_options(text):
    """The spellings of the options that a help text describes: its lines "  -x, --xxx  …"."""
    found = set()
    for line in text.splitlines():
        if re.match(r"  -", line):
            spellings = re.split(r"\s{2,}", line[2:])[0]
            found.update(spellings.split(", "))
    return found


def plain(words):
    """The text that the words of an mdoc line print, as far as options go."""
    text, glue = "", True
    for word in words:
        if word in ("Ns", "Oo", "Oc"):
            text += {"Ns": "", "Oo": "[", "Oc": "]"}[word]
            glue = True
        elif word == "Fl":
            text += ("" if glue else " ") + "-"
            glue = True
        elif word == "Ar":
            text += "" if glue else " "
            glue = True
        else:
            text += ("" if glue else " ") + word
            glue = False
    return text


def manual_options(source):
    """The spellings that the manual's .It lines describe. -ff and -ttt repeat a letter: -f, -t."""
    found = set()
    for line in source.splitlines():
        if not line.startswith(".It Fl "):
            continue
        for spelling in " ".join(line.split()[1:]).split(" , "):
            text = plain(spelling.split())
            found.add(re.sub(r"^-(\w)\1+$", r"-\1", text))
    return found


def manual_mentions(source):
    """Every option that the manual names, without values: "-s", "--quiet"."""
    found = set()
    for line in source.splitlines():
        if not line.startswith("."):
            continue
        words = line[1:].split()
        for i, word in enumerate(words[:-1]):
            if word != "Fl":
                continue
            name = words[i + 1]
            if name.startswith("-"):
                found.add("-" + name)
            else:  # bundled letters
                found.update("-" + letter for letter in name if letter.isalnum())
    return found


def without_value(spelling):
    return re.split(r"[ =\[]", spelling)[0]


def compare(help_text, source):
    """What is wrong, a line each."""
    in_help, in_manual = help_options(help_text), manual_options(source)
    if not in_help:
        yield "--help describes no options"
    for spelling in sorted(in_help - in_manual):
        yield f"not in the manual, but in --help: {spelling}"
    for spelling in sorted(in_manual - in_help):
        yield f"not in --help, but in the manual: {spelling}"
    known = {without_value(spelling) for spelling in in_help | in_manual}
    for name in sorted(manual_mentions(source) - known):
        yield f"the manual mentions an option that there is not: {name}"


def run_help(program, option, errors):
    """The help text; what is wrong with how it came is added to `errors`."""
    done = subprocess.run([program, option], stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode != 0:
        errors.append(f"{option} ends with status {done.returncode}")
    if done.stderr:
        errors.append(f"{option} writes to standard error: {done.stderr.strip()}")
    return done.stdout


def lint(manual):
    # The machine's other manual pages are no concern of this page.
    command = ["mandoc", "-T", "lint", "-W", "style", manual]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    for line in done.stdout.splitlines():
        if "referenced manual not found" not in line and "outdated mandoc.db" not in line:
            yield line


def main(program, manual):
    errors = []
    texts = {option: run_help(program, option, errors) for option in ("--help", "-h")}
    if texts["--help"] != texts["-h"]:
        errors.append("-h and --help differ")
    with open(manual, encoding="utf-8") as file:
        errors.extend(compare(texts["--help"], file.read()))
    if shutil.which("mandoc"):
        errors.extend(lint(manual))
    else:
        print("mandoc is not there: the manual's form is not checked")
    for error in errors:
        print(error)
    if not errors:
        print(f"{len(help_options(texts['--help']))} spellings of options agree")
    return 1 if errors else 0


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1], sys.argv[2]))
