# SPDX-License-Identifier: MIT OR Apache-2.0
"""check_report.py CHROMIUM PAGE RESULT FOLDER: opens the page as people would, and says what is wrong with it.
RESULT: the document that is in it. Pictures of it go into FOLDER."""

import json
import pathlib
import sys

from browser import Browser, contrast, luminance

WIDE, NARROW, PAPER = (1400, 900), (360, 780), (720, 1000)
failures = []


def claim(text, true):
    if not true:
        failures.append(text)


def count(b, selector):
    return b.value(f"document.querySelectorAll({json.dumps(selector)}).length")


def texts(b, selector):
    return b.value(f"[...document.querySelectorAll({json.dumps(selector)})].map(e => e.textContent)")


def check_alone(b, page):
    claim(f"nothing else is asked for: {b.requests()}",
          [url for url in b.requests() if not url.startswith(("data:", page.as_uri()))] == [])
    claim(f"the console is silent: {b.complaints()}", b.complaints() == [])


def check_content(b, result):
    plain = [block for block in result["results"] if "grain" not in block]
    grained = {block["kernel"] for block in result["results"] if "grain" in block}
    heads = texts(b, "main section h2")
    claim(f"a section for each kernel, in order: {heads}",
          heads[:len(plain)] == [block["label"] for block in plain] and set(heads[len(plain):-1]) == grained)
    claim("the verdict stands above", texts(b, ".headline li") == result["verdict"])
    claim("of many sentences eight stand open", count(b, "main > .headline li") == min(8, len(result["verdict"])))
    claim("the command stands there", " ".join(result["command"]) in texts(b, "#made pre")[0])
    claim("each section says how to reproduce it",
          texts(b, "section:not(#made) > details > pre")[:len(plain)] == [block["reproduce"] for block in plain])
    failed = [c for block in result["results"] for c in block["columns"] if "error" in c]
    claim("failures are told", count(b, ".failed") == len(failed))
    claim("each drawing has a name", count(b, "figure svg[role=img][aria-label]") == count(b, "figure > div > svg"))
    claim("there are drawings", count(b, "figure > div > svg") >= 3 * len(plain) + len(grained))
    claim("no figure is NaN", b.value("!/NaN|undefined|Infinity/.test(document.querySelector('main').innerHTML)"))
    titles = texts(b, "figure h3")
    claim(f"latencies do not scale: {titles}",
          not (plain and all("latency" in block for block in plain)) or not any(t.startswith(("Speed-up", "Efficiency")) for t in titles))
    disturbed = any(c.get("summary", {}).get("disturbed") for block in result["results"] for c in block["columns"])
    claim("noise is told, and only noise", (count(b, ".warning") == 1) == disturbed)


def check_rows(b, result):
    """Each table has the rows of its kernel's columns; that of the overview all verdicts, the largest effect first."""
    pairs = [p for block in result["results"] if "grain" not in block for p in block["pairs"]]
    verdicts = b.value("[...document.querySelectorAll('main > .scroll tbody tr')].map(row => row.cells[2].textContent)")
    claim(f"each verdict is in the overview: {verdicts}", len(verdicts) == len(pairs) + len(result["metg"]))
    named = [float(v.split("×")[0]) for v in verdicts if v.rstrip("*").endswith(("faster", "slower"))]
    claim(f"the largest effect first: {verdicts}",
          named == sorted(named, reverse=True) and verdicts[:len(named)] == [v for v in verdicts if "×" in v])
    for at, block in enumerate(block for block in result["results"] if "grain" not in block):
        shown = [c["column"] for c in block["columns"] if "summary" in c and "error" not in c]
        rows = b.value(f"[...document.querySelectorAll('section')][{at}].querySelectorAll('tbody tr').length")
        claim(f"{block['label']}: {rows} rows for {shown}", rows == len(shown))


