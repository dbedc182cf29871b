# SPDX-License-Identifier: MIT OR Apache-2.0
"""Protocols for any number of workers, as numbers of workers in each place, and their proofs by Z3.

A file has these lines (# begins a comment):

  counts                        each following line, to an empty one: NAME and its meaning; a number that is never negative
  start: CONDITION
  invariant NAME: CONDITION     together they hold at the start, and each step keeps them
  safe NAME: CONDITION          follows from the invariants
  step LABELS WHAT: GUARD -> CHANGES [: environment]
  rank: EXPRESSION; ...         each step but those of the environment makes the first that it changes less; all are positive or 0
  rest: CONDITION               follows where no step but those of the environment can be taken

LABELS are names of steps in the sources (ReadSleepers). CHANGES are `x += e`, `x -= e` or `x = e`, by values before the step, separated by semicolons.
Conditions are Python's, over integers: and, or, not, ==, !=, <, <=, >, >=, +, -, *, if else. The workers are alike and their own state
is the place where they are. So these numbers leave nothing out, and one proof holds for every number of workers."""
import ast
import dataclasses
import re
import subprocess

COMPARISONS = {ast.Eq: "=", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">="}
OPERATORS = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*"}
LABEL = re.compile(r"(?:[A-Z][a-z]+){2,}$")


def smt(text, rename=lambda name: name):
    """A condition or number as Z3 reads it."""
    def convert(node):
        if isinstance(node, ast.BoolOp):
            return f"({'and' if isinstance(node.op, ast.And) else 'or'} {' '.join(map(convert, node.values))})"
        if isinstance(node, ast.UnaryOp):
            return f"({'not' if isinstance(node.op, ast.Not) else '-'} {convert(node.operand)})"
        if isinstance(node, ast.Compare):
            (operator,), (right,) = node.ops, node.comparators
            if isinstance(operator, ast.NotEq):
                return f"(not (= {convert(node.left)} {convert(right)}))"
            return f"({COMPARISONS[type(operator)]} {convert(node.left)} {convert(right)})"
        if isinstance(node, ast.BinOp):
            return f"({OPERATORS[type(node.op)]} {convert(node.left)} {convert(node.right)})"
        if isinstance(node, ast.IfExp):
            return f"(ite {convert(node.test)} {convert(node.body)} {convert(node.orelse)})"
        if isinstance(node, ast.Constant):
            return str(node.value).lower()
        return rename(node.id)
    return convert(ast.parse(text.strip(), mode="eval").body)


@dataclasses.dataclass
class Step:
    labels: tuple
    what: str
    guard: str
    changes: dict  # name: expression
    environment: bool

    def __str__(self):
        return f"{' '.join(self.labels)} {self.what}"


class Protocol:
    def __init__(self, text):
        self.counts, self.invariants, self.safe, self.steps = [], {}, {}, []
        self.start = self.rank = self.rest = None
        lines = iter([*(line.rstrip() for line in text.splitlines() if not line.startswith("#")), ""])
        for line in lines:
            kind, _, rest = line.partition(" ")
            if kind == "counts":
                while line := next(lines):
                    self.counts.append(line.split()[0])
            elif kind in ("start:", "rank:", "rest:"):
                setattr(self, kind[:-1], rest)
            elif kind in ("invariant", "safe"):
                name, _, condition = rest.partition(": ")
                (self.invariants if kind == "invariant" else self.safe)[name] = condition
            elif kind == "step":
                self.steps.append(self.step(rest))
            elif line:
                raise SystemExit(f"unknown line: {line} (the head of protocol.py lists them)")

    def step(self, text):
        head, _, rest = text.partition(": ")
        body, *environment = rest.split(" : ")
        guard, _, changes = body.partition(" -> ")
        words = head.split()
        labels = tuple(word for word in words if LABEL.match(word))
        found = {}
        for change in changes.split("; "):
            name, how, value = re.fullmatch(r"(\w+) ([+-]?)= (.*)", change).groups()
            if name not in self.counts:
                raise SystemExit(f"unknown name {name} in step {head}")
            found[name] = f"{name} {how} ({value})" if how else value
        return Step(labels, " ".join(words[len(labels):]), guard, found, environment == ["environment"])

    def labels(self):
        return {label for step in self.steps for label in step.labels}


class Solver:
    """Queries: (claim, declarations and assertions that must have no solution)."""

    def __init__(self, protocol):
        self.protocol = protocol
        names = protocol.counts
        self.before = [f"(declare-const {name} Int) (assert (>= {name} 0))" for name in names]
        self.known = self.before + [f"(assert {smt(condition)})" for condition in protocol.invariants.values()]

    def after(self, step):
        """The name of each number after the step."""
        return lambda name: smt(step.changes[name]) if name in step.changes else name

    def less(self, step, ranks):
        first, *rest = ((smt(rank, self.after(step)), smt(rank)) for rank in ranks)
        result = f"(< {first[0]} {first[1]})"
        if rest:
            result = f"(or {result} (and (= {first[0]} {first[1]}) {self.less(step, ranks[1:])}))"
        return result

    def queries(self):
        protocol = self.protocol
        for name, condition in protocol.invariants.items():
            yield f"at the start: {name}", [*self.before, self.let(protocol.start), self.refute(smt(condition))]
        for step in protocol.steps:
            taken = [*self.known, self.let(step.guard)]
            for name, condition in protocol.invariants.items():
                yield f"{step} keeps: {name}", [*taken, self.refute(smt(condition, self.after(step)))]
            for name in step.changes:
                yield f"{step}: {name} stays a number", [*taken, self.refute(f"(>= {self.after(step)(name)} 0)")]
            if protocol.rank and not step.environment:
                yield f"{step} comes nearer to rest", [*taken, self.refute(self.less(step, protocol.rank.split("; ")))]
        for name, condition in protocol.safe.items():
            yield f"safe: {name}", [*self.known, self.refute(smt(condition))]
        if protocol.rest:
            stuck = [self.refute(smt(step.guard)) for step in protocol.steps if not step.environment]
            yield "at rest", [*self.known, *stuck, self.refute(smt(protocol.rest))]

    def vacuous(self):
        """Queries that must have a solution: each step can be taken."""
        for step in self.protocol.steps:
            yield f"{step} can be taken", [*self.known, self.let(step.guard)]

    @staticmethod
    def let(condition):
        return f"(assert {smt(condition)})"

    @staticmethod
    def refute(formula):
        return f"(assert (not {formula}))"


def answers(queries, z3="z3"):
    """(claim, sat, unsat or unknown) of each."""
    queries = list(queries)
    text = "".join(f"(push)\n{chr(10).join(lines)}\n(check-sat)\n(pop)\n" for _, lines in queries)
    run = subprocess.run([z3, "-in", "-T:100"], input=text, capture_output=True, text=True, check=False)
    verdicts = run.stdout.split()
    if len(verdicts) != len(queries):
        raise SystemExit(f"z3 failed: {run.stdout[-500:]}")
    return [(claim, verdict) for (claim, _), verdict in zip(queries, verdicts)]


def broken(protocol, part=""):
    """The claims that do not hold, of those with this in their name."""
    solver = Solver(protocol)
    found = []
    for queries, wanted in ((solver.queries(), "unsat"), (solver.vacuous(), "sat")):
        chosen = [query for query in queries if part in query[0]]
        found += [claim for claim, verdict in answers(chosen) if verdict != wanted] if chosen else []
    return found
