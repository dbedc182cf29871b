#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""The lint of atomics finds what it says, and nothing else.

Each folder beside this file is named as a rule: a small tree, and `expected`, the FILE:LINE: RULE of every finding.
Then the shipped tree, in which all accesses are spoiled: without comments, and with their orders taken away."""
import re
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
TOOL = ROOT / "tools" / "check_atomics.py"
sys.dont_write_bytecode = True
sys.path.insert(0, str(TOOL.parent))
from atomics import rules, tables  # noqa: E402
from atomics.source import Source  # noqa: E402
from program import run_program  # noqa: E402

failures = []


def claim(what, holds):
    if not holds:
        failures.append(what)
        print("FAILED:", what)


def lint(*arguments):
    status, out, err = run_program(TOOL, *arguments)
    return status, out.splitlines(), err


def brief(line):
    return re.match(r"[^:]+:\d+: \w+", line)[0]


def cases():
    for rule in tables.RULES:
        folder = HERE / rule
        expected = (folder / "expected").read_text(encoding="utf-8").splitlines()
        status, out, _ = lint("--root", folder, ".")
        found = [brief(line) for line in out]
        claim(f"{rule}: finds {sorted(expected)}, found {sorted(found)}", sorted(found) == sorted(expected))
        claim(f"{rule}: status 1", status == 1)
        claim(f"{rule}: one of its findings is of that rule", any(line.endswith(": " + rule) for line in found))
        clean = {p.relative_to(folder).as_posix() for p in folder.rglob("*.[ch]")} - {l.split(":")[0] for l in found}
        claim(f"{rule}: one of its files is good", clean)
        claim(f"{rule}: each finding says what to do", all("; " in line for line in out))


def command():
    status, out, _ = lint("--rules")
    claim("--rules ends with 0", status == 0)
    claim("--rules names every rule", all(any(line.startswith(rule + " ") for line in out) for rule in tables.RULES))
    words = {line.split(" ")[0] for line in out}
    claim("--rules names every word", {row.name for row in tables.WORDS} <= words)
    status, out, err = lint("--root", HERE / "raw", "nowhere")
    claim("a folder without an atomic access is an error, never a silent success", status == 2 and not out and err)
    claim("an unknown option is refused", lint("--nonsense")[0] == 2)


def shipped():
    files = [p for folder in ("include", "sched", "runtime") for p in sorted((ROOT / folder).rglob("*.[ch]"))]
    return {p.relative_to(ROOT).as_posix(): p.read_text(encoding="utf-8") for p in files}


def without_comments():
    """Every access of the tree is seen: a plain search finds no more than the lint blames once all comments are gone."""
    texts = shipped()
    bare = {path: re.sub(r"/\*.*?\*/", lambda m: "\n" * m[0].count("\n"), text, flags=re.S)
            for path, text in texts.items()}
    calls = r"\b(?:filch_(?:u32|u64|ptr)_[a-z]+\(|filch_fence_\w+\(\)|fl_fence_heavy\(\))"
    plain = {(path, text.count("\n", 0, m.start()) + 1) for path, text in bare.items() if path not in tables.UNCHECKED
             for m in re.finditer(calls, text)}
    blamed = {(f.path, f.line) for f in rules.check({p: Source(p, t) for p, t in bare.items()}) if f.rule == "unlabelled"}
    claim(f"{len(plain)} lines with accesses, {len(blamed)} blamed: {plain ^ blamed}", plain == blamed)
    claim("there are some", len(plain) > 100)


def weakened():
    """Every access that carries nothing but a label is blamed when the orders of all such accesses are taken away."""
    sources, spoiled = {path: Source(path, text) for path, text in shipped().items()}, {}
    for path, source in sources.items():
        lines = source.text.split("\n")
        for access in source.accesses:
            relaxed = access.is_fence() or access.order == "FILCH_RELAXED"
            if path in tables.UNCHECKED or relaxed or access.has_reason() or not access.labels():
                continue
            at = next(i for i in range(access.line - 1, access.last) if access.order in lines[i])
            lines[at] = lines[at].replace(access.order, "FILCH_RELAXED", 1)
            spoiled.setdefault(path, []).append(access)
        if path in spoiled:
            sources[path] = Source(path, "\n".join(lines))
    tree = rules.Tree(sources)
    for path, accesses in spoiled.items():
        blamed = {finding.line for finding in rules.check_source(sources[path], tree, set())}
        for access in accesses:
            claim(f"{path}:{access.line}: {access.operation} of {access.word} made relaxed is found", access.line in blamed)
    seen = sum(map(len, spoiled.values()))
    claim(f"{seen} accesses were made relaxed", seen > 50)


if __name__ == "__main__":
    for test in (cases, command, without_comments, weakened):
        test()
    print(f"{len(failures)} failed")
    sys.exit(bool(failures))
