#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Results of the program filch as dicts and frames."""
import os
import tempfile
import unittest
from pathlib import Path

import filch
from functions import by_ctypes

os.environ["PATH"] = f"{Path(os.environ['FILCH_COMMAND']).parent}:{os.environ['PATH']}"


class Tools(unittest.TestCase):
    def test_measurements_are_dicts_of_rows(self):
        result = filch.bench(kernels="fib", size="tiny", workers=[1, 2], repeat=2, columns="chase-lev")
        rows = filch.rows(result)
        self.assertEqual({(row["kernel"], row["column"]) for row in rows}, {("fib", "serial"), ("fib", "chase-lev")})
        self.assertEqual({row["workers"] for row in rows}, {1, 2})
        self.assertTrue(all(row["seconds"] > 0 for row in rows))
        compared = filch.compare(result, result, disturbed=True)
        self.assertEqual({row["quotient"] for row in filch.rows(compared)}, {1.0})

    def test_simulations_are_dicts_of_rows(self):
        rows = filch.rows(filch.sim("tree:depth=6", workers=[1, 2]))
        self.assertEqual([row["workers"] for row in rows], [1, 2])
        self.assertGreater(rows[0]["makespan_ns"], rows[1]["makespan_ns"])

    def test_traces_are_lists_of_events(self):
        with tempfile.TemporaryDirectory() as folder, filch.Runtime(2) as rt:
            file = Path(folder, "run.trace")
            with rt.trace(file):
                for _ in range(20):
                    rt.start(by_ctypes.combine, 1, 2).result()
            events = filch.trace(file)
            self.assertTrue({"name", "ph", "tid"} <= set(filch.rows(events)[-1]))

    def test_errors_have_the_sentence_of_the_program(self):
        with self.assertRaisesRegex(filch.ToolError, "unknown generator 'bush'"):
            filch.sim("bush")


if __name__ == "__main__":
    unittest.main()
