#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""The lint of layers: includes point down only, each file includes the headers whose names it uses, and none uses what
a setuid program must not.

  check_layers.py [--root DIR]             checks the tree and the picture in docs/internals/design.md; status 1: findings
  check_layers.py [--root DIR] --picture   prints the picture of the layers
  check_layers.py [--root DIR] --write     puts the picture into docs/internals/design.md

A finding reads FILE:LINE: RULE: fault; cure."""
import argparse
import functools
import re
import sys
from pathlib import Path

# From the bottom up. A file may include its own part, and parts of lower levels; parts of one level stand side by side.
LEVELS = [
    [("include", "include/", "public headers; fork and join are inline")],
    [("sched", "sched/", "decisions and data structures that need no operating system")],
    [("platform", "runtime/platform/", "operating system and processor")],
    [("trace", "runtime/trace/", "events in a file"),
     ("share", "runtime/share/", "statistics in shared memory")],
    [("engine", "runtime/engine/", "the scheduler: workers, fibers, stealing, sleep")],
    [("queue", "runtime/queue/", "where forked tasks are kept"),
     ("sync", "runtime/sync/", "futures, channels, locks, timers, scopes"),
     ("par", "runtime/par/", "parallel algorithms")],
    [("metrics", "runtime/metrics/", "metrics and log lines")],
    [("resilience", "runtime/resilience/", "limiters, breakers, retry, dead letters"),
     ("patterns", "runtime/patterns/", "batchers, pipelines, caches, resources")],
    [("pool", "runtime/pool/", "pools of jobs")],
    [("service", "runtime/service/", "services: jobs from brokers")],
    [("tools", "tools/ bench/", "the command filch, kernels, bars")],
]
LEVEL = {name: height for height, parts in enumerate(LEVELS) for name, *_ in parts}
FOLDERS = {folder: name for parts in LEVELS for name, folders, _ in parts for folder in folders.split()}
USES_CHECKED = ("sched/", "runtime/")
SHIPPED = ("include/", "sched/", "runtime/")
UNSAFE = {  # in a setuid program, whose caller chose variables and files
    "getenv": "call secure_getenv",
    "O_TRUNC": "create the file by fl_new_file (runtime/platform/new_file.h)",
}
BEGIN, END, PAGE = "<!-- layers: begin -->\n", "<!-- layers: end -->\n", "docs/internals/design.md"

INCLUDE = re.compile(r"^[ \t]*#[ \t]*include[ \t]+[<\"]([^>\"]+)[>\"]", re.M)
NAME = re.compile(r"\b(?:fl|FL)_\w+")
USED = re.compile(rf"\b(?:struct|union) \w+(?=\s*[*;])|({NAME.pattern})")  # the first is only a pointer to it
COMMENT = re.compile(r'/\*.*?\*/|"(?:\\.|[^"\\\n])*"', re.S)


@functools.cache
def part_of(path):
    """The part that a file, or an included header, belongs to; None: none."""
    path = "include/" + path if path.startswith("filch/") else path
    return next((name for folder, name in FOLDERS.items() if path.startswith(folder)), None)


@functools.cache
def blank(text):
    return COMMENT.sub(lambda m: " " + "\n" * m[0].count("\n"), text)


@functools.cache
def declared(text):
    """The library's own names that a header declares: macros, functions, variables, types, constants."""
    text = blank(text)
    names = set(re.findall(r"^[ \t]*#[ \t]*define[ \t]+(\w+)", text, re.M))
    text = re.sub(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", "", text, flags=re.M)
    for body in re.findall(r"\benum\b[^{;()]*\{([^}]*)\}", text):
        names |= set(re.findall(r"(?:^|,)\s*(\w+)", body))
    count = 1
    while count:  # bodies, from the inside out
        text, count = re.subn(r"\{[^{}]*\}", " @;", text)
    text = re.sub(r"@;(\s*\w+(?:\[\w*\])?\s*;)", r"@\1", text)
    for statement in (" ".join(s.split()) for s in text.split(";")):
        tag = re.search(r"\b(?:struct|enum|union) (\w+) @", statement)
        call = re.search(r"\(\*(\w+)\)\(|\b(fl_\w+) ?\(", statement)
        last = re.search(r"(\w+)(?:\[\w*\])*$", statement)
        names |= {tag[1]} if tag else set()
        if call and not statement.startswith("FILCH_STATIC_ASSERT"):
            names.add(call[1] or call[2])
        elif last and statement.startswith(("typedef", "extern", "static")):
            names.add(last[1])
    return {name for name in names if NAME.fullmatch(name) and not name.endswith("_H")}


def upward(path, text):
    own = part_of(path)
    for m in INCLUDE.finditer(text):
        other = part_of(m[1])
        if other and other != own and LEVEL[other] >= LEVEL[own]:
            yield (path, text.count("\n", 0, m.start()) + 1, "upward",
                   f"{own} includes {m[1]} of {other}, which is not below it; move the header down, or call through "
                   "runtime/platform/upcalls.h")


def unincluded(path, texts, homes):
    text, own = texts[path], path[:-2] + ".h"
    have = {path, *INCLUDE.findall(text)}
    if own in have and own in texts:
        have |= set(INCLUDE.findall(texts[own]))
    own_names, seen = declared(text) if path.endswith(".h") else set(), set()
    for m in USED.finditer(blank(text)):
        of = homes.get(m[1], have)
        if not of & have and m[1] not in own_names | seen:
            seen.add(m[1])
            yield (path, m.string.count("\n", 0, m.start()) + 1, "unincluded",
                   f"{m[1]} is declared in {' and '.join(sorted(of))}; include it here")


def unsafe(path, text):
    text = blank(text) if any(word in text for word in UNSAFE) else ""
    for m in re.finditer(rf"\b(?:{'|'.join(UNSAFE)})\b", text):
        yield (path, text.count("\n", 0, m.start()) + 1, "unsafe",
               f"{m[0]} serves the caller of a setuid program; {UNSAFE[m[0]]}")


def picture():
    lines = [(" | ".join(name for name, _, _ in parts), "; ".join(what for _, _, what in parts))
             for parts in reversed(LEVELS)]
    width = max(len(names) for names, _ in lines)
    body = "\n".join(f"{names:^{width}}   {what}\n{'|':^{width}}" for names, what in lines)
    return "```text\n" + "\n".join(line.rstrip() for line in body.splitlines()[:-1]) + "\n```\n"


def check(root):
    page = (root / PAGE).read_text(encoding="utf-8")
    files = [p for folder in FOLDERS for p in root.glob(folder + "**/*") if p.suffix in (".c", ".h", ".S")]
    texts = {p.relative_to(root).as_posix(): p.read_text(encoding="utf-8") for p in sorted(set(files))}
    public = {name for path, text in texts.items() if path.startswith("include/") for name in NAME.findall(blank(text))}
    homes = {}
    for path in (p for p in texts if p.endswith(".h") and p.startswith(USES_CHECKED)):
        for name in declared(texts[path]) - public:
            homes.setdefault(name, set()).add(path)
    findings = [finding for path, text in texts.items() for finding in upward(path, text)]
    checked = [path for path in texts if path.startswith(USES_CHECKED) and path.endswith((".c", ".h"))]
    findings += [finding for path in checked for finding in unincluded(path, texts, homes)]
    findings += [finding for path, text in texts.items() if path.startswith(SHIPPED) for finding in unsafe(path, text)]
    if BEGIN + picture() + END not in page:
        findings.append((PAGE, page[:page.find(BEGIN)].count("\n") + 1, "picture",
                         "the picture of the layers is out of date; run tools/check_layers.py --write"))
    for finding in findings:
        print("{}:{}: {}: {}".format(*finding))
    print(f"{len(texts)} files, {len(homes)} names, {len(findings)} findings", file=sys.stderr)
    return 1 if findings else 0 if texts else 2


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=Path, default=Path(__file__).resolve().parent.parent)
    parser.add_argument("--picture", action="store_true", help="print the picture and exit")
    parser.add_argument("--write", action="store_true", help="put the picture into docs/internals/design.md and exit")
    arguments = parser.parse_args()
    if arguments.picture:
        print(picture(), end="")
    elif arguments.write:
        page = arguments.root / PAGE
        head, rest = page.read_text(encoding="utf-8").split(BEGIN)
        page.write_text(head + BEGIN + picture() + END + rest.split(END)[1], encoding="utf-8")
    return 0 if arguments.picture or arguments.write else check(arguments.root)


if __name__ == "__main__":
    sys.exit(main())
