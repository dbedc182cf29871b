#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""The lint of prose finds what tests/lint/prose/expected lists, and nothing else."""
import re
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
TREE = HERE / "prose"
TOOL = HERE.parent.parent / "tools" / "check_prose.py"
sys.dont_write_bytecode = True
from program import run_program  # noqa: E402

failures = []


def claim(text, holds):
    if not holds:
        failures.append(text)
        print("FAILED:", text)


def lint(*arguments):
    status, out, err = run_program(TOOL, *arguments)
    return status, out.splitlines(), err


def rules():
    expected = (TREE / "expected").read_text(encoding="utf-8").splitlines()
    status, out, _ = lint("--root", TREE, ".")
    found = sorted(re.match(r"[^:]+:\d+: \w+", line)[0] for line in out)
    claim(f"finds {sorted(expected)}, found {found}", found == sorted(expected))
    claim("findings end with status 1", status == 1)
    claim("each finding says what to do", all(re.search(r"\(.+\)$", line) for line in out))
    claim("a good file ends with status 0", lint("--root", TREE, "docs/good.md")[:2] == (0, []))
    status, out, err = lint("--root", TREE, "nowhere.txt2")
    claim("a path without prose is an error, never a silent success", status and not out and err)


rules()
print(f"{len(failures)} failures")
sys.exit(1 if failures else 0)
