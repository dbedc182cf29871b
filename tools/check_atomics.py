#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""The lint of atomic accesses: every access is labelled or justified, and every edge has both ends. Readers rely on that,
and no model checker sees it.

  check_atomics.py [--root DIR] [FOLDER...]   checks include, sched and runtime of this tree; status 1: findings
  check_atomics.py --rules                    prints the rules and the table of shared words

A finding reads FILE:LINE: RULE: fault; cure. The tables are in tools/atomics/tables.py."""
import argparse
import sys
from pathlib import Path

sys.dont_write_bytecode = True
from atomics import rules, tables  # noqa: E402
from atomics.source import Source  # noqa: E402


def read(root, folders):
    files = sorted(p for folder in folders for p in (root / folder).rglob("*.[ch]"))
    paths = [p.relative_to(root).as_posix() for p in files]
    return {path: Source(path, p.read_text(encoding="utf-8")) for path, p in zip(paths, files)}


def print_rules():
    width = max(map(len, tables.RULES))
    for rule, text in tables.RULES.items():
        print(f"{rule:{width}}  {text}")
    print("\nThe least order of each operation on a shared word (?: or a reason):\n")
    line = "{:11} {:9} {:8} {:8} {:9} {:9} {}".format
    print(line("word", "store", "clear", "cas", "rmw", "load", "why"))
    for row in tables.WORDS:
        print(line(row.name, row.store, row.clear, row.cas, row.rmw, row.load, row.why))
    print("\nExceptions:\n")
    for exception in tables.EXCEPTIONS:
        print(f"{exception.path}: {exception.text}: {exception.why}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rules", action="store_true", help="print the rules and exit")
    parser.add_argument("--root", type=Path, default=Path(__file__).resolve().parent.parent)
    parser.add_argument("folders", nargs="*", default=["include", "sched", "runtime"])
    arguments = parser.parse_args()
    if arguments.rules:
        print_rules()
        return 0
    sources = read(arguments.root, arguments.folders)
    accesses = sum(len(source.accesses) for source in sources.values())
    if not accesses:
        print(f"no atomic access in {', '.join(arguments.folders)} below {arguments.root}; name other folders",
              file=sys.stderr)
        return 2
    findings = rules.check(sources)
    for finding in findings:
        print("{}:{}: {}: {}".format(*finding))
    print(f"{len(sources)} files, {accesses} accesses, {len(findings)} findings", file=sys.stderr)
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
