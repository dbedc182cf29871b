#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""same_code.py BEFORE AFTER: whether the functions of the object files below two folders have the same instructions.

Prints those that differ; status 1 if there are any. Files may have been merged: of a function that several of them have, one copy
counts. Names that a function uses are compared, but not the content of strings and unnamed constants. A variable of another file is
found through the table of offsets, one of the same file directly: such a function differs, although it does the same."""
import re
import subprocess
import sys
from pathlib import Path

CHANGES = [(r"^\s*[0-9a-f]+:\s*", ""),                                  # the address of an instruction
           (r"(?:[0-9a-f]+ )?<[\w.$@]+(\+0x[0-9a-f]+)?>", r"<\1>"),     # a place, as distance from the function's begin
           (r"^call\s+<.*", "call"),                                    # the next line names the function
           (r"\.(?:rodata|LC)[.\w]*(?:[+-]0x[0-9a-f]+)?", "constant"),
           (r"#.*", ""), (r"\s+", " ")]


def functions(folder):
    """(name, instructions) of each function."""
    found = set()
    for one in sorted(Path(folder).rglob("*.o")):
        text = subprocess.run(["objdump", "-dr", "--no-show-raw-insn", one], capture_output=True, text=True, check=True).stdout
        for part in re.split(r"^\S+ <", text, flags=re.M)[1:]:
            name, _, body = part.partition(">:\n")
            lines = body.split("\nDisassembly")[0].splitlines()
            for pattern, instead in CHANGES:
                lines = [re.sub(pattern, instead, line).strip() for line in lines]
            found.add((re.sub(r"\.(cold|part|constprop|isra)[.\d]*", r".\1", name), "\n".join(filter(None, lines))))
    return found


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    before, after = (functions(folder) for folder in sys.argv[1:])
    if not before or not after:
        sys.exit("same_code.py: no functions in one of the folders (give two with object files)")
    had, have = ({name for name, _ in side} for side in (before, after))
    differ = sorted({name for name, _ in before ^ after})
    for name in differ:
        print(f"{name}: " + ("only before" if name not in have else "only after" if name not in had else "differs"))
    print(f"{len(before)} functions before, {len(after)} after, {len(differ)} differ")
    sys.exit(bool(differ))


main()
