# SPDX-License-Identifier: MIT OR Apache-2.0
"""Anchors of headings, as forges make them."""
import html
import re


def slug(title, taken):
    """taken: counts the names of a page, from {} on."""
    name = re.sub(r"[^\w\- ]", "", html.unescape(re.sub(r"<[^>]+>", "", title)).lower()).replace(" ", "-")
    taken[name] = taken.get(name, 0) + 1
    return name if taken[name] == 1 else f"{name}-{taken[name] - 1}"
