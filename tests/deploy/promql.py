# SPDX-License-Identifier: MIT OR Apache-2.0
"""Names in PromQL expressions, and in the text that a worker exposes."""
import re

WORDS = {"and", "or", "unless", "bool", "offset", "inf", "nan"}


def metrics_of(expression):
    """The metrics that an expression names: identifiers that are no labels, functions, operators or durations."""
    text = re.sub(r"\"(\\.|[^\"\\])*\"|'(\\.|[^'\\])*'", "", expression)
    text = re.sub(r"\{[^}]*\}", " ", text)
    text = re.sub(r"\[[^\]]*\]", " ", text)
    text = re.sub(r"\b(by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)", " ", text)
    text = re.sub(r"\b(by|without|on|ignoring|group_left|group_right)\b", " ", text)
    found = re.findall(r"(?<![\w:.$])([a-zA-Z_:][\w:]*)(?!\s*\()(?![\w:])", text)
    return {name for name in found if name.lower() not in WORDS}


def rules_of(text):
    """(name, expression) of each rule in a file as ours are: record or alert first, then expr, in one line or below `>-`."""
    pattern = r"- (?:record|alert): (\S+)\n( +)expr: (?:>-\n((?:\2 +.*\n)+)|(.*)\n)"
    return [(name, folded or plain) for name, _, folded, plain in re.findall(pattern, text)]


def exposed(text):
    """The names of all samples of an exposition, with the suffixes of histograms."""
    return {re.match(r"[a-zA-Z_:][\w:]*", line)[0] for line in text.splitlines() if line and line[0] != "#"}
