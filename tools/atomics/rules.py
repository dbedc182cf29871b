# SPDX-License-Identifier: MIT OR Apache-2.0
"""The comparison of sources with the tables. Each check yields findings; what to do stands in the message."""
import re
from collections import namedtuple

from . import tables
from .source import LABELS

Finding = namedtuple("Finding", "path line rule message")
ASM = re.compile(r"\b(?:__asm__|__asm|asm)\b(?:\s+(?:volatile|__volatile__|__volatile|inline|goto))*")
SUSPECT = re.compile("|".join([ASM.pattern, *(pattern for _, pattern, _ in tables.BANNED)]))
INCLUDE = re.compile(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]', re.M)
PATH = re.compile(r"(?:[\w.]+/)+\w+\.[ch]\b")


def check(sources):
    """All findings, in the order of files and lines. sources: of the whole tree, by path."""
    tree, needed = Tree(sources), set()
    findings = [finding for source in sources.values() for finding in check_source(source, tree, needed)]
    return sorted({*findings, *stale(sources, needed)})


def check_source(source, tree, needed):
    """Findings in one file; adds the exceptions that it needs to `needed`."""
    yield from tree.edges(source)
    if source.path in tables.UNCHECKED:
        return
    yield from raw(source, needed)
    yield from tree.labels(source)
    for access in source.accesses:
        for found in on_access(source, access, tree):
            yield Finding(source.path, access.line, *found)


# ---- What must not be there ----

def raw(source, needed):
    code = source.code if SUSPECT.search(source.code) else ""
    hits = [(rule, m.start(), m[0].strip(), what) for rule, pattern, what in tables.BANNED
            for m in re.finditer(pattern, ASM.sub(lambda asm: " " * len(asm[0]), code))]
    hits += [("raw", m.start(1), f"<{m[1]}>", "include <filch/atomic.h>") for m in INCLUDE.finditer(source.with_strings)
             if m[1] in tables.BANNED_HEADERS]
    hits += [("barrier", m.start(), "asm", "a clobber of memory is a compiler barrier: use filch_fence_light")
             for m in ASM.finditer(code) if '"memory"' in source.statement_text(m.start())]
    for rule, at, text, what in hits:
        allowed = [e for e in tables.EXCEPTIONS if (e.path, e.rule, e.text) == (source.path, rule, text)]
        needed.update(allowed)
        if not allowed:
            yield Finding(source.path, source.line(at), rule, f"{text} is not to be used here; {what}")


def stale(sources, needed):
    for exception in tables.EXCEPTIONS:
        if exception.path in sources and exception not in needed:
            yield Finding(exception.path, 1, "stale", f"{exception.text} ({exception.rule}) is excepted here and "
                          "occurs no more; strike it from tools/atomics/tables.py")


# ---- One access ----

def on_access(source, access, tree):
    labels, reason = access.labels(), access.has_reason()
    what = access.operation if access.is_fence() else f"{access.operation} of {access.word}"
    if not labels and not reason:
        yield "unlabelled", f"{what} says nothing; begin its comment with its edge's label, or say why its order is enough"
    if access.is_fence():
        yield from kind_of_fence(access, labels, tree)
        return
    if access.order not in tables.ORDERS:
        yield "spelled", f"{what}: its order is `{access.order}`; spell it FILCH_RELAXED, FILCH_ACQUIRE ..."
        return
    order = access.order.removeprefix("FILCH_").lower()
    texts = [tree.texts[label] for label in labels if label in tree.texts]
    named = any(re.search(rf"\b{order}\b", text) for text in texts)
    if order == "relaxed" and not reason and labels and not named:
        yield "reason", f"{what} is relaxed and its edge does not say so; say why it is enough, or give it an order"
    elif texts and not named and not (order == "relaxed" and reason):
        yield "disagrees", f"{what} is {order}; no edge {', '.join(labels)} says so; fix the order or the edge"
    yield from strength(source, access, what, reason or named)


