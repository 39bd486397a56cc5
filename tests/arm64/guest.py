#!/usr/bin/env python3
"""guest.py TESTS RESULTS: runs in the guest; runs the tests that the file TESTS lists, one after the
other, and writes a line of JSON for each into RESULTS (a serial port), as meson's testlog.json has
them. Exit status: 0 when no test failed.

A test that does not end in its time is killed with all that it started, and has failed.
"""

import json
import os
import signal
import subprocess
import sys
import time

LONGEST_OUTPUT = 100_000


def kill_all():
    """Everything but this and the first process: what a test has left behind, too."""
    for name in os.listdir("/proc"):
        if not name.isdigit() or int(name) in (1, os.getpid()):
            continue
        try:
            if os.readlink(f"/proc/{name}/exe"):
                os.kill(int(name), signal.SIGKILL)
        except OSError:  # a kernel thread has no exe
            pass


def run(test, limit):
    environment = dict(os.environ, **test["env"])
    begin = time.monotonic()
    os.makedirs(test["folder"], exist_ok=True)
    with open("/tmp/output", "w+b") as output, open("/tmp/errors", "w+b") as errors:
        process = subprocess.Popen(test["command"], env=environment, cwd=test["folder"], stdin=subprocess.DEVNULL,
                                   stdout=output, stderr=errors)
        try:
            status = process.wait(timeout=min(test["timeout"], limit))
            result = {0: "OK", 77: "SKIP"}.get(status, "FAIL")
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            result, status = "TIMEOUT", None
        kill_all()
        texts = []
        for file in (output, errors):
            file.seek(0)
            texts.append(file.read()[-LONGEST_OUTPUT:].decode(errors="backslashreplace"))
    return {"name": test["name"], "result": result, "returncode": status, "duration": time.monotonic() - begin,
            "stdout": texts[0], "stderr": texts[1]}


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        plan = json.load(file)
    end = time.monotonic() + plan["seconds"]
    failed = 0
    with open(sys.argv[2], "w", encoding="utf-8") as results:
        for test in plan["tests"]:
            left = end - time.monotonic()
            if left > 1:
                result = run(test, left)
            else:
                result = {"name": test["name"], "result": "TIMEOUT", "returncode": None, "duration": 0,
                          "stdout": "", "stderr": "there was no time left for it"}
            failed += result["result"] not in ("OK", "SKIP")
            print(f"### {result['result']:7} {result['duration']:6.1f} s  {test['name']}", flush=True)
            results.write(json.dumps(result) + "\n")
            results.flush()
        results.write("end\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
