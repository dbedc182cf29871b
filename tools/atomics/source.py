# SPDX-License-Identifier: MIT OR Apache-2.0
"""Reads a C file as far as the lint needs it: comments, statements, atomic accesses, the edges that its head lists.

A file's head is its first comment, and those that follow the titles of its parts. A label is the name of a step, such as
PublishTask. An edge is a line of a head that is indented and begins with a label, and the further indented lines below it.
Two columns are parted by `->`, `<-` or `|` after two spaces. The left one says what the label stands for. The right one is the partner; a label at its beginning is defined by this."""
import bisect
import re
from dataclasses import dataclass, field

LABEL = r"(?:[A-Z][a-z]+){2,}\b"  # PublishTask
LABELS = re.compile(rf"(?<![\w-]){LABEL}")
LEADING = re.compile(rf"\s*((?:{LABEL}(?:, (?={LABEL}))?)+)(.*)", re.S)
WORD = re.compile(r"[A-Za-z][\w'+]*")
LEXEME = re.compile(r"""/\*.*?(?:\*/|\Z)|//[^\n]*|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'""", re.S)
MARK = re.compile(r"[(){};]|^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", re.M)  # between statements; a directive is one
ACCESS = re.compile(r"\bfilch_(u32|u64|ptr)_([a-z]\w*)\s*\(|\b(filch_fence_\w+|fl_fence_heavy)\s*\(\s*\)")
NEAR = re.compile("_(?:u32|u64|ptr|fence)_")  # stands in each access, and is found faster
NAME = re.compile(r"[A-Za-z_]\w*")
PARTED = re.compile(r"(?:^|\s{2,})(?=(?:->|<-|\|)\s+\S)")
COVERS = {"both": 2, "all three": 3, "all four": 4}  # a comment that begins so speaks for as many accesses


@dataclass
class Comment:
    line: int
    last: int
    text: str
    alone: bool  # no code on its lines

    def labels(self):
        """The labels that it begins with: the edges of which its access is an end."""
        found = LEADING.match(self.text)
        return LABELS.findall(found[1]) if found else []

    def reasons(self):
        """The words beside those labels; one alone is no reason."""
        found = LEADING.match(self.text)
        words = WORD.findall(LABELS.sub(" ", found[2] if found else self.text))
        return words if len(words) > 1 else []


@dataclass
class Access:
    line: int
    last: int
    operation: str  # load, store, ..., or the fence's name
    word: str = ""  # the field
    value: str = ""  # the stored value
    order: str = ""  # as it is written
    comments: list = field(default_factory=list)

    def is_fence(self):
        return "fence" in self.operation

    def labels(self):
        return [label for comment in self.comments for label in comment.labels()]

    def has_reason(self):
        return any(comment.reasons() for comment in self.comments)


@dataclass
class Edge:
    label: str
    line: int
    text: str  # of its own column
    partner: bool  # is one named?
    named_by: str = ""  # the label whose partner it is