def kind_of_fence(access, labels, tree):
    kind = tables.FENCES.get(access.operation)
    if not kind:
        yield "barrier", f"{access.operation} is not in the table of fences; use one of {', '.join(tables.FENCES)}"
        return
    texts = [tree.texts[label] for label in labels if label in tree.texts]
    if texts and not any(kind in text for text in texts):
        yield "disagrees", f"{access.operation}: no edge {', '.join(labels)} says `{kind}`; fix the fence or the edge"


def strength(source, access, what, excuse):
    row = row_of(source.path, access.word)
    if not row:
        yield "unknown", f"{access.word} has no row in WORDS; classify it in tools/atomics/tables.py"
        return
    if any(words in comment.text for comment in access.comments for words in tables.PRIVATE):
        return
    column = {"store": "store", "load": "load", "cas": "cas"}.get(access.operation, "rmw")
    if column == "store" and access.value in ("NULL", "0", "false"):
        column = "clear"
    least = getattr(row, column)
    if least == "never":
        yield "weak", f"{what}: never done to a shared {access.word} ({row.why}); use an operation that is"
        return
    demanded = tables.ORDERS["FILCH_" + least.rstrip("?").upper()]
    if not demanded <= tables.ORDERS[access.order] and not (least.endswith("?") and excuse):
        yield "weak", f"{what} is less than {least.rstrip('?')} ({row.why}); strengthen it"


def row_of(path, word):
    rows = [row for row in tables.WORDS if row.name == word and (not row.files or path.startswith(row.files))]
    return max(rows, key=lambda row: len(row.files), default=None)


# ---- Labels and edges ----

class Tree:
    def __init__(self, sources):
        self.sources = sources
        heads = [(source.path, edge) for source in sources.values() for edge in source.edges]
        self.own = {}  # label -> where it is defined; as a partner only where no edge of its own is
        for path, edge in heads:
            if not edge.named_by:
                self.own.setdefault(edge.label, (path, edge))
        for path, edge in heads:
            if edge.named_by:
                self.own.setdefault(edge.label, (path, edge))
        self.texts = {label: edge.text for label, (_, edge) in self.own.items()}
        self.used = set().union(*(source.used for source in sources.values()))

    def edges(self, source):
        if not source.accesses and not source.edges:
            return
        for label in sorted(set(LABELS.findall(source.head)) - set(self.own) - tables.PROPER):
            yield Finding(source.path, 1, "undefined", f"{label} stands in this head and is defined nowhere; strike it, "
                          "or list the edge in its module's head")
        for edge in source.edges:
            path, first = self.own[edge.label]
            if not edge.named_by and first is not edge:
                yield Finding(source.path, edge.line, "twice",
                              f"{edge.label} is defined in {path}:{first.line} too; give one of them another name")
            if not edge.partner:
                yield Finding(source.path, edge.line, "partner",
                              f"{edge.label} names no partner; name it, and say what it sees")
            if first is edge and edge.label not in self.used:
                yield Finding(source.path, edge.line, "unused",
                              f"no comment in the code begins with {edge.label}; label that end, or strike it here")

    def labels(self, source):
        if not source.accesses and not source.edges:
            return
        visible = self.visible(source.path)
        for comment in source.comments:
            if comment in source.heads:
                continue
            for label in sorted(set(LABELS.findall(comment.text)) - visible - tables.PROPER):
                where = f"only in {self.own[label][0]}, which no head here names" if label in self.own else "nowhere"
                yield Finding(source.path, comment.line, "undefined",
                              f"{label} is defined {where}; list the edge in the module's head, or name its file there")

    def visible(self, path):
        """Labels of the heads of name.c and name.h, and of the files that these name by their paths."""
        heads = [p for p in {path, path[:-1] + "h"} if p in self.sources]
        named = [p for head in heads for path in PATH.findall(self.sources[head].head)
                 for p in (path, "include/" + path) if p in self.sources]
        heads += named
        return {label for label, (where, _) in self.own.items() if where in heads} | {
            edge.label for head in heads for edge in self.sources[head].edges}
