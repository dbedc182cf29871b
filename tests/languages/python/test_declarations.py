#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""The declarations that cffi has are those of the headers: sizes, offsets and enumerators as a C compiler sees them, functions as the
library exports them."""
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from filch import ffi, lib
from filch._library import FOREVER
from filch.executor import UNLIMITED

sys.path.append(f"{os.environ['FILCH_SOURCE']}/tools/python")
import declare_rust  # noqa: E402


def types(kind):
    """The names of types of a kind. (Those of functions have no ctype by name.)"""
    for name in ffi.list_types()[0]:
        try:
            if ffi.typeof(name).kind == kind:
                yield name
        except ffi.error as why:
            assert "is a function type" in str(why)


def structs():
    """The names of types with fields."""
    return [name for name in types("struct") if ffi.typeof(name).fields]


def enumerators():
    return {key: value for name in types("enum") for value, key in ffi.typeof(name).elements.items()}


def by_compiler(expressions):
    """The values of C expressions."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, "sizes.c")
        lines = "".join(f'    printf("%lld\\n", (long long)({one}));\n' for one in expressions)
        source.write_text(f"#include <filch/filch.h>\n#include <filch/pool.h>\n#include <filch/results.h>\n#include <filch/stats.h>\n#include <filch/trace.h>\n"
                          f"#include <stdio.h>\nint main(void)\n{{\n{lines}    return 0;\n}}\n", encoding="utf-8")
        program = str(Path(folder, "sizes"))
        subprocess.run([os.environ["CC"], f"-I{os.environ['FILCH_SOURCE']}/include", str(source), "-o", program, os.environ["FILCH_LIBRARY"]], check=True)
        return [int(line) for line in subprocess.run([program], capture_output=True, text=True, check=True).stdout.split()]


class Declarations(unittest.TestCase):
    def test_structs_have_the_layout_of_c(self):
        expected = {}
        for name in structs():
            if ffi.typeof(name).fields[0][0] == "task" and name == "filch_slot":
                continue  # aligned to a multiple of 64, which _library.aligned adds
            expected[f"sizeof({name})"] = ffi.sizeof(name)
            for field, _ in ffi.typeof(name).fields:
                expected[f"offsetof({name}, {field})"] = ffi.offsetof(name, field)
        self.assertGreater(len(expected), 150)
        self.assertEqual(dict(zip(expected, by_compiler(expected))), expected)

    def test_alignments_are_those_of_c(self):
        expected = {f"_Alignof({name})": declare_rust.ALIGNED.get(name, ffi.alignof(name)) for name in structs()}
        self.assertEqual(dict(zip(expected, by_compiler(expected))), expected)

    def test_slots_are_as_long_as_in_c(self):
        self.assertEqual(by_compiler(["sizeof(filch_slot)", "offsetof(filch_slot, args)"]), [64, ffi.offsetof("filch_slot", "args")])

    def test_enumerators_and_constants_have_the_values_of_c(self):
        expected = {**enumerators(), "FILCH_FOREVER": FOREVER}
        self.assertGreater(len(expected), 40)
        self.assertEqual(dict(zip(expected, by_compiler(expected))), expected)
        self.assertEqual(by_compiler(["FILCH_UNLIMITED == SIZE_MAX"]), [1])
        self.assertEqual(UNLIMITED, (1 << 64) - 1)

    def test_the_library_has_each_declared_function(self):
        declared = [name for name in dir(lib) if name.startswith(("filch_", "fl_"))]
        self.assertGreater(len(declared), 150)
        for name in declared:
            getattr(lib, name)

    def test_other_languages_call_public_functions_only(self):
        root = Path(os.environ["FILCH_SOURCE"])
        files = [one for folder in ("tools/python/filch", "docs/examples/rust", "docs/examples/go") for one in (root / folder).iterdir() if one.is_file()]
        self.assertGreater(len(files), 10)
        for file in files:
            self.assertNotRegex(file.read_text(encoding="utf-8"), r"\b(lib\.|C\.|fn )fl_", file.name)


if __name__ == "__main__":
    unittest.main()
