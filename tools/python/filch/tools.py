# SPDX-License-Identifier: MIT OR Apache-2.0
"""Results of the program filch as dicts, and as frames of pandas.

A function passes its arguments on, and options as keywords: bench(kernels="fib", workers="1,2") is
`filch bench --kernels fib --workers 1,2 --json`; True stands for an option without a value."""
import json
import shutil
import subprocess
import tempfile
from pathlib import Path


class ToolError(RuntimeError):
    """The program failed: its status, and what it wrote to stderr."""


def _run(name, given, options, allowed=(0,)):
    program = shutil.which("filch")
    if not program:
        raise ToolError("filch not found on PATH: install the program")
    words = [program, name]
    for option, value in options.items():
        if value is not None and value is not False:
            words.append(f"--{option.replace('_', '-')}")
        if value is not None and not isinstance(value, bool):
            words.append(",".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value))
    done = subprocess.run([*words, *map(str, given)], capture_output=True, text=True)
    if done.returncode not in allowed:
        raise ToolError(f"filch {name}: status {done.returncode}: {done.stderr.strip()}")
    return done.stdout


def bench(**options):
    """Measures kernels. docs/lab/measure.md describes options, docs/result-schema.json the dict."""
    return json.loads(_run("bench", (), {**options, "json": True}))


def compare(old, new, **options):
    """Compares results of bench(), as dicts or files. status: 0, or 1 if a row became slower, or 2 if nothing could be judged."""
    with tempfile.TemporaryDirectory() as folder:
        files = []
        for name, result in (("old", old), ("new", new)):
            if isinstance(result, dict):
                files.append(Path(folder, f"{name}.json"))
                files[-1].write_text(json.dumps(result), encoding="utf-8")
            else:
                files.append(result)
        return json.loads(_run("compare", files, {**options, "json": True}, allowed=(0, 1, 2)))


def sim(graph, **options):
    """Simulates work stealing on a generated graph or a trace (docs/lab/scale.md)."""
    return json.loads(_run("sim", (graph,), {**options, "json": True}))


def trace(file):
    """The events of a trace: dicts with the keys of Chrome's trace format, name, ph, ts and dur in microseconds, tid, args."""
    return json.loads(_run("trace", (file,), {"format": "chrome"}))["traceEvents"]


def rows(result):
    """A flat list of dicts: samples of bench(), changes of compare(), rows of sim(), events of trace(), or the counts of a runtime."""
    if isinstance(result, list):
        return [{**{key: value for key, value in one.items() if key != "args"}, **one.get("args", {})} for one in result]
    if "results" in result:
        return [{"kernel": kernel["kernel"], "label": kernel["label"], "column": column["column"], "workers": column["workers"], **sample}
                for kernel in result["results"] for column in kernel["columns"] for sample in column["samples"]]
    for name in ("changes", "rows", "by_worker"):
        if name in result:
            return result[name]
    return [result]


def frame(result):
    """rows() as a DataFrame of pandas."""
    import pandas

    return pandas.DataFrame(rows(result))
