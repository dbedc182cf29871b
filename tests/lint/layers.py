#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""The lint of layers finds the faults that are planted in a copy of the tree, and nothing in the tree as it is."""
import os
import shutil
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
TOOL = ROOT / "tools" / "check_layers.py"
sys.dont_write_bytecode = True
sys.path.insert(0, str(TOOL.parent))
import check_layers  # noqa: E402
from program import run_program  # noqa: E402

# File, text in it, text that replaces it, the findings: rule and a word of the message.
FAULTS = [
    ("runtime/engine/park.c", "#include <runtime/platform/futex.h>\n",
     "#include <runtime/sync/deadlock.h>\n#include <runtime/queue/queues.h>\n",
     [("upward", "runtime/sync/deadlock.h"), ("upward", "runtime/queue/queues.h"), ("unincluded", "fl_futex_wake"),
      ("unincluded", "fl_futex_wait_until")]),
    ("runtime/platform/lock.c", "#include <runtime/platform/futex.h>\n",
     "#include <runtime/platform/futex.h>\n#include <runtime/engine/worker.h>\n", [("upward", "runtime/engine/worker.h")]),
    ("runtime/sync/mutex.c", "#include <runtime/platform/lock.h>\n", "", [("unincluded", "fl_lock"), ("unincluded", "fl_unlock")]),
    ("runtime/engine/settings.c", "given : secure_getenv(", "given : getenv(", [("unsafe", "secure_getenv")]),
    ("runtime/platform/new_file.c", "O_EXCL |", "O_TRUNC |", [("unsafe", "fl_new_file")]),
    ("docs/internals/design.md", "the scheduler: workers", "workers", [("picture", "--write")]),
]
failures = []


def claim(what, holds):
    if not holds:
        failures.append(what)
        print("FAILED:", what)


def lint(root, *arguments):
    status, out, err = run_program(TOOL, "--root", root, *arguments)
    return status, out.splitlines(), err


def planted(root):
    """All faults at once: each is found in its file, and nothing else; then the tree as it is, its picture drawn anew."""
    good = {path: (root / path).read_text(encoding="utf-8") for path, *_ in FAULTS}
    for path, text, other, _ in FAULTS:
        claim(f"{path} has {text!r}", text in good[path])
        (root / path).write_text(good[path].replace(text, other, 1), encoding="utf-8")
    status, out, _ = lint(root)
    expected = [(path, rule, word) for path, _, _, found in FAULTS for rule, word in found]
    claim("status 1", status == 1)
    claim(f"{len(expected)} findings, found {out}", len(out) == len(expected))
    for path, rule, word in expected:
        claim(f"{path}: {rule} of {word}, found {out}",
              any(line.startswith(path + ":") and f": {rule}: " in line and word in line for line in out))
    claim("each finding says what to do", all("; " in line for line in out))
    for path, text in good.items():
        if path != check_layers.PAGE:
            (root / path).write_text(text, encoding="utf-8")
    claim("--write ends with 0", lint(root, "--write")[0] == 0)
    claim("--write draws the shipped picture", (root / check_layers.PAGE).read_text(encoding="utf-8") == good[check_layers.PAGE])
    status, out, _ = lint(root)
    claim(f"the tree has no finding, found {out}", status == 0 and not out)


def every_pair():
    """Each part may include what lies below it, and nothing beside or above it."""
    sample = {name: "runtime/platform/lock.h" if name == "platform" else folders.split()[0] + "sample.h"
              for parts in check_layers.LEVELS for name, folders, _ in parts}
    header = {**sample, "include": "filch/sample.h"}
    for part, path in sample.items():
        for other in sample:
            found = list(check_layers.upward(path, f"#include <{header[other]}>\n"))
            below = check_layers.LEVEL[other] < check_layers.LEVEL[part]
            claim(f"{part} includes {other}: {found}", bool(found) == (part != other and not below))


def command(root):
    status, out, _ = lint(root, "--picture")
    claim("--picture names every part", status == 0 and all(any(n in line for line in out) for n in check_layers.LEVEL))
    claim("an unknown option is refused", lint(root, "--nonsense")[0] == 2)
    shutil.rmtree(root / "docs")
    claim("a tree without its page is an error, never a silent success", lint(root)[0] != 0)


if __name__ == "__main__":
    every_pair()
    with tempfile.TemporaryDirectory() as place:  # folders without a fault are links
        copy = Path(place)
        for folder in (folder for folder in check_layers.FOLDERS if folder.startswith(check_layers.SHIPPED)):
            (copy / folder).parent.mkdir(parents=True, exist_ok=True)
            faulty = any(path.startswith(folder) for path, *_ in FAULTS)
            (shutil.copytree if faulty else os.symlink)(ROOT / folder, copy / folder)
        (copy / check_layers.PAGE).parent.mkdir(parents=True)
        shutil.copy(ROOT / check_layers.PAGE, copy / check_layers.PAGE)
        planted(copy)
        command(copy)
    print(f"{len(failures)} failed")
    sys.exit(bool(failures))
