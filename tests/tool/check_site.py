# SPDX-License-Identifier: MIT OR Apache-2.0
"""check_site.py CHROMIUM SITE FOLDER [PAGE...]: opens each page of the site, or these, as readers do, and reports its faults.
Pictures go into FOLDER.

No script fails, nothing is asked of a network, each link has a goal, and no page is wider than 360 or 1,400 pixels. Each text contrasts
by 4.5 with its ground in light and dark, also in pictures. The search finds names, titles and texts."""

import html.parser
import pathlib
import sys
import urllib.parse

from browser import Browser, contrast

WIDE, NARROW = (1400, 1000), (360, 800)
STUB = "http-equiv"  # a page that only leads to another
failures = []

# [colour, background, text] for each pair of colours in the page's texts; a colour is [red, green, blue, ...].
COLOURS = """(() => {
  const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true })
  const numbers = colour => {
    canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1)
    return [...canvas.getImageData(0, 0, 1, 1).data]
  }
  const ground = element => {
    for (let at = element; at; at = at.parentElement) {
      const colour = numbers(getComputedStyle(at).backgroundColor)
      if (colour[3] === 255) return colour
    }
    const dark = getComputedStyle(document.documentElement).colorScheme.includes('dark') && matchMedia('(prefers-color-scheme: dark)').matches
    return dark ? [18, 18, 18] : [255, 255, 255]
  }
  const pairs = new Map()
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
  while (walker.nextNode()) {
    const text = walker.currentNode, element = text.parentElement
    if (!text.data.trim() || !element.checkVisibility || !element.checkVisibility()) continue
    const pair = [numbers(getComputedStyle(element).color), ground(element)]
    if (!pairs.has(`${pair}`)) pairs.set(`${pair}`, [...pair, text.data.trim().slice(0, 40)])
  }
  return [...pairs.values()]
})()"""

# The same for each text of a picture: its fill, and that of the rectangle below it or of the picture's ground.
PICTURE_COLOURS = """(() => {
  const numbers = colour => (colour.match(/[\\d.]+/g) ?? []).slice(0, 3).map(Number)
  const rects = [...document.querySelectorAll('rect, .ground')].filter(rect => getComputedStyle(rect).fill.startsWith('rgb('))
  return [...document.querySelectorAll('text, tspan')].filter(text => text.textContent.trim()).map(text => {
    const box = text.getBoundingClientRect(), x = box.x + box.width / 2, y = box.y + box.height / 2
    const style = getComputedStyle(text), outlined = style.paintOrder.startsWith('stroke') && style.stroke.startsWith('rgb')
    const below = rects.filter(rect => {
      const at = rect.getBoundingClientRect()
      return at.x <= x && x <= at.right && at.y <= y && y <= at.bottom && !(rect.compareDocumentPosition(text) & 2)
    })
    const ground = outlined ? style.stroke : below.length ? getComputedStyle(below.at(-1)).fill : ''
    return [numbers(style.fill), numbers(ground), text.textContent.slice(0, 40)]
  })
})()"""


def claim(text, true):
    if not true:
        failures.append(text)


class Links(html.parser.HTMLParser):
    def __init__(self, path):
        super().__init__()
        self.goals, self.anchors = [], set()
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        self.anchors.update(filter(None, (given.get("id"), given.get("name"))))
        self.goals += [given[name] for name in ("href", "src") if given.get(name)]


def check_links(site):
    pages = {path: Links(path) for path in site.rglob("*.html")}
    for path, page in pages.items():
        for goal in page.goals:
            parts = urllib.parse.urlsplit(goal)
            if parts.scheme:
                continue
            target = (path.parent / urllib.parse.unquote(parts.path)).resolve() if parts.path else path
            claim(f"{path.relative_to(site)}: no page {goal}", target.exists())
            anchor = urllib.parse.unquote(parts.fragment)
            if anchor and target in pages:
                claim(f"{path.relative_to(site)}: no anchor {goal}", anchor in pages[target].anchors)
    return [path for path in pages if STUB not in path.read_text(encoding="utf-8")]


