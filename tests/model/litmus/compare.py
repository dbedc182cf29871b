#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Compares the outcomes that the model checker produces for each litmus program with those that the axioms allow.

The two sets have to be equal. An outcome too many is a fault of the checker, and one too few hides faults of the library.

    compare.py MODEL_LITMUS
"""
import os
import re
import subprocess
import sys

sys.dont_write_bytecode = True
import programs  # noqa: E402
import rc11  # noqa: E402


def produced_by(program):
    """For each row: the set of outcomes that the checker reports."""
    environment = {name: value for name, value in os.environ.items() if name != "FILCH_MODEL_SECONDS"}
    output = subprocess.run([program, "--all", "--quiet"], env=environment, capture_output=True, text=True).stdout
    found = re.findall(r"^(\w+) .* exact: (.*)$|^(\w+): BROKEN: outcomes are \{(.*?)\}", output, re.M)
    return {name or broken: set((exact or wrong).split()) for name, exact, broken, wrong in found}


def explanation(program, produced):
    """The one limit that leaves just these outcomes, in words; none: nothing."""
    for limit, words in rc11.LIMITS.items():
        if rc11.outcomes(program, {limit}) == produced:
            return f" (as if: {words})"
    return ""


def findings_of(program, produced):
    allowed = rc11.outcomes(program)
    too_many, too_few = produced - allowed, allowed - produced
    if too_many:
        yield f"{program.name}: the checker produces outcomes that the axioms forbid: {' '.join(sorted(too_many))}"
    if too_few:
        yield (f"{program.name}: the axioms allow outcomes that the checker does not produce: "
               f"{' '.join(sorted(too_few))}{explanation(program, produced)}")


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    whole = programs.read(programs.TABLE.read_text(encoding="utf-8"))
    table = [program for program in whole if program.runs()]
    produced = produced_by(sys.argv[1])
    silent = [program.name for program in table if program.name not in produced]
    if silent:
        sys.exit(f"{sys.argv[1]} reports no outcomes of: {' '.join(silent)}")
    findings = [finding for program in table for finding in findings_of(program, produced[program.name])]
    if findings:
        sys.exit("\n".join(findings))
    print(f"{len(table)} programs: the checker produces exactly what the axioms allow; "
          f"{len(whole) - len(table)} more have fences that the library has not")


if __name__ == "__main__":
    main()
