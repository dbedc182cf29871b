#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Has each object of each public function a row in tests/support/null, which the tests of the rule for NULL call?"""
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(ROOT / "tools"))
import check_names  # noqa: E402

# Of forks and joins: made by macros, or by the library.
MADE = {"filch_slot", "filch_task", "filch_place"}


def objects(declaration):
    """The parameters that are addresses of objects of the library."""
    for parameter in re.findall(r"(?:const )?(?:struct )?\bfilch_\w+ [^,()]*", declaration[declaration.index("(") + 1:]):
        kind, name = re.search(r"filch_\w+", parameter)[0], re.search(r"(\w+)(?:\[[^]]*\])?$", parameter.strip())
        if ("*" in parameter or "[" in parameter) and kind not in MADE and not kind.endswith("_fn"):
            yield name[1]


def main():
    wanted = {(name, argument) for name, (file, declaration) in check_names.declarations(ROOT).items()
              if "/detail/" not in file and "(" in declaration for argument in objects(declaration)}
    rows = [tuple(row) for file in sorted(ROOT.glob("tests/support/null/*.h"))
            for row in re.findall(r"^(?:REFUSES|DIES|IGNORES|ALLOWS)\((\w+), (\w+),", file.read_text(encoding="utf-8"), re.M)]
    findings = [f"{name}: {argument}: has no row in tests/support/null; add one" for name, argument in sorted(wanted - set(rows))]
    findings += [f"{name}: {argument}: is no object of a public function; delete its row in tests/support/null"
                 for name, argument in sorted(set(rows) - wanted)]
    findings += [f"{name}: {argument}: has two rows; delete one" for name, argument in sorted({row for row in rows if rows.count(row) > 1})]
    print("\n".join(findings), end="\n" if findings else "")
    print(f"{len(wanted)} objects, {len(findings)} findings", file=sys.stderr)
    return 1 if findings or not wanted else 0


if __name__ == "__main__":
    sys.exit(main())
