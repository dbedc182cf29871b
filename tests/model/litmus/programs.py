# SPDX-License-Identifier: MIT OR Apache-2.0
"""Reads the table of litmus programs, `programs.txt`. Its head explains the format."""
import dataclasses
import pathlib
import re

TABLE = pathlib.Path(__file__).resolve().parent / "programs.txt"
ORDERS = ("relaxed", "acquire", "release", "acq_rel", "seq_cst")
ORDER = r"(?: (?P<order>%s))?" % "|".join(ORDERS)
WORD, REGISTER = r"(?P<word>[xyz])", r"(?P<register>[a-h])"
RMW = r"(?:(?P<change>exchange|add) (?P<operand>\d)|cas (?P<expected>\d) (?P<new>\d))"
OPERATIONS = tuple((kind, re.compile(pattern + "$")) for kind, pattern in (
    ("store", rf"{WORD} = (?P<operand>\d|[a-h]){ORDER}"),
    ("load", rf"{REGISTER} = {WORD}{ORDER}"),
    ("rmw", rf"(?:{REGISTER} = )?{WORD} {RMW}{ORDER}"),
    ("fence", r"fence (?P<order>acquire|release|acq_rel|seq_cst)"),
    ("light", "light"),
    ("heavy", "heavy"),
))
ALLOWED = {"store": ("relaxed", "release", "seq_cst"), "load": ("relaxed", "acquire", "seq_cst")}


@dataclasses.dataclass(frozen=True)
class Operation:
    kind: str
    order: str = "relaxed"
    word: str = None
    register: str = None
    change: str = None  # of an rmw: exchange, add or cas
    operand: str = None  # a digit, or a register
    expected: int = None  # of a cas

    def value(self, found, registers):
        """The value that it stores."""
        if self.operand in registers:
            return registers[self.operand]
        return int(self.operand) + (found if self.change == "add" else 0)


@dataclasses.dataclass(frozen=True)
class Program:
    name: str
    what: str
    threads: tuple  # of tuples of operations
    finals: tuple  # words whose last value is a part of the outcome

    def operations(self):
        return [operation for thread in self.threads for operation in thread]

    def registers(self):
        """In the order of the outcome's digits."""
        return [operation.register for operation in self.operations() if operation.register]

    def words(self):
        return sorted({operation.word for operation in self.operations() if operation.word})

    def runs(self):
        """Can the checker run it? `include/filch/atomic.h` has no fence but seq_cst."""
        return all(operation.kind != "fence" or operation.order == "seq_cst" for operation in self.operations())


def operation_of(text, place):
    for kind, pattern in OPERATIONS:
        match = pattern.match(text)
        if not match:
            continue
        found = {name: value for name, value in match.groupdict().items() if value is not None}
        if found.get("order", "relaxed") not in ALLOWED.get(kind, ORDERS):
            raise SystemExit(f"{place}: no {kind} has this order: {text} (valid: {', '.join(ALLOWED[kind])})")
        if "expected" in found:
            found.update(change="cas", expected=int(found["expected"]), operand=found.pop("new"))
        return Operation(kind, **found)
    raise SystemExit(f"{place}: unknown operation: {text} (the head of the file lists them)")


def program_of(paragraph, place):
    head, *lines = paragraph
    name, colon, what = head.partition(": ")
    if not colon or not re.fullmatch("[a-z0-9_]+", name):
        raise SystemExit(f"{place}: not a head: {head} (NAME: one line for people)")
    finals = ()
    if lines and lines[-1].startswith("finally "):
        finals = tuple(lines.pop().split()[1:])
    columns = [[] for _ in lines[0].split("|")] if lines else []
    for line in lines:
        cells = line.split("|")
        if len(cells) != len(columns):
            raise SystemExit(f"{place}: a line with {len(cells)} threads: {line} (its program has {len(columns)})")
        for column, cell in zip(columns, cells):
            if cell.strip():
                column.append(operation_of(" ".join(cell.split()), place))
    program = Program(name, what, tuple(map(tuple, columns)), finals)
    if len(set(program.registers())) != len(program.registers()):
        raise SystemExit(f"{place}: a register that is written twice (each of a to h once in a program)")
    return program


def read(text):
    """All programs of the table, in its order."""
    found, paragraph, first = [], [], 0
    for number, line in enumerate(text.splitlines() + [""], 1):
        if line.startswith("#"):
            continue
        if line.strip():
            first = first or number
            paragraph.append(line.strip())
        elif paragraph:
            found.append(program_of(paragraph, f"programs.txt:{first}"))
            paragraph, first = [], 0
    names = [program.name for program in found]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise SystemExit(f"programs.txt: names that stand twice: {', '.join(sorted(twice))}")
    return found
