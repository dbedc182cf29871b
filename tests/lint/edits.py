#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Edits by anchor change the code they name, refuse ambiguous anchors, and each mutant's anchors match the library."""
import pathlib
import subprocess
import sys
import tempfile

MODEL = pathlib.Path(__file__).resolve().parent.parent / "model"
sys.dont_write_bytecode = True
sys.path.insert(0, str(MODEL))
import edits  # noqa: E402

SOURCE = """\
/* take(x) { return 1; } stands in a comment, and counts for nothing. */
int take(int x); /* a declaration is no definition */

int take(int x)
{
    if (put(x)) {
        x++;
        x++;
    }
    return go(x, /* why */
              "x++; /* no comment */", 1);
}

int put(int x)
{
    return x >= 1;
}
"""

# claim of the row | function | code to find | code to put there | a part of the result, or of the complaint
ROWS = (
    ("code is replaced", "put", "return x >= 1;", "return 0;", "int put(int x)\n{\n    return 0;\n}"),
    ("code is removed", "put", "return x >= 1;", "", "int put(int x)\n{\n    \n}"),
    ("comments and layout do not matter", "take", 'return go( x,"x++; /* no comment */" ,1 ) ;', "return 2;",
     "    }\n    return 2;\n}"),
    ("a comment in the anchor does not matter", "put", "return x /* so */ >= 1;", "return 3;", "return 3;"),
    ("two lines make an anchor unique", "take", "x++; }", "}", "x++;\n        }\n    return go"),
    ("a string is one token", "take", '"x++; /* no comment */"', '""', '"", 1);'),
    ("an operator is one token", "put", "x > = 1", "", "0 matches"),
    ("an anchor that matches twice", "take", "x++;", "", "2 matches of `x++;` (1 is needed); add the lines around it"),
    ("an anchor that is gone", "take", "x--;", "", "0 matches of `x--;` (1 is needed); adapt it to the code as it is"),
    ("an anchor of another function", "take", "return x >= 1;", "", "0 matches"),
    ("a function that is gone", "drop", "x++;", "", "0 definitions of drop (1 is needed); name the function"),
    ("a call is no definition", "go", "x", "", "0 definitions of go"),
    ("no code to find", "put", "/* nothing */", "return 0;", "names no code to find"),
)

failures = []


def claim(what, holds):
    if not holds:
        failures.append(what)
        print("FAILED:", what)


def attempt(*todo):
    try:
        return edits.apply_edits(SOURCE, todo)
    except edits.AnchorError as error:
        return str(error)


def rows():
    for what, function, old, new, wanted in ROWS:
        result = attempt(edits.Edit("a.c", function, old, new))
        claim(f"{what}: no {wanted!r} in {result!r}", wanted in result)


def several():
    done = attempt(edits.Edit("a.c", "put", "1;", "2;"), edits.Edit("a.c", "take", "if (put(x))", "if (x)"))
    claim("edits may stand in any order", "if (x) {" in done and "return x >= 2;" in done)
    done = attempt(edits.Edit("a.c", "put", "return x", ""), edits.Edit("a.c", "put", "x >=", ""))
    claim("edits that overlap are refused", "two edits overlap; make them one" in done)


def files():
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        for name in ("one/a.h", "one/deep/b.h", "two/a.h"):
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).touch()
        for name, wanted in (("b.h", "one/deep/b.h"), ("two/a.h", "two/a.h"), ("a.h", "give more of its path"),
                             ("c.h", "name the file that has the code now"), ("x/b.h", "name the file")):
            try:
                found = edits.find_file(root, ("one", "two"), name).relative_to(root).as_posix()
            except edits.AnchorError as error:
                found = str(error)
            claim(f"{name}: {found}, not {wanted}", wanted in found)


def mutants():
    done = subprocess.run([sys.executable, MODEL / "mutants.py", "--anchors"], capture_output=True, text=True, check=False)
    claim("the anchors of all mutants match:\n" + done.stdout + done.stderr, done.returncode == 0)


if __name__ == "__main__":
    for test in (rows, several, files, mutants):
        test()
    print(f"{len(failures)} failed")
    sys.exit(bool(failures))
