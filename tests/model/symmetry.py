#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Compares whole searches with symmetry reduction and without it.

Of each row with alike threads: the results by thread, permuted, are the same, and so is the number of executions that the
reduced search stands for. Prints by which factor the executions are fewer.

    symmetry.py PROGRAM [ROW...]
"""
import itertools
import os
import re
import subprocess
import sys


def search(program, rows, *options):
    """For each row: its executions, what they stand for, and the results that were reached."""
    environment = {name: value for name, value in os.environ.items() if name != "FILCH_MODEL_SECONDS"}
    output = subprocess.run([program, "--all", "--quiet", "--reached", *options, *rows], env=environment,
                            capture_output=True, text=True, check=False).stdout
    found, row = {}, None
    for line in output.splitlines():
        if match := re.match(r"(\w+) +all +(\d+) executions", line):
            row = found.setdefault(match[1], {"executions": int(match[2]), "reached": set(), "stands": None,
                                              "broken": line.endswith("BROKEN")})
        elif match := re.match(r"    stands for (\d+) executions", line):
            row["stands"] = int(match[1])
        elif match := re.match(r"    reached: (.*)", line):
            row["reached"].add(match[1])
    return found


def permuted(results):
    """Results by thread are digits; other places that a model reports are no thread's."""
    return {"".join(one) for result in results
            for one in (itertools.permutations(result) if result.isdigit() else [result])}


def findings_of(name, reduced, whole):
    if reduced["broken"] or whole["broken"]:
        yield f"{name}: broken"
    elif reduced["stands"] is not None and reduced["stands"] != whole["executions"]:
        yield f"{name}: the reduced search stands for {reduced['stands']} executions, not {whole['executions']}"
    if permuted(reduced["reached"]) != whole["reached"]:
        yield f"{name}: permuted results differ: {sorted(permuted(reduced['reached']) ^ whole['reached'])}"


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    program, rows = sys.argv[1], sys.argv[2:]
    reduced, whole = search(program, rows), search(program, rows, "--permuted")
    if not reduced or reduced.keys() != whole.keys():
        sys.exit(f"{program} reports other rows: {sorted(reduced.keys() ^ whole.keys())}")
    findings = []
    for name, row in reduced.items():
        findings += findings_of(name, row, whole[name])
        print(f"{name:28} {whole[name]['executions']:8} / {row['executions']:8} = "
              f"{whole[name]['executions'] / row['executions']:.2f}")
    if findings:
        sys.exit("\n".join(findings))


if __name__ == "__main__":
    main()
