# SPDX-License-Identifier: MIT OR Apache-2.0
"""Runs Python programs in this process: an interpreter takes longer to start than most cases take."""
import contextlib
import io
import runpy
import sys


def run_program(program, *arguments):
    """Returns the status of a program, its output, and its errors."""
    out, err, status, kept = io.StringIO(), io.StringIO(), 0, (sys.argv, sys.path)
    sys.argv, sys.path = [str(word) for word in (program, *arguments)], [str(program.parent), *sys.path]
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            runpy.run_path(str(program), run_name="__main__")
        except SystemExit as end:
            status = end.code or 0
        except Exception as error:
            status = repr(error)
    sys.argv, sys.path = kept
    if isinstance(status, str):
        err.write(status)
    return int(status) if isinstance(status, int) else 1, out.getvalue(), err.getvalue()
