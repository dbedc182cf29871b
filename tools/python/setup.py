# SPDX-License-Identifier: MIT OR Apache-2.0
"""Builds the package: its modules, and filch/_filch.py, which is made from the public headers."""
import os
import sys
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
import declare  # noqa: E402


class Build(build_py):
    """Adds the generated module."""

    def run(self):
        super().run()
        target = Path(self.build_lib, "filch", "_filch.py")
        declare.write(target, compiler=os.environ.get("CC", "cc"))


setup(version=declare.version(), cmdclass={"build_py": Build})
