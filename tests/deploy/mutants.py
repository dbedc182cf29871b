# SPDX-License-Identifier: MIT OR Apache-2.0
"""usage: mutants.py NAME

Breaks copies of tools/deploy by the rows of mutants/NAME, and fails if `check.sh NAME` lets one pass. A row is

  FILE below tools/deploy | expression of sed -E | text that the check prints | why the change is a fault

A row that begins with `&` is applied to the same copy as the row above it, and one run has to print the texts of both. So one
change must not hide another, and texts must tell them apart. Status 77: the check is skipped."""
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
DEPLOY = HERE.parent.parent / "tools" / "deploy"


def copies(name):
    """For each copy, the columns of its rows."""
    found = []
    for line in (HERE / "mutants" / name).read_text(encoding="utf-8").splitlines():
        if line and line[0] != "#":
            found += [] if line[0] == "&" else [[]]
            found[-1].append([column.strip() for column in line.removeprefix("&").split("|")])
    return found


def check(name, folder):
    run = subprocess.run(["bash", HERE / "check.sh", name, folder], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                         stderr=subprocess.STDOUT, text=True, check=False)
    return run.returncode, run.stdout


def spoil(path, expression):
    """Whether the file is there and was changed."""
    before = path.read_bytes() if path.is_file() else None
    return before and not subprocess.run(["sed", "-E", "-i", expression, path], check=False).returncode and path.read_bytes() != before


def judge(name, rows):
    """The faults of the rows of a copy, or of the check."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(shutil.copytree(DEPLOY, Path(folder, "copy")))
        unchanged = [row for row in rows if not spoil(copy / row[0], row[1])]
        status, log = check(name, copy)
    for file, expression, text, why in rows:
        if status in (0, 77):
            yield f"{file}: {expression}: a mutant survives: {why}"
        elif text not in log:
            yield f"{file}: {expression}: the check does not print '{text}': {log}"
    yield from (f"{file}: {expression} changes nothing" for file, expression, *_ in unchanged)


def main(name):
    table, (status, log) = copies(name), check(name, DEPLOY)
    if status or not table:
        print(log if status == 77 else f"FAILED: the table has rows, and the check passes for the files as they are: {log}")
        sys.exit(77 if status == 77 else 1)
    faults = [fault for rows in table for fault in judge(name, rows)]
    for fault in faults:
        print(f"FAILED: {fault}")
    print(f"{sum(map(len, table))} mutants")
    sys.exit(bool(faults))


main(sys.argv[1])
