#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""The site: site.py TREE MANUAL OUT writes the pages of docs/ and the manual pages of MANUAL/man as HTML, with an index of names and a
search, for a browser without a network. Needs cmark-gfm and mandoc."""
import html
import json
import os
import re
import shutil
import string
import subprocess
import sys
from pathlib import Path

from anchors import slug

HERE = Path(__file__).resolve().parent / "site"
TEMPLATE = string.Template((HERE / "page.html").read_text(encoding="utf-8"))
ROOT_PAGES = ["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"]
MANUAL_MARKUP = [  # changes to mandoc's output: a page has a head and a title of its own
    (r'<table class="(?:head|foot)">.*?</table>', ""),
    (r"<(/?)h2\b", r"<\1h3"),
    (r"<(/?)h1\b", r"<\1h2"),
    (r'<a class="In">filch/(\w+)\.h</a>', lambda found: f'<a class="In" href="filch-{found[1].replace("_", "-")}.3.html">{found[0][14:-4]}</a>'),
    (r"<pre>", '<pre tabindex="0">'),
]
TEXT_MOST = 1500  # characters of a section that can be searched


def run(*command, text=None):
    return subprocess.run(command, input=text, text=True, check=True, capture_output=True).stdout


def plain(markup):
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", markup))).strip()


class Site:
    def __init__(self, tree, manual, out):
        self.tree, self.manual, self.out = tree, manual, out
        self.index = []  # title, place, address, text
        self.files = set()  # of the tree, shown since a page links them
        self.pages = {path.stem + path.suffix: f"man/{path.name}.html" for path in sorted(manual.glob("man*/*"))}

    def write(self, address, title, body, contents=""):
        path = self.out / address
        path.parent.mkdir(parents=True, exist_ok=True)
        root = "../" * address.count("/")
        path.write_text(TEMPLATE.substitute(title=html.escape(title), root=root, body=body, contents=contents), encoding="utf-8")

    def place_of(self, target):
        """The address of a file or folder of the tree, by its path from the top."""
        if re.fullmatch(r"include/filch/\w+\.h", target):
            return f"man/filch-{Path(target).stem.replace('_', '-')}.3.html"
        if target == "README.md":
            return "index.html"
        if target.endswith(".md"):
            return re.sub(r"\.md$", ".html", target)
        if target.endswith((".svg", ".png")):
            return target
        self.files.add(target)
        return f"files/{target.rstrip('/')}.html"

    def link(self, page, target):
        if re.match(r"[a-z]+:|#", target):
            return target
        path, _, anchor = target.partition("#")
        whole = os.path.normpath(os.path.join(os.path.dirname(page), path))
        address = self.place_of(whole)
        here = os.path.dirname(self.place_of(page))
        return os.path.relpath(address, here or ".") + (f"#{anchor}" if anchor and not address.startswith(("man/", "files/")) else "")

    def document(self, page):
        """A page in Markdown."""
        text = (self.tree / page).read_text(encoding="utf-8")
        body = run("cmark-gfm", "--unsafe", "-e", "table", "-e", "strikethrough", text=text)
        title = plain(re.search(r"<h1>(.*?)</h1>", body, re.S)[1])
        taken, headings = {}, []

        def heading(found):
            name = slug(found[2], taken)
            headings.append((int(found[1]), name, plain(found[2])))
            return f'<h{found[1]} id="{name}">{found[2]}</h{found[1]}>'

        body = re.sub(r"<h(\d)>(.*?)</h\1>", heading, body, flags=re.S)
        body = re.sub(r'(href|src)="([^"]*)"', lambda found: f'{found[1]}="{html.escape(self.link(page, html.unescape(found[2])))}"', body)
        body = body.replace("<table>", '<div class="wide" tabindex="0"><table>').replace("</table>", "</table></div>")
        body = body.replace("<pre>", '<pre tabindex="0">')
        items = "".join(f'<li><a href="#{name}">{html.escape(words)}</a></li>' for level, name, words in headings if level == 2)
        contents = f'<details class="contents"><summary>On this page</summary><ul>{items}</ul></details>' if items else ""
        address = self.place_of(page)
        self.write(address, title, body, contents)
        for part in re.split(r"(?=<h[1-3] id=)", body):
            named = re.match(r'<h\d id="([^"]*)">(.*?)</h', part, re.S)
            if named:
                self.index.append([plain(named[2]), title, f"{address}#{named[1]}", plain(part)[:TEXT_MOST].lower()])

    def manual_page(self, path):
        body = run("mandoc", "-Thtml", "-O", "fragment,man=%N.%S.html", str(path))
        for pattern, by in MANUAL_MARKUP:
            body = re.sub(pattern, by, body, flags=re.S)
        body = re.sub(r"<b>((?:filch|FILCH)_\w+)</b>", self.linked, body)
        title = f"{path.stem}({path.suffix[1:]})"
        self.write(f"man/{path.name}.html", title, f"<h1>{title}</h1>\n{body}")
        self.index.append([path.stem, title, f"man/{path.name}.html", plain(body)[:TEXT_MOST].lower()])

    def linked(self, bold):
        """A name of the library as a link to its page."""
        address = self.pages.get(f"{bold[1]}.3")
        return f'<b><a href="{Path(address).name}">{bold[1]}</a></b>' if address else bold[0]

    def manual_link(self, path):
        """A name that another page describes: the browser is sent there."""
        target = path.resolve().name
        anchor = path.stem if path.stem in (self.out / f"man/{target}.html").read_text(encoding="utf-8") else ""
        goal = f"{target}.html" + (f"#{anchor}" if anchor else "")
        body = f'<h1>{path.stem}(3)</h1><p>See <a href="{goal}">{goal}</a>.</p><meta http-equiv="refresh" content="0; url={goal}">'
        self.write(f"man/{path.name}.html", f"{path.stem}(3)", body)
        self.index.append([path.stem, f"{Path(target).stem}(3)", f"man/{goal}", ""])

    def file(self, target):
        path = self.tree / target
        if path.is_dir():
            names = sorted(str(name.relative_to(path)) for name in path.rglob("*") if name.is_file())
            body = "<ul>" + "".join(f"<li>{html.escape(name)}</li>" for name in names) + "</ul>"
        else:
            body = f'<pre tabindex="0">{html.escape(path.read_text(encoding="utf-8", errors="replace"))}</pre>'
        self.write(f"files/{target.rstrip('/')}.html", target, f"<h1>{html.escape(target)}</h1>{body}")

    def names(self):
        names = sorted((name for name in self.pages if name.endswith(".3")), key=lambda name: (name.lower().lstrip("_"), name))
        items = "".join(f'<li><a href="{self.pages[name]}">{name[:-2]}</a></li>' for name in names)
        others = "".join(f'<li><a href="{address}">{name[:-2]}({name[-1]})</a></li>' for name, address in self.pages.items() if name[-1] != "3")
        self.write("names.html", "Names", f"<h1>Names</h1><h2>Programs, files and subjects</h2><ul>{others}</ul>"
                   f'<h2>Functions, macros, types and headers</h2><ul id="names">{items}</ul>')

    def make(self):
        shutil.rmtree(self.out, ignore_errors=True)
        for page in ROOT_PAGES + [str(path.relative_to(self.tree)) for path in sorted((self.tree / "docs").rglob("*.md"))]:
            self.document(page)
        paths = sorted(self.manual.glob("man*/*"), key=lambda path: path.is_symlink())
        for path in paths:
            (self.manual_link if path.is_symlink() else self.manual_page)(path)
        for target in sorted(self.files):
            self.file(target)
        self.names()
        shutil.copytree(self.tree / "docs" / "images", self.out / "docs" / "images", ignore=shutil.ignore_patterns("*.py"))
        for name in ("style.css", "search.js"):
            shutil.copy(HERE / name, self.out / name)
        rows = ",\n".join(json.dumps(row, ensure_ascii=False) for row in self.index)
        (self.out / "index.js").write_text(f"filchIndex([\n{rows}\n])\n", encoding="utf-8")


def main():
    tree, manual, out = (Path(argument).resolve() for argument in sys.argv[1:4])
    site = Site(tree, manual / "man", out)
    site.make()
    print(f"{sum(1 for _ in out.rglob('*.html'))} pages, {len(site.index)} rows of the index")


if __name__ == "__main__":
    main()
