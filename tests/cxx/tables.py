#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Each construct of a table of docs/cxx.md "From ..." stands in the example that has both libraries, which is compiled and
run as a test of its own. Compared without blanks. usage: tables.py [ROOT]"""
import re
import sys
from pathlib import Path

root = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).resolve().parents[2])
page = (root / "docs/cxx.md").read_text(encoding="utf-8")


def bare(code):
    return re.sub(r"\s+", "", code)


cells = missing = 0
for section in page.split("\n## ")[1:]:
    if not section.startswith("From "):
        continue
    example = re.search(r"\]\((examples/cxx/[a-z]+\.cc)\)", section).group(1)
    source = bare((root / "docs" / example).read_text(encoding="utf-8"))
    for code in re.findall(r"^\| `(.*?)` \| `(.*?)` \|$", section, re.M):
        for one in code:
            cells += 1
            if bare(one) not in source:
                missing += 1
                print(f"docs/cxx.md: `{one}` is not in {example}")
print(f"{cells} constructs, {missing} missing")
sys.exit(missing > 0 or cells < 40)
