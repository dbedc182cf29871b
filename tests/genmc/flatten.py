#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""flatten.py PROGRAM: the program with the project's own files in the place of their #include lines, so that one file is all
that a checker needs. Headers of the system stay."""
import re
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
PLACES = (HERE / "shim", HERE, ROOT / "include", ROOT)


def flattened(file, seen):
    for line in file.read_text(encoding="utf-8").splitlines():
        name = re.match(r'#include [<"](.*)[>"]', line)
        found = next((place / name[1] for place in PLACES if (place / name[1]).is_file()), None) if name else None
        if found is None:
            yield line
        elif found not in seen:
            seen.add(found)
            yield from flattened(found, seen)


print("\n".join(flattened(Path(sys.argv[1]).resolve(), set())))
