# SPDX-License-Identifier: MIT OR Apache-2.0
"""The faults that can be put into a C file by its syntax alone: a table of operators, and the functions that they find.

A fault has a name that survives edits elsewhere: FILE:FUNCTION:OPERATOR.ORDINAL, counted within the function. Files are
read token by token, without preprocessing; directives and comments are skipped."""
import dataclasses
import hashlib
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent.parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(HERE.parent))
import edits  # noqa: E402

DIRECTIVE = re.compile(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", re.M)
# Checks of a public function's arguments, and marks of an object's life and users (runtime/platform/given.h, users.h): no model has a caller who
# breaks the rule of <filch/base.h>, and tests/support/null has a row for each. Assertions (sched/assert.h) are not in the builds that judge; their
# mutants are in tests/invariants. All these are no part of a function.
CHECK = re.compile(r"\b(?:FL_(?:(?:GIVEN|ALIVE)(?:_IN)?|ASSERT|CHECK|MUST_GIVE|M(?:US|A)[TY]_LIVE(?:_IN)?)|fl_(?:life|uses)_(?:begin|end)|fl_scope_(?:opened|closed|says))"
                   r"\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\)[;,]")
ACCESS = re.compile(r"filch_(u32|u64|ptr)_(load|store|exchange|cas|add|or|and)$")
FENCES = ("filch_fence_seq_cst", "filch_fence_light", "fl_fence_heavy")

# One step weaker, by the kind of the operation.
WEAKER = {
    "load": {"SEQ_CST": ("ACQUIRE",), "ACQUIRE": ("RELAXED",)},
    "store": {"SEQ_CST": ("RELEASE",), "RELEASE": ("RELAXED",)},
    "rmw": {"SEQ_CST": ("ACQ_REL",), "ACQ_REL": ("ACQUIRE", "RELEASE"), "ACQUIRE": ("RELAXED",), "RELEASE": ("RELAXED",)},
}
# The place of the operator in an expression, by one more and by one less.
BESIDE = {
    "<": ("<=", "+ 1 <"), "<=": ("<", "<= 1 +"), ">": (">=", "> 1 +"), ">=": (">", "+ 1 >="),
    "==": ("!=", "== 1 +"), "!=": ("==", "!= 1 +"),
}
# A store in the place of a CAS keeps the release half of its order.
STORED = {"SEQ_CST": "SEQ_CST", "ACQ_REL": "RELEASE", "RELEASE": "RELEASE", "ACQUIRE": "RELAXED", "RELAXED": "RELAXED"}
TYPES = {"const", "static", "struct", "enum", "union", "unsigned", "signed", "int", "long", "char", "bool", "double", "void",
         "volatile", "typedef", "extern", "register"}
CONTROL = {"if", "for", "while", "switch"}
KEYWORDS = CONTROL | TYPES | {"else", "do", "return", "goto", "case", "default", "sizeof"}
DROPS = ("delete", "stay")  # operators that drop a statement, not a part of one
# Calls that only count, name or record.
NO_STEPS = {"fl_count", "fl_count_theft", "fl_count_outside", "fl_event", "fl_event_by", "fl_turn", "fl_turn_at", "fl_point",
            "fl_thread_noted"}


@dataclasses.dataclass(frozen=True)
class Fault:
    file: str
    function: str
    operator: str
    ordinal: int
    begin: int  # in characters
    end: int
    old: str  # of the changed statement, for people: without comments, in one line
    new: str  # takes the place of begin .. end
    first: int  # lines of the statement
    last: int

    @property
    def name(self):
        return f"{self.file}:{self.function}:{self.operator}.{self.ordinal}"


@dataclasses.dataclass(frozen=True)
class Function:
    name: str
    begin: int  # in tokens: its name,
    body: int  # and the brace that opens it
    end: int
    hash: str


COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.S)


def spelled(text):
    """Code in one line, without comments."""
    return " ".join(COMMENT.sub(" ", text).split())


