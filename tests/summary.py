#!/usr/bin/env python3
"""Reads meson's results (testlog.json), or what TAP tests wrote (NAME.tap), and ends with one line:
N passed, N failed, N skipped.

A TAP test counts with each of its cases, any other test as one. Prints every failure by name and
every skip with its reason. Exit status: 0 when nothing failed and something passed.

--beside LOG (first): the results are a guest's; the counts of each test stand beside those in LOG, which the tests
on this machine wrote.
"""

import json
import os
import platform
import re
import sys

TAP_CASE = re.compile(r"^(not )?ok\b[ \d]*(?:- )?(.*?)(?:\s+#\s*skip\b:?\s*(.*))?$", re.IGNORECASE)
PASSED = ("OK", "EXPECTEDFAIL")


def cases_of(test):
    """Yields (name, outcome, reason); outcome is 'passed', 'failed' or 'skipped'."""
    name, result, output = test["name"], test["result"], test.get("stdout", "")
    if re.search(r"^1\.\.\d+", output, re.MULTILINE):
        failed_case = False
        for line in output.splitlines():
            case = TAP_CASE.match(line)
            if not case:
                continue
            title = f"{name}: {case.group(2).strip()}"
            if case.group(1):
                failed_case = True
                yield title, "failed", ""
            elif case.group(3) is not None:
                yield title, "skipped", case.group(3)
            else:
                yield title, "passed", ""
        # A program that died after its last case failed although no case says so.
        if result not in PASSED + ("SKIP",) and not failed_case:
            yield name, "failed", result.lower()
    elif result in PASSED:
        yield name, "passed", ""
    elif result == "SKIP":
        lines = [line for line in output.splitlines() if line.strip()]
        yield name, "skipped", lines[-1].strip() if lines else "no reason given"
    else:
        yield name, "failed", result.lower()


def tests_of(path):
    """The tests of a log of meson's; the one whose output a .tap file is."""
    with open(path, encoding="utf-8", errors="replace") as log:
        if not path.endswith(".tap"):
            return [json.loads(line) for line in log if line.strip()]
        output = log.read()
    planned = re.search(r"^1\.\.(\d+)", output, re.MULTILINE)
    cases = sum(bool(TAP_CASE.match(line)) for line in output.splitlines())
    return [{"name": os.path.basename(path)[:-len(".tap")], "stdout": output,
             "result": "OK" if planned and int(planned.group(1)) == cases else "did not end"}]


def counts_of(test):
    """How many cases of a test passed, failed and were skipped, as text; '-' without such a test."""
    if test is None:
        return "-"
    outcomes = [outcome for _, outcome, _ in cases_of(test)]
    return " ".join(str(outcomes.count(kind)) for kind in ("passed", "failed", "skipped"))


def print_beside(path, paths):
    """A table: each test's counts in the guest, and those in `path` where it has any."""
    guest = {test["name"]: test for one in paths if os.path.exists(one) for test in tests_of(one)}
    # Meson's own log has the suite in front of the name.
    here = {test["name"].rpartition(" / ")[2]: test for test in tests_of(path)} if os.path.exists(path) else {}
    print(f"{'passed, failed, skipped':30} {'guest':>12} {platform.machine():>12}"
          + ("" if here else "  (nothing was run here)"))
    for name, test in guest.items():
        print(f"{name:30} {counts_of(test):>12} {counts_of(here.get(name)):>12}")


def main():
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    notes = []
    paths = sys.argv[1:]
    if paths[:1] == ["--beside"]:
        beside, paths = paths[1], paths[2:]
        print_beside(beside, paths)
    for path in paths:
        try:
            tests = tests_of(path)
        except OSError as error:
            notes.append(f"failed: no results: {error}")
            counts["failed"] += 1
            continue
        for test in tests:
            for name, outcome, reason in cases_of(test):
                counts[outcome] += 1
                if outcome != "passed":
                    notes.append(f"{outcome}: {name}" + (f": {reason}" if reason else ""))
    for note in sorted(notes, reverse=True):
        print(note)
    print("{passed} passed, {failed} failed, {skipped} skipped".format(**counts))
    return 1 if counts["failed"] or not counts["passed"] else 0


if __name__ == "__main__":
    sys.exit(main())