def check_folding(b):
    """The overview is open, kernels are folded; links and a button open them."""
    b.value("document.querySelectorAll('details').forEach(one => { one.open = false; })")
    claim("the overview is not folded", count(b, "main > .scroll table") >= 1 and count(b, "details main > .scroll") == 0)
    claim("sections are folded, tables in them are not",
          count(b, "section.kernel > details") == count(b, "details:not(.headline + details)") and count(b, "section.kernel > details > .scroll") >= 1)
    b.value("document.querySelector('nav a').click()")
    b.value("new Promise(done => setTimeout(done, 0))")
    claim("a link opens its section", count(b, "section.kernel:first-of-type > details[open]") == 1)
    b.value("document.querySelectorAll('details').forEach(one => { one.open = false; })")
    b.value("document.querySelector('button.open').click()")
    claim("a button opens all", count(b, "section.kernel > details:not([open])") == 0)


def check_sorting(b):
    """By a time: up, and down."""
    table = "document.querySelector('section table')"
    click = f"[...{table}.querySelectorAll('button')].find(x => /^CPU time$|per task$/.test(x.textContent)).click()"
    order = f"[...{table}.tBodies[0].rows].map(row => row.textContent)"
    state = f"{table}.querySelector('[aria-sort]').getAttribute('aria-sort')"
    b.value(click)
    up, up_state = b.value(order), b.value(state)
    b.value(click)
    claim("a click sorts, a second one turns it round",
          up_state == "ascending" and b.value(state) == "descending" and b.value(order) == up[::-1] and len(up) > 1)
    claim("one head is sorted by", count(b, "section:first-of-type [aria-sort]") == 1)


# Of each drawing: its name and size; of each text in it: the visible part, the whole of it, whether
# it names a row, and its box, relative to the drawing.
DRAWINGS = """[...document.querySelectorAll('figure > div > svg')].map(drawing => {
    const room = drawing.getBoundingClientRect();
    return {name: drawing.getAttribute('aria-label'), width: room.width, height: room.height,
        texts: [...drawing.querySelectorAll('text')].map(text => {
            const box = text.getBoundingClientRect(), title = text.querySelector('title');
            const seen = text.firstChild.data;
            return {seen, whole: title ? title.textContent : seen, label: text.matches('.label'),
                left: box.left - room.left, right: box.right - room.left,
                top: box.top - room.top, bottom: box.bottom - room.top};
        })};
})"""


def overlap(one, other):
    """Boxes of texts are higher than their letters."""
    return (one["left"] < other["right"] - 1 and other["left"] < one["right"] - 1 and
            one["top"] < other["bottom"] - 4 and other["top"] < one["bottom"] - 4)


def check_drawings(b, name):
    """Texts stay within their drawing and apart; names of rows keep both ends, and differ."""
    for drawing in b.value(DRAWINGS):
        where, all_texts = f"{name}: {drawing['name']}", drawing["texts"]
        outside = [t["seen"] for t in all_texts if t["left"] < -0.5 or t["top"] < -0.5 or
                   t["right"] > drawing["width"] + 0.5 or t["bottom"] > drawing["height"] + 0.5]
        claim(f"{where}: texts stay within it: {outside}", outside == [])
        covered = [(t["seen"], u["seen"]) for at, t in enumerate(all_texts)
                   for u in all_texts[:at] if overlap(t, u)]
        claim(f"{where}: no text covers another: {covered}", covered == [])
        labels = [t for t in all_texts if t["label"]]
        cut = [t["seen"] for t in labels if t["seen"] != t["whole"] and
               (t["seen"][:3] != t["whole"][:3] or t["seen"][-4:] != t["whole"][-4:])]
        claim(f"{where}: names of rows keep their ends: {cut}", cut == [])
        seen = [t["seen"] for t in labels]
        claim(f"{where}: names of rows differ: {seen}",
              len(set(seen)) == len({t["whole"] for t in labels}))


# Ratios up to a million, as of a column that a busy machine has kept from running.
EXTREMES = """(() => {
    const dots = [2, 1e3, 5e5].map(value => ({value, low: value / 2, high: value * 2, look: {colour: 'red', mark: 0}, title: ''}));
    const room = document.createElement('div'), whole = document.createElement('figure');
    whole.append(room);
    document.querySelector('figure').after(whole);
    room.append(dotChart('extremes', [{name: 'one', href: '#', dots}], asPlain)(room.clientWidth));
    return whole.id = 'extremes';
})()"""


