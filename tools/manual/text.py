# SPDX-License-Identifier: MIT OR Apache-2.0
"""The text of a comment as blocks: blocks(text) gives (kind, lines) where kind is "text" (sentences of a paragraph), "code" (lines as
they stand) or "label" (a word, then the sentences about it)."""
import re

LABEL = re.compile(r"^([A-Z][a-z]+(?: [a-z]+){0,3}): (?=\S)")
SENTENCE = re.compile(r"(?<=[.!?])(?<!\.\.)(?<!e\.g\.)(?<!i\.e\.)(?<![ (][A-Z]\.) +(?=[A-Z*`<(\"'_]|[a-z]\w*_)")


def sentences(text):
    return SENTENCE.split(re.sub(r"\s+", " ", text).strip())


def breaks_after(line, after):
    """A paragraph ends with a sentence, and leaves room in its line for the words that follow."""
    return line.endswith(".") and re.match(r"[A-Z`]", after) and len(f"{line} {after.split()[0]}") < 80


def blocks(text, labels=False):
    """labels: a sentence such as "Suspends: ..." opens a paragraph of its own."""
    if labels:
        text = re.sub(r"(?<=[.\n]) (?=(?:Threads|Suspends|Errors|Life|Panics): )", "\n", text)
    run, code = [], []

    def close():
        if run:
            text = " ".join(run)
            label = LABEL.match(text) if labels else None
            yield ("label", [label[1], *sentences(text[label.end() :])]) if label else ("text", sentences(text))
            run.clear()
        if any(code):
            yield "code", "\n".join(code).strip("\n").split("\n")
        code.clear()

    for line in text.split("\n"):
        if run and breaks_after(run[-1], line):
            yield from close()
        indented = line.startswith("  ")
        if code and (indented or not line):
            code.append(line)
            continue
        if code or not line or (indented and not run) or (labels and LABEL.match(line)) or (indented and run):
            yield from close()
        (code if indented else run).append(line) if line else None
    yield from close()
