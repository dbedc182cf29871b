#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# The pictures of the documentation are those that docs/images/draw.py draws. Each has a title and a dark mode. In both modes the
# contrast of texts to their ground is 4.5 or more (WCAG 2.1, 1.4.3).
. "$(dirname "$0")/common.bash"
images=$here/../../docs/images
command -v python3 >/dev/null || skip "python3 not found"
mkdir drawn
claim "the pictures are drawn" python3 -B "$images/draw.py" "$filch" drawn
for picture in "$images"/*.svg; do
    claim "${picture##*/} is as drawn (docs/images/draw.py build/release/tools/filch docs/images)" cmp "$picture" "drawn/${picture##*/}"
done
claim "all drawn pictures are kept" test "$(ls drawn | wc -l)" -eq "$(ls "$images"/*.svg | wc -l)"
cat >check.py <<'END'
import re
import sys


def light(colour):
    parts = [int(colour[at:at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one, other):
    bright, dark = sorted((light(one), light(other)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


def texts(style):
    """The colours of texts, and their ground."""
    variables = dict(re.findall(r"--(\w+): (#\w{6})", style))
    if variables:
        return [value for name, value in variables.items() if name not in ("ground", "line", "box")], [variables["ground"], variables["box"]]
    cells = re.findall(r"\.(?:ground|frame|cell[\w.]*) \{[^}]*?fill: (#\w{6})", style)
    return re.findall(r"svg text[\w. ]*\{[^}]*?fill: (#\w{6})", style), cells


for name in sys.argv[1:]:
    picture = open(name, encoding="utf-8").read()
    assert re.search(r"<title>[^<]+</title>", picture), f"{name} has no title"
    light_style, dark_style = re.search(r"<style>(.*?)</style>", picture, re.S)[1].split("@media", 1)
    assert "prefers-color-scheme: dark" in dark_style, f"{name} has no dark mode"
    for style in (light_style, dark_style.split("\n}", 1)[0]):
        inks, grounds = texts(style)
        assert inks and grounds, name
        for ink in inks:
            worst = min(contrast(ink, ground) for ground in (grounds if ink in inks[:2] else grounds[:1]))
            assert worst >= 4.5, f"{name}: {ink} has a contrast of {worst:.1f}"
END
claim "the pictures can be read: $(python3 check.py "$images"/*.svg 2>&1 | tail -n 1)" python3 check.py "$images"/*.svg
finish