def check_contrasts(name, scheme, colours):
    for text_colour, ground, text in colours:
        least = contrast(text_colour, ground) if ground else 0
        claim(f"{name}: contrast {least:.2f} of '{text}' ({scheme})", least >= 4.5)


def check_page(b, name, url):
    b.events.clear()
    b.open(url)
    for width, height in (WIDE, NARROW):
        b.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        wide = b.value("document.documentElement.scrollWidth")
        claim(f"{name}: {wide} pixels wide in a window of {width}", wide <= width)
    claim(f"{name}: has a heading", b.value("document.querySelectorAll('h1').length") == 1)
    for scheme in ("light", "dark"):
        b.call("Emulation.setEmulatedMedia", media="screen", features=[{"name": "prefers-color-scheme", "value": scheme}])
        check_contrasts(name, scheme, b.value(COLOURS))
    claim(f"{name}: {b.complaints()}", not b.complaints())
    outside = [address for address in b.requests() if not address.startswith(("file:", "data:"))]
    claim(f"{name}: asks for {outside}", not outside)


def check_pictures(b, site):
    for path in sorted(site.rglob("*.svg")):
        b.open(path.as_uri())
        for scheme in ("light", "dark"):
            b.look(*WIDE, scheme=scheme)
            check_contrasts(path.name, scheme, b.value(PICTURE_COLOURS))


def check_search(b, site, folder):
    b.open((site / "index.html").as_uri())
    b.look(*WIDE)
    for words, expected in (("filch_pool_create", "filch_pool_create"), ("retry", None), ("memory order", None), ("zzyzx", "nothing found")):
        b.value(f"(query.value = '{words}', query.dispatchEvent(new Event('input')), 0)")
        b.value("new Promise(done => { const at = setInterval(() => { if (!found.hidden) { clearInterval(at); done(0) } }, 20) })")
        first = b.value("found.firstChild.textContent")
        claim(f"the search for '{words}' finds '{first}' first", first and (not expected or first.startswith(expected)))
        if expected is None:
            claim(f"the search for '{words}' finds several", b.value("found.children.length") > 3)
    b.value("(query.value = 'filch_pool_create', query.dispatchEvent(new Event('input')), 0)")
    goal = b.value("found.querySelector('a').href")
    claim(f"its link leads to a page: {goal}", pathlib.Path(urllib.parse.urlsplit(goal).path).exists())
    b.picture(folder / "site_search.png")


def check_paper(b, site, folder):
    b.open((site / "docs/futures.html").as_uri())
    claim("a page can be printed", b.paper(folder / "site.pdf") > 10000)
    b.look(*WIDE, medium="print")
    claim("paper shows no header", b.value("getComputedStyle(document.querySelector('header')).display") == "none")


def check_whole(b, site, folder):
    """Besides the single pages."""
    check_pictures(b, site)
    check_search(b, site, folder)
    check_paper(b, site, folder)
    for name, width in (("docs/README", WIDE), ("docs/limits", NARROW), ("man/filch_limiter_create.3", WIDE)):
        b.open((site / f"{name}.html").as_uri())
        b.look(*width, scheme="dark" if width is WIDE else "light")
        b.picture(folder / f"site_{name.replace('/', '_')}.png")


def main():
    site, folder, *named = map(pathlib.Path, sys.argv[2:])
    site = site.resolve()
    linked = check_links(site)
    pages = [site / name for name in named] or linked
    with Browser(sys.argv[1]) as b:
        for path in pages:
            check_page(b, path.relative_to(site), path.as_uri())
        if not named:
            check_whole(b, site, folder)
    print("\n".join(failures) if failures else f"{len(pages)} pages")
    return bool(failures)


if __name__ == "__main__":
    sys.exit(main())
