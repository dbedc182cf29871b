# SPDX-License-Identifier: MIT OR Apache-2.0
"""Manual pages in mdoc(7): escapes, and the macros that the pages use."""
import re
import textwrap

from text import blocks, sentences


def escape(text):
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return re.sub(r"^(?=[.'])", r"\\&", text)


def named(text):
    """Names of functions and of the library are bold."""
    return re.sub(r"(?<![\w.])((?:filch_|FILCH_)\w*\w|\w+(?=\(\)))", r"\\fB\1\\fP", escape(text))


def inline(text):
    """Marked code is bold, as are names."""
    parts = re.split(r"`([^`]+)`", text)
    return "".join(rf"\fB{escape(part)}\fP" if at % 2 else named(part) for at, part in enumerate(parts))


def quoted(text):
    """An argument of a macro."""
    return '"' + escape(text).replace('"', '\\(dq') + '"'


def wrapped(line):
    """At most 78 columns; no line begins with a request."""
    parts = textwrap.wrap(line, 78 if line.isascii() else 70, break_long_words=False, break_on_hyphens=False)
    return "".join(re.sub(r"^(?=[.'])", r"\\&", part) + "\n" for part in parts)


def words(text):
    """An item's term: marked code is bold."""
    return '"' + inline(text).replace('"', "\\(dq") + '"'


def paragraph(lines):
    return "".join(wrapped(inline(line)) for line in lines)


def literal(lines):
    """Lines as they stand; C has no marks of code, and lists of a comment do without."""
    return ".Bd -literal -offset 2n\n" + "".join(f"{escape(line)}\n" for line in lines).replace("`", "") + ".Ed\n"


def body(text, labels=False):
    """A text between other paragraphs, without a break before it."""
    out = ""
    for kind, lines in blocks(text, labels):
        if kind == "code":
            out += literal(lines)
            continue
        out += ".Pp\n" if out and not out.endswith(".Pp\n") else ""
        out += f".Em {quoted(lines[0])} :\n" + paragraph(lines[1:]) if kind == "label" else paragraph(lines)
    return out


def table(items, width="Ds"):
    """(term, text) of each; terms are printed bold."""
    out = f".Bl -tag -width {width} -compact\n"
    for term, text in items:
        out += f".It Sy {quoted(term)}\n" + (body(text if re.search("^ ", text, re.M) else text.replace("\n", " ")) if text else "")
    return out + ".El\n"


def page(title, section, date, names, purpose, parts):
    """parts: (heading, text in mdoc) of each section after NAME."""
    out = f".\\\" SPDX-License-Identifier: MIT OR Apache-2.0\n.Dd {date}\n.Dt {title.upper()} {section}\n.Os\n.Sh NAME\n"
    for at, name in enumerate(names):
        out += f".Nm {escape(name)}{' ,' if at + 1 < len(names) else ''}\n"
    out += f".Nd {escape(purpose.replace('`', ''))}\n"
    out += "".join(f".Sh {heading}\n{text}" for heading, text in parts if text)
    out = re.sub(r"^\.Pp\n(?=\.(?:B[ld]|S[hs]|Pp|El|It)\b)", "", out, flags=re.M)
    return re.sub(r"^(\.S[hs] .*\n)\.Pp\n", r"\1", out, flags=re.M)


def see(references):
    """(name, section) of each other page."""
    ordered = sorted(set(references), key=lambda reference: (reference[1], reference[0].lower(), reference[0]))
    return "".join(f".Xr {name} {section}{' ,' if at + 1 < len(ordered) else ''}\n" for at, (name, section) in enumerate(ordered))


__all__ = ["body", "escape", "inline", "literal", "page", "paragraph", "quoted", "see", "sentences", "table", "words"]
