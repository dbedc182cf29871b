# SPDX-License-Identifier: MIT OR Apache-2.0
"""The public headers as data: read(include) returns a Header for each, in the order of their names.

Doxygen parses the declarations and says which comment belongs to which; heads, sections and general comments are read here. A comment is
plain text: paragraphs, lines indented by two or more are code, and in a head "Word: ..." opens a paragraph about that word."""
import re
import subprocess
import tempfile
import xml.etree.ElementTree as ET
from dataclasses import dataclass, field
from pathlib import Path

import doxygen

HERE = Path(__file__).resolve().parent
PRIVATE = re.compile(r"fl_|FL_|FILCH_\w*(?:_H|_)$|_FILCH")
# The public names of include/filch/detail belong to the header that programs include.
INNER = {"par_args": "par", "order": "sort", "sort_core": "sort", "stable_core": "sort", "radix_key": "sort", "radix_core": "sort",
         "merge_core": "sort"}
TITLE = re.compile(r"/\* ---- (.*?) ---- \*/$", re.S)


@dataclass
class Entry:
    """A name that a program may use. kind: function, macro, type, constant."""

    kind: str
    name: str
    declaration: str
    parameters: list
    text: str
    line: int
    members: list = field(default_factory=list)  # (declaration, text)
    exported: bool = False


@dataclass
class Section:
    title: str
    texts: list = field(default_factory=list)
    entries: list = field(default_factory=list)


@dataclass
class Header:
    name: str  # "limiter"
    head: str
    sections: list
    generated: list  # names that macros of the header define; the head describes them

    @property
    def title(self):
        """The first words of the head: "Rate limits"."""
        return re.split(r"[:.,;(]", self.head, maxsplit=1)[0].strip()

    @property
    def purpose(self):
        """The first sentence of the head, as far as it fits on a line."""
        first = re.match(r"(?:[^.]|\.(?!\s))*", re.sub(r"\s+\([^)]*\)", "", self.head))[0]
        first = re.sub(r"\s+", " ", first).strip()
        starts = [first, *(first[: stop.start()] for stop in re.finditer(r"[:;] ", first))]
        return max((start for start in starts if len(start) <= 120), key=len, default=self.title)

    @property
    def entries(self):
        return [entry for section in self.sections for entry in section.entries]


def lines_of(text):
    """A comment's text without its stars; its first line counts as indented like the second."""
    lines = [re.sub(r"^\s*\* ?", "", line) for line in text.strip().split("\n")]
    lines = [line.rstrip() for line in lines]
    if any(not line.startswith(" ") for line in lines[1:] if line):
        return "\n".join(lines).strip()
    return re.sub(r"\s*\n\s*", " ", "\n".join(lines)).strip()


def said(node):
    """The comment; that of a field may have a heading above it."""
    *headings, text = [lines_of(part.text or "") for part in node.find("detaileddescription").iter("verbatim")] or [""]
    return " ".join([*(re.sub(r"(?<![.:])$", ":", heading) for heading in headings), text])


def plain(node):
    return re.sub(r"\s+", " ", "".join(node.itertext())).strip() if node is not None else ""


def parameters(node):
    """(type, name) of each."""
    for given in node.findall("param"):
        name = given.findtext("declname") or given.findtext("defname") or ""
        yield plain(given.find("type")) + plain(given.find("array")), name


def declared(node, kind, name, taken):
    if kind == "define":
        value = plain(node.find("initializer"))
        shown = f"#define {name} {value}".rstrip() if len(value) < 80 else name
        return f"{name}({', '.join(of for _, of in taken)})" if taken else shown
    definition, rest = node.findtext("definition") or f"{node.get('kind')} {name}", node.findtext("argsstring") or ""
    text = re.sub(r"\s+", " ", definition + ("" if rest.startswith(")") or definition.endswith(rest) else rest))
    text = re.sub(r" ?(\*+) ?", r" \1", re.sub(r"@\d+ ?", "", text))
    return re.sub(r" ?\( (\*+[\w:]+)\) ?", r" (\1)", text)


def entry_of(node, source):
    kind, name = node.get("kind"), node.findtext("name")
    taken = list(parameters(node))
    line = int(node.find("location").get("line"))
    members = [(f"{plain(value.find('name'))} {plain(value.find('initializer'))}".strip(), said(value))
               for value in node.findall("enumvalue")]
    anonymous = kind == "enum" and (not name or name.startswith("@"))
    shown = {"function": "function", "define": "macro" if taken else "constant", "enum": "constant" if anonymous else "type"}
    if anonymous:
        name = members[0][0].split()[0]
    exported = "FILCH_API" in " ".join(source[max(0, line - 2) : line])
    return Entry(shown.get(kind, "type"), name, declared(node, kind, name, taken), taken, said(node), line, members, exported)


