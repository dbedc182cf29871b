#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
# test: long (it starts two kernels of Jupyter)
"""The notebooks of docs/examples/python run from top to bottom, and are stored without outputs."""
import os
import sys
import unittest
from pathlib import Path

try:
    import nbformat
    import pandas  # noqa: F401
    from nbclient import NotebookClient
except ImportError as missing:
    print(f"{missing} (Debian: python3-nbclient, python3-ipykernel, python3-pandas)")
    sys.exit(77)

os.environ["PATH"] = f"{Path(os.environ['FILCH_COMMAND']).parent}:{os.environ['PATH']}"
BOOKS = sorted(Path(os.environ["FILCH_SOURCE"], "docs/examples/python").glob("*.ipynb"))


class Notebooks(unittest.TestCase):
    def test_there_are_two(self):
        self.assertEqual([book.stem for book in BOOKS], ["arrays", "schedules"])

    def test_stored_books_have_no_outputs(self):
        for book in BOOKS:
            cells = [cell for cell in nbformat.read(book, 4).cells if cell.cell_type == "code"]
            self.assertGreater(len(cells), 3)
            self.assertTrue(all(not cell.outputs and cell.execution_count is None for cell in cells))

    def test_each_cell_runs(self):
        for book in BOOKS:
            with self.subTest(book.stem):
                notebook = nbformat.read(book, 4)
                NotebookClient(notebook, timeout=100, kernel_name="python3").execute()
                self.assertTrue(notebook.cells[-1].outputs)


if __name__ == "__main__":
    unittest.main()
