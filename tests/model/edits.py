# SPDX-License-Identifier: MIT OR Apache-2.0
"""Edits of C source by anchor: file, function, code to find, code to put there.

Code is compared token by token, so comments, layout and line numbers do not matter. A file is named by its name or by
the end of its path. Each anchor has to match exactly once; otherwise `AnchorError` says what to change.
"""
import dataclasses
import functools
import re

TOKEN = re.compile(
    r"""(?P<skip>/\*.*?\*/|//[^\n]*|\\\n|\s+)|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|\w+|"""
    r"->|\+\+|--|<<=|>>=|<<|>>|&&|\|\||\.\.\.|[-+*/%&|^=!<>]=|.",
    re.DOTALL)


class AnchorError(Exception):
    pass


@dataclasses.dataclass
class Edit:
    file: str
    function: str
    old: str
    new: str


@functools.lru_cache(maxsize=256)
def tokens(text):
    """(text, begin, end) of each token; comments and white space are none."""
    return [(match.group(), *match.span()) for match in TOKEN.finditer(text) if not match.group("skip")]


def spell(parts):
    return [part[0] for part in parts]


def closing(parts, at):
    """Index of the bracket that closes the one at `at`, or None."""
    depth = 0
    for i in range(at, len(parts)):
        depth += (parts[i][0] in "({") - (parts[i][0] in ")}")
        if not depth:
            return i
    return None


def bodies(parts, function):
    """[begin, end) in tokens of each definition: from its name to the brace that closes it."""
    found = []
    for i, part in enumerate(parts[:-1]):
        if part[0] != function or parts[i + 1][0] != "(":
            continue
        last = closing(parts, i + 1)
        if last and last + 1 < len(parts) and parts[last + 1][0] == "{":
            found.append((i, closing(parts, last + 1) + 1))
    return found


@functools.lru_cache(maxsize=None)
def find_file(root, folders, name):
    """The one file below the folders whose path ends in `name`."""
    found = [path for folder in folders for path in (root / folder).rglob(name.split("/")[-1])
             if f"/{path.relative_to(root)}".endswith("/" + name)]
    if len(found) != 1:
        places = ", ".join(str(path.relative_to(root)) for path in found) or "none"
        raise AnchorError(f"{name}: not the name of one file below {', '.join(folders)} ({places}); "
                          + ("give more of its path" if found else "name the file that has the code now"))
    return found[0]


def locate(text, edit):
    """[begin, end) in characters of the one place that `edit.old` matches."""
    parts, wanted = tokens(text), spell(tokens(edit.old))
    if not wanted:
        raise AnchorError(f"{edit.file}: an edit of {edit.function} names no code to find (lines with -)")
    scopes = bodies(parts, edit.function)
    if len(scopes) != 1:
        raise AnchorError(f"{edit.file}: {len(scopes)} definitions of {edit.function} (1 is needed); "
                          "name the function that has the code now")
    begin, end = scopes[0]
    words = spell(parts)
    hits = [i for i in range(begin, end - len(wanted) + 1) if words[i:i + len(wanted)] == wanted]
    if len(hits) != 1:
        raise AnchorError(f"{edit.file}, {edit.function}: {len(hits)} matches of `{' '.join(edit.old.split())}` (1 is "
                          + ("needed); add the lines around it" if hits else "needed); adapt it to the code as it is"))
    return parts[hits[0]][1], parts[hits[0] + len(wanted) - 1][2]


def apply_edits(text, edits):
    """The text with all edits done; each anchor is sought in the text as it was."""
    places = sorted(((*locate(text, edit), edit) for edit in edits), key=lambda place: place[:2])
    for before, after in zip(places, places[1:]):
        if after[0] < before[1]:
            raise AnchorError(f"{after[2].file}, {after[2].function}: two edits overlap; make them one")
    for begin, end, edit in reversed(places):
        text = text[:begin] + edit.new + text[end:]
    return text
