#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""check_comments.py [INCLUDE]: the gaps in the comments of public names, a line each; status 1 if there is any.

Each name has a comment of its own; of a type, its members may have them. That of a function or macro gives its purpose in whole sentences,
names each parameter, with the unit of a time or a size, and says what it returns and each error with its cause. What to do about an error:
the comment says it after a colon, or base.h does for all headers. Whether it suspends, who may call it, its errors in general and since
when it exists: the comment, its section's, or the header's head, which has a word for each."""
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tools" / "manual"))
import reference  # noqa: E402

LABELS = ("Threads:", "Suspends:", "Errors:", "Since")
SAME = re.compile(r"(?:The same|As (filch_\w+)|\w+ as (filch_\w+))\b")
CODE = r"-E[A-Z0-9]+"
CODES = re.compile(rf"(?<=[:;.,] )(?<![A-Z0-9], )(?:[Aa]lso |[Oo]r )?({CODE}(?:(?:, or |, | or | and ){CODE})*)"
                   r"(?P<after> \((?P<cause>(?:[^()]|\([^()]*\))*)\)|:| [a-z])?")
ONE_CAUSE = {"-ENOMEM", "-EIDRM", "-ETIMEDOUT", "-ECHILD"}  # wherever they are returned

NO_TIME = {"until", "when", "value", "n"}  # points in time, as <filch/wait.h> has them, and plain numbers


def mentions(text, name):
    return re.search(rf"(?<![\w.]){re.escape(name)}(?!\w)", text)


def names(entry, general, model):
    """The parameters that no text mentions. The object of a call, its first parameter, is named by its type; `self` by <filch/fork.h>."""
    like = {name for _, name in model.parameters} if model else set()
    for at, (of, name) in enumerate(entry.parameters):
        name = (name or of).rstrip("[]") if entry.kind == "macro" else name.rstrip("[]")
        known = name in ("", "...", "void", "self") or name in like or (at == 0 and "filch_" in of)
        if not known and not mentions(f"{entry.text} {general}", name.rstrip("_")) and not mentions(entry.text, name):
            yield f"does not say what `{name}` is"


def units(entry, general, model):
    """Of a time, and of a size."""
    like = {name for _, name in model.parameters} if model else set()
    for of, name in entry.parameters:
        unit = "ns|nanoseconds?" if of.startswith("int64_t") and name not in NO_TIME else "bytes?|sizeof" if name.endswith("size") else ""
        if unit and name not in like and not re.search(rf"\b(?:{unit})\b", f"{entry.text} {general}"):
            yield f"does not give the unit of `{name}`"


def returns(entry, header, model):
    """Of a function with a result. 0 and an errno: the header's rule says it."""
    result = re.match(r"(.*?)\b" + entry.name, entry.declaration)
    if entry.kind != "function" or not result or re.search(r"\bvoid\s*$", result[1].replace("static", "")):
        return
    if model or re.search(r"\b[Rr]eturn(?:s|ed)?\b|\bresult\b|\belse -E", entry.text):
        return
    if result[1].split()[-1] == "int" and re.search(r"Errors: (?:[^.]*\b0\b|a negative errno|negative errnos)", header.head):
        return
    yield "does not say what it returns"


def errors(entry, remedies):
    """In a list an error stands with its cause: "-EBUSY (it runs: stop it)"."""
    text = re.sub(r"\s+", " ", entry.text)
    for found in CODES.finditer(text):
        for code in re.findall(CODE, found[1]):
            if not found["after"] and code not in ONE_CAUSE:
                yield f"gives no cause of {code}"
            elif code not in remedies and not re.search(":|filch_error", found["cause"] or found["after"] or ""):
                yield f"gives no remedy of {code}"


def purpose(entry):
    first = re.match(r"[^.:]*", entry.text)[0].split()
    if len(first) < 2 or first[0] in ("Error", "Errors"):
        yield "does not begin with its purpose"
    if not re.search(r"[.?)]$|^  .*$|\*/$", entry.text.split("\n")[-1]):
        yield "does not end with a sentence"


def modelled(entry, section, known):
    """The function or macro that a comment such as "The same, ..." refers to; None: the comment stands for itself."""
    same = SAME.match(entry.text)
    if not same:
        return None
    before = section.entries[: section.entries.index(entry)]
    return known.get(same[1] or same[2]) if same[1] or same[2] else next((one for one in reversed(before) if one.text), None)


def faults(header, known, remedies):
    for label in LABELS:
        if header.entries and not re.search(rf"\b{label}", header.head):
            yield header.name, f"the head has no '{label}'"
    for section in header.sections:
        general = " ".join([header.head, *section.texts])
        for entry in section.entries:
            opaque = entry.declaration == f"typedef struct {entry.name} {entry.name}"
            if not entry.text and not opaque and not any(text for _, text in entry.members):
                yield entry.name, "has no comment of its own"
            if not entry.text or entry.kind not in ("function", "macro"):
                continue
            model = modelled(entry, section, known)
            for fault in [*purpose(entry), *names(entry, general, model), *units(entry, " ".join(section.texts), model),
                          *returns(entry, header, model), *errors(entry, remedies)]:
                yield entry.name, fault


def check(include):
    """{header: the gaps of its comments}."""
    headers = reference.read(include)
    known = {entry.name: entry for header in headers for entry in header.entries}
    remedies = reference.remedies(headers)
    return {header.name: [f"{name} {fault}" for name, fault in faults(header, known, remedies)] for header in headers}


def main():
    found = check(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "include" / "filch")
    for header, lines in found.items():
        for line in lines:
            print(f"include/filch/{header}.h: {line}")
    return any(found.values())


if __name__ == "__main__":
    sys.exit(main())
