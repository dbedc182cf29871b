#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""The comparison of checker and axioms complains where it has to, and the table of programs is read strictly."""
import pathlib
import re
import sys

sys.dont_write_bytecode = True
import compare  # noqa: E402
import programs  # noqa: E402

PAGE = pathlib.Path(__file__).resolve().parents[3] / "docs" / "internals" / "model-checking.md"
BUFFERING = "sb: store buffering\nx = 1 | y = 1\na = y | b = x\n"
STORES = "two: stores in opposite order\nx = 1 | y = 1\ny = 2 | x = 2\nfinally x y\n"

# claim of the row | program | outcomes produced | a part of the complaint; "": none
COMPARED = (
    ("equal sets are right", BUFFERING, "00 01 10 11", ""),
    ("a forbidden outcome is a fault of the checker", BUFFERING, "00 01 10 11 22", "outcomes that the axioms forbid: 22"),
    ("a missing outcome is one, too", STORES, "12 22", "the checker does not produce: 11 21"),
    ("a known limit is named", STORES, "12 21 22", "11 (as if: stores to a word take their places in the order of execution)"),
)

# claim of the row | table | a part of the complaint
REFUSED = (
    ("an operation that nobody knows", "a: b\nx += 1\n", "unknown operation: x += 1"),
    ("a store that acquires", "a: b\nx = 1 acquire\n", "no store has this order"),
    ("a load that releases", "a: b\na = x release\n", "no load has this order"),
    ("a line with too few threads", "a: b\nx = 1 | y = 1\na = x\n", "a line with 1 threads"),
    ("a register written twice", "a: b\na = x | a = y\n", "a register that is written twice"),
    ("two programs of one name", BUFFERING + "\n" + BUFFERING, "names that stand twice: sb"),
    ("a head without a name", "A b\nx = 1\n", "not a head"),
)


def complaints():
    for claim, text, produced, part in COMPARED:
        found = "\n".join(compare.findings_of(programs.read(text)[0], set(produced.split())))
        if (part not in found) if part else found:
            yield f"{claim}: the complaint is '{found}', not '...{part}...'"
    for claim, text, part in REFUSED:
        try:
            programs.read(text)
            found = "no complaint"
        except SystemExit as refusal:
            found = str(refusal)
        if part not in found:
            yield f"{claim}: '{found}', not '...{part}...'"
    shown = re.findall(r"^```litmus\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.M | re.S)
    if not shown:
        yield f"{PAGE.name} shows no program"
    for text in shown:
        if text not in programs.TABLE.read_text(encoding="utf-8"):
            yield f"{PAGE.name} shows a program that is not in programs.txt: {text}"


def main():
    failures = list(complaints())
    if failures:
        sys.exit("\n".join(failures))
    print(f"{len(COMPARED) + len(REFUSED)} claims hold")


if __name__ == "__main__":
    main()
