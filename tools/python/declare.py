#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Makes the declarations that other languages need from the public headers, by the C preprocessor.

  declare.py --python FILE [--headers DIR] [--compiler CC]   writes the module of cffi's ABI mode, filch/_filch.py
  declare.py --print [--headers DIR] [--compiler CC]         prints the declarations
  declare.py --version [--headers DIR]                       prints the version of the headers

Only the preprocessor of CC runs, and only here: neither the installation of the package nor its use needs a compiler."""
import argparse
import contextlib
import io
import re
import subprocess
import sys
from pathlib import Path

HEADERS = Path(__file__).resolve().parent.parent.parent / "include"
MOST_NESTED = r"\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\)"  # parentheses within parentheses within parentheses
INCLUDED = "pool.h results.h future.h channel.h for.h reduce.h scan.h sort.h stats.h trace.h blocking.h".split()


def preprocessed(headers, compiler):
    """The lines of Filch's own headers."""
    source = "".join(f"#include <filch/{name}>\n" for name in INCLUDED)
    done = subprocess.run([compiler, "-E", "-D_GNU_SOURCE", f"-I{headers}", "-x", "c", "-"], input=source, capture_output=True, text=True, check=True)
    own, lines = False, []
    for line in done.stdout.splitlines():
        if line.startswith("# "):
            own = "/filch/" in line.split('"')[1]
        elif own and not line.startswith("#pragma"):
            lines.append(line)
    return "\n".join(lines)


def pieces(text):
    """Top-level declarations and definitions, each up to its semicolon or closing brace."""
    depth = begin = 0
    for at, letter in enumerate(text):
        depth += {"{": 1, "}": -1}.get(letter, 0)
        ends = letter == ";" and not depth
        if letter == "}" and not depth and re.match(r"\s*(?:__attribute__\s*\S+\s*)*static", text[begin:]):
            ends = True  # an inline function
        if ends:
            yield text[begin:at + 1].strip()
            begin = at + 1


def version(headers=HEADERS):
    """That of the headers: "0.1.0"."""
    text = (Path(headers) / "filch" / "base.h").read_text(encoding="utf-8")
    return ".".join(re.findall(r"#define FILCH_VERSION_(?:MAJOR|MINOR|PATCH) (\d+)", text))


def declarations(headers=HEADERS, compiler="cc"):
    """The text for cffi: types, and the functions that the library exports; no attributes, no inline functions."""
    text = re.sub(rf"__attribute__\s*{MOST_NESTED}|__extension__|\b__inline__\b", "", preprocessed(headers, compiler))
    kept = []
    for piece in pieces(text):
        if re.match(r"static|_Static_assert|extern\b(?!.*\()|;", piece) or "sizeof" in piece:
            continue
        kept.append(re.sub(r"\s+", " ", piece))
    return "\n".join(dict.fromkeys(kept)) + "\n"


def write(target, headers=HEADERS, compiler="cc"):
    """Writes the module by which cffi finds functions and types without parsing them again."""
    from cffi import FFI

    ffi = FFI()
    ffi.cdef(declarations(headers, compiler))
    ffi.set_source("filch._filch", None)
    with contextlib.redirect_stdout(io.StringIO()):
        ffi.emit_python_code(str(target))
    with open(target, "a", encoding="utf-8") as file:
        file.write(f'version = "{version(headers)}"\n')


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", type=Path, metavar="FILE")
    parser.add_argument("--print", action="store_true")
    parser.add_argument("--version", action="store_true")
    parser.add_argument("--headers", type=Path, default=HEADERS)
    parser.add_argument("--compiler", default="cc")
    given = parser.parse_args()
    if given.python:
        write(given.python, given.headers, given.compiler)
    if given.version:
        print(version(given.headers))
    if given.print:
        sys.stdout.write(declarations(given.headers, given.compiler))


if __name__ == "__main__":
    main()
