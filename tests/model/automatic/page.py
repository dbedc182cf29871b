# SPDX-License-Identifier: MIT OR Apache-2.0
"""The report of all verdicts, and the lint: do the arguments still fit the sources?"""
import collections
import functools
import sys

import records
import syntax

ROOT = syntax.ROOT
REPORT = records.FOLDER / "report.md"
# Protocols of which a part is inline.
HEADERS = ("include/filch/fork.h", "sched/forkstack.h", "sched/idle.h", "sched/request.h", "sched/rest.h")
COLUMNS = {
    "dies": "a row of a model breaks",
    "tested": "no sample of a model sees it; a unit test fails",
    "told": "the lint of atomics, the compiler's warnings, or tests of machine code or probes tell it, and no model within the time",
    "equal": "no fault: an argument stands beside the verdict",
    "cost": "every claim holds; it takes more time or memory (an argument is there, too)",
    "hole": "nothing sees it; below, with its reason",
}


def name_of(file, function, verdict):
    return f"{file}:{function}:{verdict.operator}.{verdict.ordinal}"


def kind(name, verdict, arguments):
    """One of COLUMNS."""
    first = verdict.verdict.split()[0]
    if first != "lives":
        return first
    return arguments.get(name, ("", "Hole"))[1].lower()


def each(functions):
    for function, (_, verdicts) in functions.items():
        for verdict in verdicts:
            yield function, verdict


def summary(functions):
    counts = collections.Counter(verdict.verdict.split()[0] for _, verdict in each(functions))
    return ", ".join(f"{count} {word}" for word, count in sorted(counts.items()))


@functools.lru_cache(maxsize=None)
def all_records():
    return {file: records.read(file) for file in records.judged()}


# ---- Edges ----

@functools.lru_cache(maxsize=None)
def source(name):
    sys.path.insert(0, str(ROOT / "tools"))
    from atomics.source import Source
    return Source(name, (ROOT / name).read_text(encoding="utf-8"))


def by_hand():
    """(edge, model, mutant) of each in tests/model/mutants that dies: the edges of the code that it changes."""
    import edits
    import mutants
    for mutant in mutants.read_all().values():
        if mutant.program in mutants.OF_CHECKER or mutant.fields.get("Lives"):
            continue
        for edit in mutant.edits:
            name = edits.find_file(ROOT, mutants.FOLDERS, edit.file).relative_to(ROOT).as_posix()
            text = (ROOT / name).read_text(encoding="utf-8")
            begin, end = edits.locate(text, edit)
            first, last = text.count("\n", 0, begin) + 1, text.count("\n", 0, end) + 1
            for access in source(name).accesses:
                if first <= access.line <= last:
                    yield from ((label, mutant.program, mutant.name) for label in access.labels())


@functools.lru_cache(maxsize=None)
def edges():
    """{edge: {model or test: mutants that die there}} of all edges that a model's files have."""
    found = collections.defaultdict(lambda: collections.defaultdict(list))
    for functions in all_records().values():
        for function, verdict in each(functions):
            for edge in verdict.edges:
                if verdict.verdict.startswith(("dies ", "tested ")):
                    found[edge][verdict.verdict.split()[1]].append(f"{function}:{verdict.operator}.{verdict.ordinal}")
                else:
                    found[edge].update()
    for edge, model, name in by_hand():
        if name not in found[edge][model]:
            found[edge][model].append(name)
    return {edge: found[edge] for edge in sorted(found)}


def matrix():
    """Rows of the table: edge, model, its mutants."""
    for edge, models in edges().items():
        if not models:
            yield edge, "none", ""
        for number, (model, names) in enumerate(sorted(models.items())):
            yield "" if number else edge, f"`{model}`", f"{len(names)}: " + ", ".join(f"`{name}`" for name in names)


# ---- The report ----

HEAD = """# Automatic mutants

A mutant is the library with one fault. These come from the syntax: each order one step weaker, each fence dropped, each comparison
inverted, widened or narrowed by one, each CAS made a store. Each statement is deleted, each early return of a value passed over. docs/internals/verification.md
says how they are judged. The mutants that people wrote are in `tests/model/mutants`.
"""


def table(rows):
    return "".join(f"| {' | '.join(str(cell) for cell in row)} |\n" for row in rows)


def text():
    arguments = records.arguments()
    counts, holes = [], []
    for file, functions in all_records().items():
        kinds = collections.Counter()
        for function, verdict in each(functions):
            name = name_of(file, function, verdict)
            found = kind(name, verdict, arguments)
            kinds[found] += 1
            if found == "hole":
                reason = arguments.get(name, ("", "", "not examined yet"))[2]
                holes.append((f"`{function}` in `{file}`", f"`{verdict.operator}.{verdict.ordinal}`", reason))
        counts.append((f"`{file}`", sum(kinds.values()), *(kinds[column] for column in COLUMNS)))
    total = ("all", *(sum(row[i] for row in counts) for i in range(1, 2 + len(COLUMNS))))
    parts = [HEAD, "\n", table([("column", "meaning"), ("---", "---"), *COLUMNS.items()]), "\n## Verdicts\n\n", table([("file", "mutants", *COLUMNS), ("---",) * (2 + len(COLUMNS)), *counts, total]),
             "\n## Edges\n\nEach labelled step of a protocol, and the mutants that die in a model or a unit test and change a statement of that label: "
             "those above,\nby function, and those of `tests/model/mutants`, by name.\n\n",
             table([("edge", "model or test", "mutants"), ("---", "---", "---"), *matrix()]),
             "\n## Holes\n\n", table([("where", "fault", "reason"), ("---", "---", "---"), *holes]) if holes else "None.\n"]
    return "".join(parts)


def write():
    """The report; and the arguments of mutants that have not lived on are struck."""
    records.strike({name_of(file, function, verdict) for file, functions in all_records().items()
                    for function, verdict in each(functions) if verdict.verdict != "lives"})
    REPORT.write_text(text(), encoding="utf-8")
    print(REPORT.relative_to(ROOT))


# ---- The lint ----

@functools.lru_cache(maxsize=None)
def faults_of(file):
    """{name: text} of its faults; None: there is no such file."""
    if not (ROOT / file).is_file():
        return None
    source = syntax.read(file)
    return {fault.name: syntax.wording(source, fault) for fault in source.faults()}


def findings():
    for name, (fault, _, _) in records.arguments().items():
        file = name.split(":")[0]
        faults = faults_of(file)
        if faults is None:
            yield f"arguments: {file} of {name} is gone; strike it"
        elif name not in faults:
            yield f"arguments: {name} names no mutant; strike it, or judge {file} anew"
        elif faults[name] != fault:
            yield f"arguments: {name} is {faults[name]} now; examine it, and correct its heading"


def check():
    wrong = list(findings())
    print(*wrong, sep="\n", end="\n" if wrong else "")
    count = len(records.arguments())
    print(f"{count} arguments, {len(wrong)} findings", file=sys.stderr)
    return 1 if wrong or not count else 0
