#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""The documents and the sources know each other: every public function is named in README.md or below docs/; every path
of the tree that a document names exists, and so does every file in a table of docs/internals/design.md; every pair `FILE`: `FUNCTION` names a
function that this file defines."""
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
PUBLIC = re.compile(r"FILCH_API\b[^;{]*?\b(filch_\w+)\)?\s*\(")
PAIR = re.compile(r"`((?:include|sched|runtime)/[\w/]+\.[ch])`:\s+((?:`\w+`(?:, )?)+)")
# `sched/idle` is any file of that stem; names in capitals (NAME.c) are the reader's to choose.
PLACE = re.compile(r"(?:(?<=`)|(?<=`\./))((?:include|sched|runtime|bench|tests|tools|docs)/[a-z0-9_*./]+)(?=[`, ])")


def read(path):
    return path.read_text(encoding="utf-8")


def code(path):
    return re.sub(r"/\*.*?\*/", "", read(path), flags=re.S)


def main():
    wrong = []
    functions = {name: path for path in sorted((ROOT / "include").rglob("*.h")) for name in PUBLIC.findall(code(path))}
    pages = {str(path.relative_to(ROOT)): read(path) for path in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]}
    del pages["CHANGELOG.md"]  # it tells of files that are gone
    index = re.compile(r"^\| of \| page \| names \|.*?\n\n", re.M | re.S)  # generated: it names every function, and explains none
    words = {word for text in pages.values() for word in re.findall(r"\w+", index.sub("", text))}
    for name in sorted(set(functions) - words):
        wrong.append(f"{functions[name].relative_to(ROOT)}: {name} is in no document; name it on the page of its header")
    places = sorted({(page, place.rstrip("/.")) for page, text in pages.items() for place in PLACE.findall(text)})
    for page, place in places:
        if not any(ROOT.glob(place)) and not any(ROOT.glob(place + ".*")):
            wrong.append(f"{page}: {place} does not exist; name the file that took its place")
    stems = {path.stem for folder in ("include", "sched", "runtime") for path in (ROOT / folder).rglob("*.[chS]")}
    for table in re.findall(r"^\| file \|.*\n((?:\|.*\n)+)", pages["docs/internals/design.md"], re.M):
        named = {name for row in table.splitlines() for name in re.findall(r"`(\w+)`", row.split("|")[1])}
        wrong += [f"docs/internals/design.md: a table of files names {name}, which is not a file" for name in sorted(named - stems)]
    pairs = [(page, file, name) for page, text in pages.items() for file, names in PAIR.findall(text)
             for name in re.findall(r"\w+", names)]
    for page, file, name in pairs:
        path = ROOT / file
        if path.exists() and not re.search(rf"^[^\s#].*\b{name}\b[\[(]|^    {name}\(|\(\*const {name}\[", code(path), re.M):
            wrong.append(f"{page}: {file} does not define {name}")
    print(*wrong, f"{len(functions)} public functions, {len(places)} paths, {len(pairs)} pairs, {len(wrong)} wrong", sep="\n")
    return 1 if wrong or len(functions) < 100 or len(places) < 100 or not pairs else 0


if __name__ == "__main__":
    sys.exit(main())
