# SPDX-License-Identifier: MIT OR Apache-2.0
"""Verdicts, a file below build/mutants for each judged source; and arguments, kept by hand in tests/model/arguments, a file for
each room of the source.

A record has a line for each function, with a hash of its code, and below it a line for each fault:

    OPERATOR.ORDINAL | VERDICT | REMARK | EDGES | FAULT

Verdicts: `dies MODEL ROW`; `tested TEST`, with `asan` where only its sanitized program fails; `told LINT`; `lives`. A fault
that lives has its entry in ROOM.txt, by its name and its text. `Equal:` says why it is no fault; `Cost:` that it only takes time or
memory; `Hole:` why no model sees it."""
import dataclasses
import re

import syntax

FOLDER = syntax.ROOT / "build/mutants"
ARGUMENTS = syntax.HERE.parent / "arguments"
HEAD = "# Verdicts on the automatic mutants of {}. Written by tools/mutants.sh.\n"


@dataclasses.dataclass(frozen=True)
class Verdict:
    operator: str
    ordinal: int
    verdict: str
    remark: str
    edges: tuple
    fault: str

    def line(self):
        return "    " + " | ".join([f"{self.operator}.{self.ordinal}", self.verdict, self.remark, " ".join(self.edges),
                                    self.fault]) + "\n"


class Wrong(Exception):
    pass


def path_of(file):
    return FOLDER / f"{file}.txt"


def judged():
    """The sources that have a record."""
    return sorted(path.relative_to(FOLDER).as_posix().removesuffix(".txt") for path in FOLDER.rglob("*.[ch].txt"))


def write(file, functions):
    """functions: {name: (hash, verdicts)}"""
    text = HEAD.format(file)
    for name, (code, verdicts) in functions.items():
        text += f"{name} {code}\n" + "".join(verdict.line() for verdict in verdicts)
    path_of(file).parent.mkdir(parents=True, exist_ok=True)
    path_of(file).write_text(text, encoding="utf-8")


def read(file):
    functions = {}
    for line in path_of(file).read_text(encoding="utf-8").splitlines():
        if line.startswith("#") or not line.strip():
            continue
        if not line.startswith(" "):
            name, code = line.split()
            functions[name] = (code, [])
            continue
        key, verdict, remark, edges, fault = re.split(r" \| ?", line.strip(), maxsplit=4)
        operator, ordinal = key.split(".")
        functions[name][1].append(Verdict(operator, int(ordinal), verdict, remark, tuple(edges.split()), fault))
    return functions


def arguments():
    """{name: (text of the fault, "Equal", "Cost" or "Hole", the argument)}; several names may share one."""
    found = {}
    for path in sorted(ARGUMENTS.glob("*.txt")):
        for name, entry in arguments_of(path):
            if name in found:
                raise Wrong(f"{path.name}: {name} is argued twice; strike one")
            found[name] = entry
    return found


def arguments_of(path):
    names, kind, argument = [], None, []
    for line in [*path.read_text(encoding="utf-8").splitlines(), "["]:
        heading = re.match(r"\[([^\]\s]+)\] (.*)", line)
        if line.startswith("[") and kind:
            yield from ((name, (fault, kind, " ".join(argument))) for name, fault in names)
            names, kind, argument = [], None, []
        if heading:
            names.append((heading[1], heading[2]))
        elif re.match(r"(Equal|Cost|Hole): ", line):
            kind, first = line.split(": ", 1)
            argument = [first.strip()]
        elif line.strip() and not line.startswith(("#", "[")):
            argument.append(line.strip())


def without(text, struck):
    """A file of arguments without these names; an argument that is nobody's goes, too."""
    kept = []
    for paragraph in text.split("\n\n"):
        lines = paragraph.splitlines()
        headings = [line for line in lines if line.startswith("[")]
        left = [line for line in lines if not (line.startswith("[") and line[1:].split("]")[0] in struck)]
        if not headings or any(line.startswith("[") for line in left):
            kept.append("\n".join(left))
    return "\n\n".join(kept).rstrip("\n") + "\n"


def strike(struck):
    """Deletes the arguments of these mutants."""
    for path in sorted(ARGUMENTS.glob("*.txt")):
        text = path.read_text(encoding="utf-8")
        if (left := without(text, struck)) != text:
            path.write_text(left, encoding="utf-8")
