#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""The lint of prose: plain English in documents, comments and messages, and dead links in documents.

  check_prose.py [--root DIR] [PATH...]   prints each finding of the tree, or of some files or folders; status 1: findings

A finding reads FILE:LINE: RULE: text (what to do)."""
import argparse
import functools
import re
import sys
from pathlib import Path

sys.dont_write_bytecode = True
from manual.anchors import slug  # noqa: E402

WORDS = {  # pattern: what to write instead
    r"who(m)?ever|whatever|whom": "name the thing", r"ought": "should", r"in vain": "unsuccessful",
    r"put aside": "preallocated", r"mend(s|ed|ing)?": "fix", r"stood still": "stalled",
    r"(has|have|had) become of": "outcome", r"(is|are) not known; known": "unknown X (valid: ...)", r"for nobody": "with 0 ...",
    r"no more (than )?what": "name the thing", r"g(ive|ives|iving|ave|iven) (a|the) handles? back": "release",
    r"victims' choice": "victim selection", r"disciplines?": "queue", r"keepers?": "timer thread",
    r"errands?": "pending callback", r"worker[ -]slots?": "max_workers", r"crews?": "worker set"}
ANY_WORD = re.compile(rf"\b(?:{'|'.join(WORDS)})\b")  # in lower case
LONGEST = 35  # words of a sentence
FOLDERS = "README.md CHANGELOG.md CONTRIBUTING.md CMakeLists.txt docs include runtime sched tools bench tests".split()
APART = ("tests/lint/", "tools/check_prose.py")  # bad on purpose
HASHES = {".py", ".sh", ".bash", ".cmake", ".awk", ".txt"}
CODE_MARK = re.compile(r"[`<_/]|\.[chmpsS]")  # each piece of code has one
CODE = re.compile(r"`[^`]*`|<[a-z/!][^>]*>|https?://[^\s)]+|[\w./<>*-]*[_/][\w/.*-]*\w|\b\w+\.(?:[chS]|md|py|sh)\b")
STRING = r'"((?:[^"\\\n]|\\.)*)"'
PIECE = re.compile(rf"/\*.*?\*/|//[^\n]*|{STRING}(?:\s*(?:[A-Z]\w*\s*)?{STRING})*|'(?:\\.|[^'\\])'", re.S)
ALONE = re.compile(r"\s{3}|.*\S  ")  # a line of code, or a row
END = re.compile(r"[.!?](?<!\be\.g[.!?])(?<!\bi\.e[.!?])(?<!\bvs[.!?])[.!?]*[)\"*']*(?=\s|$)")
CLAUSE = re.compile(r"(?:^|[;:] )[\"'(]*(?:who|what)\b(?!-| to\b)(?=. *\w)", re.I)


def joined(lines):
    """(line number, paragraph) of each run of (number, text) without an empty text or a gap between."""
    held = []
    for number, text in [*lines, (-1, "")]:
        if held and (not text or number != held[-1][0] + 1):
            yield held[0][0], " ".join(text for _, text in held)
            held = []
        if text:
            held.append((number, text))


def markdown(text):
    """Paragraphs, headings, items of lists and cells of tables; no fenced block."""
    lines, fenced = [], False
    for number, line in enumerate(text.splitlines(), 1):
        mark = line.lstrip().startswith("```")
        fenced ^= mark
        start = re.match(r"\s*(?:[-*>] |\d+\. |(#+) )", line)
        if mark or fenced or line.startswith("|"):
            lines.append((number, ""))
        else:
            lines += [(number, "")] * bool(start) + [(number, line[start.end() if start else 0:].strip())]
            lines += [(number, "")] * bool(start and start[1])
        yield from ((number, cell.strip()) for cell in line.split("|") if line[:1] == "|" and not fenced)
    yield from joined(lines)


def comment(lines):
    """The paragraphs of a comment. Lines that are further in are code or rows of a table: each is read alone."""
    out = []
    for number, line in lines:
        alone = ALONE.match(line)
        out += [(number, "")] * bool(alone) + [(number, line.strip())] + [(number, "")] * bool(alone)
    return joined(out)


def c_text(text):
    """Comments, and string literals: neighbours are one."""
    text = re.sub(r"(?m)^[ \t]*#[ \t]*include.*$", "", text)
    first, at = 1, 0
    for piece in PIECE.finditer(text):
        first, at, said = first + text.count("\n", at, piece.start()), piece.start(), piece[0]
        if said[0] == '"':
            yield first, "".join(re.findall(STRING, said)).removesuffix("\\n").replace("\\n", ". ").strip()
        elif said[0] == "/":
            body = enumerate(said[1:].lstrip("*/").removesuffix("/").rstrip("*").split("\n"))
            yield from comment((first + i, re.sub(r"^\s*\*", "", line) if i else line) for i, line in body)


def hash_text(text):
    """Comments, docstrings, and strings of three words and more."""
    lines = list(enumerate(text.splitlines(), 1))
    yield from comment((n, (re.match(r"\s*#(?!!| SPDX| test:)(.*)", line) or ["", ""])[1]) for n, line in lines)
    for number, line in lines:
        if not line.lstrip().startswith("#"):
            yield from ((number, a or b) for a, b in re.findall(r'"([^" ]+ [^" ]+ [^"]*)"|\s# (.*)$', line))
    for doc in re.finditer(r'"""(.*?)"""', text, re.S):
        first = text.count("\n", 0, doc.start()) + 1
        yield from comment((first + i, line) for i, line in enumerate(doc[1].split("\n")))


@functools.cache
def anchors(path):
    """Those of a document's headings."""
    taken, headings = {}, re.findall(r"(?m)^#+ (.*)$", path.read_text(encoding="utf-8"))
    return {slug(re.sub(r"!?\[([^]]*)\]\([^)]*\)", r"\1", title), taken) for title in headings}


