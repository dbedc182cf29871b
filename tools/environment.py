#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""The table of environment variables in docs/environment.md, generated from runtime/platform/variables.h.

  environment.py           status 1: the table in the document is out of date
  environment.py --write   writes it"""
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VARIABLES = ROOT / "runtime" / "platform" / "variables.h"
DOCUMENT = ROOT / "docs" / "environment.md"
HEAD = "| variable | effect | values | default | `filch_config` |\n|---|---|---|---|---|\n"


def row(name, told):
    effect, values, default, field = (part.strip() for part in told.split("|"))
    effect = re.sub(r"docs/(\w+)\.md", r"[\1.md](\1.md)", effect)
    values = ", ".join(f"`{value}`" for value in values.split(", "))
    return f"| `FILCH_{name}` | {effect} | {values} | {default or 'off'} | {f'`{field}`' if field else 'none'} |\n"


def main():
    source = VARIABLES.read_text(encoding="utf-8")
    rows = re.findall(r"each\((\w+)\) /\* (.*?) \*/", source)
    if len(rows) != len(re.findall(r"each\(\w+\)", source)) or not rows:
        sys.exit(f"{VARIABLES}: a row of FL_VARIABLES has no comment 'effect | values | default | field'")
    text = DOCUMENT.read_text(encoding="utf-8")
    table = HEAD + "".join(row(name, told) for name, told in rows)
    begin, end = text.index(HEAD), text.index("\n\n", text.index(HEAD)) + 1
    if "--write" in sys.argv[1:]:
        DOCUMENT.write_text(text[:begin] + table + text[end:], encoding="utf-8")
    elif text[begin:end] != table:
        sys.exit("docs/environment.md is out of date (fix with: tools/environment.py --write)")
    print(f"{len(rows)} variables")


if __name__ == "__main__":
    main()