def blanks(match):
    """In the place of what is skipped: every other character stays in its line and column."""
    return re.sub(r"[^\n]", " ", match[0])


class File:
    def __init__(self, path, text):
        self.path, self.text = path, text
        self.judged = CHECK.sub(blanks, text)
        self.skipped = [word for match in CHECK.finditer(text) for word in edits.spell(edits.tokens(match[0]))]
        blank = DIRECTIVE.sub(blanks, self.judged)
        self.parts = edits.tokens(blank)
        self.words = [part[0] for part in self.parts]
        self.depths = list(self._depths())
        self.functions = list(self._functions())
        self.counts = {}

    def line(self, at):
        return self.text.count("\n", 0, at) + 1

    def _depths(self):
        """Of each token: how many parentheses are open before it."""
        depth = 0
        for word in self.words:
            depth -= word == ")"
            yield depth
            depth += word == "("

    def _functions(self):
        depth = 0
        for i, word in enumerate(self.words):
            if word == "{" and not depth and i and self.words[i - 1] == ")":
                opened = self._opening(i - 1)
                name = self.words[opened - 1]
                if name.isidentifier() and name not in KEYWORDS and not self._is_of_checks(name):
                    end = edits.closing(self.parts, i) + 1
                    text = " ".join(self.words[opened - 1:end])
                    yield Function(name, opened - 1, i, end, hashlib.sha256(text.encode()).hexdigest()[:10])
            depth += (word == "{") - (word == "}")

    def _is_of_checks(self, name):
        """Is it a function of this file that only checks call?"""
        return self.path.endswith(".c") and self.words.count(name) == 1 and self.skipped.count(name) > 0

    def _opening(self, at):
        depth = 0
        for i in range(at, -1, -1):
            depth += (self.words[i] == ")") - (self.words[i] == "(")
            if not depth:
                return i
        return at

    def _around(self, at, function):
        """[first, last] of the statement, or the head of one, that holds a token."""
        first = last = at
        while first > function.body + 1 and not self._parts(first - 1):
            first -= 1
        while last < function.end - 1 and not self._parts(last):
            last += 1
        return first, last

    def _parts(self, at):
        return self.words[at] in ";{}" and not self.depths[at]

    def _fault(self, function, operator, begin, end, new):
        first, last = self._around(begin, function)
        self.counts[function.name, operator] = ordinal = self.counts.get((function.name, operator), 0) + 1
        at, to = self.parts[begin][1], self.parts[end][2]
        shown, until = (begin, end) if operator in DROPS else (first, last)
        return Fault(self.path, function.name, operator, ordinal, at, to,
                     spelled(self.judged[self.parts[shown][1]:self.parts[until][1] + (self.words[until] == ";")]), new,
                     self.line(self.parts[shown][1]), self.line(self.parts[until][1]))

    def faults(self):
        self.counts = {}
        for function in self.functions:
            for find in (orders, fences, comparisons, stores, deletions, stays):
                yield from find(self, function)


def operation(file, at):
    """(kind, operation) of the access that has the token among its arguments."""
    depth = 0
    for i in range(at - 1, -1, -1):
        depth += (file.words[i] == ")") - (file.words[i] == "(")
        found = depth < 0 and ACCESS.match(file.words[i - 1])
        if found:
            return found.groups()
        if file.words[i] in ";{}":
            break
    return None


def orders(file, function):
    for i in range(function.body, function.end):
        order = file.words[i].removeprefix("FILCH_")
        access = operation(file, i) if order in STORED and order != "RELAXED" else None
        kind = access and (access[1] if access[1] in WEAKER else "rmw")
        for weaker in WEAKER[kind].get(order, ()) if kind else ():
            yield file._fault(function, "order", i, i, "FILCH_" + weaker)