class Source:
    def __init__(self, path, text):
        self.path, self.text = path, text
        self.starts = [0] + [m.end() for m in re.finditer("\n", text)]
        self._lex()
        self.heads = self.comments[:1] + [second for first, second in zip(self.comments, self.comments[1:])
                                          if "----" in first.text and second.line == first.last + 2]
        self.head = "\n".join(head.text for head in self.heads)
        self.edges = [edge for head in self.heads for edge in read_edges(head)]
        self.accesses = list(self._accesses())
        self._cover()
        self.used = {label for comment in self.comments[1:] for label in comment.labels()}

    def line(self, offset):
        return bisect.bisect_right(self.starts, offset)

    def _lex(self):
        """code: the text with comments and strings blanked; with_strings: with comments blanked."""
        self.comments = []
        code, with_strings = [], []
        at = 0
        for m in LEXEME.finditer(self.text):
            blank = "\n".join(" " * len(line) for line in m[0].split("\n"))
            between = self.text[at:m.start()]
            is_comment = m[0].startswith(("/*", "//"))
            code += [between, blank]
            with_strings += [between, blank if is_comment else m[0]]
            if is_comment:
                self.comments.append(self._comment(m))
            at = m.end()
        self.code = "".join(code) + self.text[at:]
        self.with_strings = "".join(with_strings) + self.text[at:]

    def _comment(self, m):
        first, last = self.line(m.start()), self.line(m.end() - 1)
        before = self.text[self.starts[first - 1]:m.start()]
        end = self.starts[last] if last < len(self.starts) else len(self.text)
        body = re.sub(r"^/[*/]|\*/$", "", m[0])
        return Comment(first, last, body, not before.strip() and not self.text[m.end():end].strip())

    def _statements(self):
        """(start, end) of each: up to a semicolon or brace outside of parentheses. A directive is one of its own."""
        begin = depth = 0
        for m in MARK.finditer(self.code):
            if m[0] in "()":
                depth += 1 if m[0] == "(" else -1
            elif m[0] not in ";{}":
                yield begin, m.start()
                yield m.span()
                begin = m.end()
            elif depth <= 0:
                yield begin, m.end()
                begin, depth = m.end(), 0
        yield begin, len(self.code)

    def _accesses(self):
        for begin, end in self._statements() if NEAR.search(self.code) else ():
            found = list(ACCESS.finditer(self.code, begin, end))
            if not found:
                continue
            begin += len(self.code[begin:end]) - len(self.code[begin:end].lstrip())
            first, last = self.line(begin), self.line(end - 1)
            around = [c for c in self.comments[1:] if first <= c.line <= last or (c.alone and c.last == first - 1)]
            for m in found:
                access = self._access(m)
                own = [c for c in around if access.line <= c.line <= access.last]
                access.comments = own or around
                yield access

    def _access(self, m):
        line = self.line(m.start())
        if m[3]:
            return Access(line, line, m[3])
        arguments, end = self._arguments(m.end())
        word = NAME.findall(without_groups(arguments[0]))
        return Access(line, self.line(end), m[2], word[-1] if word else arguments[0],
                      arguments[-2] if len(arguments) > 1 else "", arguments[-1])

    def _arguments(self, at):
        """The arguments of a call whose parenthesis has just been opened, and where it ends."""
        arguments, depth, begin = [], 0, at
        while at < len(self.code) and (depth or self.code[at] != ")"):
            c = self.code[at]
            depth += (c in "([{") - (c in ")]}")
            if c == "," and not depth:
                arguments.append(self.code[begin:at].strip())
                begin = at + 1
            at += 1
        return arguments + [self.code[begin:at].strip()], at

    def _cover(self):
        covering = [(comment, n) for comment in self.comments for words, n in COVERS.items()
                    if comment.text.strip().startswith(words + ":")]
        for comment, n in covering:
            first = next((i for i, access in enumerate(self.accesses) if comment in access.comments), len(self.accesses))
            for access in self.accesses[first + 1:first + n]:
                if comment not in access.comments:
                    access.comments = access.comments + [comment]

    def statement_text(self, offset):
        """From there to the next semicolon, strings included."""
        return self.with_strings[offset:self.code.find(";", offset) + 1 or len(self.code)]


def without_groups(text):
    """&f(x, g(y))->a[i] is &f->a: its last name is the field, or the function that finds the word."""
    inner = r"\([^()]*\)|\[[^][]*\]"
    while re.search(inner, text):
        text = re.sub(inner, "", text)
    return text


def read_edges(head):
    entry = []
    for number, line in enumerate(head.text.split("\n"), head.line):
        line = re.sub(r"^ ?\*", "", line)
        if re.match(rf" {{2,4}}{LABEL}[:,]?\s+\S", line):
            yield from read_edge(entry)
            entry = [(number, line)]
        elif entry and re.match(r"   ", line):
            entry.append((number, line))
        else:
            yield from read_edge(entry)
            entry = []
    yield from read_edge(entry)


def read_edge(entry):
    if not entry:
        return
    label = LABELS.search(entry[0][1])[0]
    parted = [(number, line, m.end()) for number, line in entry for m in [PARTED.search(line)] if m]
    column = parted[0][2] if parted else 1000
    left = " ".join(line[:column].strip() for _, line in entry)
    right = " ".join(line[column:].strip() for _, line in entry)
    others = set(LABELS.findall(left + " " + right)) - {label}
    yield Edge(label, entry[0][0], left, bool(right.strip() or others or "one of the two" in left or "of two" in left))
    partner = re.match(rf"(?:->|<-|\|)\s+({LABEL})(?! of \S+/)", right)
    if partner:
        yield Edge(partner[1], parted[0][0], right, True, label)
