#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""check_comments.py [INCLUDE]: the gaps in the comments of public functions and macros, a line each; status 1 if there is any.

A name has a comment of its own, which gives its purpose, names each parameter, and says what it returns and each error with its cause.
Whether it suspends, who may call it, its errors in general and since when it exists: the comment, its section's, or the header's head
("Threads:", "Suspends:", "Errors:", "Since")."""
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tools" / "manual"))
import reference  # noqa: E402

OBVIOUS = {"self", "arg", "context", "fn", "out", "rt", "size", "item", "items", "data"}  # the same in all headers: docs/reference.md
SAME = re.compile(r"^(?:The same|As |Like )")
WORD = r"(?<![\w.]){}(?!\w)"


def names(entry, header, section):
    """The parameters that no text mentions. The object of a call, its first parameter, is named by its type."""
    general = " ".join([header.head, *section.texts])
    for at, (of, name) in enumerate(entry.parameters):
        name = name.rstrip("[]")
        known = not name or name == "..." or name in OBVIOUS or (at == 0 and "filch_" in of) or SAME.match(entry.text)
        if not known and not re.search(WORD.format(re.escape(name)), f"{entry.text} {general}"):
            yield f"does not say what `{name}` is"


def returns(entry, header):
    """Of a function with a result."""
    result = re.match(r"(.*?)\b" + entry.name, entry.declaration)
    if entry.kind != "function" or not result or re.search(r"\bvoid\s*$", result[1].replace("static", "")):
        return
    if SAME.match(entry.text) or re.search(r"\b[Rr]eturn|\bresult\b|\b[Tt]rue\b|\b0\b|\bErrors?:", entry.text):
        return
    if result[1].split()[-1] == "int" and re.search(r"Errors: 0|Errors: .*\b0\b", header.head):
        return
    yield "does not say what it returns"


def errors(entry):
    """An error stands with its cause: "-EINVAL (out is NULL)", or in a sentence of its own."""
    for found in re.finditer(r"Errors?: ([^.]*(?:\([^)]*\)[^.]*)*)", entry.text):
        for part in re.split(r";", re.sub(r"\([^()]*\)", "()", found[1])):
            name = re.search(r"-E[A-Z]+", part)
            if name and name[0] not in ("-ENOMEM", "-EINVAL", "-EIDRM", "-ETIMEDOUT") and "(" not in part and ":" not in part:
                yield f"gives no cause of {name[0]}"


def faults(header):
    for label in ("Threads", "Suspends", "Errors", "Since"):
        if header.entries and not re.search(rf"\b{label}\b", header.head):
            yield header.name, f"the head has no '{label}'"
    for section in header.sections:
        for entry in section.entries:
            if entry.kind not in ("function", "macro"):
                continue
            if not entry.text:
                yield entry.name, "has no comment of its own"
                continue
            for fault in [*names(entry, header, section), *returns(entry, header), *errors(entry)]:
                yield entry.name, fault


def main():
    include = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "include" / "filch"
    headers = reference.read(include)
    found = [f"include/filch/{header.name}.h: {name} {fault}" for header in headers for name, fault in faults(header)]
    print("\n".join(found) if found else f"{sum(len(header.entries) for header in headers)} names")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