def fences(file, function):
    for i in range(function.body, function.end):
        if file.words[i] in FENCES and file.words[i + 1:i + 3] == ["(", ")"]:
            yield file._fault(function, "fence", i, i + 2, "(void)0")


def comparisons(file, function):
    for i in range(function.body, function.end):
        for beside in BESIDE.get(file.words[i], ()):
            yield file._fault(function, "compare", i, i, beside)


def stores(file, function):
    for i in range(function.body, function.end):
        found = ACCESS.match(file.words[i])
        if not found or found[2] != "cas":
            continue
        close, commas, depth = edits.closing(file.parts, i + 1), [], 0
        for j in range(i + 1, close):
            depth += (file.words[j] in "([{") - (file.words[j] in ")]}")
            if file.words[j] == "," and depth == 1:
                commas.append(j)
        if len(commas) != 3:
            continue
        word = file.text[file.parts[i + 2][1]:file.parts[commas[0] - 1][2]]
        value = file.text[file.parts[commas[1] + 1][1]:file.parts[commas[2] - 1][2]]
        order = STORED.get(file.words[commas[2] + 1].removeprefix("FILCH_"), "SEQ_CST")
        yield file._fault(function, "cas", i, close, f"(filch_{found[1]}_store({word}, {value}, FILCH_{order}), 1)")


def begins_statement(file, i):
    """Is the token the first one of a statement?"""
    before = file.words[i - 1]
    if file.depths[i]:
        return False
    if before in (";", "{", "}", "else", "do"):
        return True
    if before == ")":
        return file.words[file._opening(i - 1) - 1] in CONTROL
    return before == ":" and re.fullmatch(r"case|default", file.words[_label_of(file, i - 1)]) is not None


def _label_of(file, at):
    while at and file.words[at - 1] not in ";{}:":
        at -= 1
    return at


def is_declaration(words):
    first, *rest = words
    return first in TYPES or (first.isidentifier() and bool(
        re.match(r"(?:\* ?)*(?:const )?[A-Za-z_]\w* ?(?:[=;,\[(]|$)", " ".join(rest[:4])))
        and rest[0] not in ("(", "=", "[", ".", "->", ";"))


def statements(file, function):
    """(first, last) token of each that ends with a semicolon."""
    for i in range(function.body + 1, function.end - 1):
        if not begins_statement(file, i):
            continue
        last, depth = i, 0
        while last < function.end - 1 and not (file.words[last] == ";" and not depth):
            depth += (file.words[last] in "([{") - (file.words[last] in ")]}")
            last += 1
        yield i, last


def deletions(file, function):
    """Each statement that is an expression or a jump: the rest of a function has no part that can go alone."""
    for i, last in statements(file, function):
        words = file.words[i:last + 1]
        jump = words[:-1] in (["return"], ["break"], ["continue"])
        expression = re.match(r"[A-Za-z_]\w*$|[*(]$|\+\+$|--$", words[0]) and words[0] not in KEYWORDS \
            and words[:2] != ["(", "void"] and words[1] != ":" and words[0] not in NO_STEPS and words[0] not in FENCES and not is_declaration(words)
        if jump or expression:
            yield file._fault(function, "delete", i, last, "(void)0;")


def stays(file, function):
    """Each return of a value but the last one of the function: it goes on instead."""
    for i, last in statements(file, function):
        if file.words[i] == "return" and last > i + 1 and last < function.end - 2:
            yield file._fault(function, "stay", i, last, "(void)0;")


def read(path, root=ROOT):
    return File(path, (root / path).read_text(encoding="utf-8"))


def changed(text, fault):
    return text[:fault.begin] + fault.new + text[fault.end:]


def wording(file, fault):
    """`old -> new` of the changed tokens, and the statement around them, in one line: the text that a verdict quotes."""
    if fault.operator in DROPS:
        return f"delete `{fault.old}`"
    return f"`{spelled(file.text[fault.begin:fault.end])}` -> `{spelled(fault.new)}` in `{fault.old}`"
