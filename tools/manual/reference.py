# SPDX-License-Identifier: MIT OR Apache-2.0
"""The public headers as data: read(include) gives a Header for each, in the order of their names.

Doxygen parses the declarations and says which comment belongs to which; heads, sections and general comments are read here. A comment is
plain text: paragraphs, lines indented by two or more are code, and in a head "Word: ..." opens a paragraph about that word."""
import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent
PRIVATE = re.compile(r"fl_|FL_|FILCH_\w*_H$|_FILCH")
TITLE = re.compile(r"/\* ---- (.*?) ---- \*/$")


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

    @property
    def title(self):
        """The first words of the head: "Rate limits"."""
        return re.split(r"[:.,;(]", self.head, maxsplit=1)[0].strip()

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
    return lines_of("".join(node.find("detaileddescription").itertext()))


def plain(node):
    return re.sub(r"\s+", " ", "".join(node.itertext())).strip() if node is not None else ""


def parameters(node):
    """(type, name) of each."""
    for given in node.findall("param"):
        name = given.findtext("declname") or given.findtext("defname") or ""
        yield plain(given.find("type")) + plain(given.find("array")), name


def declared(node, kind, name, taken):
    if kind == "define":
        return f"{name}({', '.join(of for _, of in taken)})" if taken else name
    definition = node.findtext("definition") or f"{node.get('kind')} {name}"
    return re.sub(r"\s+", " ", definition + (node.findtext("argsstring") or "")).replace("* ", "*")


def entry_of(node, source):
    kind, name = node.get("kind"), node.findtext("name")
    taken = list(parameters(node))
    line = int(node.find("location").get("line"))
    members = [(plain(value.find("name")), said(value)) for value in node.findall("enumvalue")]
    anonymous = kind == "enum" and (not name or name.startswith("@"))
    shown = {"function": "function", "define": "macro" if taken else "constant", "enum": "constant" if anonymous else "type"}
    if anonymous:
        name = members[0][0]
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
    """(line, title or None, text) of each title and general comment."""
    for found in re.finditer(r"^/\*((?:(?!\*/).)*)\*/\n(?=\n|/\* ----)", source, re.S | re.M):
        line = source.count("\n", 0, found.start()) + 1
        title = TITLE.match(found[0].strip())
        if title:
            yield line, title[1], ""
        elif not found[1].startswith(" SPDX"):
            yield line, None, lines_of(found[1])


def header_of(path, folder):
    text = path.read_text(encoding="utf-8")
    source = text.split("\n")
    root = ET.parse(folder / f"{path.name.replace('_', '__').replace('.', '_8')}.xml").getroot()
    marks = [(line, 0, part) for line, *part in parts_of(text)]
    marks += [(entry.line, 1, entry) for entry in entries_of(root, folder, source) if not PRIVATE.match(entry.name)]
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
    return Header(path.stem, head, [section for section in sections if section.entries or section.texts])


def read(include):
    """The headers directly below include/filch; needs Doxygen."""
    include = Path(include).resolve()
    with tempfile.TemporaryDirectory() as scratch:
        more = f'INPUT = "{include}"\nOUTPUT_DIRECTORY = "{scratch}"\nINPUT_FILTER = "{sys.executable} {HERE}/filter.py"\n'
        settings = (HERE / "Doxyfile").read_text(encoding="utf-8") + more
        subprocess.run(["doxygen", "-"], input=settings, text=True, check=True)
        return [header_of(path, Path(scratch, "xml")) for path in sorted(include.glob("*.h"))]
