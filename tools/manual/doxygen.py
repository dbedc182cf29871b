# SPDX-License-Identifier: MIT OR Apache-2.0
"""A header for Doxygen: comments(source) returns the source, line by line, with its comments as Doxygen wants them.

A comment on lines of its own belongs to the declaration on the next line; one beside code belongs to that code. Their texts pass through
Doxygen as they are. Heads, titles of sections and comments with a blank line below are left to reference.py."""
import re

COMMENT = re.compile(r"/\*(.*?)\*/", re.S)


def opening(source, found):
    """How Doxygen wants this comment to begin; None: it belongs to no declaration."""
    before = source[source.rfind("\n", 0, found.start()) + 1 : found.start()]
    after, _, below = source[found.end() :].partition("\n")
    if after.strip() or re.search(r"\\$", found[0], re.M):
        return None
    if before.strip():
        return None if before.lstrip().startswith("#") and not before.startswith("#define FILCH_") else "/**< \\verbatim"
    follows = below.split("\n")[0]
    general = not before and (not follows.strip() or re.match("#(?!define)", follows) or found[1].startswith((" ----", " SPDX")))
    return None if general else "/** \\verbatim"


def comments(source):
    def replace(found):
        command = opening(source, found)
        return f"{command}{found[1]}\\endverbatim */" if command else found[0]

    return COMMENT.sub(replace, source)
