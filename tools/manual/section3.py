# SPDX-License-Identifier: MIT OR Apache-2.0
"""Section 3: for each header a page of its rules and types, filch-NAME(3), and for each section of functions a page with a link per name."""
import re
from dataclasses import dataclass

import mdoc
import reference

OPENED = {"Threads", "Suspends", "Errors", "Life", "Panics"}  # paragraphs of a head that hold for each of its functions


@dataclass
class Whole:
    """Data of all headers that each page needs."""

    names: set
    structs: dict  # {name: entry} of types with fields
    remedies: dict
    times: str  # the paragraph of <filch/wait.h> about points in time

    @staticmethod
    def of(headers):
        entries = [(section, entry) for header in headers for section in header.sections for entry in section.entries]
        waits = next((header.head for header in headers if header.name == "wait"), "")
        return Whole(
            {entry.name for _, entry in entries},
            {entry.name: entry for section, entry in entries if has_fields(section, entry)},
            reference.remedies(headers),
            "".join(re.findall(r"^Times: (?:.+(?:\n|$))+", waits, re.M)),
        )


def overview_of(header):
    return f"filch-{header.name.replace('_', '-')}"


def lower(title):
    """The title as it reads in the middle of a sentence."""
    return title if re.match(r"\w*[A-Z]\w*[A-Z]|Filch", title) else title[:1].lower() + title[1:]


def synopsis(header, entries):
    out = f".In filch/{header.name}.h\n"
    for entry in entries:
        if entry.kind == "function":
            result = re.match(rf"(.*?)\b{entry.name}\b", entry.declaration)[1].strip()
            out += f".Ft {mdoc.quoted(result)}\n.Fo {entry.name}\n"
        else:
            out += f".Fo {entry.name}\n"
        for of, name in entry.parameters:
            out += f".Fa {mdoc.quoted(argument(of, name))}\n" if of or name or entry.kind == "function" else ""
        out += ".Fc\n"
    return out


def argument(of, name):
    if not name or of == "...":
        return of or name or "void"
    array = re.search(r"\[.*\]$", of)
    of = of[: array.start()] if array else of
    return f"{of}{'' if of.endswith('*') or not of else ' '}{name}{array[0] if array else ''}"


def functions_of(section):
    return [entry for entry in section.entries if entry.kind in ("function", "macro")]


def types_of(section):
    return [entry for entry in section.entries if entry.kind in ("type", "constant")]


def rules(header):
    """The head's paragraphs that hold for each function."""
    kept, keep = [], False
    for line in header.head.split("\n"):
        label = re.match(r"([A-Z][a-z]+): ", line)
        keep = label[1] in OPENED if label else keep and bool(line)
        if keep:
            kept.append(line)
    return without_since("\n".join(kept))


def without_since(head):
    return re.sub(r"\s*Since \d+\.\d+\.\d+\.\s*$", "", head)


def since(header):
    found = re.search(r"Since (\d+\.\d+\.\d+)", header.head)
    return f"Since Filch {found[1]}.\n" if found else ""


def takes_time(entries):
    return any(name in ("until", "when") for entry in entries for _, name in entry.parameters)


def structures(entries, structs):
    """The fields of the structs that the caller fills in."""
    taken = [of for entry in entries for given, _ in entry.parameters for of in re.findall(r"^const (filch_\w+) \*$", given)]
    filled = [structs[name] for name in dict.fromkeys(taken) if name in structs]
    return "".join(f".Ss {mdoc.escape(entry.name)}\n{mdoc.body(entry.text)}{mdoc.table(entry.members)}" for entry in filled)


def errors(entries, rule, remedies):
    """The meaning of the page's errors in all headers, and the remedies."""
    text = " ".join([rule, *(entry.text for entry in entries)])
    named = [(code, meaning) for code, meaning in remedies.items() if re.search(code + r"\b", text)]
    return "Their meaning in all headers, and what to do:\n.Pp\n" + mdoc.table(named, "-ETIMEDOUT") if named else ""


OPAQUE = re.compile(r"(?:^|[.;] )[Oo]paque\.", re.M)


def has_fields(section, entry):
    return bool(entry.members) and not any(OPAQUE.search(text) for text in [entry.text, *section.texts])


def type_items(section):
    out = ""
    for entry in types_of(section):
        out += f".Ss {mdoc.escape(entry.name)}\n"
        shown = entry.declaration.startswith("typedef") and "(" in entry.declaration
        out += mdoc.literal([entry.declaration + ";"]) if shown else ""
        out += mdoc.literal([entry.declaration]) if entry.declaration.startswith("#define") else ""
        out += mdoc.body(entry.text) or ("" if entry.members or shown or entry.kind == "constant" else "Opaque.\n")
        out += mdoc.table(entry.members) if has_fields(section, entry) else ""
    return out


