#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Doxygen's input filter: filter.py HEADER writes the header with its comments as Doxygen wants them, line by line.

A comment on lines of its own belongs to the declaration on the next line; one beside code belongs to that code. Their texts pass through
Doxygen as they are. Heads, titles of sections and comments with a blank line below are left to reference.py."""
import re
import sys

COMMENT = re.compile(r"/\*(.*?)\*/", re.S)


def opening(source, found):
    """How Doxygen wants this comment to begin; None: it is none of a declaration."""
    before = source[source.rfind("\n", 0, found.start()) + 1 : found.start()]
    after, _, below = source[found.end() :].partition("\n")
    if after.strip() or "\\" in found[0]:
        return None
    if before.strip():
        return None if before.lstrip().startswith("#") and not before.startswith("#define FILCH_") else "/**< \\verbatim"
    general = not before and (not below.split("\n")[0].strip() or found[1].startswith((" ----", " SPDX")))
    return None if general else "/** \\verbatim"


def convert(source):
    def replace(found):
        command = opening(source, found)
        return f"{command}{found[1]}\\endverbatim */" if command else found[0]

    return COMMENT.sub(replace, source)


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as file:
        sys.stdout.write(convert(file.read()))