def broken_links(path, text):
    """The links of a document to files and headings that do not exist."""
    code = re.sub(r"(?ms)^ *```.*?^ *```|^    .*?$|`[^`\n]*`", lambda code: "\n" * code[0].count("\n"), text)
    for number, line in enumerate(code.splitlines(), 1):
        for target in re.findall(r"\]\(([^)\s]+)\)", line):
            name, _, anchor = target.partition("#")
            goal = path.parent / name if name else path
            if not re.match(r"\w+:", target) and not goal.exists():
                yield number, "link", f"no {name} (link to what exists)"
            elif anchor and goal.suffix == ".md" and goal.exists() and anchor not in anchors(goal):
                yield number, "link", f"no heading #{anchor} in {name or path.name} (link to one of its headings)"


@functools.cache
def faults(said):
    """(rule, what) of each in a paragraph."""
    found = []
    said = re.sub(r"!?\[([^]]*)\]\([^)]*\)", r"\1", said) if "](" in said else said
    said = (CODE.sub("CODE", said) if CODE_MARK.search(said) else said).replace("**", "")
    lower = said.lower()
    for pattern, instead in WORDS.items() if not said.isascii() or ANY_WORD.search(lower) else ():
        found += [("word", f"'{word[0]}' (instead: {instead})") for word in re.finditer(rf"\b(?:{pattern})\b", said, re.I)]
    ends = [0, *(end.end() for end in END.finditer(said)), len(said)]
    for sentence in (said[a:b].strip() for a, b in zip(ends, ends[1:])):
        if "wh" in lower and CLAUSE.search(sentence) and not sentence.endswith("?"):
            found.append(("clause", f"'{sentence[:60]}' (a clause begins with who or what: name the thing)"))
        if len(sentence) > 2 * LONGEST and len(re.findall(r"\w[\w'’.,-]*", sentence)) > LONGEST:
            found.append(("long", f"'{sentence[:40]}...' (more than {LONGEST} words: split it)"))
    return tuple(found)


def findings(path, text):
    """(line, rule, what) of each; each rule has its test in tests/lint/prose."""
    if path.suffix == ".md":
        yield from broken_links(path, text)
    for line, said in {".md": markdown}.get(end := path.suffix, hash_text if end in HASHES else c_text)(text):
        yield from ((line, *fault) for fault in faults(said))


def sources(root, named):
    """The files of the tree, or below the paths that are named, that hold prose."""
    for top in (root / name for name in named or FOLDERS):
        for path in sorted(top.rglob("*")) if top.is_dir() else [top]:
            inside = path.relative_to(root).as_posix()
            known = path.suffix in {".md", ".c", ".h", ".cc", ".S", ".js", *HASHES}
            if known and not inside.startswith(APART):
                yield inside, path.read_text(encoding="utf-8")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=Path, default=Path(__file__).resolve().parent.parent)
    parser.add_argument("paths", nargs="*")
    given = parser.parse_args()
    found = {path: sorted(findings(given.root / path, text)) for path, text in sources(given.root, given.paths)}
    lines = [f"{path}:{line}: {rule}: {what}" for path, rows in found.items() for line, rule, what in rows]
    if not found:
        sys.exit(f"no prose in {', '.join(given.paths)} below {given.root}; name other files")
    print(*lines, sep="\n", end="\n" * bool(lines))
    print(f"{len(found)} files, {len(lines)} findings", file=sys.stderr)
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
