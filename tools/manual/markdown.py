# SPDX-License-Identifier: MIT OR Apache-2.0
"""Pages in Markdown as manual pages: sections(path) parses a page with cmark-gfm, and write(nodes) returns mdoc."""
import re
import subprocess
import xml.etree.ElementTree as ET

import mdoc

NAMESPACE = "{http://commonmark.org/xml/1.0}"


def parse(path):
    text = re.sub(r"^```.*? text$", "```", path.read_text(encoding="utf-8"), flags=re.M)
    out = subprocess.run(["cmark-gfm", "-e", "table", "-t", "xml"], input=text, text=True, check=True, capture_output=True)
    root = ET.fromstring(re.sub(r"<!DOCTYPE[^>]*>", "", out.stdout))
    for link in root.iter(f"{NAMESPACE}link"):
        name_target(link, path.resolve())
    return root


def name_target(link, page):
    """A link whose text is the name of its file gets the file's path in the tree as its text, or a header's name in an #include."""
    file = (page.parent / link.get("destination").split("#")[0]).resolve()
    if len(link) == 1 and bare(link) == file.name:
        tree = next(folder for folder in page.parents if (folder / "docs").is_dir())
        link[0].text = re.sub("^include/(.*)", r"<\1>", str(file.relative_to(tree)))


def kind(node):
    return node.tag.removeprefix(NAMESPACE)


def flat(node):
    """The text of a node, with marks as mdoc.inline reads them."""
    if kind(node) == "code":
        return f"`{node.text}`"
    if kind(node) in ("softbreak", "linebreak"):
        return " "
    if kind(node) == "image":
        return ""
    return "".join([node.text if kind(node) == "text" else "", *(flat(child) for child in node)])


def bare(node):
    return flat(node).replace("`", "")


def sections(path):
    """(title, nodes) of each section of level 2; the first is the page's introduction."""
    found = [("", [])]
    for node in parse(path):
        if kind(node) == "heading" and node.get("level") == "2":
            found.append((bare(node), []))
        elif kind(node) != "heading" or node.get("level") != "1":
            found[-1][1].append(node)
    return found


def without(nodes, titles):
    """The nodes but for these subsections."""
    kept = True
    for node in nodes:
        if kind(node) == "heading":
            kept = bare(node) not in titles
        if kept:
            yield node


def table(node):
    """The titles, unless the first is a common word such as "signal"; then each row is an item: its first cell, then the others, which have
    their titles before them if there are several. If each of these is "yes" or empty, the item lists the titles of those with "yes"."""
    head, *rows = list(node)
    titles = [bare(cell) for cell in head]
    shown = " / ".join(titles) if len(titles) == 2 else titles[0]
    out = "" if re.fullmatch("[a-z]*", titles[0]) else f".Pp\n.Em {mdoc.quoted(shown)} :\n"
    out += ".Bl -tag -width Ds\n"
    for row in rows:
        first, *others = [flat(cell) for cell in row]
        if set(others) - {""} == {"yes"}:
            others = [", ".join(title for title, text in zip(titles[1:], others) if text)]
        out += f".It {mdoc.words(first)}\n"
        for title, text in zip(titles[1:], others):
            text = f"{title}: {text}" if title and text and len(others) > 1 else text
            out += mdoc.paragraph(mdoc.sentences(text)) + (".br\n" if len(others) > 1 else "") if text else ""
        out = re.sub(r"\.br\n$", "", out)
    return out + ".El\n"


def listed(node):
    out = f".Bl -{'bullet' if node.get('type') == 'bullet' else 'enum'}\n"
    for item in node:
        out += ".It\n" + write(item)
    return out + ".El\n"


def write(nodes):
    out = ""
    for node in nodes:
        of = kind(node)
        if of == "heading":
            out += f".Ss {mdoc.escape(bare(node))}\n"
            continue
        text = ""
        if of == "paragraph":
            text = mdoc.paragraph(mdoc.sentences(flat(node)))
        elif of == "code_block":
            text = mdoc.literal(node.text.rstrip("\n").split("\n"))
        elif of == "table":
            text = table(node)
        elif of == "list":
            text = listed(node)
        elif of == "block_quote":
            text = write(node)
        if of == "paragraph" and text and out and not out.rsplit("\n", 2)[-2].startswith(".Ss"):
            out += ".Pp\n"
        out += text
    return out
