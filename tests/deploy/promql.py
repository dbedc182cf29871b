# SPDX-License-Identifier: MIT OR Apache-2.0
"""Names in PromQL expressions, and in the text that a worker exposes."""
import re

import live

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


def rules_of(path):
    return [rule for group in live.documents(path)[0]["groups"] for rule in group["rules"]]


def name_of(rule):
    return rule.get("record") or rule["alert"]


def exposed(text):
    """The names of all samples of an exposition, with the suffixes of histograms."""
    return {re.match(r"[a-zA-Z_:][\w:]*", line)[0] for line in text.splitlines() if line and line[0] != "#"}
