#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Tests of tools/check/sizes.py: growth without a higher row fails, and so does a higher row without a new reason."""
import subprocess
import sys
import tempfile
from pathlib import Path

sys.dont_write_bytecode = True
from program import run_program  # noqa: E402

TOOL = Path(__file__).resolve().parent.parent.parent / "tools/check/sizes.py"
BUDGET = "docs/sizes.txt"
ROWS = ". 1 1 begun\npond 3 2 begun\npond/deep 1 1 begun\n"
TREE = {"README": 1, "pond/a.c": 1, "pond/b.c": 2, "pond/deep/c.c": 1, "build/out.c": 9, "CHANGELOG.md": 7}
failed = 0


def write(root, name, text):
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def git(root, *words):
    subprocess.run(["git", "-C", str(root), "-c", "user.name=a", "-c", "user.email=a@example.com", *words],
                   capture_output=True, check=True)


def commit(root):
    git(root, "add", "--all", "--", ".", ":!build")
    git(root, "commit", "--message", "a commit")


def wants(claim, root, said, *words):
    """Runs the lint, or the tool with some words; an empty text stands for success."""
    global failed
    words = words or ("--budget", str(root / BUDGET))
    status, out, err = run_program(TOOL, "--root", root, *words)
    if (status == 0) != (not said) or said not in out:
        failed += 1
        print(f"FAILED: {claim}: status {status}, '{out}{err}' wants '{said}'")


def fill(root):
    for name, lines in TREE.items():
        write(root, name, "line\n" * lines)
    write(root, BUDGET, ROWS)


def growth(root):
    wants("a tree within its budget passes", root, "")
    write(root, "pond/b.c", "line\n" * 4)
    wants("a line more", root, "pond: 2 lines more than its 3 (grown: pond/b.c")
    write(root, BUDGET, ROWS.replace("pond 3", "pond 5"))


with tempfile.TemporaryDirectory() as name:
    root = Path(name)
    fill(root)
    growth(root)
    wants("without git no row is known to be raised", root, "")
    write(root, BUDGET, ROWS.replace("3 2 begun", "5 2"))
    wants("a row without a reason", root, "pond has no reason")
with tempfile.TemporaryDirectory() as name:
    root = Path(name)
    fill(root)
    git(root, "init")
    commit(root)
    write(root, BUDGET, "# A comment.\n" + ROWS)
    commit(root)
    growth(root)
    wants("a raised row with its old reason", root, "pond was raised from 3 lines and 2 files with the old reason")
    commit(root)
    wants("the same, committed", root, "pond was raised")
    write(root, BUDGET, ROWS.replace("pond 3 2 begun", "pond 5 2 deeper water"))
    wants("a raised row with its reason", root, "")
    commit(root)
    write(root, "sky/d.c", "line\n")
    git(root, "add", "sky")
    wants("a folder without a row counts for the rest", root, ".: 1 lines more than its 1 and 1 files more than its 1 (grown: sky/d.c +1)")
    git(root, "rm", "--quiet", "-r", "--cached", "sky")
    write(root, "pond/deep/c.c", "")
    write(root, "pond/b.c", "line\n" * 9)
    wants("rows are lowered", root, "", "--write")
    wants("but not raised", root, "pond: 5 lines more than its 5")
    rows = (root / BUDGET).read_text(encoding="utf-8")
    if "pond/deep      0    1 begun" not in rows or "pond           5    2 deeper water" not in rows:
        failed += 1
        print(f"FAILED: rows after --write: {rows}")
print(f"{failed} failed")
sys.exit(failed > 0)
