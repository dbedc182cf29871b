#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""The tables of documents that are generated from sources: environment variables in docs/reference.md from
runtime/platform/variables.h, the numbers of a pool in docs/pools/README.md from runtime/pool/statistics.h, and the renamed names in
docs/internals/renamed.md from tools/check/old_names.sed.

  tables.py           status 1: a table is out of date
  tables.py --write   writes them"""
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def variables(source):
    rows = re.findall(r"each\((\w+)\) /\* (.*?) \*/", source)
    if len(rows) != len(re.findall(r"each\(\w+\)", source)):
        sys.exit("a row of FL_VARIABLES has no comment 'effect | values | default | field'")
    for name, told in rows:
        effect, values, default, field = (part.strip() for part in told.split("|"))
        effect = re.sub(r"docs/((?:\w+/)?\w+\.md)", r"[\1](\1)", effect)
        values = ", ".join(f"`{value}`" for value in values.split(", "))
        yield f"| `FILCH_{name}` | {effect} | {values} | {default or 'off'} | {f'`{field}`' if field else 'none'} |\n"


def pool_numbers(source):
    rows = re.findall(r'^    (FIGURE|OUTCOME)\((\w+),\s*"?(\w+)"?,\s*(?:(\d),)?\s*"(.*?)\."\)', source, re.M)
    if len(rows) != len(re.findall(r"^    (?:FIGURE|OUTCOME)\(", source, re.M)):
        sys.exit("a row of FL_POOL_STATISTICS has another form")
    for kind, name, number, falls, says in rows:
        if kind == "OUTCOME":
            field, metric = f"outcomes[FILCH_{number}]", f'outcomes_total{{outcome="{name}"}}'
        else:
            field, metric = name, name if falls == "1" else f"{name}_total"
        yield f"| `{field}` | `filch_pool_{metric}` | `{name}` | {says[0].lower()}{says[1:]} |\n"


def renamed(source):
    for old, new in re.findall(r"^s/(?:\\b|<)(filch[\w\\/.]*?)(?:\\b|>)/<?(filch[\w\\/.]*?)>?/g$", source, re.M):
        yield f"| `{old}` | `{new}` |\n".replace("\\", "")


TABLES = [
    (
        "runtime/platform/variables.h", variables, "docs/reference.md",
        "| variable | effect | values | default | `filch_config` |\n|---|---|---|---|---|\n",
    ),
    (
        "runtime/pool/statistics.h", pool_numbers, "docs/pools/README.md",
        "| `filch_pool_stats` | metric | `filch top --json` | |\n|---|---|---|---|\n",
    ),
    (
        "tools/check/old_names.sed", renamed, "docs/internals/renamed.md",
        "| earlier | now |\n|---|---|\n",
    ),
]


def main():
    for source, rows_of, document, head in TABLES:
        rows = list(rows_of((ROOT / source).read_text(encoding="utf-8")))
        if not rows:
            sys.exit(f"{source} has no rows")
        path = ROOT / document
        text = path.read_text(encoding="utf-8")
        begin, end = text.index(head), text.index("\n\n", text.index(head)) + 1
        table = head + "".join(rows)
        if "--write" in sys.argv[1:]:
            path.write_text(text[:begin] + table + text[end:], encoding="utf-8")
        elif text[begin:end] != table:
            sys.exit(f"{document} is out of date (fix with: tools/tables.py --write)")
        print(f"{document}: {len(rows)} rows")


if __name__ == "__main__":
    main()
