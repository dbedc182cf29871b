#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Checks that every exported name follows the naming scheme of the library, and every word that a macro expands to.

  check_names.py [--root DIR]   checks FILCH_API declarations and macros below include/filch; status 1: findings
  check_names.py --rules        prints the rules

A finding reads FILE: NAME: fault; cure."""
import argparse
import re
import sys
from pathlib import Path

RULES = {
    "prefix": "a name begins with filch_, in lower case; with fl_ where programs call it by macros only",
    "word": "no word that the glossary has replaced (FORBIDDEN)",
    "create": "X_create has X_destroy, or X_release where X is counted",
    "retain": "X_retain has X_release; X_release has X_retain or X_create, or a row in HANDLES",
    "acquire": "X_acquire has a _give_back of the same object",
    "stats": "a function that fills a struct of statistics is called X_stats_read and takes the struct's size",
    "until": "_until ends a name, and its function takes a point in time (int64_t)",
    "try": "try_ stands before a verb that is exported without it",
    "comment": "each function has a comment of its own, right before it",
    "test": "the name of a test has at most six words",
    "macro": "a macro's expansion has no word that a program may define: parameters, prefixes (fl_, filch_), keywords, libc",
}
# The words of C, C++ and libc in expansions, and the one of the interface.
WORDS = re.compile(r"""_\w+|\w+_t|U?INT\w*_(?:MAX|C)|SIZE_MAX|NULL|bool|true|false|memcpy|static_assert|constexpr|self|
    auto|break|case|char|class|const|continue|defined|default|do|double|else|enum|extern|float|for|goto|if|inline|int|long|
    operator|register|return|short|signed|sizeof|static|struct|switch|template|typedef|union|unsigned|void|volatile|while""", re.X)
# Macros that expand in headers only, where hide_words.h holds; and one whose fields the program names itself.
IN_HEADERS = {"FILCH_ATOMIC_KIND", "FILCH_ATOMIC_NUMBER", "FILCH_FORK_SLOW", "FILCH_JOIN_SLOW", "FL_IN", "FL_NETWORK", "FL_OUT",
              "FL_X", "FILCH_HANDLER_MODULE"}
# Old word -> the glossary's. A word is a part of a name between underscores.
FORBIDDEN = {
    "discipline": "queue", "keeper": "timer_thread", "errand": "pending_callback", "crew": "worker_set",
    "lane": "shard", "bell": "park_word", "hungry": "idle_demand", "bare": "empty or trimmed", "slots": "workers",
    "look": "read", "hold": "retain", "free": "destroy or release", "ref": "retain", "unref": "release",
}
# Objects that another call makes: a submission makes a job's handle.
HANDLES = {"filch_job_release": "filch_pool_submit"}
# A name in fl_ that no header uses: the compiler inserts the call.
UNUSED = {"fl_explore_access"}


def tests(root):
    """(file, name) of each test."""
    for path in sorted([*root.glob("tests/**/*.c"), *root.glob("tests/**/*.h")]):
        for name in re.findall(r"^ *(?:Test|FOR_EACH|ParameterizedTest|BROKER_CLAIM)\((?:[^,]*, *)+?(\w+)(?=[,)])",
                               path.read_text(encoding="utf-8"), re.M):
            yield path.relative_to(root).as_posix(), name


def declarations(root):
    """{name: (file, whole declaration)} of all FILCH_API functions and variables."""
    found = {}
    for path in sorted((root / "include/filch").rglob("*.h")):
        text = re.sub(r"/\*.*?\*/|//[^\n]*|\\\n", " ", path.read_text(encoding="utf-8"), flags=re.S)
        text = re.sub(r"^\s*#.*$", "", text, flags=re.M)
        for match in re.finditer(r"\bFILCH_API\s([^;{]*);", text):
            plain = re.sub(r"FILCH_PRINTF\([^)]*\)|__attribute__\(\(.*?\)\)", "", match[1])
            name = re.match(r"[^(]*?\b(\w+)\s*(?:\(|\[|$)", " ".join(plain.split()))
            if name:
                found[name[1]] = (path.relative_to(root).as_posix(), " ".join(plain.split()))
    return found


def uncommented(root):
    """(file, name) of each FILCH_API function that does not follow a comment."""
    for path in sorted((root / "include/filch").glob("*.h")):
        lines = path.read_text(encoding="utf-8").splitlines()
        for before, line in zip(lines, lines[1:]):
            name = re.match(r"FILCH_API\b.*?\b(filch_\w+)\(", line)
            if name and not before.endswith("*/"):
                yield path.relative_to(root).as_posix(), name[1]


def expansions(root):
    """(file, macro, words) of each macro: the words of its expansion that are neither its parameters nor pasted to."""
    for path in sorted((root / "include/filch").rglob("*.h")):
        text = re.sub(r"/\*.*?\*/|//[^\n]*|\\\n", " ", path.read_text(encoding="utf-8"), flags=re.S)
        for name, parameters, body in re.findall(r"^\s*#\s*define (\w+)(\([^)]*\))?(.*)$", text, flags=re.M):
            body = re.sub(r'"(?:\\.|[^"\\])*"|##\s*\w+', " ", body)
            words = set(re.findall(r"(?<![\w.])[A-Za-z_]\w*|(?<=\.)[A-Za-z_]\w*", body)) - set(re.findall(r"\w+", parameters))
            yield path.relative_to(root).as_posix(), name, words


def exposed(root):
    """(file, macro, word) of each word that a program's own macro could change."""
    for file, name, words in expansions(root):
        for word in sorted(words) if name not in IN_HEADERS else ():
            if not WORDS.fullmatch(word) and not re.match("fl_|FL_|filch_|FILCH_", word):
                yield file, name, word


