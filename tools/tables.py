#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Tables of documents that are generated from sources: the environment variables and the index of names in docs/reference.md, the
numbers of a pool in docs/pools/README.md, and the Debian packages in docs/install.md.

  tables.py           status 1: a table is out of date
  tables.py --write   writes them"""
import re
import sys
from pathlib import Path

import check_names

ROOT = Path(__file__).resolve().parent.parent
METRICS = [  # title, form, source
    ("metrics of a service", "worker_{}", "runtime/service/http/serve_metrics.c"),
    ("metrics of dead letters", "filch_dead_letters_{}", "runtime/resilience/dead_letters.c"),
]
VARIABLES = "AWS|FILCH_(?:BROKER|SERVICE|JOB)|GOOGLE|OMP|OTEL|SSL|XDG"  # they begin with one of these
UNINDEXED = "migrating|faq|performance|reference|decisions|design|paths|verification|guide/|docs/README"  # pages of other subjects


def variables(source):
    rows = re.findall(r"each\((\w+)\) /\* (.*?) \*/", source)
    if len(rows) != len(re.findall(r"each\(\w+\)", source)):
        sys.exit("a row of FL_VARIABLES has no comment 'effect | values | default | field'")
    for name, told in rows:
        effect, values, default, field = (part.strip() for part in told.split("|"))
        effect = re.sub(r"docs/((?:\w+/)?[\w-]+\.md)", r"[\1](\1)", effect)
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


def packages(source):
    """The stanza of brokers stands for a package of each."""
    stanza = (ROOT / "tools/package/debian/broker.control").read_text(encoding="utf-8").replace("@MODULE@", "BROKER")
    for name, purpose, more in re.findall(r"^Package: (\S+)\n(?:\S.*\n)*?Description: (.*)\n((?: .*\n)+)", source + stanza.replace("@SCHEMES@", "one scheme"), re.M):
        yield f"| `{name}` | {purpose}. {' '.join(more.split())} |\n"


def texts(pattern):
    return {path.relative_to(ROOT): path.read_text(encoding="utf-8") for path in sorted(ROOT.glob(pattern))}


def found(pattern, source):
    """The pattern's matches in the files of a source, each once, sorted."""
    return sorted({name for text in texts(source).values() for name in re.findall(pattern, text, re.S)})


def groups():
    """(title, form, names) of each group of names that readers look up."""
    functions = check_names.declarations(ROOT)
    macros = [(file, name) for file, name, _ in check_names.expansions(ROOT) if re.match(r"FILCH_\w*(?<!_H)(?<!_)$", name)]
    functions.update({name: (file, "") for file, name in macros})
    for header, text in texts("include/filch/*.h").items():
        names = [name for name, (file, _) in functions.items() if file == header.as_posix() and name.lower().startswith("filch_")]
        names += re.findall(r"^(?:FILCH_INLINE|static inline)[^;{(]*?\b(filch_\w+)\(", text, re.M)
        if names:
            yield f"[{header.name}](../{header})", "{}", sorted(set(names), key=lambda name: (name.lower(), name))
    for folder in sorted({path.parent for path in texts("tools/*/*.c")}):
        tables = found(r"command_option \w+\[\] = \{(.*?)\n\};", f"{folder}/*.c")
        if tables and folder.name != "shared":
            program = "filch-jobs" if folder.name == "jobs" else f"filch {folder.name}"
            names = re.findall(r'\{"([\w-]+)",(?!\s*(?:"\w*",\s*)?\.instead)', "".join(tables))
            yield f"`{program}`", "--{}", sorted(set(names))
    keys = "runtime/service/program/keys.c"
    yield "keys of `filch-worker`", "{}", found(r'\{"([\w-]+)", \.type', keys)
    yield "members of a handler", "{}", found(r'\{"([\w-]+)", OF\(', keys)
    yield "members of a periodic job", "{}", found(r'\{"([\w-]+)", OF_PERIODIC\(', keys)
    for of, form, source in METRICS:
        names = found(r'\bGAUGE\("?([a-z]\w+)"?, [a-z"]', source) + found(rf'"{form[:-2]}([a-z_]+)"', source)
        totals = found(r'\bCOUNTER\("?([a-z]\w+)"?, [a-z"]', source)
        yield of, form, sorted({*names, *(f"{name}_total" for name in totals)} - {"metric", "metric_total"})
    yield "metrics of a process", "process_{}", found(r'METRIC\("(\w+)"', "runtime/metrics/own_metrics.c")
    yield "numbers of a runtime", "{}", found(r"ROW\([A-Z_]+, (\w+),", "runtime/engine/counters.h")
    for of, source in {"OpenMP": "runtime/openmp/*.c", "services": "runtime/service/**/*.c"}.items():
        yield f"other variables of {of}", "{}", found(rf'"((?:{VARIABLES})_[A-Z_]+[A-Z])"', source)


def index(_):
    """Beside the names stands the page that shows most of them; beside options, the one that names the command often."""
    pages = {page: text for page, text in texts("docs/**/*.md").items()
             if not re.search(UNINDEXED, str(page))}
    words = {page: set(re.findall(r"[\w-]+", text)) for page, text in pages.items()}
    for of, mark, names in groups():
        marked = {mark.format(name) for name in names}

        def shows(page):
            command = pages[page].count(of.strip("`")) if mark == "--{}" else 1
            return command * (1 + len(marked & words[page]))

        page = max(pages, key=shows).relative_to("docs")
        link = f"[{page if page.name == 'README.md' else page.name}]({page})"
        yield f"| {of} | {link} | `{' '.join(mark.format(name) for name in names)}` |\n"


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
        "tools/package/debian/control", packages, "docs/install.md",
        "| package | purpose |\n|---|---|\n",
    ),
    (
        "include/filch/filch.h", index, "docs/reference.md",
        "| of | page | names |\n|---|---|---|\n",
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