def struct_of(root):
    node = root.find("compounddef")
    name = node.findtext("compoundname")
    members = [(re.sub(rf"\b{name}::", "", declared(member, "variable", "", [])), said(member)) for member in node.iter("memberdef")]
    line = int(node.find("location").get("line"))
    return Entry("type", name, f"{node.get('kind')} {name}", [], said(node), line, members)


def entries_of(root, folder, source):
    node = root.find("compounddef")
    for member in node.iter("memberdef"):
        yield entry_of(member, source)
    for inner in node.findall("innerclass"):
        yield struct_of(ET.parse(folder / f"{inner.get('refid')}.xml").getroot())


def parts_of(source):
    """(line, title or None, text) of each title and general comment. A title is the text before the first full stop."""
    for found in re.finditer(r"^/\*((?:(?!\*/).)*)\*/\n(?=\n|/\* ----)", source, re.S | re.M):
        line = source.count("\n", 0, found.start()) + 1
        title = TITLE.match(found[0].strip())
        if title:
            name, *rest = re.split(r"[:.;] ", lines_of(title[1]).replace("\n", " "), maxsplit=1)
            yield line, name, ""
            if rest:
                yield line, None, f"{rest[0][0].upper()}{rest[0][1:]}."
        elif not found[1].startswith((" SPDX", " clang-format")):
            yield line, None, lines_of(found[1])


def generated_of(text):
    """Of "NAME(kind, type)" the type and functions of each kind."""
    bodies = dict(re.findall(r"^#define (\w+)\(kind, type\)((?:.*\\\n)+)", text, re.M))
    for macro, kind in re.findall(r"^(FILCH_\w+)\((\w+), [\w *]+\)$", text, re.M):
        body = bodies[macro] + "".join(bodies[inner] for inner in bodies if f"{inner}(" in bodies[macro])
        yield f"filch_{kind}"
        yield from (f"filch_{kind}_{name}" for name in re.findall(r"FILCH_INLINE \w+ filch_##kind##_(\w+)", body))


def header_of(path, folder):
    text = path.read_text(encoding="utf-8")
    source = text.split("\n")
    root = ET.parse(folder / f"{path.name.replace('_', '__').replace('.', '_8')}.xml").getroot()
    marks = [(line, 0, part) for line, *part in parts_of(text)]
    gone = set(re.findall(r"^#undef (\w+)", text, re.M))
    marks += [(entry.line, 1, entry) for entry in entries_of(root, folder, source)
              if not PRIVATE.match(entry.name) and entry.name not in gone]
    sections, seen = [Section("")], set()
    for _, is_entry, mark in sorted(marks, key=lambda mark: mark[:2]):
        if not is_entry and mark[0]:
            sections.append(Section(mark[0]))
        elif not is_entry:
            sections[-1].texts.append(mark[1])
        elif mark.name not in seen:
            seen.add(mark.name)
            sections[-1].entries.append(mark)
    head = lines_of(re.match(r"/\* SPDX[^\n]*\n(.*?)\*/", text, re.S)[1])
    return Header(path.stem, head, [section for section in sections if section.entries or section.texts], list(generated_of(text)))


def remedies(headers):
    """{"-EINVAL": its meaning and what to do}: the list in the head of base.h."""
    found = {}
    for header in headers:
        if header.name == "base":
            for codes, text in re.findall(r"^  (-E.*?)  +(.*(?:\n {6,}.*)*)", header.head, re.M):
                found.update({code: re.sub(r"\s+", " ", text) for code in codes.split(", ")})
    return found


def read(include):
    """The headers directly below include/filch; needs Doxygen."""
    include = Path(include).resolve()
    inner = [path for name in INNER if (path := include / "detail" / f"{name}.h").exists()]
    with tempfile.TemporaryDirectory() as scratch:
        for path in [*include.glob("*.h"), *inner]:
            Path(scratch, path.name).write_text(doxygen.comments(path.read_text(encoding="utf-8")), encoding="utf-8")
        settings = (HERE / "Doxyfile").read_text(encoding="utf-8") + f'INPUT = "{scratch}"\nOUTPUT_DIRECTORY = "{scratch}"\n'
        subprocess.run(["doxygen", "-"], input=settings, text=True, check=True)
        headers = {path.stem: header_of(path, Path(scratch, "xml")) for path in sorted(include.glob("*.h"))}
        for path in inner:
            headers[INNER[path.stem]].sections += [part for part in header_of(path, Path(scratch, "xml")).sections if part.entries]
    return list(headers.values())
