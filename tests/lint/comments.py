#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Tests of tools/check_comments.py: the public headers have no gap, and each rule finds a gap that breaks it, and nothing in a good header."""
import re
import shutil
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(ROOT / "tools"))
if not shutil.which("doxygen"):
    print("Doxygen is not installed")
    sys.exit(77)
import check_comments  # noqa: E402

BASE = """/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The errors of all headers:
 *   -EINVAL           an argument is wrong: correct
 *                     the call
 *   -EAGAIN, -EBUSY   not now: try later
 *   -ENOMEM           no memory: release some
 */
"""
GOOD = """/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Ponds of ducks.
 *   an example
 * Threads: any. Suspends: no. Errors: 0 or a negative errno.
 * Since 0.1.0. */
typedef struct filch_pond filch_pond;

/* The most ducks of a pond. */
#define FILCH_POND_MOST 9

/* A duck. */
typedef struct filch_pond_duck {
    int feathers;
} filch_pond_duck;

typedef enum filch_pond_kind {
    FILCH_POND_DEEP, /* more than a metre */
    FILCH_POND_FLAT
} filch_pond_kind;

/* ---- Ponds: their water lasts
 * for `weeks` weeks ---- */

/* Fills a pond to `depth` millimetres. Errors: -EINVAL (depth is 0, or above 9); -EAGAIN or -EBUSY (no rain: pray);
 * -ENOMEM. -EPERM: not yours; ask first. */
FILCH_API int filch_pond_fill(filch_pond *pond, int depth, int weeks);
/* The same, but later. Errors: -EDOM (no: "yes"); -EPERM (filch_error() says why). */
FILCH_API int filch_pond_refill(filch_pond *pond, int depth);
/* As filch_pond_fill, with -EBUSY for others; `where` is a place. */
FILCH_API int filch_pond_pour(filch_pond *pond, int depth, const char *where);
/* Returns the depth, or 0. Never -EBADF. */
FILCH_API unsigned filch_pond_depth(const filch_pond *pond);
/* Empties it. NULL is allowed. */
FILCH_API void filch_pond_drain(filch_pond *pond);
/* Fills the first `size` bytes of *out with the drops of the last `age` nanoseconds, until `until`. */
FILCH_API void filch_pond_read(filch_pond *pond, void *out, size_t size, int64_t age, int64_t until);
/* Names a pond: FILCH_POND(name), where \\ is a stream. */
#define FILCH_POND(name) name
"""
# A part of the good header, what stands in its place, what is found.
BAD = [
    (" Threads: any.", "", "pond the head has no 'Threads:'"),
    ("Suspends: no. ", "", "pond the head has no 'Suspends:'"),
    ("Errors: 0", "Result: 0", "pond the head has no 'Errors:'"),
    ("Since 0.1.0.", "", "pond the head has no 'Since'"),
    ("/* The most ducks of a pond. */\n", "", "FILCH_POND_MOST has no comment of its own"),
    ("/* A duck. */\n", "", "filch_pond_duck has no comment of its own"),
    ("/* Empties it. NULL is allowed. */\n", "", "filch_pond_drain has no comment of its own"),
    ("/* Empties it. NULL is allowed. */", "/* Empties it. NULL is allowed. */\n", "filch_pond_drain has no comment of its own"),
    ("#define FILCH_POND(", "#define FILCH_PUDDLE(name) name\n#define FILCH_POND(", "FILCH_POND has no comment of its own"),
    ("Empties it. NULL is allowed.", "Error: -EINVAL (pond is NULL).", "filch_pond_drain does not begin with its purpose"),
    ("Empties it. NULL is allowed.", "Empty: it is drained.", "filch_pond_drain does not begin with its purpose"),
    ("NULL is allowed.", "NULL is allowed", "filch_pond_drain does not end with a sentence"),
    ("`depth` millimetres. Errors: -EINVAL (depth is 0", "9 m. Errors: -EINVAL (it is 0", "filch_pond_fill does not say what `depth` is"),
    ("for `weeks` weeks", "for long", "filch_pond_fill does not say what `weeks` is"),
    ("int depth);", "int depth, int rest);", "filch_pond_refill does not say what `rest` is"),
    ("; `where` is a place", "", "filch_pond_pour does not say what `where` is"),
    ("FILCH_POND(name), where", "where", "FILCH_POND does not say what `name` is"),
    ("first `size` bytes", "first `size` drops", "filch_pond_read does not give the unit of `size`"),
    ("`age` nanoseconds", "`age` drops", "filch_pond_read does not give the unit of `age`"),
    ("Returns the depth, or 0.", "The depth of it, or 0.", "filch_pond_depth does not say what it returns"),
    ("Errors: 0 or a negative errno", "Errors: some", "filch_pond_fill does not say what it returns"),
    ("-EINVAL (depth is 0, or above 9)", "-EINVAL", "filch_pond_fill gives no cause of -EINVAL"),
    ("-EAGAIN or -EBUSY (no rain: pray)", "-EAGAIN or -EBUSY", "filch_pond_fill gives no cause of -EBUSY"),
    ("-EPERM: not yours; ask first.", "-EPERM (not yours).", "filch_pond_fill gives no remedy of -EPERM"),
    ("filch_error() says why", "not yours", "filch_pond_refill gives no remedy of -EPERM"),
]
failed = 0


def claim(what, holds):
    global failed
    if not holds:
        failed += 1
        print("FAILED:", what)


def named(text, number):
    """The header with names of its own: one run of Doxygen reads all."""
    return re.sub(r"pond(?!s)", f"pond{number}", re.sub("POND|PUDDLE", rf"\g<0>{number}", text))


with tempfile.TemporaryDirectory() as folder:
    Path(folder, "base.h").write_text(BASE, encoding="utf-8")
    Path(folder, "pond.h").write_text(GOOD, encoding="utf-8")
    for number, (old, new, wanted) in enumerate(BAD):
        claim(f"'{old}' stands once in the good header", GOOD.count(old) == 1)
        Path(folder, f"pond{number}.h").write_text(named(GOOD.replace(old, new), number), encoding="utf-8")
    found = check_comments.check(Path(folder))
claim(f"a good header is good: {found.get('pond')}", not found.get("pond"))
for number, (old, new, wanted) in enumerate(BAD):
    lines = found.get(f"pond{number}", [])
    claim(f"'{wanted}' is found, found: {lines}", named(wanted, number) in lines)
tree = {name: lines for name, lines in check_comments.check(ROOT / "include" / "filch").items() if lines}
claim(f"the public headers have no gap: {tree}", not tree)
print(f"{len(BAD)} gaps, {failed} failed")
sys.exit(bool(failed))