def findings_of(name, declaration, names):
    """The faults of one name, a sentence each."""
    if re.fullmatch(r"fl_[a-z0-9_]+", name):
        return
    if not re.fullmatch(r"filch_[a-z0-9_]+", name):
        yield "does not begin with filch_, or has capitals; rename it"
    parts = name.split("_")
    for i, part in enumerate(parts):
        if part in ("letter", "letters") and parts[i - 1] != "dead":
            yield f"says {part}; the glossary has dead_{part}"
        elif part in FORBIDDEN:
            yield f"says {part}; the glossary has {FORBIDDEN[part]}"
    stem = name.rpartition("_")[0]
    if name.endswith("_create") and not {stem + "_destroy", stem + "_release"} & names:
        yield f"has neither {stem}_destroy nor {stem}_release; add one"
    if name.endswith("_retain") and stem + "_release" not in names:
        yield f"has no {stem}_release; add it"
    if name.endswith("_release") and name not in HANDLES and not {stem + "_retain", stem + "_create"} & names:
        yield f"has neither {stem}_retain nor {stem}_create; call it _give_back, or add a row to HANDLES"
    if name.endswith("_acquire") and not any(set(n.split("_")[:-2]) <= set(parts) for n in names if n.endswith("_give_back")):
        yield f"has no {stem}_give_back; add it"
    if re.search(r"\bfilch_(\w+_)?stats \*", declaration) and not declaration.startswith("const filch_runtime_stat "):
        if not name.endswith("_stats_read"):
            yield "fills a struct of statistics; call it X_stats_read"
        if not re.search(r"\bsize_t \w*size\b", declaration):
            yield "does not take the size of the struct that it fills; add a size_t"
    if "_until" in name and not (name.endswith("_until") and "int64_t" in declaration):
        yield "_until ends a name and takes a point in time; rename it"
    verb = re.sub(r"_try_", "_", name)
    if verb != name and verb not in names:
        yield f"tries what {verb} would do, but there is no {verb}"


def check(root):
    found = declarations(root)
    findings = [f"{file}: {name}: {text}" for name, (file, declaration) in sorted(found.items())
                for text in findings_of(name, declaration, set(found))]
    findings += [f"{file}: {name}: has no comment of its own; write one before it (CONTRIBUTING.md)"
                 for file, name in uncommented(root)]
    findings += [f"{file}: {name}: expands to {word}, which a program may define; give it a prefix" for file, name, word in exposed(root)]
    headers = " ".join(re.sub(r"/\*.*?\*/", " ", path.read_text(encoding="utf-8"), flags=re.S)
                       for path in (root / "include/filch").rglob("*.h"))
    findings += [f"{file}: {name}: no macro calls it; call it filch_, or do not export it" for name, (file, _) in sorted(found.items())
                 if name.startswith("fl_") and name not in UNUSED and len(re.findall(rf"\b{name}\b", headers)) < 2]
    findings += [f"{file}: {name}: has {len(name.split('_'))} words; claim it in six" for file, name in tests(root)
                 if len(name.split("_")) > 6]
    return findings, len(found)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rules", action="store_true", help="print the rules and exit")
    parser.add_argument("--root", type=Path, default=Path(__file__).resolve().parent.parent)
    arguments = parser.parse_args()
    if arguments.rules:
        width = max(map(len, RULES))
        print("\n".join(f"{rule:{width}}  {text}" for rule, text in RULES.items()))
        return 0
    findings, count = check(arguments.root)
    if not count:
        print(f"no exported name below {arguments.root}/include/filch; name another --root", file=sys.stderr)
        return 2
    print("\n".join(findings), end="\n" if findings else "")
    print(f"{count} names, {len(findings)} findings", file=sys.stderr)
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
