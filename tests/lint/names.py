#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Tests of tools/check_names.py: each rule finds what breaks it, and nothing in a good header."""
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(ROOT / "tools"))
import check_names  # noqa: E402

GOOD = """#define FILCH_API extern
#define FILCH_EACH_POND(type, name) for (type *name = NULL; (name = fl_next(name, FL_##type, sizeof(int32_t), "word"));)
/* Each function has a comment. */
FILCH_API int filch_pond_create(filch_pond **out);
/* As above. */
FILCH_API void filch_pond_destroy(filch_pond *pond);
/* As above. */
FILCH_API void filch_pond_acquire(filch_pond *pond);
/* As above. */
FILCH_API int filch_pond_try_acquire(filch_pond *pond);
/* As above. */
FILCH_API int filch_pond_acquire_until(filch_pond *pond, int64_t until);
/* As above. */
FILCH_API void filch_pond_give_back(filch_pond *pond);
/* As above. */
FILCH_API void filch_pond_stats_read(filch_pond *pond, filch_pond_stats *out, size_t size);
"""
# Declaration, a part of what is said about it.
BAD = [
    ("int pond_dig(void);", "does not begin with filch_"),
    ("int filch_discipline_of(void);", "says discipline; the glossary has queue"),
    ("int filch_letters_put(void);", "says letters; the glossary has dead_letters"),
    ("int filch_lake_create(void);", "has neither filch_lake_destroy nor filch_lake_release"),
    ("void filch_lake_retain(filch_lake *lake);", "has no filch_lake_release"),
    ("void filch_lake_release(filch_lake *lake);", "has neither filch_lake_retain nor filch_lake_create"),
    ("void filch_lake_acquire(filch_lake *lake);", "has no filch_lake_give_back"),
    ("void filch_lake_read(filch_lake_stats *out, size_t size);", "call it X_stats_read"),
    ("void filch_lake_stats_read(filch_lake_stats *out);", "does not take the size"),
    ("int filch_lake_until_dry(filch_lake *lake);", "_until ends a name"),
    ("int filch_lake_try_dry(filch_lake *lake);", "there is no filch_lake_dry"),
]


def findings(text, test=""):
    with tempfile.TemporaryDirectory() as folder:
        header = Path(folder, "include/filch/pond.h")
        header.parent.mkdir(parents=True)
        header.write_text(text, encoding="utf-8")
        Path(folder, "tests").mkdir()
        Path(folder, "tests/test_pond.c").write_text(test, encoding="utf-8")
        return check_names.check(Path(folder))[0]


failed = 0
if found := findings(GOOD):
    failed += 1
    print(f"FAILED: a good header is blamed: {found}")
for declaration, wanted in BAD:
    found = findings(GOOD + "/* As above. */\nFILCH_API " + declaration + "\n")
    if len(found) != 1 or wanted not in found[0]:
        failed += 1
        print(f"FAILED: {declaration} wants '{wanted}', found {found}")
found = findings(GOOD + "FILCH_API void filch_lake_drain(void);\n")
if len(found) != 1 or "filch_lake_drain: has no comment of its own" not in found[0]:
    failed += 1
    print(f"FAILED: a function without a comment: {found}")
found = findings(GOOD + "/* As above. */\nFILCH_API void fl_pond_fill(void);\n")
if len(found) != 1 or "fl_pond_fill: no macro calls it" not in found[0]:
    failed += 1
    print(f"FAILED: an export for macros that no macro calls: {found}")
if found := findings(GOOD + "/* As above. */\nFILCH_API void fl_pond_fill(void);\n#define FILCH_FILL() fl_pond_fill()\n"):
    failed += 1
    print(f"FAILED: an export that a macro calls is blamed: {found}")
for macro, word in [("FILCH_N() N", "N"), ("FILCH_NAMED(x) {.name = (x)}", "name"), ("FILCH_ARGS(slot) ((slot)->args)", "args"),
                    ("FILCH_LOCAL(to) \\\n    do { int value = 1; } while (0)", "value"), ("FILCH_UNSEEN __attribute__((unused))", "unused")]:
    found = findings(GOOD + f"#define {macro}\n")
    if len(found) != 1 or f"expands to {word}," not in found[0]:
        failed += 1
        print(f"FAILED: {macro} wants '{word}', found {found}")
found = findings(GOOD, "Test(x, six_words_are_not_one_more)\nFOR_EACH(x, this_name_has_seven_words_in_all, rows)\n")
if len(found) != 1 or "this_name_has_seven_words_in_all: has 7 words" not in found[0]:
    failed += 1
    print(f"FAILED: names of tests: {found}")
print(f"{failed} failed")
sys.exit(failed > 0)