FAILS = re.compile(r"(?<=[.)])\s(?=(?:E|Further e|Other e)rrors?\b[^.:]*:\s)")
LIFE = {"Life": "life cycle"}  # titles that are unclear outside their header


def family(header, headers):
    """The header, those that it includes as parts of itself, and the one of which it is a part, as their heads say."""
    def part(inner, outer):
        return re.search(rf"Included\s+by\s+<filch/{outer.name}\.h>", inner.head)

    return [other for other in headers if other is header or part(other, header) or part(header, other)]


def firsts_of(header):
    """The names of its pages of functions."""
    return [functions_of(section)[0].name for section in header.sections if functions_of(section)]


def section_page(header, section, date, headers, whole):
    entries = functions_of(section)
    title = LIFE.get(section.title, section.title) or header.title
    text = "".join(mdoc.body(general) + ".Pp\n" for general in section.texts)
    for entry in entries:
        text += f".Ss {mdoc.escape(entry.name)}\n" + mdoc.body(FAILS.sub("\n\n", entry.text))
    mentioned = {name for name in re.findall(r"\b(?:filch|FILCH)_\w+", " ".join(entry.text for entry in entries)) if name in whole.names}
    named = set(re.findall(r"<filch/(\w+)\.h>", " ".join([rules(header), *(entry.text for entry in entries)])))
    others = {overview_of(other) for other in headers if other.name in named or other is header}
    firsts = {name for other in family(header, headers) for name in firsts_of(other)}
    references = [(name, 3) for name in (mentioned | firsts) - {entry.name for entry in entries} | others]
    purpose = lower(header.purpose) if title == header.title else f"{lower(header.title)}: {lower(title)}"
    rule = rules(header)
    parts = [
        ("LIBRARY", library(header)),
        ("SYNOPSIS", synopsis(header, entries)),
        ("DESCRIPTION", text),
        ("STRUCTURES", structures(entries, whole.structs)),
        ("RULES", mdoc.body(f"{rule}\n{whole.times if takes_time(entries) else ''}", labels=True)),
        ("ERRORS", errors(entries, rule, whole.remedies)),
        ("SEE ALSO", mdoc.see(references)),
        ("HISTORY", since(header)),
    ]
    return mdoc.page(entries[0].name, 3, date, [entry.name for entry in entries], purpose, parts)


def library(header):
    service = header.name.startswith("service")
    name = "filch-service" if service else "filch"
    return mdoc.paragraph([f"{'The service library' if service else 'The core library'} of Filch (lib{name}, -l{name})"])


def overview(header, date, targets):
    shown = ""
    for section in header.sections:
        if section.texts and not functions_of(section):
            shown += f".Ss {mdoc.escape(section.title)}\n" + "".join(mdoc.body(text) + ".Pp\n" for text in section.texts)
        shown += type_items(section)
    parts = [
        ("LIBRARY", library(header)),
        ("SYNOPSIS", f".In filch/{header.name}.h\n"),
        ("DESCRIPTION", mdoc.body(without_since(header.head), labels=True)),
        ("TYPES AND CONSTANTS", shown),
        ("SEE ALSO", mdoc.see([(name, 3) for name in targets] + [("filch", 7)])),
        ("HISTORY", since(header)),
    ]
    return mdoc.page(overview_of(header), 3, date, [overview_of(header)], lower(header.purpose), parts)


def pages(headers, date):
    """{file: text}, and {file: file} of links."""
    files, links, whole = {}, {}, Whole.of(headers)
    for header in headers:
        targets = [name for other in family(header, headers) for name in firsts_of(other)]
        files[f"{overview_of(header)}.3"] = overview(header, date, targets)
        for section in filter(functions_of, header.sections):
            first, *others = functions_of(section)
            files[f"{first.name}.3"] = section_page(header, section, date, headers, whole)
            links.update({f"{entry.name}.3": f"{first.name}.3" for entry in others})
        for entry in (entry for section in header.sections for entry in types_of(section)):
            names = [entry.name, *re.findall(r"(?<=')FILCH_\w+", str([member for member, _ in entry.members]))]
            links.update({f"{name}.3": f"{overview_of(header)}.3" for name in names})
        links.update({f"{name}.3": f"{overview_of(header)}.3" for name in header.generated})
    return files, links