def check_extremes(b):
    for size in (WIDE, NARROW):
        b.look(*size)
        b.value(EXTREMES)
        check_drawings(b, "extremes")
        b.value("document.querySelector('#extremes').remove()")


def check_spread(b, result):
    """Each of more than three columns has a line of its own in the overview."""
    pairs = [block["pairs"] for block in result["results"] if "grain" not in block]
    if any(len(of_block) > 3 for of_block in pairs):
        lines = b.value("""[...document.querySelectorAll('figure.wide .spread')]
            .map(line => line.getAttribute('y1'))""")
        claim(f"columns stand on lines of their own: {lines}",
              len(lines) == len(set(lines)) == sum(map(len, pairs)))


def check_look(b, folder, size, scheme):
    b.look(*size, scheme)
    name = f"{'narrow' if size == NARROW else 'wide'}, {scheme}"
    claim(f"{name}: nothing hangs out sideways",
          b.value("document.documentElement.scrollWidth <= document.documentElement.clientWidth"))
    ground, text = (b.value(f"getComputedStyle(document.documentElement).{what}.match(/[0-9]+/g).map(Number)")
                    for what in ("backgroundColor", "color"))
    claim(f"{name}: text can be read", contrast(ground, text) >= 7)
    claim(f"{name}: the ground is {ground}", (luminance(ground) > 0.5) == (scheme == "light"))
    check_drawings(b, name)
    b.picture(folder / f"{name.replace(', ', '-')}.png")


def check_paper(b, folder):
    b.look(*PAPER, medium="print")
    check_drawings(b, "paper")
    b.look(*WIDE, medium="")
    b.value("document.querySelectorAll('details').forEach(one => { one.open = false; })")
    claim("it can be printed", b.paper(folder / "paper.pdf") > 10000)
    pages = (folder / "paper.pdf").read_bytes().count(b"/Type /Page\n")
    claim(f"on six pages at most: {pages}", 1 <= pages <= 6)


def check_without_script(b, page, result):
    """A table with a row for each column of each kernel."""
    b.call("Emulation.setScriptExecutionDisabled", value=True)
    b.open(page.as_uri())
    b.picture(page.parent / "plain.png")
    document = b.call("DOM.getDocument", depth=1)["root"]["nodeId"]
    def found(selector):
        return len(b.call("DOM.querySelectorAll", nodeId=document, selector=selector)["nodeIds"])
    rows = found("noscript tbody tr")
    columns = sum(len(block["columns"]) for block in result["results"])
    claim(f"without scripts there is a row for each column: {rows} of {columns}", rows == columns)
    claim("and the headline", found("noscript li") == len(result["verdict"]))
    b.call("Emulation.setScriptExecutionDisabled", value=False)


def check_metg(b, result):
    """The curve goes through the METG of the headline: its mark stands on the line of 50 %."""
    for row in result["metg"]:
        if row["bound"] == "at":
            points = b.value(f"curveOf(efficiencies(result.results.filter(x => x.kernel === {json.dumps(row['kernel'])})), "
                             f"{json.dumps(row['column'])}, {json.dumps(row['kernel'])})"
                             ".filter(point => point.y === 0.5).map(point => point.x)")
            claim(f"the curve of {row['column']} crosses 50 % at {row['seconds']}: {points}", row["seconds"] in points)


def main():
    program, page, result, folder = sys.argv[1], *map(pathlib.Path, sys.argv[2:5])
    document = json.loads(result.read_text())
    with Browser(program) as b:
        b.look(*WIDE)
        b.open(page.resolve().as_uri())
        b.look(*WIDE)
        check_folding(b)
        b.look(*WIDE)
        check_content(b, document)
        check_rows(b, document)
        check_metg(b, document)
        check_spread(b, document)
        check_extremes(b)
        for size in (WIDE, NARROW):
            for scheme in ("light", "dark"):
                check_look(b, folder, size, scheme)
        check_sorting(b)
        check_paper(b, folder)
        check_alone(b, page.resolve())
        check_without_script(b, page.resolve(), document)
    for text in failures:
        print("FAILED:", text)
    return 1 if failures else 0


sys.exit(main())
