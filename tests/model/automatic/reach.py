# SPDX-License-Identifier: MIT OR Apache-2.0
"""Which rows of which models execute a line: gcov's counters of preset `coverage`, row by row.

The answer is kept in a file beside the counters, and found anew when a model's program is newer than that."""
import hashlib
import json
import pathlib
import re
import subprocess

FOLDERS = ("include/filch/", "sched/", "runtime/")
SAMPLE = ("--random", "400", "--seed", "1", "--quiet")


def programs(build):
    """{name of the model: its program}"""
    found = sorted(path for path in (build / "tests/model").glob("model_*") if path.is_file() and path.stat().st_mode & 0o100)
    return {path.name.removeprefix("model_"): path for path in found}


def rows_of(program):
    said = subprocess.run([program, "--list"], stdout=subprocess.PIPE, text=True, check=True).stdout
    return [line.split()[0] for line in said.splitlines() if line.strip()]


def counters(build):
    return list((build / "tests/model").rglob("*.gcda"))


def lines_of(root, build):
    """{file: {line: objects}} of the lines that ran since the counters were removed."""
    notes = [str(path) for path in counters(build)]
    said = subprocess.run(["gcov", "--json-format", "--stdout", *notes], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                          text=True, check=True).stdout
    lines = {}
    for report in filter(None, said.splitlines()):
        report = json.loads(report)
        made = re.sub(r"\.c\.gcda$|\.gcda$", "", pathlib.Path(report["data_file"]).name)
        for entry in report["files"]:
            path = (pathlib.Path(report["current_working_directory"]) / entry["file"]).resolve()
            name = str(path.relative_to(root)) if path.is_relative_to(root) else ""
            if name.startswith(FOLDERS):
                for line in entry["lines"]:
                    if line["count"]:
                        lines.setdefault(name, {}).setdefault(str(line["line_number"]), set()).add(made)
    return lines


def run_row(root, build, program, row):
    for path in counters(build):
        path.unlink()
    subprocess.run([program, *SAMPLE, row], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=120, check=False)
    return {file: {line: sorted(objects) for line, objects in lines.items()}
            for file, lines in lines_of(root, build).items()}


def measure(root, build, say):
    """{"model row": {file: {line: objects}}}; only what has changed is measured again."""
    cache = build / "rows.json"
    known = json.loads(cache.read_text()) if cache.exists() else {}
    for name, program in programs(build).items():
        stamp = program.stat().st_mtime
        if name in ("litmus", "symmetry") or known.get(name, {}).get("stamp") == stamp:
            continue
        say(f"which lines does {name} run?")
        known[name] = {"stamp": stamp, "rows": {row: run_row(root, build, program, row) for row in rows_of(program)}}
        cache.write_text(json.dumps(known))
    return {f"{name} {row}": files for name, entry in known.items() for row, files in entry["rows"].items()}


def at(rows, file, first, last):
    """The rows that run a line of a statement, and the objects in which its code is (a header's is in many)."""
    found, objects = [], set()
    for row, files in rows.items():
        lines = files.get(file, {})
        ran = [lines[str(line)] for line in range(first, last + 1) if str(line) in lines]
        if ran:
            found.append(row)
            objects |= {made for names in ran for made in names}
    return found, objects


LINE = re.compile(r"^(\w+) +\S.* executions, .* pruned, +([\d.]+) s")


def seconds(root, build, say, most=0.5):
    """{"model row": seconds of its whole search}; of one that takes longer, `most`. Measured again for a changed model."""
    cache = build / "seconds.json"
    known = json.loads(cache.read_text()) if cache.exists() else {}
    for name, program in programs(build).items():
        text = "".join(path.read_text() for path in sorted((root / "tests/model").glob(f"{name}*.c")))
        stamp = hashlib.sha256(text.encode()).hexdigest()
        if name in ("litmus", "symmetry") or known.get(name, {}).get("stamp") == stamp:
            continue
        say(f"how long does {name} take?")
        said = subprocess.run([program, "--quiet", "--seconds", str(most)], stdout=subprocess.PIPE, text=True, check=False).stdout
        known[name] = {"stamp": stamp, "rows": dict(LINE.match(line).groups() for line in said.splitlines() if LINE.match(line))}
        cache.write_text(json.dumps(known))
    return {f"{name} {row}": float(time) for name, entry in known.items() for row, time in entry["rows"].items()}
