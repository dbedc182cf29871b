#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Counts the tree, and checks that no room of it grows without a reason.

  sizes.py                 prints lines and files per room, the folders with most entries, the exported functions, the pages,
                           and the longest names of tests
  sizes.py --budget FILE   fails where a room is larger than its row of FILE, or a row was raised without a new reason
  sizes.py --write         lowers the rows of docs/sizes.txt to the present counts; it raises none

A row reads ROOM LINES FILES REASON: the reason for the last growth. A file belongs to the row with the longest folder that
contains it, and to "." if there is none. Files are those of `git ls-files`, but for docs/sizes.txt and CHANGELOG.md, which
grow with each change; without git, all that are in no folder named build."""
import argparse
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path, PurePosixPath

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import check_names  # noqa: E402

BUDGET = "docs/sizes.txt"
UNBOUND = {BUDGET, "CHANGELOG.md"}
MOST = 10  # rows of a list of the largest
HEAD = """# Lines and files of each room, and why it last grew; `tools/check/sizes.py --help` describes the columns.
# A larger room needs a higher row and a new reason in the same commit. `tools/check/sizes.py --write` lowers rows.
"""


def git(root, *words):
    """The output of git, or "" without git, without a repository, or without such a revision."""
    try:
        return subprocess.run(["git", "-C", str(root), *words], capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return ""


def counted(root):
    """{path: lines} of the tree."""
    names = git(root, "ls-files", "-z").split("\0")
    paths = [root / name for name in names] if any(names) else root.rglob("*")
    inside = {path.relative_to(root).as_posix(): path for path in paths if path.is_file()}
    apart = re.compile("$" if any(names) else r"(.*/)?(build|__pycache__|\.git)/")
    return {name: path.read_bytes().count(b"\n") for name, path in sorted(inside.items())
            if name not in UNBOUND and not apart.match(name)}


def rows_of(text):
    """{room: (lines, files, reason)} of a budget."""
    rows = {}
    for line in text.splitlines():
        if not line.startswith("#") and line.strip():
            room, lines, files, *reason = line.split(None, 3)
            rows[room] = (int(lines), int(files), "".join(reason).strip())
    return rows


def room_of(path, rows):
    """The row that a path belongs to."""
    return next((str(folder) for folder in PurePosixPath(path).parents if str(folder) in rows), ".")


def measured(tree, rows):
    """{room: (lines, files)} of the tree; a room without files has (0, 0)."""
    lines, files = Counter(), Counter()
    for path, count in tree.items():
        room = room_of(path, rows)
        lines[room] += count
        files[room] += 1
    return {room: (lines[room], files[room]) for room in rows.keys() | files.keys()}


def grown(root, room, tree, rows):
    """The three files that grew most since the commit before the budget's last change; without git, the largest."""
    before = git(root, "log", "-1", "--format=%P", "--", BUDGET).split()
    growth = Counter()
    for line in git(root, "diff", "--numstat", "--no-renames", before[0]).splitlines() if before else ():
        added, removed, path = line.split("\t")
        growth[path] = int(added) - int(removed) if added != "-" else 0
    growth = growth if before else Counter(tree)
    named = [f"{path} {count:+d}" if before else path for path, count in growth.most_common()
             if count > 0 and path in tree and room_of(path, rows) == room]
    return ", ".join(named[:3]) or "none has more lines"


def previous(root, text):
    """The rows before the last change: of HEAD if the file differs from it, or else of the commit before."""
    for revision in ("HEAD", "HEAD~1"):
        before = git(root, "show", f"{revision}:{BUDGET}")
        if before and before != text:
            return rows_of(before)
    return {}


def check(root, budget):
    """Findings, a line each."""
    text = budget.read_text(encoding="utf-8")
    rows, tree, before = rows_of(text), counted(root), previous(root, text)
    for room, size in sorted(measured(tree, rows).items()):
        allowed = rows.get(room, (0, 0, ""))
        over = [f"{now - most} {unit} more than its {most}" for now, most, unit in zip(size, allowed, ("lines", "files"))
                if now > most]
        if over:
            yield (f"{room}: {' and '.join(over)} (grown: {grown(root, room, tree, rows)}); shorten it, or raise its row in "
                   f"{budget.name} to {size[0]} {size[1]} and give the reason there")
    for room, (lines, files, reason) in rows.items():
        old = before.get(room, (lines, files, ""))
        if not reason:
            yield f"{budget.name}: {room} has no reason; say why it has this size"
        elif (lines > old[0] or files > old[1]) and reason == old[2]:
            yield (f"{budget.name}: {room} was raised from {old[0]} lines and {old[1]} files with the old reason; "
                   "give the reason for this growth")


def lower(root, budget):
    """Writes the budget with each row at most as large as its room, and without rows of rooms that are gone."""
    rows = rows_of(budget.read_text(encoding="utf-8"))
    size = measured(counted(root), rows)
    kept = {room: (min(lines, size[room][0]), min(files, size[room][1]), reason)
            for room, (lines, files, reason) in rows.items() if size[room][1]}
    width = max(map(len, kept))
    table = [f"{room:{width}} {lines:6} {files:4} {reason}".rstrip() for room, (lines, files, reason) in kept.items()]
    budget.write_text(HEAD + "\n".join(table) + "\n", encoding="utf-8")


def report(root, rows):
    """Prints the counts."""
    tree = counted(root)
    size = measured(tree, rows)
    for room in [*rows, *sorted(size.keys() - rows.keys())]:
        print(f"{size[room][0]:7} lines {size[room][1]:5} files  {room}")
    print(f"{sum(tree.values()):7} lines {len(tree):5} files  in all\n")
    entries = {str(entry) for path in tree for entry in [PurePosixPath(path), *PurePosixPath(path).parents] if str(entry) != "."}
    for folder, count in Counter(str(PurePosixPath(entry).parent) for entry in entries).most_common(MOST):
        print(f"{count:7} entries in {folder}")
    functions = [name for name, (_, text) in check_names.declarations(root).items() if "(" in text]
    print(f"\n{len(functions):7} exported functions")
    print(f"{sum(1 for path in tree if re.fullmatch('docs/.*[.]md', path)):7} pages below docs\n")
    for name in sorted((name for _, name in check_names.tests(root)), key=lambda name: (-len(name), name))[:MOST]:
        print(f"{len(name):7} letters, {name.count('_') + 1} words: {name}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=Path, default=Path(__file__).resolve().parent.parent.parent)
    parser.add_argument("--budget", type=Path, metavar="FILE")
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args()
    if given.write:
        return lower(given.root, given.root / BUDGET)
    if not given.budget:
        return report(given.root, rows_of((given.root / BUDGET).read_text(encoding="utf-8")))
    found = list(check(given.root, given.budget))
    print(*found, sep="\n", end="\n" * bool(found))
    print(f"{len(rows_of(given.budget.read_text(encoding='utf-8')))} rooms, {len(found)} findings", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
