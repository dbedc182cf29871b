#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""The table of docs/explore.md: how often each program fails by itself, and how soon filch explore finds its bug.

  table.py FILCH FOLDER [RUNS]     FOLDER has the programs of tests/explore; RUNS ordinary runs of each (1000)"""
import json
import os
import subprocess
import sys
from pathlib import Path

TIMEOUT = 5  # seconds; a run that waits forever is a failure


def fails(program):
    # A real deadlock ends by the detector; a wait that it does not see, by the timeout.
    environment = dict(os.environ, FILCH_DEADLOCK="die", FILCH_WORKERS="2")
    try:
        return subprocess.run([program], env=environment, capture_output=True, timeout=TIMEOUT, check=False).returncode != 0
    except subprocess.TimeoutExpired:
        return True


def explore(filch, program):
    run = subprocess.run([filch, "explore", "--seeds", "2000", "--json", program], capture_output=True, text=True, check=False)
    return json.loads(run.stdout)


def row(filch, program, runs):
    ordinary = sum(fails(program) for _ in range(runs))
    report = explore(filch, program)
    failure = report["failure"]
    if not failure:
        return f"| `{program.name}` | {ordinary} | not found by {report['seeds']} | {report['seconds']:.1f} | | | |"
    switches = len(failure["schedule"]) if failure["repeats"] else "not repeated"
    seconds = report["seconds"]
    return (f"| `{program.name}` | {ordinary} | {max(report['seeds'], 1)} | {seconds:.1f} | {failure['switches_found']} | "
            f"{switches} | {failure['end']} |")


def main():
    filch, folder = sys.argv[1:3]
    runs = int(sys.argv[3]) if len(sys.argv) > 3 else 1000
    for program in sorted(path for path in Path(folder).iterdir() if path.is_file() and os.access(path, os.X_OK)):
        if not program.name.startswith(("right_", "broken_", "deep_")):
            print(row(filch, program.resolve(), runs), flush=True)


if __name__ == "__main__":
    main()
