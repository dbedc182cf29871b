#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Tests of tools/check/same_code.py: moved functions are the same; one with another constant, or another callee, is not."""
import subprocess
import sys
import tempfile
from pathlib import Path

sys.dont_write_bytecode = True
from program import run_program  # noqa: E402

TOOL = Path(__file__).resolve().parent.parent.parent / "tools/check/same_code.py"
FLAGS = ("-O1", "-fno-inline", "-fPIC", "-ffunction-sections")
ONE = 'int puts(const char *);\nint one(int n) { for (int i = 0; i < n; i++) if (n % 3 == i) puts("one"); return n + 1; }\n'
TWO = "int one(int n);\nint two(int n) { return one(2 * n); }\n"
failed = 0


def wants(claim, said, before, after):
    """said: the lines before the last one."""
    global failed
    with tempfile.TemporaryDirectory() as root:
        for side, texts in (("before", before), ("after", after)):
            folder = Path(root, side)
            folder.mkdir()
            for number, text in enumerate(texts):
                (folder / f"{number}.c").write_text(text)
                subprocess.run(["gcc", *FLAGS, "-c", f"{number}.c"], cwd=folder, check=True)
        status, out, err = run_program(TOOL, Path(root, "before"), Path(root, "after"))
        if out.splitlines()[:-1] != said or status != bool(said or not out):
            failed += 1
            print(f"FAILED: {claim}: status {status}, '{out}{err}'")


wants("functions may move to another file", [], [ONE, TWO], [ONE + TWO])
wants("another constant differs", ["one: differs"], [ONE, TWO], [ONE.replace("+ 1", "+ 2") + TWO])
wants("another callee differs", ["other: only after", "two: differs"], [ONE, TWO],
      [ONE + "int other(int n) { return n; }\n" + TWO.replace("return one", "return other")])
wants("a function that is gone", ["two: only before"], [ONE, TWO], [ONE])
status, _, err = run_program(TOOL, "/nowhere", "/nowhere")
if status != 1 or "object files" not in err:
    failed += 1
    print(f"FAILED: folders without objects are refused: status {status}, '{err}'")
sys.exit(failed > 0)
