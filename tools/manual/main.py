#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""The manual: main.py TREE BUILD OUT writes OUT/man/man1 .. man7 and OUT/completions from the headers and pages of the tree, and from
the output of the build's programs. Needs Doxygen, cmark-gfm and Python."""
import datetime
import os
import subprocess
import sys
from pathlib import Path

import commands
import completions
import markdown
import mdoc
import reference
import section1
import section3

# name, section, purpose, page, headings of it ("": the introduction; None: all), see also
PAGES = [
    ("filch-worker.json", 5, "configuration of filch-worker", "service/worker.md",
     ["Configuration", "Periodic jobs", "Environment of other worker programs", "Ready-made handlers"], [("filch-worker", 1)]),
    ("filch-brokers", 7, "URLs of brokers, their options and capabilities", "service/brokers.md",
     ["", "Options of URLs", "Capabilities", "SQLite", "A silent network"], [("filch-jobs", 1), ("filch-worker", 1)]),
    ("filch-tasks", 7, "fork and join in C", "fork-join.md", None, [("FILCH_JOIN", 3), ("filch-fork", 3), ("filch", 7)]),
    ("filch-cxx", 7, "Filch in C++", "cxx.md", None, [("filch-tasks", 7), ("filch", 7)]),
    ("filch-python", 7, "Filch in Python", "languages.md", ["", "Python"], [("filch", 7)]),
    ("filch-environment", 7, "environment variables of Filch", "reference.md", ["Environment variables"], [("filch", 7)]),
    ("filch-limits", 7, "limits of Filch", "limits.md", None, [("filch", 7)]),
]
DEVELOPERS = ["Adding a key"]  # subsections for those who change the program
WORKER = ["Signals", "Exit status", "Logs", "Security"]


def date_of(tree):
    """The date of the release, of the commit, or today."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    if not epoch:
        git = subprocess.run(["git", "-C", tree, "log", "-1", "--format=%ct"], text=True, capture_output=True, check=False)
        epoch = git.stdout.strip()
    day = datetime.datetime.fromtimestamp(int(epoch), datetime.timezone.utc) if epoch else datetime.datetime.now(datetime.timezone.utc)
    return f"{day:%B} {day.day}, {day.year}"


def chosen(page, headings):
    """(title, text in mdoc) of these sections."""
    parts = markdown.sections(page)
    missing = set(headings or []) - {title for title, _ in parts}
    if missing:
        sys.exit(f"{page}: no section '{missing.pop()}' (PAGES in tools/manual/main.py)")
    return [(title.upper(), markdown.write(markdown.without(nodes, DEVELOPERS))) for title, nodes in parts if headings is None or title in headings]


OTHERS = """C++17 has headers of its own, <filch/filch.hpp>, with lambdas instead of macros; filch-cxx(7) describes them.
Python has the module filch, which filch-python(7) and its help() describe. The guides and an index of names are below share/doc,
in the folder filch or filch-doc: begin with docs/README.md, or html/index.html."""
PROGRAMS = [("filch", 1), ("filch-jobs", 1), ("filch-worker", 1)]


def overview(tree, headers, date):
    """filch(7): the README's introduction, its first program, the headers, limits and status."""
    parts = dict(markdown.sections(tree / "README.md"))
    program = next(node for node in parts["A program"] if markdown.kind(node) == "code_block")
    compile_it = mdoc.literal(["cc -O2 fib.c $(pkg-config --cflags --libs filch) -o fib"])
    pages = mdoc.table([(f"<filch/{header.name}.h>", f"{header.purpose}; see {section3.overview_of(header)}(3)") for header in headers])
    whole = [
        ("DESCRIPTION", markdown.write(parts[""])),
        ("A PROGRAM", mdoc.literal(program.text.rstrip("\n").split("\n")) + ".Pp\nIt is compiled by:\n" + compile_it),
        ("HEADERS", pages),
        ("OTHER LANGUAGES AND PAGES", mdoc.paragraph(mdoc.sentences(OTHERS))),
        *((title.upper(), markdown.write(parts[title])) for title in ("Limits", "Status")),
        ("SEE ALSO", mdoc.see(PROGRAMS + [(name, section) for name, section, *_ in PAGES])),
    ]
    return mdoc.page("filch", 7, date, ["filch"], "a work-stealing runtime", whole)


def main():
    tree, build, out = (Path(argument).resolve() for argument in sys.argv[1:4])
    date = date_of(tree)
    headers = reference.read(tree / "include" / "filch")
    programs = commands.read(build / "tools")
    files, links = section3.pages(headers, date)
    services = tree / "docs/service"
    files.update(section1.pages(programs, chosen(services / "jobs.md", ["Environment"]), chosen(services / "worker.md", WORKER), date))
    for name, section, purpose, page, headings, see in PAGES:
        (_, first), *others = chosen(tree / "docs" / page, headings)
        parts = [("DESCRIPTION", first), *others, ("SEE ALSO", mdoc.see(see))]
        files[f"{name}.{section}"] = mdoc.page(name, section, date, [name], purpose, parts)
    files["filch.7"] = overview(tree, headers, date)
    for name, text in files.items():
        path = out / "man" / f"man{name[-1]}" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    for name, target in links.items():
        link = out / "man" / f"man{name[-1]}" / name
        link.unlink(missing_ok=True)
        link.symlink_to(target)
    completions.write(programs, out / "completions")
    print(f"{len(files)} pages, {len(links)} links")


if __name__ == "__main__":
    main()
